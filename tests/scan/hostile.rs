//! Names, links, pipes, sparse files and databases made to mislead: a clear message, an end, and nothing a terminal obeys.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use blkprice::synth::{RawBlock, Undo};

use crate::support::{Place, Ran, heights_and_hashes, small_chain};

/// Makes a named pipe that nobody writes to.
fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs the program, and ends it where it waits for what never comes.
fn ends(place: &Place, words: &[&OsStr]) -> Ran {
    let child = place
        .command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it waits for ever: {words:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn words<'w>(words: &[&'w str]) -> Vec<&'w OsStr> {
    words.iter().map(|word| OsStr::new(*word)).collect()
}

fn digest_of(blocks: &[RawBlock]) -> String {
    let place = Place::with(blocks);
    place.backfill(&[]).expect(0);
    place.digest()
}

/// All but line breaks.
fn obeyed(text: &str) -> Vec<char> {
    text.chars()
        .filter(|c| c.is_control() && *c != '\n')
        .collect()
}

const NAME: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\rb\u{8}\nerror: c";

#[test]
fn no_control_character_of_a_name_reaches_the_terminal() {
    let blocks = small_chain(2, 200);
    let place = Place::new();
    let folder = place.dir().join(NAME);
    fs::create_dir(&folder).unwrap();
    let away = |args: &[&OsStr]| ends(&place, args);
    let db = folder.join("blkprice.db");
    let [db, dir] = [db.as_os_str(), folder.as_os_str()];
    let shown = "a\\u001b[2J\\u001b]0;title\\u0007\\u009b31m\\u000db\\u0008\\u000aerror: c";
    let [scan, blocks_dir, datadir, flag] =
        ["scan", "--blocks-dir", "--datadir", "--db"].map(OsStr::new);

    // Nothing there; then a file with a wrong key, a torn one, a database of something else.
    let missing = away(&[scan, blocks_dir, dir])
        .expect(1)
        .says(&format!("/{shown}: has no blk*.dat files"));
    let missing_database = away(&[OsStr::new("status"), flag, db])
        .expect(1)
        .says(shown);
    fs::write(folder.join("xor.dat"), "no key").unwrap();
    Place::at(&folder).files().write(&blocks).unwrap();
    fs::write(folder.join("xor.dat"), "no key").unwrap();
    let key = away(&[scan, blocks_dir, dir])
        .expect(1)
        .says(&format!("{shown}/xor.dat is 6 bytes long"));
    fs::remove_file(folder.join("xor.dat")).unwrap();
    let file = fs::File::options()
        .append(true)
        .open(folder.join("blk00000.dat"))
        .unwrap();
    file.write_all_at(b"dead", file.metadata().unwrap().len())
        .unwrap();
    let scanned = away(&[scan, blocks_dir, dir, flag, db])
        .expect(0)
        .says(&format!(
            "warning: {}",
            place.dir().canonicalize().unwrap().display()
        ));
    let scanned = scanned.says(&format!("{shown}/blk00000.dat: 4 bytes at offset"));
    let status = away(&[OsStr::new("status"), flag, db]).expect(0);
    assert!(status.stdout.contains(shown));
    let json = away(
        &["status", "--json"]
            .map(OsStr::new)
            .into_iter()
            .chain([flag, db])
            .collect::<Vec<_>>(),
    );
    let facts: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(facts["database"].as_str(), db.to_str());
    // A bitcoin.conf that leads there, and a link.
    fs::write(
        folder.join("bitcoin.conf"),
        "blocksdir=/\u{1b}[31mred\nincludeconf=\u{1b}[31m.conf\n",
    )
    .unwrap();
    let conf = away(&[scan, datadir, dir])
        .expect(1)
        .says("\\u001b[31m.conf leads to no file");
    symlink(&folder, place.dir().join("link")).unwrap();
    fs::create_dir(folder.join("blocks")).unwrap();
    fs::write(folder.join("blocks/blk00000.dat"), [1; 100]).unwrap();
    let link = away(&words(&["scan", "--blocks-dir", "link/blocks"]))
        .expect(1)
        .says(shown);

    for ran in [
        missing,
        missing_database,
        key,
        scanned,
        status,
        json,
        conf,
        link,
    ] {
        assert_eq!(obeyed(&ran.stderr), [], "{:?}", ran.stderr);
        assert_eq!(obeyed(&ran.stdout), [], "{:?}", ran.stdout);
        assert!(!ran.stderr.contains("\nerror: c"), "{}", ran.stderr);
    }
}

#[test]
fn names_that_only_look_like_block_files_are_passed_over() {
    let blocks = small_chain(2, 201);
    let place = Place::with(&blocks);
    let stale = Place::with(&blocks[3].branch(60, 9));
    let names: [&[u8]; 9] = [
        b"blk0000a.dat",
        b"blk\x1b[2J.dat",
        b"blk00001.dat\x1b",
        b"blk0\n001.dat",
        b"blk 0001.dat",
        b"blk4294967296.dat",
        b"blk\xf0\x9f\x92\xa901.dat",
        b"\xff\xfe.dat",
        &[&b"blk"[..], &[b'9'; 240], b".dat"].concat(),
    ];
    for name in names {
        fs::copy(stale.file(0), place.blocks().join(OsStr::from_bytes(name))).unwrap();
    }
    let ran = place.backfill(&[]).expect(0).does_not_say("warning");
    assert_eq!(obeyed(&ran.stderr), []);
    assert_eq!(place.digest(), digest_of(&blocks));
}

#[test]
fn a_folder_whose_name_is_no_text_is_read() {
    let blocks = small_chain(1, 202);
    let place = Place::new();
    let name = OsString::from_vec(b"bl\xff\xfeks".to_vec());
    let folder = place.dir().join(name);
    Place::at(&folder).files().write(&blocks).unwrap();
    let scan = [
        OsStr::new("scan"),
        OsStr::new("--blocks-dir"),
        folder.as_os_str(),
    ];
    ends(&place, &scan).expect(0);
    assert_eq!(place.chain(), heights_and_hashes(&blocks));
    ends(&place, &words(&["status"])).expect(0);
}

#[test]
fn links_in_a_circle_are_told_as_such() {
    let place = Place::with(&small_chain(1, 203));
    let at = |name: &str| place.dir().join(name);
    symlink(at("one"), at("two")).unwrap();
    symlink(at("two"), at("one")).unwrap();
    place
        .run(["scan", "--blocks-dir", "one"])
        .expect(1)
        .says("one: Too many levels of symbolic links");
    place
        .run(["scan", "--datadir", "one"])
        .expect(1)
        .says("Too many levels of symbolic links");
    // A folder that holds itself is only a longer way to it.
    symlink(place.blocks(), place.blocks().join("blocks")).unwrap();
    place.scan(&[]).expect(0);
    symlink(at("loop.db"), at("loop.db")).unwrap();
    place
        .scan(&["--db", "loop.db"])
        .expect(1)
        .says("loop.db: ")
        .says("hint:");
    symlink("bitcoin.conf", at("bitcoin.conf")).unwrap();
    place
        .run(["scan", "--datadir", "."])
        .expect(1)
        .says("bitcoin.conf: Too many levels of symbolic links");
}

#[test]
fn a_folder_or_a_pipe_in_the_place_of_the_first_block_file_is_named_and_not_waited_for() {
    let make: [fn(&Path); 2] = [|path| fs::create_dir(path).unwrap(), pipe];
    for make in make {
        let blocks = small_chain(3, 204);
        let place = Place::new();
        place.files().blocks_per_file(20).write(&blocks).unwrap();
        fs::remove_file(place.file(0)).unwrap();
        make(&place.file(0));
        let scan = place.words("scan", &[]);
        let scan = words(&scan.iter().map(String::as_str).collect::<Vec<_>>());
        ends(&place, &scan)
            .expect(3)
            .says("blk00000.dat: is not a regular file; its blocks are left out");
        assert_eq!(place.chain(), heights_and_hashes(&blocks[20..]));
        // And nothing else there.
        for number in 1..4 {
            let _ = fs::remove_file(place.file(number));
        }
        fs::remove_file(place.db()).unwrap();
        ends(&place, &scan)
            .expect(1)
            .says("none of its block files can be read");
    }
}

/// As many files as a main chain has would be as many lines.
#[test]
fn of_many_files_that_cannot_be_read_a_few_are_named() {
    let place = Place::new();
    for file in 0..9 {
        fs::create_dir_all(place.file(file)).unwrap();
    }
    let ran = place.scan(&[]).expect(1);
    assert_eq!(ran.stderr.matches("is not a regular file").count(), 3);
    ran.says("6 more block files cannot be read")
        .says("none of its block files can be read");
}

#[test]
fn pipes_and_folders_in_the_place_of_other_files_are_not_waited_for() {
    let blocks = small_chain(2, 205);
    let expected = digest_of(&blocks);
    let make: [fn(&Path); 2] = [|path| fs::create_dir(path).unwrap(), pipe];
    for make in make {
        let place = Place::new();
        place.files().undo(Undo::Whole).write(&blocks).unwrap();
        let run = |args: &[&str]| {
            let all = place.words("backfill", args);
            ends(
                &place,
                &words(&all.iter().map(String::as_str).collect::<Vec<_>>()),
            )
        };
        let undo = place.blocks().join("rev00000.dat");
        fs::remove_file(&undo).unwrap();
        make(&undo);
        run(&[]).expect(0);
        assert_eq!(place.digest(), expected, "hashed, as without the undo file");
        let key = place.blocks().join("xor.dat");
        make(&key);
        run(&[]).expect(1).says("xor.dat: is not a regular file");
        if key.is_dir() {
            fs::remove_dir(&key).unwrap();
        } else {
            fs::remove_file(&key).unwrap();
        }
        make(&place.dir().join("other.db"));
        run(&["--db", "other.db"]).expect(1).says("hint:");
        ends(&place, &words(&["status", "--db", "other.db"]))
            .expect(1)
            .says("other.db: this is not a blkprice database");
        make(&place.dir().join("bitcoin.conf"));
        ends(&place, &words(&["scan", "--datadir", "."]))
            .expect(1)
            .says("bitcoin.conf: is not a regular file");
    }
}

/// A file system that has no holes would need the room: this needs one that has them, as all usual ones do.
#[test]
fn a_block_file_with_a_hole_of_four_gibibytes_is_read_to_its_end() {
    const HOLE: u64 = 4 << 30;
    let blocks = small_chain(2, 206);
    let (front, back) = blocks.split_at(25);
    let place = Place::with(front);
    let behind = Place::with(back);
    let bytes = fs::read(behind.file(0)).unwrap();
    let file = fs::File::options().write(true).open(place.file(0)).unwrap();
    let start = file.metadata().unwrap().len();
    // Blocks at offsets that 32 bits cannot say.
    file.write_all_at(&bytes, HOLE + 77).unwrap();
    file.set_len(HOLE + (16 << 20)).unwrap();
    place
        .backfill(&[])
        .expect(0)
        .says("end in zeros")
        .says(&format!(
            "blk00000.dat: {} bytes at offset {start} are no block record; went on at offset {}",
            HOLE + 77 - start,
            HOLE + 77
        ));
    assert_eq!(place.chain(), heights_and_hashes(&blocks));
    let offset = place.query("SELECT max(offset) FROM block").remove(0);
    assert!(offset.parse::<u64>().unwrap() > HOLE);
    assert_eq!(place.digest(), digest_of(&blocks));
}

fn backfilled(seed: u64) -> Place {
    let place = Place::with(&small_chain(4, seed));
    place.backfill(&[]).expect(0);
    place
}

#[test]
fn a_database_without_one_of_its_tables_or_views_says_which() {
    let whole = backfilled(207);
    let names = whole.query("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view')");
    assert!(names.len() > 15);
    for name in names {
        let place = Place::at(whole.blocks());
        fs::copy(whole.db(), place.db()).unwrap();
        // The views stay, as they do when a table is lost.
        let drop =
            format!("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; DROP {name}");
        place.open_db().execute_batch(&drop).unwrap();
        for ran in [
            place.scan(&[]),
            place.run(["status"]),
            place.run(["price"]),
            place.run(["export", "prices"]),
        ] {
            ran.expect(1)
                .says(&format!("blkprice.db: its {name} is gone"))
                .says("hint: the database is damaged; keep it aside");
        }
    }
}

#[test]
fn a_spoiled_page_is_an_error_with_a_way_out_or_harmless_wherever_it_is() {
    let whole = backfilled(208);
    whole
        .open_db()
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    let bytes = fs::read(whole.db()).unwrap();
    let mut told = 0;
    for (at, pattern) in (4096..bytes.len())
        .step_by(4096)
        .zip([0x5a, 0xff, 0x00].into_iter().cycle())
    {
        let place = Place::at(whole.blocks());
        let mut spoiled = bytes.clone();
        spoiled[at..at + 4096].fill(pattern);
        fs::write(place.db(), spoiled).unwrap();
        for words in [
            &["status", "--digest"][..],
            &["export", "prices"],
            &["export", "outputs"],
        ] {
            let ran = place.run(words);
            // Not a page that this reads, or one that can hold anything: only `verify` can tell.
            if ran.code == Some(0) {
                continue;
            }
            ran.expect(1)
                .says("blkprice.db: ")
                .says("hint: the database is damaged; keep it aside")
                .does_not_say("panicked");
            told += 1;
        }
    }
    assert!(told > 0);
}

#[test]
fn an_empty_file_is_no_database_to_read_and_one_to_begin() {
    let place = Place::with(&small_chain(1, 209));
    fs::write(place.db(), "").unwrap();
    for words in [
        &["status"][..],
        &["export", "prices"],
        &["price", "2024-02-01"],
    ] {
        place
            .run(words)
            .expect(1)
            .says("blkprice.db: there is no database here yet")
            .says("hint: make one with `blkprice backfill`");
    }
    place.scan(&[]).expect(0);
    place.run(["status"]).expect(0);
}

#[test]
fn values_that_no_column_holds_are_an_error_with_a_way_out() {
    for spoil in [
        "UPDATE chain_block SET hash = x'00'",
        "UPDATE chain_block SET time = -1",
        "UPDATE chain_block SET time = 'noon'",
        "UPDATE utc_day SET outputs = 'many'",
        "UPDATE utc_day SET first_height = 9999999999999",
        "UPDATE day_outputs SET data = x'ffffffffffffffff7f'",
        "UPDATE day_outputs SET data = x''",
    ] {
        let place = backfilled(210);
        place.open_db().execute_batch(spoil).unwrap();
        let mut told = 0;
        for ran in [
            place.run(["status", "--digest"]),
            place.run(["export", "outputs"]),
            place.run(["price", "--engine", "v9.1", "2024-02-01"]),
            place.scan(&["--since-last"]),
        ] {
            let ran = ran.does_not_say("panicked");
            if ran.code != Some(0) {
                ran.expect(1)
                    .says("blkprice.db: ")
                    .says("hint: the database is damaged");
                told += 1;
            }
        }
        assert!(told > 0, "{spoil}");
    }
}
