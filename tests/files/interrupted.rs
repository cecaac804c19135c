//! Exports that are cut off.

use std::fs;

use blkprice::export::csv::Csv;
use blkprice::export::partition::{Content, Partitions};
use blkprice::export::tables::Table;
use blkprice::export::{Sink, Value};

use crate::place::names;

/// 2024-01-01.
const JANUARY: i32 = 19_723;
const FEBRUARY: i32 = JANUARY + 31;

fn partitions(folder: &std::path::Path) -> Partitions {
    let content = Content {
        table: "outputs".to_string(),
        engine: None,
        chain: "main".to_string(),
        format: "csv".to_string(),
    };
    let make = Box::new(|out| -> std::io::Result<Box<dyn Sink>> { Ok(Box::new(Csv::new(out))) });
    let mut partitions = Partitions::begin(folder, content, JANUARY, FEBRUARY + 28, make).unwrap();
    partitions.columns(Table::Outputs.columns()).unwrap();
    partitions
}

fn row(day: i32, sats: i64) -> [Value; 4] {
    let time = Value::Time(i64::from(day) * 86_400);
    [
        Value::Date(day),
        Value::Integer(1),
        time,
        Value::Integer(sats),
    ]
}

#[test]
fn a_run_cut_off_leaves_months_of_before_or_of_now_but_none_of_both() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = partitions(dir.path());
    for day in [JANUARY, FEBRUARY] {
        first.row(&row(day, 1)).unwrap();
        first.row(&row(day, 1)).unwrap();
    }
    first.finish().unwrap();
    assert_eq!(first.months(), 2);

    let mut second = partitions(dir.path());
    for day in [JANUARY, JANUARY + 1, FEBRUARY] {
        second.row(&row(day, 2)).unwrap();
    }
    drop(second);
    let text = |month: &str| fs::read_to_string(dir.path().join(month).join("part-0.csv")).unwrap();
    let sats = |month: &str| -> Vec<String> {
        let last = |line: &str| line.rsplit(',').next().unwrap().to_string();
        text(month).lines().skip(1).map(last).collect()
    };
    assert_eq!(sats("month=2024-01"), ["2", "2"]);
    assert_eq!(sats("month=2024-02"), ["1", "1"]);
    let there = names(dir.path());
    assert!(!there.contains(&"_SUCCESS".to_string()), "{there:?}");
    assert_eq!(
        there.len(),
        5,
        "the label, two months, two files: {there:?}"
    );
}

#[test]
fn rows_out_of_order_are_refused_and_do_not_replace_a_month() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = partitions(dir.path());
    for day in [JANUARY, FEBRUARY] {
        sink.row(&row(day, 1)).unwrap();
    }
    let error = sink.row(&row(JANUARY, 2)).unwrap_err();
    assert!(error.to_string().contains("not in order of the day"));
    drop(sink);
    let january = fs::read_to_string(dir.path().join("month=2024-01/part-0.csv")).unwrap();
    assert!(january.ends_with(",1\n"), "{january}");
}

#[cfg(unix)]
mod signals {
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use blkprice::synth::ChainSpec;

    use super::*;
    use crate::filled::fill;
    use crate::place::{export_of, ok};

    /// An export that has begun to write.
    fn begun(database: &Path, target: &Path) -> Child {
        let temporary = target.with_file_name(".outputs.csv.blkprice-tmp");
        let child = Command::new(env!("CARGO_BIN_EXE_blkprice"))
            .args(["export", "outputs", "--db"])
            .arg(database)
            .arg("-o")
            .arg(target)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while temporary.metadata().map_or(0, |meta| meta.len()) == 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "it never began");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }

    fn send(child: &Child, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    #[test]
    fn an_export_that_is_interrupted_or_killed_leaves_the_file_of_before() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db/blkprice.db");
        fs::create_dir(dir.path().join("db")).unwrap();
        let outputs = fill(
            &database,
            &ChainSpec {
                days: 4,
                transactions_per_day: 200_000.0,
                ..ChainSpec::default()
            },
        );
        let folder = dir.path().join("out");
        fs::create_dir(&folder).unwrap();
        let target = folder.join("outputs.csv");
        fs::write(&target, "of before").unwrap();

        let interrupted = begun(&database, &target);
        send(&interrupted, "-INT");
        let ended = interrupted.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130));
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(said, "error: interrupted; the file is as it was before\n");
        assert_eq!(names(&folder), ["outputs.csv"]);
        assert_eq!(fs::read(&target).unwrap(), b"of before");

        let mut killed = begun(&database, &target);
        send(&killed, "-KILL");
        assert_eq!(killed.wait().unwrap().code(), None);
        assert_eq!(fs::read(&target).unwrap(), b"of before");

        ok(export_of(
            &database,
            ["outputs", "-o", target.to_str().unwrap()],
        ));
        assert_eq!(names(&folder), ["outputs.csv"]);
        let rows = fs::read_to_string(&target).unwrap().lines().count() as u64 - 1;
        assert_eq!(rows, outputs);
    }
}
