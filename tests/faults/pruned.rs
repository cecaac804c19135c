//! Reorganisations that reach into days whose block files were pruned.

use std::fs;

use blkprice::synth::{BlockBuilder, ChainSpec, RawBlock};

use crate::support::{Place, active, small_chain, small_spec};
use crate::{assert_sound, scan_with, write_anew};

const DAY: u32 = 86_400;

/// `count` blocks on `parent`, the first at `time`, `spacing` seconds apart.
fn branch(parent: &RawBlock, count: usize, time: u32, spacing: u32) -> Vec<RawBlock> {
    let first = BlockBuilder::new(parent.hash, parent.height + 1, time).finish();
    let mut made = vec![first];
    while made.len() < count {
        let last = made.last().unwrap();
        made.push(last.next(spacing).finish());
    }
    made
}

/// Stores a chain, prunes its first file, and lets a branch win that was forked in the newest but one day and whose first block
/// is `shift` seconds from the midnight that ends that day. The database stays sound, and nothing of other days is lost.
fn border_moves(shift: i64) {
    let blocks = small_chain(4, 990);
    let third = blocks.iter().position(|b| b.time >= 19_756 * DAY).unwrap();
    let fourth = blocks.iter().position(|b| b.time >= 19_757 * DAY).unwrap();
    let place = Place::new();
    let write = |blocks: &[RawBlock]| {
        place
            .files()
            .blocks_per_file(third + 5)
            .write(blocks)
            .unwrap();
    };
    // The fourth day has begun; the third begins in the file that goes.
    let stored = &blocks[..fourth + 4];
    write(stored);
    place.backfill(&[]).expect(0);
    let before = place.chain();
    let midnight = i64::from(19_757 * DAY);
    let time = u32::try_from(midnight + shift).unwrap();
    let rival = branch(&blocks[third + 8], 40, time, 1_200);
    fs::remove_dir_all(place.blocks()).unwrap();
    write(&[stored, &rival].concat());
    fs::remove_file(place.file(0)).unwrap();

    let gone = "2024-02-03: block files of this day are gone (pruned?), so it stays as stored";
    place.backfill(&["--since-last"]).expect(3).says(gone);
    assert_eq!(place.query("PRAGMA integrity_check"), ["ok"]);
    let after = place.chain();
    assert_eq!(
        before[..fourth],
        after[..fourth],
        "what cannot be read again stays"
    );
    let heights = "SELECT count(*) = count(DISTINCT height) FROM block";
    assert_eq!(place.query(heights), ["1"]);
    let digest = place.digest();
    place.backfill(&["--since-last"]).expect(3);
    assert_eq!(place.digest(), digest, "the next run finds nothing else");
    place.backfill(&[]).expect(3);
    assert_eq!(place.digest(), digest, "nor does a whole one");

    // Days that come after are stored as ever.
    let more = branch(
        rival.last().unwrap(),
        30,
        rival.last().unwrap().time + DAY,
        3_600,
    );
    fs::remove_dir_all(place.blocks()).unwrap();
    write(&[stored, &rival, &more].concat());
    fs::remove_file(place.file(0)).unwrap();
    place.backfill(&["--since-last"]).expect(3);
    let tip = more.last().unwrap();
    assert_eq!(
        place.chain().last(),
        Some(&(tip.height, tip.hash.to_string()))
    );
    assert_eq!(place.chain()[..third], before[..third]);
}

/// Files deleted from the front while the first scan reads headers or blocks: it ends as one that began a moment later.
#[test]
fn files_pruned_under_a_first_scan_are_done_without() {
    let blocks = small_chain(6, 992);
    let mut moments = 0;
    for (phase, after) in [
        ("reading headers", 1),
        ("reading headers", 2),
        ("scanning", 1),
        ("scanning", 4),
    ] {
        let place = Place::new();
        // The first day lies in the first six files.
        let files = place.files().blocks_per_file(4);
        files.write(&blocks).unwrap();
        let prune = || (0..6).for_each(|file| fs::remove_file(place.file(file)).unwrap());
        let (ended, warnings, done) = scan_with(&place, phase, after, prune);
        assert!(done);
        let report = ended.unwrap();
        let case = format!("{phase} {after}:\n{warnings}");
        assert!(!report.incomplete, "{case}");
        moments += usize::from(warnings.contains("looking again"));
        assert_sound(&place);
        let fresh = Place::at(place.blocks());
        fresh.scan(&[]).expect(0);
        assert!(place.chain() == fresh.chain(), "{case}");
        assert_eq!(place.digest(), fresh.digest(), "{case}");
        place.scan(&["--since-last"]).expect(0);
        assert_eq!(place.digest(), fresh.digest(), "{case}");
    }
    assert!(moments >= 2, "{moments}");
}

/// On a pruned node the first block left tells the height of all: its file goes after its header was read and before its coinbase is.
#[test]
fn the_block_that_was_to_tell_the_height_is_pruned() {
    let spec = ChainSpec {
        first_height: 800_000,
        ..small_spec(6, 994)
    };
    let blocks = active(spec.blocks());
    let place = Place::new();
    place.files().blocks_per_file(4).write(&blocks).unwrap();
    let files = (0..).take_while(|&file| place.file(file).exists()).count();
    let prune = || (0..6).for_each(|file| fs::remove_file(place.file(file)).unwrap());
    let (ended, warnings, done) = scan_with(&place, "reading headers", files, prune);
    assert!(done && warnings.contains("looking again"), "{warnings}");
    assert!(!ended.unwrap().incomplete, "{warnings}");
    let fresh = Place::at(place.blocks());
    fresh.scan(&[]).expect(0);
    assert_eq!(place.digest(), fresh.digest());
    assert!(place.chain()[0].0 > 800_000);
}

/// What is missing between days that are stored is missing, whoever deleted it.
#[test]
fn a_hole_that_pruning_tears_is_told() {
    let blocks = small_chain(6, 993);
    let place = Place::new();
    place.files().blocks_per_file(4).write(&blocks).unwrap();
    let prune = || (0..12).for_each(|file| fs::remove_file(place.file(file)).unwrap());
    // The first day is read by then.
    let (ended, warnings, _) = scan_with(&place, "scanning", 24, prune);
    assert!(ended.unwrap().incomplete, "{warnings}");
    assert!(place.chain()[0].0 == 0);
    assert_sound(&place);
    place.scan(&["--since-last"]).expect(3).says("missing");
}

#[test]
fn a_day_that_would_end_earlier_than_one_that_stays_is_held_back() {
    border_moves(60);
}

#[test]
fn a_day_that_would_end_later_than_one_that_stays_is_held_back() {
    border_moves(-8 * 3_600);
}

#[test]
fn blocks_whose_files_were_pruned_stay_through_reorganisations_above_them() {
    let blocks = small_chain(5, 991);
    let whole = Place::new();
    let fork = blocks.len() - 30;
    let last = blocks.last().unwrap();
    let rival = branch(&blocks[fork], 40, blocks[fork].time + 900, 900);
    let back = branch(last, 20, last.time + 900, 900);
    write_anew(&whole, &[&blocks[..], &rival, &back].concat());
    whole.backfill(&[]).expect(0);
    let place = Place::new();
    for records in [&blocks[..], &[&blocks[..], &rival].concat()] {
        write_anew(&place, records);
        // The first file is there at the first run only.
        if place.db().exists() {
            fs::remove_file(place.file(0)).unwrap();
        }
        place.backfill(&["--since-last"]).expect(0);
        assert_sound(&place);
    }
    write_anew(&place, &[&blocks[..], &rival, &back].concat());
    fs::remove_file(place.file(0)).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_sound(&place);
    assert_eq!(place.digest(), whole.digest());
}
