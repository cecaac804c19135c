//! Damaged, half-written, missing and hostile block files: what is said, what is kept, and the exit code.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, symlink};

use blkprice::synth::{BlockBuilder, RawBlock, Tail, Xor};

use crate::node::Node;
use crate::support::{Place, heights_and_hashes, small_chain};

const KEY: [u8; 8] = [3, 0, 0xff, 9, 0x42, 0, 0, 1];

/// The digest of a plain backfill of these blocks.
fn digest_of(blocks: &[RawBlock]) -> String {
    let place = Place::with(blocks);
    place.backfill(&[]).expect(0);
    place.digest()
}

#[test]
fn a_key_of_the_wrong_size_is_an_error() {
    let place = Place::with(&small_chain(1, 100));
    for size in [0, 7, 9, 4096] {
        fs::write(place.blocks().join("xor.dat"), vec![1; size]).unwrap();
        place
            .scan(&[])
            .expect(1)
            .says(&format!(
                "xor.dat is {size} bytes long; an obfuscation key is 8 bytes"
            ))
            .says("hint: copy the node's own xor.dat");
    }
    fs::remove_file(place.blocks().join("xor.dat")).unwrap();
    fs::create_dir(place.blocks().join("xor.dat")).unwrap();
    place
        .scan(&[])
        .expect(1)
        .says("xor.dat: is not a regular file");
}

#[test]
fn without_its_key_an_obfuscated_folder_holds_no_blocks() {
    let blocks = small_chain(1, 101);
    let place = Place::new();
    place.files().xor(Xor::Random(5)).write(&blocks).unwrap();
    let key = place.blocks().join("xor.dat");
    let bytes = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let message = "no block of chain main was found in its 1 block files";
    place
        .scan(&[])
        .expect(1)
        .says(message)
        .says("is the xor.dat beside the files their own?");
    fs::write(&key, [0; 8]).unwrap();
    place.scan(&[]).expect(1).says(message);
    fs::write(&key, bytes).unwrap();
    place.scan(&[]).expect(0);
    assert_eq!(place.chain(), heights_and_hashes(&blocks));
}

#[test]
fn a_torn_last_record_is_left_out_with_a_warning() {
    let blocks = small_chain(2, 102);
    let (last, whole) = blocks.split_last().unwrap();
    for keep in [0, 40, 79, 80, 81, last.bytes.len() - 1] {
        let place = Place::new();
        let mut writer = place.files().xor(Xor::Key(KEY)).create().unwrap();
        for block in whole {
            writer.block(block).unwrap();
        }
        writer.torn(last, keep).unwrap();
        let written = writer.finish().unwrap();
        let end = written
            .places
            .last()
            .map(|p| p.offset + p.size as u64)
            .unwrap();
        let ran = place.backfill(&[]).expect(0);
        if keep >= 80 {
            ran.says(&format!(
                "blk00000.dat: the record at offset {end} is torn: {} of its {} bytes are there; left out",
                keep + 8,
                last.bytes.len() + 8
            ));
        } else {
            // Not even a header: bytes that could be anything.
            ran.says(&format!("bytes at offset {end} are no block record"));
        }
        assert_eq!(place.digest(), digest_of(whole), "{keep} bytes kept");
    }
}

#[test]
fn a_record_torn_in_preallocated_space_is_left_out_with_a_warning() {
    let blocks = small_chain(2, 103);
    let (last, whole) = blocks.split_last().unwrap();
    for keep in [80, 85, last.bytes.len() / 2, last.bytes.len() - 20] {
        let place = Place::new();
        let mut node = Node::new(place.blocks(), KEY);
        node.write(0, whole);
        let end = node.end(0);
        node.tear(0, last, keep);
        place.backfill(&[]).expect(0).says(&format!(
            "blk00000.dat: the block at offset {} is torn: only part of it was written; left out",
            end + 8
        ));
        assert_eq!(place.digest(), digest_of(whole), "{keep} bytes kept");
    }
}

#[test]
fn garbage_between_records_is_stepped_over_counted_and_reported() {
    let blocks = small_chain(2, 104);
    let magic = blkprice::synth::MAINNET_MAGIC;
    let mut lookalike = magic.to_vec();
    lookalike.extend_from_slice(&200u32.to_le_bytes());
    lookalike.extend_from_slice(&[0x11; 300]);
    let kinds: [&[u8]; 5] = [b"?", &[0xee; 5000], &magic, &lookalike, &[0; 77]];
    for garbage in kinds {
        let place = Place::new();
        let mut writer = place.files().xor(Xor::Key(KEY)).create().unwrap();
        for (i, block) in blocks.iter().enumerate() {
            if i == 7 {
                writer.garbage(garbage).unwrap();
            }
            writer.block(block).unwrap();
        }
        let written = writer.finish().unwrap();
        let next = written.places[7].offset - 8;
        let start = next - garbage.len() as u64;
        place.backfill(&[]).expect(0).says(&format!(
            "blk00000.dat: {} bytes at offset {start} are no block record; went on at offset {next}",
            garbage.len()
        ));
        assert_eq!(place.digest(), digest_of(&blocks));
    }
}

#[test]
fn headers_without_work_are_no_blocks() {
    let blocks = small_chain(2, 105);
    let tip = blocks.last().unwrap();
    let forged = BlockBuilder::new(tip.hash, tip.height + 1, tip.time + 600)
        .without_work()
        .finish();
    let place = Place::with(&[&blocks[..], &[forged]].concat());
    place.backfill(&[]).expect(0).says("are no block record");
    assert_eq!(place.digest(), digest_of(&blocks));
}

#[test]
fn an_empty_file_is_a_warning() {
    let blocks = small_chain(2, 106);
    let place = Place::with(&blocks);
    fs::write(place.file(1), "").unwrap();
    place
        .backfill(&[])
        .expect(0)
        .says("blk00001.dat: the file is empty");
    assert_eq!(place.digest(), digest_of(&blocks));
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_rest_is_scanned() {
    let blocks = small_chain(4, 107);
    let place = Place::new();
    place.files().blocks_per_file(15).write(&blocks).unwrap();
    let spoiled = place.file(3);
    fs::remove_file(&spoiled).unwrap();
    let gone = place.dir().join("gone");
    let kinds: [(&str, &dyn Fn()); 4] = [
        ("is not a regular file", &|| {
            fs::create_dir(&spoiled).unwrap()
        }),
        ("No such file", &|| symlink(&gone, &spoiled).unwrap()),
        ("Too many levels of symbolic links", &|| {
            symlink(&spoiled, &spoiled).unwrap()
        }),
        ("is not a regular file", &|| {
            symlink("/dev/zero", &spoiled).unwrap()
        }),
    ];
    let kept = [&blocks[..45], &blocks[60..]].concat();
    for (why, make) in kinds {
        make();
        let _ = fs::remove_file(place.db());
        place
            .backfill(&[])
            .expect(3)
            .says(&format!("blk00003.dat: {why}"))
            .says("its blocks are left out")
            .says("heights 45 to 59 are missing");
        assert_eq!(place.chain(), heights_and_hashes(&kept));
        if spoiled.is_dir() && !spoiled.is_symlink() {
            fs::remove_dir(&spoiled).unwrap();
        } else {
            fs::remove_file(&spoiled).unwrap();
        }
    }
}

#[test]
fn a_file_missing_in_the_middle_leaves_a_reported_gap_and_everything_else_stored() {
    let blocks = small_chain(6, 108);
    let place = Place::new();
    place
        .files()
        .blocks_per_file(20)
        .missing([2])
        .write(&blocks)
        .unwrap();
    place
        .backfill(&[])
        .expect(3)
        .says("block file blk00002.dat is missing")
        .says("heights 40 to 59 are missing: no block file at hand holds them");
    let kept = [&blocks[..40], &blocks[60..]].concat();
    assert_eq!(place.chain(), heights_and_hashes(&kept));
    let gaps = &place.status()["gaps"];
    assert_eq!(
        (&gaps[0]["first_height"], &gaps[0]["last_height"]),
        (&40.into(), &59.into())
    );
    // Every day that the gap touches is incomplete, and only those and the last.
    let db = place.open_db();
    let mut statement = db
        .prepare("SELECT first_height, last_height, complete FROM daily_activity ORDER BY day")
        .unwrap();
    let days: Vec<(u32, u32, bool)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let (last, before) = days.split_last().unwrap();
    assert!(!last.2);
    for &(first, last, complete) in before {
        let cut = (first <= 60 && last >= 39) || last == 39 || first == 60;
        assert_eq!(complete, !cut, "heights {first} to {last}");
    }
    assert!(before.iter().any(|day| day.2));
}

#[test]
fn a_pruned_start_is_no_error_and_its_first_day_is_incomplete() {
    let blocks = small_chain(5, 109);
    let place = Place::new();
    place
        .files()
        .blocks_per_file(20)
        .missing([0, 1])
        .write(&blocks)
        .unwrap();
    place
        .backfill(&["--engine", "v9.1"])
        .expect(0)
        .does_not_say("missing");
    assert_eq!(place.chain(), heights_and_hashes(&blocks[40..]));
    let complete = place.query("SELECT complete FROM daily_activity ORDER BY day");
    assert_eq!((complete[0].as_str(), complete[1].as_str()), ("0", "1"));
    assert_eq!(
        place.query("SELECT status FROM daily_price ORDER BY day LIMIT 1"),
        ["partial"]
    );
}

#[test]
fn strays_of_pruned_files_are_no_part_of_the_chain() {
    let blocks = small_chain(5, 110);
    let place = Place::new();
    let mut node = Node::new(place.blocks(), KEY);
    node.write(7, [&blocks[22], &blocks[25], &blocks[26], &blocks[29]]);
    node.write(7, &blocks[31..]);
    place.backfill(&[]).expect(0).does_not_say("missing");
    assert_eq!(place.chain(), heights_and_hashes(&blocks[31..]));
}

/// Spoils the count of a transaction's inputs in the middle of a block's body.
fn spoil(path: &std::path::Path, offset: u64, size: usize) {
    let file = fs::File::options().write(true).open(path).unwrap();
    // A count of transactions that no block of this size can hold, and half a block of the same.
    file.write_all_at(&[0xff; 9], offset + 80).unwrap();
    file.write_all_at(&vec![0xff; size / 2], offset + 100)
        .unwrap();
}

#[test]
fn a_damaged_block_is_left_out_and_named_and_everything_else_stored() {
    let blocks = small_chain(5, 111);
    let place = Place::new();
    let written = place.files().blocks_per_file(30).write(&blocks).unwrap();
    let bad = &written.places[42];
    spoil(&place.file(bad.file), bad.offset, bad.size);
    let message = format!(
        "blk00001.dat: block 42 at offset {} is damaged: ",
        bad.offset
    );
    place
        .backfill(&[])
        .expect(3)
        .says(&message)
        .says("bitcoind -reindex");
    let kept = [&blocks[..42], &blocks[43..]].concat();
    assert_eq!(place.chain(), heights_and_hashes(&kept));
    let gaps = place.query("SELECT first_height, last_height FROM missing_height");
    assert_eq!(gaps, ["42 42"]);
    assert_eq!(
        place.query(
            "SELECT complete FROM daily_activity WHERE first_height <= 42 AND last_height >= 42"
        ),
        ["0"]
    );
    let digest = place.digest();
    for args in [&[][..], &["--since-last"]] {
        place.backfill(args).expect(3);
        assert_eq!(place.digest(), digest, "{args:?}");
    }

    // The node fetches it again, and a later file holds it whole.
    let mut writer = place.files().append().unwrap();
    writer.block(&blocks[42]).unwrap();
    let copy = writer.finish().unwrap().places[0].clone();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), digest_of(&blocks));
    let stored = "SELECT file, offset FROM block WHERE height = 42";
    let expected = [format!("{} {}", copy.file, copy.offset)];
    assert_eq!(
        place.query(stored),
        expected,
        "the place is that of the copy read"
    );
    place.backfill(&[]).expect(0);
    assert_eq!(place.query(stored), expected, "after another run too");
}

#[test]
fn a_part_behind_a_gap_that_states_no_heights_is_reported_and_not_stored() {
    let blocks = small_chain(2, 112);
    let mut parent = blocks.last().unwrap().clone();
    let mut more = Vec::new();
    for _ in 0..12 {
        let next = BlockBuilder::new(parent.hash, parent.height + 1, parent.time + 600);
        parent = next.without_bip34().finish();
        more.push(parent.clone());
    }
    let place = Place::new();
    let mut writer = place.files().missing([1]).create().unwrap();
    for block in &blocks {
        writer.block(block).unwrap();
    }
    writer.new_file().unwrap();
    for block in &more[..4] {
        writer.block(block).unwrap();
    }
    writer.new_file().unwrap();
    for block in &more[4..] {
        writer.block(block).unwrap();
    }
    writer.finish().unwrap();
    place.backfill(&[]).expect(3).says(&format!(
        "8 blocks from {} (block file 2, offset 8) have no known height",
        more[4].hash
    ));
    assert_eq!(place.chain(), heights_and_hashes(&blocks));
}

#[test]
fn a_folder_none_of_whose_blocks_has_a_height_is_an_error() {
    let genesis = BlockBuilder::genesis(1_700_000_000).finish();
    let second = genesis.next(600).without_bip34().finish();
    let place = Place::with(&[second]);
    place
        .scan(&[])
        .expect(1)
        .says("none of its blocks can be given a height")
        .says("hint: the folder must begin with blk00000.dat");
}

#[test]
fn only_names_that_core_writes_are_read() {
    let blocks = small_chain(2, 113);
    let place = Place::with(&blocks);
    let stale = blocks[3].branch(60, 9);
    let other = Place::with(&stale);
    let names: [&[u8]; 9] = [
        b"blk00001.dat.bak",
        b"blk1.dat",
        b"blk-0001.dat",
        b"blk000001.dat",
        b"blk\xff\xfe001.dat",
        b"blk99999999999999999999.dat",
        b"blk00001.dat\n",
        b"BLK00001.DAT",
        b"rev00001.dat",
    ];
    for name in names {
        fs::copy(
            other.file(0),
            place.blocks().join(std::ffi::OsStr::from_bytes(name)),
        )
        .unwrap();
    }
    place.backfill(&[]).expect(0);
    assert_eq!(place.digest(), digest_of(&blocks));
    assert_eq!(place.status()["stale_blocks"], 0);
}

#[test]
fn a_folder_of_nothing_but_zeros_or_noise_holds_no_blocks() {
    for bytes in [vec![0; 100_000], vec![0xc3; 100_000], b"x".to_vec()] {
        let place = Place::new();
        fs::create_dir(place.blocks()).unwrap();
        fs::write(place.file(0), bytes).unwrap();
        place
            .scan(&[])
            .expect(1)
            .says("no block of chain main was found in its 1 block files");
    }
}

#[test]
fn a_tail_of_zeros_is_ordinary() {
    let blocks = small_chain(2, 114);
    let place = Place::new();
    let files = place.files().xor(Xor::Key(KEY)).tail(Tail::Every(1 << 20));
    files.blocks_per_file(20).write(&blocks).unwrap();
    place
        .backfill(&[])
        .expect(0)
        .does_not_say("warning")
        .says("block file(s) end in zeros: space the node allocates ahead");
    assert_eq!(place.digest(), digest_of(&blocks));
}
