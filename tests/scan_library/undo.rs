//! Undo files save hashing and change nothing else: the same digest with and without them.

use std::fs;
use std::path::{Path, PathBuf};

use blkprice::blockfile::{Chain, UndoFile, XorKey};
use blkprice::filter::Extract;
use blkprice::scan::{Options, Report};
use blkprice::synth::{BlockFiles, ChainSpec, RawBlock, Tail, Undo, Written, Xor};
use proptest::prelude::*;

struct Scanned {
    digest: String,
    by_undo: u64,
    by_txids: u64,
    report: Report,
}

fn scan(blocks: &Path, options: Options) -> Scanned {
    let folder = tempfile::tempdir().unwrap();
    let (report, store) = super::scan(blocks, &folder.path().join("t.db"), &options);
    let (by_undo, by_txids) = store.told().unwrap();
    Scanned {
        digest: store.digest().unwrap(),
        by_undo,
        by_txids,
        report,
    }
}

const NO_UNDO: Options = Options {
    since_last: false,
    from: None,
    to: None,
    no_undo: true,
    check: false,
};

/// Three days of payments of which many spend coins of their day, from height 500,000 on.
fn blocks(first_height: u32) -> Vec<RawBlock> {
    let spec = ChainSpec {
        days: 3,
        blocks_per_day: 40.0,
        transactions_per_day: 1_500.0,
        first_height,
        stale_share: 0.05,
        ..ChainSpec::default()
    };
    spec.blocks().map(|block| block.block).collect()
}

fn folder(dir: &Path, undo: Undo) -> BlockFiles {
    BlockFiles::new(dir)
        .undo(undo)
        .blocks_per_file(30)
        .shuffle(4, 12)
}

fn undo_file(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("rev{number:05}.dat"))
}

/// Scans both ways, sees that both say the same, and gives the way with undo files.
fn both_ways(dir: &Path) -> Scanned {
    let hashed = scan(dir, NO_UNDO);
    assert_eq!(hashed.by_undo, 0);
    let asked = scan(dir, Options::default());
    assert_eq!(asked.digest, hashed.digest);
    assert_eq!(asked.by_undo + asked.by_txids, hashed.by_txids);
    assert!(asked.report.outputs > 0);
    asked
}

#[test]
fn every_block_is_told_by_its_undo_data_where_all_is_there() {
    for xor in [Xor::None, Xor::Random(3)] {
        let dir = tempfile::tempdir().unwrap();
        let files = folder(dir.path(), Undo::Whole)
            .xor(xor)
            .tail(Tail::Last(1 << 20));
        files.write(blocks(500_000)).unwrap();
        let scanned = both_ways(dir.path());
        assert_eq!(scanned.by_txids, 0);
    }
}

#[test]
fn coins_of_unknown_height_are_told_by_hashing() {
    // A chain from its genesis block on has no height for the coins of before: its first day spends them as unknown.
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), Undo::Whole).write(blocks(0)).unwrap();
    let scanned = both_ways(dir.path());
    assert!((1..80).contains(&scanned.by_txids), "{}", scanned.by_txids);
    assert!(scanned.by_undo > 40, "{}", scanned.by_undo);
}

#[test]
fn records_missing_late_dead_or_wrong_send_their_blocks_to_hashing() {
    for seed in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let files = folder(dir.path(), Undo::Troubled(seed)).xor(Xor::Random(seed));
        files.write(blocks(500_000)).unwrap();
        let scanned = both_ways(dir.path());
        assert!(scanned.by_txids > 0);
        assert!(scanned.by_undo > 60, "{}", scanned.by_undo);
    }
}

#[test]
fn an_undo_file_that_is_absent_empty_a_folder_or_noise_is_done_without() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), Undo::Whole)
        .write(blocks(500_000))
        .unwrap();
    fs::remove_file(undo_file(dir.path(), 0)).unwrap();
    fs::write(undo_file(dir.path(), 1), []).unwrap();
    fs::remove_file(undo_file(dir.path(), 2)).unwrap();
    fs::create_dir(undo_file(dir.path(), 2)).unwrap();
    let noise: Vec<u8> = (0..100_000u32).map(|i| ((i * 7919) >> 3) as u8).collect();
    fs::write(undo_file(dir.path(), 3), noise).unwrap();
    let scanned = both_ways(dir.path());
    assert!(scanned.by_txids > 60 && scanned.by_undo > 0);
}

#[test]
fn a_coin_of_a_block_that_is_missing_from_the_day_is_of_no_transaction_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let files = BlockFiles::new(dir.path())
        .undo(Undo::Whole)
        .blocks_per_file(9)
        .missing([2, 7]);
    let written: Written = files.write(blocks(500_000)).unwrap();
    // Damage one block in the middle of its transactions, and pull another one's end in.
    for (at, from) in [(40, 400), (55, 300)] {
        let place = &written.places[at];
        let path = dir.path().join(format!("blk{:05}.dat", place.file));
        let mut bytes = fs::read(&path).unwrap();
        let start = usize::try_from(place.offset).unwrap() + from;
        bytes[start..start + 200].fill(0xff);
        fs::write(&path, bytes).unwrap();
    }
    let scanned = both_ways(dir.path());
    assert!(scanned.report.incomplete);
    assert_eq!(scanned.by_txids, 0);
}

#[test]
fn a_range_of_days_is_told_the_same_way() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), Undo::Troubled(9))
        .write(blocks(500_000))
        .unwrap();
    let day = ChainSpec::default().first_day + 1;
    let range = Options {
        from: Some(day),
        to: Some(day),
        ..Options::default()
    };
    let asked = scan(dir.path(), range);
    let hashed = scan(
        dir.path(),
        Options {
            no_undo: true,
            ..range
        },
    );
    assert_eq!(asked.digest, hashed.digest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_undo_data_is_refused_or_read_but_never_a_danger(
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let block = &blocks(500_000)[3];
        let mut undo = block.undo.clone();
        undo[at.index(block.undo.len())] = byte;
        let _ = Extract::by_heights(&block.bytes, &undo, 500_000);
        undo.truncate(cut.index(block.undo.len()));
        prop_assert!(Extract::by_heights(&block.bytes, &undo, 500_000).unwrap().is_none());
    }

    #[test]
    fn any_bytes_make_an_undo_file_without_records(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        key in any::<[u8; 8]>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = undo_file(folder.path(), 0);
        let bytes: Vec<u8> = pieces.join(&Chain::Main.magic()[..]);
        fs::write(&path, bytes).unwrap();
        for key in [XorKey::default(), XorKey::new(key)] {
            let mut file = UndoFile::open(&path, key, Chain::Main).unwrap();
            for transactions in [0, 1, 2, 200] {
                prop_assert!(file.find(&[7; 32], transactions, 1000).is_none());
            }
        }
    }
}
