//! Blocks damaged on disk after, or while, they were stored.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use blkprice::blockfile::Chain;
use blkprice::scan::{Error, Options, Source, Watch, run};
use blkprice::store::Store;
use blkprice::synth::Written;

use crate::support::{Place, heights_and_hashes, small_chain};
use crate::{At, assert_sound, write_anew};

/// Overwrites the bytes of a block from `from` on, so that it can no longer be taken apart.
fn destroy(place: &Place, written: &Written, at: usize) -> (std::path::PathBuf, Vec<u8>) {
    let block = &written.places[at];
    let path = place.file(block.file);
    let whole = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[0xff; 60], block.offset + 81).unwrap();
    (path, whole)
}

#[test]
fn a_stored_block_that_is_damaged_later_is_not_lost_when_its_day_grows() {
    let blocks = small_chain(4, 970);
    let grown = blocks.len() - 4;
    let whole = Place::with(&blocks);
    whole.backfill(&[]).expect(0);
    let place = Place::new();
    write_anew(&place, &blocks[..grown]);
    place.backfill(&[]).expect(0);
    let before = place.chain();
    fs::remove_dir_all(place.blocks()).unwrap();
    let files = place.files().blocks_per_file(30);
    let written = files.write(&blocks).unwrap();
    let (path, bytes) = destroy(&place, &written, grown - 3);
    for args in [&["--since-last"][..], &[], &["--check"], &["--since-last"]] {
        place
            .backfill(args)
            .expect(3)
            .says("is damaged: ")
            .says("is damaged in its file by now, so the day stays as stored");
        assert_eq!(place.chain(), before, "{args:?}");
        assert_sound(&place);
    }
    // Once the node has the block again.
    fs::write(path, bytes).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), whole.digest());
}

#[test]
fn a_block_damaged_from_the_start_is_tried_again_and_has_no_day_stored_or_priced_anew_meanwhile() {
    const BAD: usize = 45;
    let blocks = small_chain(9, 974);
    let grown = blocks.len() - 4;
    let place = Place::new();
    let write = |count: usize| {
        if place.blocks().exists() {
            fs::remove_dir_all(place.blocks()).unwrap();
        }
        let written = place.files().blocks_per_file(30).write(&blocks[..count]);
        let damaged = destroy(&place, &written.unwrap(), BAD);
        crate::support::age(place.blocks(), 1_000);
        damaged
    };
    let newest = |path: &Path, count: usize| {
        // Only the newest file is another.
        let (kept, meta) = (fs::read(path).unwrap(), fs::metadata(path).unwrap());
        let (path, bytes) = (path.to_path_buf(), write(count).1);
        fs::write(&path, kept).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(meta.modified().unwrap()).unwrap();
        bytes
    };
    let (path, _) = write(grown);
    place.backfill(&[]).expect(3);
    let mut whole = Vec::new();
    for count in grown + 1..=blocks.len() {
        whole = newest(&path, count);
        place
            .backfill(&["--since-last"])
            .expect(3)
            .says("is damaged: ")
            .says("scanned 1 days")
            // The path engine goes back some days in any case.
            .says("priced 1 days by v9.1");
        assert_sound(&place);
        let fresh = Place::at(place.blocks());
        fresh.backfill(&[]).expect(3);
        assert_eq!(place.digest(), fresh.digest());
        assert_eq!(place.status()["gaps"], fresh.status()["gaps"]);
    }
    place.backfill(&[]).expect(3).does_not_say("priced 1 days");
    let whole_chain = Place::with(&blocks);
    whole_chain.backfill(&[]).expect(0);
    fs::write(path, whole).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), whole_chain.digest());
    assert_sound(&place);
}

/// Its stored rows may be of the damaged bytes.
#[test]
fn a_stored_block_that_proves_to_have_another_root_is_taken_out() {
    let blocks = small_chain(3, 973);
    let grown = blocks.len() - 4;
    let place = Place::new();
    let bad = grown - 3;
    for count in [grown, blocks.len()] {
        if place.blocks().exists() {
            fs::remove_dir_all(place.blocks()).unwrap();
        }
        let files = place.files().blocks_per_file(30);
        let written = files.write(&blocks[..count]).unwrap();
        let at = &written.places[bad];
        let last = at.offset + blocks[bad].bytes.len() as u64 - 1;
        flip(&place.file(at.file), last);
        if count == grown {
            place.backfill(&[]).expect(0);
            assert_eq!(place.chain(), heights_and_hashes(&blocks[..grown]));
        }
    }
    place
        .backfill(&["--since-last", "--check"])
        .expect(3)
        .says("do not hash to the merkle root in its header; left out");
    let mut expected = heights_and_hashes(&blocks);
    expected.remove(bad);
    assert_eq!(place.chain(), expected);
    assert_sound(&place);
}

#[test]
fn a_reorganisation_above_a_damaged_block_is_stored_without_it() {
    let blocks = small_chain(3, 971);
    let fork = blocks.len() - 3;
    let place = Place::new();
    write_anew(&place, &blocks);
    place.backfill(&[]).expect(0);
    let rival = blocks[fork].branch(5, 3);
    fs::remove_dir_all(place.blocks()).unwrap();
    let files = place.files().blocks_per_file(30);
    let written = files.write([&blocks[..], &rival].concat()).unwrap();
    destroy(&place, &written, fork - 2);
    place
        .backfill(&["--since-last"])
        .expect(3)
        .says("; left out");
    let mut expected = heights_and_hashes(&[&blocks[..=fork], &rival].concat());
    expected.remove(fork - 2);
    assert_eq!(
        place.chain(),
        expected,
        "the chain with most work is stored"
    );
    assert_sound(&place);
}

/// Flips a bit of the last byte of a block: of a locktime, which changes nothing but the merkle root.
fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[usize::try_from(at).unwrap()] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_scan_with_check_that_is_ended_early_does_not_forget_a_damaged_block() {
    let blocks = small_chain(6, 972);
    let place = Place::new();
    let files = place.files().blocks_per_file(30);
    let written = files.write(&blocks).unwrap();
    const BAD: usize = 25;
    let bad = &written.places[BAD];
    let size = blocks[BAD].bytes.len() as u64;
    flip(&place.file(bad.file), bad.offset + size - 1);
    let whole = Place::at(place.blocks());
    whole.backfill(&["--check"]).expect(3);
    let stop = AtomicBool::new(false);
    let at = At {
        phase: "scanning",
        left: 90.into(),
        inside: AtomicBool::new(false),
        act: || stop.store(true, std::sync::atomic::Ordering::Relaxed),
        warnings: Default::default(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let mut store = Store::open(&place.db(), Chain::Main).unwrap();
    let options = Options {
        check: true,
        ..Options::default()
    };
    let source = Source::mapped(place.blocks().canonicalize().unwrap(), Chain::Main);
    let watch = Watch {
        progress: &at,
        stop: &stop,
    };
    let ended = run(&pool.unwrap(), &source, &mut store, &options, &watch);
    assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
    drop(store);
    let stored = place.chain();
    assert!(stored.len() > BAD && stored.len() < blocks.len() - 1);
    // The next run looks less closely, and takes nothing back.
    place.backfill(&["--since-last"]).expect(3);
    assert_eq!(place.chain(), whole.chain());
    assert_eq!(place.digest(), whole.digest());
}
