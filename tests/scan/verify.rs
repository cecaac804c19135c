//! `scan --check` and `verify`: damage that still looks like a block, and rows that do not follow.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use blkprice::blockfile::{Access, Chain};
use blkprice::scan::{Silent, Source, Watch};
use blkprice::store::Store;
use blkprice::synth::{RawBlock, Undo};
use blkprice::verify::{Days, Error, run};

use crate::support::{Place, Ran, age, heights_and_hashes, listing, small_chain};

/// The block that the tests damage.
const HEIGHT: u32 = 42;

fn verify(place: &Place, args: &[&str]) -> Ran {
    place.run(place.words("verify", args))
}

/// What verify says where nothing is wrong.
#[track_caller]
fn sound(place: &Place, args: &[&str]) -> String {
    verify(place, args).expect(0).stdout
}

/// A scanned and priced place of several files.
fn stored(blocks: &[RawBlock]) -> Place {
    let place = Place::new();
    place.files().blocks_per_file(30).write(blocks).unwrap();
    place.backfill(&["--engine", "v9.1"]).expect(0);
    place
}

/// The day of a stored block, as text.
fn day_of(place: &Place, height: u32) -> String {
    place
        .query(&format!("SELECT day FROM block WHERE height = {height}"))
        .remove(0)
}

/// The offset in the block of a stored, qualifying amount of it.
fn an_amount(place: &Place, block: &RawBlock) -> usize {
    let exported = place.run(["export", "outputs"]).expect(0).stdout;
    let mut amounts = exported.lines().filter_map(|line| {
        let [_, height, _, sats] = line.split(',').collect::<Vec<_>>()[..] else {
            return None;
        };
        (height == block.height.to_string()).then(|| sats.parse::<u64>().unwrap().to_le_bytes())
    });
    amounts
        .find_map(|amount| block.bytes.windows(8).position(|bytes| bytes == amount))
        .expect("the block has a qualifying output")
}

/// Flips a bit of a file.
fn flip(path: &Path, offset: u64) {
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn an_amount_changed_in_a_body_that_still_parses_is_found_by_check_and_by_verify() {
    let blocks = small_chain(4, 300);
    let whole = stored(&blocks);
    let amount = an_amount(&whole, &blocks[HEIGHT as usize]);
    for undo in [Undo::None, Undo::Whole] {
        let place = Place::new();
        let files = place.files().blocks_per_file(30).undo(undo);
        let written = files.write(&blocks).unwrap();
        let bad = &written.places[HEIGHT as usize];
        flip(&place.file(bad.file), bad.offset + amount as u64);
        let why = "its transactions do not hash to the merkle root in its header";
        let message = format!(
            "block {HEIGHT} at offset {} of {} is damaged: {why}",
            bad.offset,
            place.file(bad.file).display()
        );

        // Without a check it looks like any other block.
        place.scan(&[]).expect(0);
        assert_ne!(place.digest(), whole.digest());
        let ran = verify(&place, &[]).expect(5);
        let day = day_of(&place, HEIGHT);
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines[0], format!("{day}: {message}"));
        assert!(lines[1].ends_with("; 1 wrong"), "{}", ran.stdout);
        assert_eq!(lines.len(), 2, "{}", ran.stdout);

        let checked = Place::at(place.blocks());
        let ran = checked.backfill(&["--check"]).expect(3);
        ran.says(&format!(
            "block {HEIGHT} at offset {} is damaged: {why}; left out",
            bad.offset
        ));
        let kept = [&blocks[..HEIGHT as usize], &blocks[HEIGHT as usize + 1..]].concat();
        assert_eq!(checked.chain(), heights_and_hashes(&kept));
        assert_eq!(
            checked.query("SELECT first_height, last_height, reason FROM missing_height"),
            [format!("{HEIGHT} {HEIGHT} the block is damaged: {why}")]
        );
        sound(&checked, &[]);

        // A run that looks less closely does not take it back.
        let digest = checked.digest();
        for args in [&[][..], &["--since-last"], &["--check"]] {
            checked.backfill(args).expect(3);
            assert_eq!(checked.digest(), digest, "{args:?}");
        }

        // A whole copy in a later file is read in its place.
        let mut writer = place.files().append().unwrap();
        writer.block(&blocks[HEIGHT as usize]).unwrap();
        writer.finish().unwrap();
        checked.scan(&["--check", "--since-last"]).expect(0);
        let expected = Place::with(&blocks);
        expected.scan(&["--check"]).expect(0);
        assert_eq!(
            checked.query("SELECT outputs, sats FROM daily_activity"),
            expected.query("SELECT outputs, sats FROM daily_activity")
        );
        assert_eq!(checked.chain(), expected.chain());
        sound(&checked, &[]);
    }
}

#[test]
fn a_check_of_whole_blocks_changes_nothing() {
    let blocks = small_chain(3, 301);
    for undo in [Undo::None, Undo::Whole] {
        let place = Place::new();
        place.files().undo(undo).write(&blocks).unwrap();
        place.scan(&["--check"]).expect(0);
        let plain = Place::at(place.blocks());
        plain.scan(&[]).expect(0);
        assert_eq!(place.digest(), plain.digest());
    }
}

#[test]
fn verify_finds_nothing_wrong_and_writes_nothing_while_another_run_holds_the_database() {
    let place = stored(&small_chain(4, 302));
    let lock = fs::File::options()
        .write(true)
        .open(place.dir().join("blkprice.db-lock"))
        .unwrap();
    lock.lock().unwrap();
    let before = fs::read(place.db()).unwrap();
    let blocks = listing(place.blocks());
    let ran = sound(&place, &[]);
    assert_eq!(ran.lines().count(), 1, "nothing but the summary: {}", ran);
    assert!(ran.starts_with("database of 4 days checked against itself; 4 of 4 days ("));
    assert!(ran.ends_with("; nothing wrong\n"));
    assert_eq!(fs::read(place.db()).unwrap(), before);
    assert_eq!(listing(place.blocks()), blocks);
}

#[test]
fn each_altered_row_is_found_and_its_day_named() {
    let blocks = small_chain(4, 303);
    let place = stored(&blocks);
    place.backfill(&[]).expect(0);
    let day = day_of(&place, HEIGHT);
    let whole = fs::read(place.db()).unwrap();
    let number = format!("(SELECT day FROM utc_day WHERE date = '{day}')");
    let of_block = |set: &str| format!("UPDATE chain_block SET {set} WHERE height = {HEIGHT}");
    let of_day = |table: &str, set: &str| format!("UPDATE {table} SET {set} WHERE day = {number}");
    // What is done, what is said of the day, and whether the block files are needed to see it.
    let damages = [
        (
            of_day("utc_day", "outputs = outputs + 1"),
            "number of outputs: ",
            false,
        ),
        (
            of_day("utc_day", "transactions = 1"),
            "number of transactions: 1 is stored",
            false,
        ),
        (
            of_day("utc_day", "blocks = blocks - 1"),
            "number of blocks: ",
            false,
        ),
        (
            of_day("utc_day", "sats = sats - 1"),
            "sum of the outputs in sats: ",
            false,
        ),
        (
            of_day("utc_day", "sats = -1"),
            "the stored rows are damaged: ",
            false,
        ),
        (
            of_day("utc_day", "first_height = first_height - 1"),
            "it begins at height ",
            false,
        ),
        (
            of_day("utc_day", "last_height = last_height - 1"),
            "is not within its heights ",
            false,
        ),
        (
            of_day("utc_day", "last_height = 0"),
            "is not within its heights ",
            false,
        ),
        (
            of_day("day_outputs", "data = zeroblob(length(data))"),
            "outputs of block ",
            false,
        ),
        (
            of_day("day_outputs", "data = substr(data, 1, length(data) - 2)"),
            "the outputs of block ",
            false,
        ),
        (
            of_day("day_outputs", "data = CAST(data || x'00' AS BLOB)"),
            "more outputs than its blocks have",
            false,
        ),
        (
            of_day("day_outputs", "first_bin = first_bin + 1"),
            "its bins do not count its outputs",
            false,
        ),
        (
            of_day("day_outputs", "bins = '[1,'"),
            "its bins are no list of counts",
            false,
        ),
        (
            format!("DELETE FROM day_outputs WHERE day = {number}"),
            "its outputs are gone",
            false,
        ),
        (
            of_block("undo = NULL"),
            "block 42: undo is stored as NULL, and it has ",
            false,
        ),
        (
            of_day("price", "outputs = 7, usd = 1"),
            "outputs of the price by path: 7 is stored",
            false,
        ),
        (
            of_day("price", "usd = -1"),
            "the price by path is -1",
            false,
        ),
        (
            of_block("outputs = outputs + 1"),
            "outputs of block 42: ",
            false,
        ),
        (
            of_block("prev = zeroblob(32)"),
            "block 42 follows 0000",
            false,
        ),
        (
            of_block("time = time + 200000"),
            "block 42 has the time ",
            false,
        ),
        (
            of_block("hash = x'00'"),
            "the stored rows are damaged: ",
            false,
        ),
        (
            format!("DELETE FROM chain_block WHERE height = {HEIGHT}"),
            "heights 42 to 42 are not stored",
            false,
        ),
        (
            of_block("time = time + 1"),
            "block 42: time is stored as ",
            true,
        ),
        (
            of_block("bits = bits + 1"),
            "block 42: nBits is stored as ",
            true,
        ),
        (
            of_block("size = size + 1"),
            "block 42: size is stored as ",
            true,
        ),
        (
            of_block("offset = offset + 1"),
            "block 42 does not stand at offset ",
            true,
        ),
        (of_block("hash = zeroblob(32)"), "block 42 (0000", true),
        (
            format!(
                "UPDATE chain_block SET transactions = transactions + 1 WHERE height = {HEIGHT}; \
                 UPDATE utc_day SET transactions = transactions + 1 WHERE day = {number}"
            ),
            "block 42: number of transactions is stored as ",
            true,
        ),
    ];
    for (sql, said, by_files) in damages {
        fs::write(place.db(), &whole).unwrap();
        place.open_db().execute_batch(&sql).unwrap();
        let ran = verify(&place, &[]).expect(5);
        let found = ran
            .stdout
            .lines()
            .any(|line| line.starts_with(&format!("{day}: ")) && line.contains(said));
        assert!(
            found,
            "{sql}\nexpected {said:?} of {day} in:\n{}",
            ran.stdout
        );
        // Without the block files only what the database says of itself is seen. A hash that links to nothing is.
        let alone = verify(&place, &["--sample", "0"]);
        if by_files && !sql.contains("hash") {
            alone.expect(0);
        } else if !by_files {
            alone.expect(5);
        }
    }
}

#[test]
fn rows_of_days_that_are_not_stored_are_found() {
    let place = stored(&small_chain(3, 304));
    place.backfill(&[]).expect(0);
    let whole = fs::read(place.db()).unwrap();
    let orphan = "UPDATE price SET day = 20000 WHERE day = (SELECT min(day) FROM utc_day)";
    for (sql, said) in [
        (
            orphan,
            "2024-10-04: 2 row(s) of the table price are of this day, which is not stored",
        ),
        (
            "DELETE FROM utc_day WHERE date = '2024-02-02'",
            "2024-02-02: 1 row(s) of the table day_outputs are of this day",
        ),
        (
            "INSERT INTO path_block VALUES (9999, 1, 1, 1)",
            "database: 1 block price(s), the first of height 9999, have no block",
        ),
        (
            "UPDATE bin_step SET factor = factor * 1.01 WHERE step = 7",
            "database: the edges of the bins",
        ),
        (
            "UPDATE meta SET value = 'ab' WHERE key = 'tip_hash'",
            "database: the tip is noted as ab, ",
        ),
        (
            "UPDATE meta SET value = '9999' WHERE key = 'tip_height'",
            "database: block 9999 is noted as the tip, and the highest stored is ",
        ),
        (
            "DELETE FROM utc_day; DELETE FROM chain_block; DELETE FROM day_outputs; DELETE FROM price; DELETE FROM path_block; \
             DELETE FROM path_evidence",
            "database: block 37 is noted as the tip, and none is stored",
        ),
        (
            "UPDATE meta SET value = '1' WHERE key = 'tip_time'",
            "database: the time of the tip is noted as 1, and is 17",
        ),
        (
            "UPDATE meta SET value = 'top' WHERE key = 'finished'",
            "database: finished is noted as 'top', which cannot be",
        ),
        (
            "UPDATE meta SET value = 'no' WHERE key = 'incomplete'",
            "database: incomplete is noted as 'no', which cannot be",
        ),
        (
            "INSERT INTO missing_height VALUES (9000, 9001, 'x')",
            "database: incomplete is noted as '0', which cannot be",
        ),
        (
            "UPDATE meta SET value = '-1' WHERE key = 'stale_blocks'",
            "database: stale_blocks is noted as '-1', which cannot be",
        ),
        (
            "DROP INDEX chain_block_day",
            "database: its index chain_block_day is not as it was made",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON price BEGIN UPDATE price SET usd = 1; END",
            "database: it has a trigger, t",
        ),
        (
            "INSERT INTO missing_height VALUES (9, 3, 'x')",
            "database: heights 9 to 3 are said to be missing",
        ),
    ] {
        fs::write(place.db(), &whole).unwrap();
        place.open_db().execute_batch(sql).unwrap();
        let ran = verify(&place, &[]).expect(5);
        let found = ran.stdout.lines().any(|line| line.starts_with(said));
        assert!(found, "{sql}\nexpected {said:?} in:\n{}", ran.stdout);
    }
}

#[test]
fn what_is_noted_of_the_files_is_held_against_them_and_a_full_scan_notes_it_anew() {
    let blocks = small_chain(4, 312);
    let place = Place::new();
    place.files().blocks_per_file(30).write(&blocks).unwrap();
    let mut writer = place.files().append().unwrap();
    for block in blocks[blocks.len() - 9].branch(3, 5) {
        writer.block(&block).unwrap();
    }
    writer.finish().unwrap();
    age(place.blocks(), 1_000);
    place.backfill(&["--engine", "v9.1"]).expect(0);
    sound(&place, &[]);
    let digest = place.digest();
    let noted = "SELECT * FROM other_block ORDER BY offset";
    let (whole, others) = (fs::read(place.db()).unwrap(), place.query(noted));
    assert_eq!(others.len(), 3);
    let of_first = "WHERE offset = (SELECT min(offset) FROM other_block)";
    let another = [
        "prev = zeroblob(32)",
        "time = time + 1",
        "bits = bits + 1",
        "size = size + 1",
        "hash = zeroblob(32)",
    ]
    .map(|set| {
        (
            format!("UPDATE other_block SET {set} {of_first}"),
            "it is another one",
        )
    });
    let mut damages = another.to_vec();
    damages.extend([
        (
            format!("DELETE FROM other_block {of_first}"),
            "is neither stored nor noted",
        ),
        (
            format!("UPDATE other_block SET height = 7 {of_first}"),
            "it has another height",
        ),
        (
            format!("UPDATE other_block SET offset = offset + 1 {of_first}"),
            "no block stands there",
        ),
        (
            "UPDATE block_file SET damaged = 1".to_string(),
            "blk00000.dat is noted as damaged, and is whole",
        ),
    ]);
    for (sql, said) in &damages {
        fs::write(place.db(), &whole).unwrap();
        place.open_db().execute_batch(sql).unwrap();
        let ran = verify(&place, &["--sample", "1"]).expect(5);
        let is_told = |line: &str| line.starts_with("database: ") && line.contains(said);
        assert!(ran.stdout.lines().any(is_told), "{sql}\n{}", ran.stdout);
        // As the message says, a scan that takes nothing on trust mends it.
        place.scan(&[]).expect(0);
        sound(&place, &[]);
        assert_eq!(
            (place.digest(), place.query(noted)),
            (digest.clone(), others.clone()),
            "{sql}"
        );
    }
}

#[test]
fn a_corrupted_page_is_found_and_the_days_on_it_are_named() {
    const PAGE: usize = 4096;
    let place = stored(&small_chain(30, 305));
    let db = place.open_db();
    db.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let date = "2024-02-11";
    let sql = "SELECT data FROM day_outputs JOIN utc_day USING (day) WHERE date = ?1";
    let data: Vec<u8> = db.query_row(sql, [date], |row| row.get(0)).unwrap();
    drop(db);
    let mut bytes = fs::read(place.db()).unwrap();
    let start = &data[..data.len().min(32)];
    let at = bytes.windows(start.len()).position(|b| b == start).unwrap();
    let page = at / PAGE * PAGE;
    bytes[page..page + 16].fill(0xff);
    fs::write(place.db(), bytes).unwrap();
    let ran = verify(&place, &[]).expect(5);
    let line = format!("{date}: the stored rows are damaged: ");
    assert!(ran.stdout.contains(&line), "{}", ran.stdout);
    assert!(
        ran.stdout
            .lines()
            .any(|line| line.starts_with("database: "))
    );
    // Days on other pages are read again all the same.
    let read = ran.stdout.lines().last().unwrap();
    assert!(read.contains(" of 30 days ("), "{read}");
    assert!(!read.contains("; 0 of 30"), "{read}");
}

#[test]
fn days_of_pruned_files_are_not_checkable_and_not_wrong() {
    let blocks = small_chain(6, 306);
    let place = stored(&blocks);
    fs::remove_file(place.file(0)).unwrap();
    let before = sound(&place, &[]);
    let last = day_of(&place, 29);
    let line = format!("2024-02-01 to {last}: not checkable: block files of it are gone (pruned?)");
    assert_eq!(before.lines().next(), Some(line.as_str()));
    assert!(
        before.contains("2 not checkable; nothing wrong"),
        "{}",
        before
    );
    place.scan(&["--since-last"]).expect(0);
    assert_eq!(sound(&place, &[]), before);
}

#[test]
fn blocks_laid_out_again_in_fewer_files_are_found_where_they_stand_now() {
    let blocks = small_chain(6, 310);
    for pruned in [0, 30_u32] {
        let place = stored(&blocks);
        let (digest, files) = (place.digest(), place.query("SELECT file FROM block"));
        assert!(files.contains(&"2".to_string()));
        fs::remove_dir_all(place.blocks()).unwrap();
        let rest = &blocks[pruned as usize..];
        let files = place.files().blocks_per_file(1_000);
        files.first_file(pruned / 30).write(rest).unwrap();
        place.scan(&["--since-last"]).expect(0);
        assert_eq!(place.digest(), digest, "blocks that are pruned stay");
        let said = sound(&place, &[]);
        assert_eq!(pruned == 0, !said.contains("not checkable:"), "{said}");
    }
}

#[test]
fn a_block_that_its_file_no_longer_holds_is_wrong() {
    let blocks = small_chain(4, 307);
    let offset = |place: &Place| -> u64 {
        let sql = format!("SELECT offset FROM block WHERE height = {HEIGHT}");
        place.query(&sql)[0].parse().unwrap()
    };
    // The header spoiled, or the file cut off before it.
    for cut in [false, true] {
        let place = stored(&blocks);
        let (day, offset) = (day_of(&place, HEIGHT), offset(&place));
        let path = place.file(1);
        let file = fs::File::options().write(true).open(&path).unwrap();
        if cut {
            file.set_len(offset).unwrap();
        } else {
            file.write_all_at(&[0xff; 80], offset).unwrap();
        }
        let ran = verify(&place, &[])
            .expect(5)
            .says("hint: block files that are damaged or cut short say nothing against what was stored")
            .does_not_say("keep the database aside");
        let line = format!(
            "{day}: block {HEIGHT} ({}) is not in the block files any more: {} has no block of that hash at offset {offset}",
            blocks[HEIGHT as usize].hash,
            path.display()
        );
        assert!(ran.stdout.contains(&line), "{line}\n{}", ran.stdout);
    }
}

/// A disk that writes a record to the wrong place: another block of the chain stands there then.
#[test]
fn a_block_that_another_record_was_written_over_is_wrong() {
    let blocks = small_chain(4, 312);
    let place = stored(&blocks);
    place.backfill(&[]).expect(0);
    let query = |height: usize| {
        let sql = format!("SELECT file, offset, size FROM chain_block WHERE height = {height}");
        let row = place.query(&sql).remove(0);
        let mut words = row.split(' ').map(|word| word.parse::<u64>().unwrap());
        let mut next = || words.next().unwrap();
        (next(), next(), next())
    };
    let (file, at, size) = query(20);
    let (other, from, _) = (21..60)
        .map(query)
        .find(|&(other, _, length)| other == file && length <= size)
        .unwrap();
    assert_eq!(file, other);
    let path = place.file(file as u32);
    let mut bytes = fs::read(&path).unwrap();
    let length = u32::from_le_bytes(bytes[from as usize - 4..from as usize].try_into().unwrap());
    let record = bytes[from as usize - 8..from as usize + length as usize].to_vec();
    bytes[at as usize - 8..at as usize - 8 + record.len()].copy_from_slice(&record);
    fs::write(&path, bytes).unwrap();
    let ran = verify(&place, &[]).expect(5);
    let said = "block 20 (";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
}

#[test]
fn a_sample_is_of_so_many_days_and_its_seed_repeats_it() {
    let blocks = small_chain(8, 308);
    let place = stored(&blocks);
    let ran = sound(&place, &["--sample", "3"]);
    assert!(ran.contains("; 3 of 3 days ("), "{}", ran);
    let seed = ran.split("--seed ").nth(1).unwrap();
    let seed = seed.split(';').next().unwrap();
    let again = sound(&place, &["--sample", "3", "--seed", seed]);
    assert_eq!(again, ran);
    let all = sound(&place, &["--sample", "100", "--seed", "1"]);
    assert!(all.contains("; 8 of 8 days ("), "{}", all);

    // A damaged block is found by just those samples that have its day.
    let amount = an_amount(&place, &blocks[HEIGHT as usize]);
    let offset = format!("SELECT offset FROM block WHERE height = {HEIGHT}");
    let offset: u64 = place.query(&offset)[0].parse().unwrap();
    flip(&place.file(1), offset + amount as u64);
    let codes: Vec<Option<i32>> = (0..12)
        .map(|seed| verify(&place, &["--sample", "3", "--seed", &seed.to_string()]).code)
        .collect();
    assert!(
        codes.contains(&Some(0)) && codes.contains(&Some(5)),
        "{codes:?}"
    );

    // With none the folder need not even be there.
    fs::remove_dir_all(place.blocks()).unwrap();
    let none = sound(&place, &["--sample", "0"]);
    assert_eq!(
        none,
        "database of 8 days checked against itself; nothing wrong\n"
    );
    verify(&place, &[]).expect(1);
    place.run(["verify", "--seed", "1"]).expect(2);
}

#[test]
fn blocks_stored_from_another_folder_are_not_wrong() {
    let blocks = small_chain(6, 309);
    let place = stored(&blocks);
    // Another node's folder, laid out otherwise, that begins later.
    let later = Place::new();
    later
        .files()
        .blocks_per_file(17)
        .write(&blocks[60..])
        .unwrap();
    let dir = later.blocks().to_str().unwrap();
    place.run(["scan", "--blocks-dir", dir]).expect(0);
    let ran = place.run(["verify"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("not checkable"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("; nothing wrong\n"), "{}", ran.stdout);
    // Held against the first folder all of it can be read, wherever it stands there.
    let first = sound(&place, &[]);
    assert!(first.contains("; 6 of 6 days ("), "{first}");
    let part = Place::new();
    part.files().write(&blocks[..70]).unwrap();
    let ran = part.words("verify", &[]);
    let said = place.run(ran).expect(0).stdout;
    assert!(
        said.contains("not checkable: blocks of it are not in this folder"),
        "{said}"
    );
}

#[test]
fn a_database_with_gaps_and_a_reorganised_tip_is_not_wrong() {
    let blocks = small_chain(5, 310);
    let place = Place::new();
    let files = place.files().blocks_per_file(20).missing([1]);
    files.write(&blocks).unwrap();
    place.backfill(&[]).expect(3);
    sound(&place, &[]);
    let mut writer = place.files().append().unwrap();
    for block in blocks[blocks.len() - 9].branch(30, 5) {
        writer.block(&block).unwrap();
    }
    writer.finish().unwrap();
    // What the files hold beyond what is stored is the next scan's business.
    sound(&place, &[]);
    place.backfill(&["--since-last"]).expect(3);
    sound(&place, &[]);
}

#[test]
fn an_interrupted_verify_says_so_and_a_full_one_names_what_it_read() {
    let blocks = small_chain(3, 311);
    let place = stored(&blocks);
    let store = Store::read(&place.db()).unwrap();
    let source = Source {
        blocks_dir: place.blocks().to_path_buf(),
        chain: Chain::Main,
        access: Access::Read,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.unwrap();
    let stop = AtomicBool::new(false);
    let watch = Watch {
        progress: &Silent,
        stop: &stop,
    };
    let run = || run(&pool, Some(&source), &store, Days::All, &watch, &mut |_| ());
    let report = run().unwrap();
    assert_eq!((report.stored, report.read, report.wrong), (3, 3, 0));
    assert_eq!(report.blocks, blocks.len() as u64);
    let bytes: usize = blocks.iter().map(|block| block.bytes.len()).sum();
    assert_eq!(report.bytes, bytes as u64);
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(run(), Err(Error::Interrupted)));
}
