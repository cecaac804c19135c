//! Memory does not grow with the table.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use blkprice::synth::ChainSpec;

use crate::filled::fill;
use crate::place::formats;

/// Peak memory in MB of an export of all outputs, and the bytes written.
fn peak(database: &Path, format: &str, output: &Path) -> (f64, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_blkprice"))
        .args(["export", "outputs", "--format", format, "--db"])
        .arg(database)
        .arg("-o")
        .arg(output)
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut kib = 0.0_f64;
    let ended = loop {
        // What the system tells at the end would count the test itself, as it was when it started the child.
        let now = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        kib = kib.max(peak.unwrap_or(0.0));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success());
    (kib * 1024.0 / 1e6, output.metadata().unwrap().len())
}

#[test]
fn four_times_the_outputs_take_hardly_more_memory() {
    let dir = tempfile::tempdir().unwrap();
    let of_days = |days| {
        let database = dir.path().join(format!("{days}.db"));
        let spec = ChainSpec {
            days,
            transactions_per_day: 200_000.0,
            ..ChainSpec::default()
        };
        let outputs = fill(&database, &spec);
        (database, outputs)
    };
    let (small, few) = of_days(4);
    let (large, many) = of_days(16);
    for format in formats() {
        let output = dir.path().join(format!("outputs.{format}"));
        let (least, _) = peak(&small, format, &output);
        let (most, bytes) = peak(&large, format, &output);
        println!(
            "{format}: {few} outputs {least:.0} MB, {many} outputs {most:.0} MB of memory, {:.1} bytes an output in the file",
            bytes as f64 / many as f64
        );
        assert!(few > 700_000 && many > 3 * few);
        assert!(
            most < least * 1.3 + 8.0,
            "{format}: {least} MB, then {most} MB"
        );
        assert!(most < 80.0, "{format}: {most} MB");
    }
}
