//! The node's folder is read, never written, and its index is left alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use blkprice::synth::{ChainSpec, Tail, Xor};

use crate::support::{Place, active, listing, small_chain, small_spec};

#[test]
fn nothing_below_the_blocks_folder_changes() {
    let blocks = small_chain(6, 50);
    let place = Place::new();
    let files = place.files().xor(Xor::Random(4)).tail(Tail::Last(1 << 20));
    files.blocks_per_file(30).write(&blocks).unwrap();
    let index = place.blocks().join("index");
    fs::create_dir(&index).unwrap();
    fs::write(index.join("LOCK"), "").unwrap();
    let before = listing(place.blocks());
    let bytes: Vec<_> = (0..3).map(|n| fs::read(place.file(n)).unwrap()).collect();
    place.backfill(&[]).expect(0);
    place.backfill(&["--since-last", "--no-mmap"]).expect(0);
    place.run(["price", "--recent-blocks", "20"]).expect(0);
    assert_eq!(listing(place.blocks()), before);
    assert_eq!(
        bytes,
        (0..3)
            .map(|n| fs::read(place.file(n)).unwrap())
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_read_only_folder_with_read_only_files_is_enough() {
    let blocks = small_chain(2, 51);
    let place = Place::with(&blocks);
    fs::set_permissions(place.file(0), Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(place.blocks(), Permissions::from_mode(0o500)).unwrap();
    let before = listing(place.blocks());
    let scanned = place.backfill(&[]);
    let after = listing(place.blocks());
    fs::set_permissions(place.blocks(), Permissions::from_mode(0o700)).unwrap();
    scanned.expect(0);
    assert_eq!(after, before);
}

#[test]
fn the_index_is_never_opened() {
    let blocks = small_chain(1, 52);
    let place = Place::with(&blocks);
    // Whoever opened this, or looked through it, would fail or hang.
    symlink("index", place.blocks().join("index")).unwrap();
    place.backfill(&[]).expect(0);
    // And whoever opened it without harm is seen here.
    fs::remove_file(place.blocks().join("index")).unwrap();
    fs::create_dir(place.blocks().join("index")).unwrap();
    let log = place.dir().join("strace.log");
    let words = place.words("scan", &[]);
    let traced = std::process::Command::new("strace")
        .args(["-f", "-e", "trace=%file", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_blkprice"))
        .args(words)
        .current_dir(place.dir())
        .output();
    match traced {
        Ok(output) if output.status.success() => {
            let log = fs::read_to_string(&log).unwrap();
            assert!(log.contains("blk00000.dat"));
            assert!(!log.contains("blocks/index"), "{log}");
        }
        _ => eprintln!("SKIPPED: the system calls of a scan: strace does not run here"),
    }
}

#[test]
fn a_reader_that_has_enough_of_an_export_ends_it_quietly() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let spec = ChainSpec {
        transactions_per_day: 6_000.0,
        ..small_spec(4, 53)
    };
    let place = Place::with(&active(spec.blocks()));
    place.scan(&[]).expect(0);
    let whole = place.run(["export", "outputs"]).expect(0).stdout;
    assert!(
        whole.len() > 200_000,
        "more than a pipe holds: {}",
        whole.len()
    );
    let mut child = place
        .command(["export", "outputs"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(Some(first.trim_end()), whole.lines().next());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}
