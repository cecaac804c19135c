//! Reorganisations that reach into days whose block files were pruned.

use std::fs;

use blkprice::synth::{BlockBuilder, RawBlock};

use crate::support::{Place, small_chain};
use crate::{assert_sound, write_anew};

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
