//! Databases that will not do, and databases in use.

use std::fs;

use blkprice::store::lock::Lock;

use crate::support::{Place, small_chain};

fn scanned(seed: u64) -> Place {
    let place = Place::with(&small_chain(4, seed));
    place.backfill(&[]).expect(0);
    place
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let place = Place::with(&small_chain(1, 60));
    let notes = "notes of somebody, longer than the first bytes of a database would be\n".repeat(9);
    fs::write(place.db(), &notes).unwrap();
    for ran in [
        place.scan(&[]),
        place.run(["status"]),
        place.run(["price"]),
        place.run(["export", "prices"]),
    ] {
        ran.expect(1)
            .says("blkprice.db: this is not a blkprice database")
            .says("hint: name another file with --db");
    }
    assert_eq!(fs::read_to_string(place.db()).unwrap(), notes);
    assert_eq!(
        fs::read_dir(place.dir()).unwrap().count(),
        2,
        "nothing was made beside it"
    );
}

#[test]
fn another_programs_database_is_left_as_it_is() {
    let place = Place::with(&small_chain(1, 61));
    place
        .open_db()
        .execute_batch("CREATE TABLE wallet (id); PRAGMA user_version = 1;")
        .unwrap();
    let before = fs::read(place.db()).unwrap();
    place
        .scan(&[])
        .expect(1)
        .says("this is not a blkprice database");
    assert_eq!(fs::read(place.db()).unwrap(), before);
}

#[test]
fn a_database_of_another_chain_is_refused() {
    let place = scanned(62);
    let before = place.digest();
    let other = Place::new();
    other
        .files()
        .magic(blkprice::synth::REGTEST_MAGIC)
        .write(small_chain(1, 62))
        .unwrap();
    let dir = other.blocks().to_str().unwrap();
    place
        .run(["scan", "--chain", "regtest", "--blocks-dir", dir])
        .expect(1)
        .says("this database is of chain main, not of regtest");
    assert_eq!(place.digest(), before);
}

#[test]
fn a_folder_with_another_history_is_not_mixed_in() {
    let place = scanned(63);
    let before = place.digest();
    let other = Place::with(&small_chain(6, 64));
    let dir = other.blocks().to_str().unwrap();
    for more in [&[][..], &["--since-last"]] {
        let words = [&["scan", "--blocks-dir", dir][..], more].concat();
        place
            .run(words)
            .expect(1)
            .says("holds another chain (its block 0 is ")
            .says("hint: name another database with --db");
    }
    assert_eq!(place.digest(), before);
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let place = scanned(65);
    place
        .open_db()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    for ran in [
        place.scan(&[]),
        place.run(["scan", "--since-last"]),
        place.run(["watch"]),
        place.run(["status"]),
        place.run(["price", "2024-02-01"]),
    ] {
        ran.expect(1)
            .says("written by a newer blkprice (schema 99, this version knows up to 1)")
            .says("hint: use that newer version");
    }
}

#[test]
fn a_database_that_lost_a_table_is_refused() {
    for table in ["utc_day", "chain_block", "price", "meta", "day_outputs"] {
        let place = scanned(66);
        let drop = format!(
            "PRAGMA foreign_keys = OFF; DROP VIEW daily_activity; DROP VIEW daily_price; DROP VIEW block; DROP VIEW day_histogram; DROP TABLE {table}"
        );
        place.open_db().execute_batch(&drop).unwrap();
        place
            .scan(&[])
            .expect(1)
            .says(&format!("its table {table} is gone"))
            .says("hint: the database is damaged");
    }
}

#[test]
fn spoiled_pages_are_an_error_with_a_way_out() {
    let place = scanned(67);
    place
        .open_db()
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    let mut bytes = fs::read(place.db()).unwrap();
    for byte in &mut bytes[4096..] {
        *byte = 0x5a;
    }
    fs::write(place.db(), bytes).unwrap();
    for ran in [
        place.scan(&[]),
        place.run(["status"]),
        place.run(["export", "prices"]),
    ] {
        ran.expect(1).says("the database is damaged; keep it aside");
    }
}

#[test]
fn a_database_whose_making_was_cut_off_is_made_again() {
    let place = Place::with(&small_chain(2, 68));
    // An empty file, as the first moment of a killed run leaves it …
    fs::write(place.db(), "").unwrap();
    place.backfill(&[]).expect(0);
    let expected = place.digest();
    // … and half a transaction with its journal, as the next one does.
    let killed = Place::at(place.blocks());
    let other = Place::new();
    let db = other.open_db();
    db.execute_batch(
        "PRAGMA cache_size = 1; PRAGMA synchronous = OFF; BEGIN; CREATE TABLE t (x); \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
         INSERT INTO t SELECT randomblob(900) FROM n;",
    )
    .unwrap();
    fs::copy(other.db(), killed.db()).unwrap();
    let journal = |place: &Place| place.dir().join("blkprice.db-journal");
    fs::copy(journal(&other), journal(&killed)).unwrap();
    assert!(fs::metadata(killed.db()).unwrap().len() > 0);
    killed.backfill(&[]).expect(0);
    assert_eq!(killed.digest(), expected);
}

#[test]
fn a_second_writer_is_told_that_the_database_is_busy() {
    let place = scanned(69);
    let before = place.digest();
    let lock = fs::File::options()
        .write(true)
        .open(place.dir().join("blkprice.db-lock"))
        .unwrap();
    lock.lock().unwrap();
    for ran in [
        place.scan(&[]),
        place.backfill(&["--since-last"]),
        place.run(["price"]),
    ] {
        ran.expect(4)
            .says("another blkprice is writing this database")
            .says("hint: wait until it has finished");
    }
    assert_eq!(place.digest(), before, "reading goes on");
    drop(lock);
    place.scan(&[]).expect(0);
}

#[cfg(unix)]
#[test]
fn another_name_of_a_database_is_not_a_way_past_its_lock() {
    let place = Place::with(&small_chain(1, 71));
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, place.dir().join(name)).unwrap();
    };
    link("blkprice.db", "link.db");
    link("link.db", "second.db");
    link(".", "here");
    // Before there is a database, and after.
    for _ in 0..2 {
        let lock = Lock::take(&place.db()).unwrap();
        for name in ["link.db", "second.db", "here/blkprice.db", "here/link.db"] {
            place.backfill(&["--db", name]).expect(4);
        }
        drop(lock);
        place.backfill(&["--db", "second.db"]).expect(0);
        assert!(place.db().exists());
        assert!(!place.dir().join("link.db-lock").exists());
    }
}

#[test]
fn a_database_that_cannot_be_made_is_an_error_with_a_way_out() {
    let place = Place::with(&small_chain(1, 70));
    place
        .scan(&["--db", "nowhere/deep/blkprice.db"])
        .expect(1)
        .says("hint: the folder of the database must be there and be writable");
    place
        .run(["status"])
        .expect(1)
        .says("there is no database here yet")
        .says("blkprice backfill");
    let folder = place.dir().join("folder.db");
    fs::create_dir(&folder).unwrap();
    place
        .scan(&["--db", "folder.db"])
        .expect(1)
        .says("folder.db");
    // A folder that not even root can write to.
    if std::path::Path::new("/proc/self").exists() {
        place
            .scan(&["--db", "/proc/self/blkprice.db"])
            .expect(1)
            .says("hint: the folder of the database must be there and be writable");
    }
}

#[test]
fn a_day_that_is_not_stored_says_which_are() {
    let place = scanned(71);
    place
        .run(["price", "2025-01-01"])
        .expect(1)
        .says("2025-01-01 is not in the database; it holds 2024-02-01 to 2024-02-04");
}
