//! Whole records behind bytes that are none: what is left of blocks written over, or the chain behind damage.

use std::fs;
use std::os::unix::fs::FileExt;

use blkprice::synth::{BlockBuilder, MAINNET_MAGIC, RawBlock, payment};

use crate::support::{Place, heights_and_hashes, small_chain};

/// Preamble of a record.
const PREAMBLE: usize = 8;
/// Bytes of the smallest record there can be: the old yardstick of what a missing block takes.
const SMALLEST: usize = PREAMBLE + 141;

/// `blocks` blocks on top of `parent`, each with so many payments, `spacing` seconds apart.
fn grow(parent: &RawBlock, blocks: usize, payments: u64, seed: u64, spacing: u32) -> Vec<RawBlock> {
    let mut grown: Vec<RawBlock> = Vec::new();
    for _ in 0..blocks {
        let parent = grown.last().unwrap_or(parent);
        let mut block: BlockBuilder = parent.next(spacing).seed(seed);
        for i in 0..payments {
            block.add(&payment(100_000 + i, 200_000 + seed));
        }
        grown.push(block.finish());
    }
    grown
}

/// The records of `blocks`, one behind the other.
fn records(blocks: &[RawBlock]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in blocks {
        bytes.extend_from_slice(&MAINNET_MAGIC);
        bytes.extend_from_slice(&u32::try_from(block.bytes.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&block.bytes);
    }
    bytes
}

#[test]
fn dead_blocks_behind_half_a_dead_block_do_not_win_over_the_live_tip() {
    let genesis = BlockBuilder::genesis(1_706_800_000).finish();
    let mut kept = vec![genesis.clone()];
    kept.extend(grow(&genesis, 19, 3, 1, 600));
    let fork = kept.last().unwrap();
    let dead = grow(fork, 40, 3, 2, 600);
    // Three larger blocks, mined after the restart, go over three dead ones and the greater part of a fourth.
    let live = grow(fork, 3, 4, 3, 10_000);
    let (over, under) = (records(&live), records(&dead[..4]));
    let tail = under.len().checked_sub(over.len()).unwrap();
    assert!(
        (SMALLEST..PREAMBLE + dead[3].bytes.len()).contains(&tail),
        "{tail} bytes are left of the dead block"
    );
    let tip = live.last().unwrap();
    assert_eq!(dead[4].height, tip.height + 2, "one height between");

    let mut bytes = records(&kept);
    let end = bytes.len();
    bytes.extend(records(&dead));
    bytes[end..end + over.len()].copy_from_slice(&over);
    let place = Place::new();
    fs::create_dir(place.blocks()).unwrap();
    fs::write(place.file(0), bytes).unwrap();
    place
        .backfill(&[])
        .expect(0)
        .does_not_say("missing")
        .says(&format!("tip {} {}", tip.height, tip.hash));
    let chain = [kept.as_slice(), &live].concat();
    assert_eq!(place.chain(), heights_and_hashes(&chain));

    // The node goes on over the dead blocks, and a scan for new blocks finds what it writes.
    let more = grow(tip, 2, 4, 4, 600);
    let file = fs::File::options().write(true).open(place.file(0)).unwrap();
    file.write_all_at(&records(&more), (end + over.len()) as u64)
        .unwrap();
    place.backfill(&["--since-last"]).expect(0);
    let chain = [chain.as_slice(), &more].concat();
    assert_eq!(place.chain(), heights_and_hashes(&chain));
}

#[test]
fn dead_blocks_with_more_work_than_a_chain_begun_anew_are_left_out() {
    let genesis = BlockBuilder::genesis(1_706_800_000).finish();
    // Killed before it noted any block, the node begins behind genesis again, with blocks of the same size.
    let dead = grow(&genesis, 40, 3, 2, 600);
    let live = grow(&genesis, 3, 3, 3, 10_000);
    let mut bytes = records(std::slice::from_ref(&genesis));
    let end = bytes.len();
    bytes.extend(records(&dead));
    let over = records(&live);
    let under = records(&dead[..3]).len();
    assert!(
        (0..SMALLEST).contains(&under.checked_sub(over.len()).unwrap()),
        "the fourth dead block is whole"
    );
    bytes[end..end + over.len()].copy_from_slice(&over);
    let place = Place::new();
    fs::create_dir(place.blocks()).unwrap();
    fs::write(place.file(0), bytes).unwrap();
    place.backfill(&[]).expect(0).does_not_say("missing");
    let chain = [std::slice::from_ref(&genesis), live.as_slice()].concat();
    assert_eq!(place.chain(), heights_and_hashes(&chain));
}

#[test]
fn dead_blocks_that_begin_just_where_the_live_tip_ends_are_told_by_their_age() {
    let genesis = BlockBuilder::genesis(1_706_800_000).finish();
    let mut kept = vec![genesis.clone()];
    kept.extend(grow(&genesis, 19, 3, 1, 600));
    let fork = kept.last().unwrap();
    let dead = grow(fork, 12, 3, 2, 600);
    // Two blocks, days after the restart, in the very room of four dead ones, or of some bytes less.
    let live = grow(fork, 2, 4, 3, 6 * 86_400);
    for between in [0, 300] {
        let mut bytes = records(&kept);
        bytes.extend(records(&live));
        bytes.extend(vec![0; between]);
        bytes.extend(records(&dead[4..]));
        let place = Place::new();
        fs::create_dir(place.blocks()).unwrap();
        fs::write(place.file(0), bytes).unwrap();
        place.backfill(&[]).expect(0).does_not_say("missing");
        let chain = [kept.as_slice(), &live].concat();
        assert_eq!(place.chain(), heights_and_hashes(&chain), "{between}");
    }
}

#[test]
fn the_chain_behind_a_record_destroyed_with_its_magic_is_scanned_and_the_height_reported() {
    let blocks = small_chain(3, 900);
    let size = |block: &RawBlock| block.bytes.len();
    let mut tried = 0;
    for at in [15, 22, 29, 36] {
        // Of a record smaller than all around nothing tells its bytes from the rest of a larger one.
        let near = &blocks[at - 8..=at + 8];
        let smallest = near.iter().map(size).min().unwrap();
        let Some(at) = (at..at + 2).find(|&at| size(&blocks[at]) > smallest) else {
            continue;
        };
        tried += 1;
        let place = Place::new();
        let written = place.files().write(&blocks).unwrap();
        let bad = &written.places[at];
        let file = fs::File::options().write(true).open(place.file(0)).unwrap();
        file.write_all_at(&vec![0xee; PREAMBLE + bad.size], bad.offset - 8)
            .unwrap();
        place
            .backfill(&[])
            .expect(3)
            .says(&format!("height {at} is missing"));
        let rest = [&blocks[..at], &blocks[at + 1..]].concat();
        assert_eq!(place.chain(), heights_and_hashes(&rest));
        let gaps = &place.status()["gaps"][0];
        assert_eq!(gaps["first_height"], at);
        assert_eq!(gaps["last_height"], at);
    }
    assert!(tried > 1);
}

/// A damaged record, and beside it the rival of the block that was in it: the history does not end there.
#[test]
fn a_lost_block_whose_rival_is_there_is_a_gap_and_not_the_end() {
    let blocks = small_chain(6, 995);
    let lost = blocks.len() / 2;
    let rival = grow(&blocks[lost - 1], 1, 2, 9, 500);
    let place = Place::new();
    let all = [&blocks[..=lost], &rival, &blocks[lost + 1..]].concat();
    fs::create_dir_all(place.blocks()).unwrap();
    fs::write(place.file(0), records(&all)).unwrap();
    let whole = Place::at(place.blocks());
    whole.backfill(&[]).expect(0);
    assert_eq!(whole.chain(), heights_and_hashes(&blocks));

    let offset = records(&blocks[..lost]).len();
    let zeros = vec![0; PREAMBLE + blocks[lost].bytes.len()];
    let file = fs::File::options().write(true).open(place.file(0)).unwrap();
    file.write_all_at(&zeros, offset as u64).unwrap();
    let said = format!("height {lost} is missing");
    place.backfill(&[]).expect(3).says(&said);
    let mut left = blocks;
    left.remove(lost);
    assert_eq!(place.chain(), heights_and_hashes(&left));
    // What was stored before it was damaged stays.
    whole.backfill(&["--since-last"]);
    assert_eq!(whole.chain().len(), left.len() + 1);
}
