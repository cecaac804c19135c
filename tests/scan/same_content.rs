//! However a chain is laid out, read and scanned, the database says the same.

use std::process::Command;
use std::time::Duration;

use blkprice::synth::{RawBlock, Tail, Xor};

use crate::support::{Place, active, age, heights_and_hashes, small_chain, small_spec};

/// The digest of a plain, fresh backfill of these blocks.
fn fresh(blocks: &[RawBlock]) -> String {
    let place = Place::with(blocks);
    place.backfill(&[]).expect(0);
    assert_eq!(place.chain(), heights_and_hashes(blocks));
    place.digest()
}

#[test]
fn threads_and_the_way_of_reading_change_nothing() {
    let blocks = small_chain(6, 1);
    let expected = fresh(&blocks);
    for threads in ["1", "2", "5"] {
        for access in [&[][..], &["--no-mmap"]] {
            for xor in [Xor::None, Xor::Random(3)] {
                let place = Place::new();
                place.files().xor(xor).write(&blocks).unwrap();
                let args = [&["--threads", threads][..], access].concat();
                place.backfill(&args).expect(0);
                assert_eq!(place.digest(), expected, "{args:?} {xor:?}");
            }
        }
    }
}

#[test]
fn obfuscation_tails_files_and_the_order_of_blocks_change_nothing() {
    let blocks = small_chain(6, 2);
    let expected = fresh(&blocks);
    for xor in [
        Xor::None,
        Xor::Zero,
        Xor::Key([0, 0, 0, 0, 7, 0, 0, 1]),
        Xor::Random(1),
    ] {
        for (seed, tail) in [
            (1, Tail::None),
            (2, Tail::Last(1 << 20)),
            (3, Tail::Every(1 << 18)),
        ] {
            let place = Place::new();
            let files = place.files().xor(xor).tail(tail).shuffle(seed, 30);
            files.blocks_per_file(25).write(&blocks).unwrap();
            place.backfill(&[]).expect(0);
            assert_eq!(place.digest(), expected, "{xor:?} {tail:?}");
        }
    }
}

#[test]
fn stale_blocks_change_nothing() {
    let spec = blkprice::synth::ChainSpec {
        stale_share: 0.1,
        ..small_spec(4, 3)
    };
    let all: Vec<_> = spec.blocks().collect();
    let stale = all.iter().filter(|b| b.stale).count();
    assert!(stale > 3);
    let place = Place::new();
    place
        .files()
        .shuffle(1, 10)
        .write(all.iter().map(|b| &b.block))
        .unwrap();
    place.backfill(&[]).expect(0);
    assert_eq!(place.status()["stale_blocks"], stale);
    assert_eq!(place.digest(), fresh(&active(all.into_iter())));
}

#[test]
fn a_second_copy_of_every_block_changes_nothing() {
    let blocks = small_chain(3, 4);
    let place = Place::new();
    let mut writer = place.files().create().unwrap();
    for block in blocks.iter().chain(&blocks) {
        writer.block(block).unwrap();
    }
    writer.finish().unwrap();
    place.backfill(&[]).expect(0);
    assert_eq!(place.digest(), fresh(&blocks));
    place.scan(&[]).expect(0);
    assert_eq!(place.digest(), fresh(&blocks));
}

#[test]
fn running_again_changes_nothing() {
    let blocks = small_chain(4, 5);
    let place = Place::new();
    place.files().blocks_per_file(30).write(&blocks).unwrap();
    age(place.blocks(), 100);
    place.backfill(&[]).expect(0);
    let (digest, rows) = (place.digest(), place.query("SELECT * FROM block"));
    let modified = || std::fs::metadata(place.db()).unwrap().modified().unwrap();
    let before = modified();
    place
        .scan(&["--since-last"])
        .expect(0)
        .says(&format!("nothing new; tip {}", blocks.len() - 1));
    assert_eq!(modified(), before, "the database was not touched");
    for args in [
        &[][..],
        &["--since-last"],
        &["--from", "2024-02-02"],
        &["--to", "2024-02-02"],
    ] {
        place.backfill(args).expect(0);
        assert_eq!(place.digest(), digest, "{args:?}");
        assert_eq!(place.query("SELECT * FROM block"), rows, "{args:?}");
    }
}

#[test]
fn a_folder_without_a_database_is_read_whole_by_since_last() {
    let blocks = small_chain(3, 6);
    let place = Place::with(&blocks);
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), fresh(&blocks));
}

#[test]
fn ranges_and_then_since_last_end_where_one_scan_ends() {
    let blocks = small_chain(7, 7);
    let expected = fresh(&blocks);
    let place = Place::with(&blocks);
    let first_days = ["--from", "2024-02-01", "--to", "2024-02-02"];
    place.backfill(&first_days).expect(0);
    let days = "SELECT day FROM daily_activity ORDER BY day";
    assert_eq!(place.query(days), ["2024-02-01", "2024-02-02"]);
    assert_eq!(
        place.query("SELECT min(complete) FROM daily_activity"),
        ["1"]
    );
    place
        .backfill(&["--from", "2024-02-05", "--to", "2024-02-05"])
        .expect(0);
    assert_eq!(
        place.query(days),
        ["2024-02-01", "2024-02-02", "2024-02-05"]
    );
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), expected);

    let place = Place::with(&blocks);
    place.backfill(&["--from", "2024-02-04"]).expect(0);
    assert_eq!(
        place.query("SELECT min(day) FROM daily_activity"),
        ["2024-02-04"]
    );
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(
        place.query("SELECT min(day) FROM daily_activity"),
        ["2024-02-04"],
        "since-last goes on from the first day asked for"
    );
    place.backfill(&[]).expect(0);
    assert_eq!(place.digest(), expected);
}

#[test]
fn killed_runs_and_a_last_one_end_where_an_undisturbed_one_ends() {
    let blocks = small_chain(60, 8);
    let expected = fresh(&blocks);
    let place = Place::new();
    place.files().blocks_per_file(100).write(&blocks).unwrap();
    age(place.blocks(), 100);
    let mut killed = 0;
    for wait in [5, 12, 20, 28, 36, 45, 60] {
        let args = place.words("backfill", &["--since-last", "--threads", "1"]);
        let mut child = place
            .command(args)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "no run was fast enough to escape every time");
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), expected);
}

#[test]
fn an_interrupted_run_says_so_and_keeps_what_was_stored() {
    let blocks = small_chain(150, 9);
    let place = Place::with(&blocks);
    let args = place.words("scan", &["--threads", "1"]);
    let child = place
        .command(args)
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Once the first days are stored, ask it to stop as Ctrl-C does.
    let stored = || -> i64 {
        rusqlite::Connection::open(place.db())
            .and_then(|db| db.query_row("SELECT count(*) FROM utc_day", [], |row| row.get(0)))
            .unwrap_or(0)
    };
    while !place.db().exists() || stored() < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let ran = crate::support::Ran::from(child.wait_with_output().unwrap());
    ran.expect(130).says("interrupted; what was stored is kept");
    let kept = stored();
    assert!((2..150).contains(&kept), "{kept} days");
    assert_eq!(place.status()["scan_finished"], false);
    // The folder is known by then.
    place.run(["backfill", "--since-last"]).expect(0);
    assert_eq!(place.status()["scan_finished"], true);
    assert_eq!(place.digest(), fresh(&blocks));
}

#[test]
fn the_last_day_is_partial_until_the_next_begins() {
    let blocks = small_chain(3, 10);
    let midnight = |day: u32| (19_754 + day) * 86_400;
    let second = blocks.iter().position(|b| b.time >= midnight(1)).unwrap();
    let third = blocks.iter().position(|b| b.time >= midnight(2)).unwrap();
    let last_day = "SELECT a.day, complete, status FROM daily_activity a JOIN daily_price USING (day) \
                    ORDER BY day DESC LIMIT 1";
    let second_day = "SELECT complete, status FROM daily_activity a JOIN daily_price USING (day) \
                      WHERE day = '2024-02-02'";
    let place = Place::with(&blocks[..third]);
    place
        .backfill(&["--since-last", "--engine", "v9.1"])
        .expect(0);
    assert!(second < third);
    assert_eq!(place.query(last_day), ["2024-02-02 0 partial"]);
    let price = "SELECT usd FROM daily_price WHERE day = '2024-02-02'";
    let partial = place.query(price);
    let mut writer = place.files().append().unwrap();
    writer.block(&blocks[third]).unwrap();
    writer.finish().unwrap();
    place
        .backfill(&["--since-last", "--engine", "v9.1"])
        .expect(0);
    assert_eq!(place.query(second_day).len(), 1);
    assert!(
        ["1 ok", "1 weak"].contains(&place.query(second_day)[0].as_str()),
        "{:?}",
        place.query(second_day)
    );
    assert_eq!(
        place.query(price),
        partial,
        "the same blocks, the same price"
    );
}
