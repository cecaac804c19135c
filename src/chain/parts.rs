//! The active chain, put together from what a folder still holds.
//!
//! In a whole folder one tree stands on a genesis block and its branch of most work is the chain. Pruning
//! and lost files cut the chain into parts. A part that stands on no genesis block is placed by the height its coinbases
//! state (BIP34); of parts that claim the same heights those are kept that add up to the most work.
//! Parts that only look like the chain behind a gap are left out (`lookalikes`); a part that ends in the rival of a lost block is cut
//! off below it (`rivals`).

mod lookalikes;
mod rivals;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bitcoin::Work;

use super::header::{Hash, Header, Place};
use super::tree::{Branch, Forest};

/// What the header pass knows of bytes that were lost.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Numbers of files that are missing inside the run of numbers, unreadable, cut short, or have garbage.
    pub damaged_files: BTreeSet<u32>,
    /// The highest number there is.
    pub last_file: u32,
}

/// A part of the chain that could not be given heights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// Where its first block stands.
    pub place: Place,
    /// Hash of its first block.
    pub first: Hash,
    /// How many blocks its best branch has.
    pub blocks: u32,
}

/// The chain with most work.
#[derive(Clone, Debug, Default)]
pub struct ActiveChain {
    /// Height and position in the list of headers, ascending.
    pub blocks: Vec<(u32, usize)>,
    /// Heights between the first and the last that no block is at hand for.
    pub missing: Vec<RangeInclusive<u32>>,
    /// Parts without a known height.
    pub unplaced: Vec<Unplaced>,
}

struct Part {
    branch: Branch,
    base: u32,
}

impl Part {
    fn tip_height(&self) -> u32 {
        self.base + (self.branch.length - 1)
    }
}

impl ActiveChain {
    /// Chooses the chain among `headers` (in file order, each hash once). `stated` reads the height that a
    /// block's coinbase states, and is asked for the ends of the parts that need it only.
    pub fn choose(
        headers: &[Header],
        evidence: &Evidence,
        mut stated: impl FnMut(&Header) -> Option<u32>,
    ) -> ActiveChain {
        let forest = Forest::new(headers);
        let mut parts = Vec::new();
        let mut unplaced = Vec::new();
        for branch in forest.branches() {
            match base_height(headers, &forest, &branch, &mut stated) {
                Some(base) => parts.push(Part { branch, base }),
                None => unplaced.push(Unplaced {
                    place: headers[branch.root].place,
                    first: headers[branch.root].hash,
                    blocks: branch.length,
                }),
            }
        }
        lookalikes::drop(&mut parts, headers, &forest, evidence);
        rivals::cut(&mut parts, headers, &forest);
        let chosen = heaviest(parts);
        let mut chain = ActiveChain {
            unplaced,
            ..ActiveChain::default()
        };
        for part in &chosen {
            if let Some(&(last, _)) = chain.blocks.last() {
                chain.missing.push(last + 1..=part.base - 1);
            }
            let path = forest.path(&part.branch);
            chain.blocks.extend((part.base..).zip(path));
        }
        chain
    }
}

/// The height of a branch's root: 0 on a genesis block, else known from the store, else as both its ends
/// state it.
fn base_height(
    headers: &[Header],
    forest: &Forest<'_>,
    branch: &Branch,
    stated: &mut impl FnMut(&Header) -> Option<u32>,
) -> Option<u32> {
    let root = &headers[branch.root];
    let base = if root.prev == Hash::ZERO {
        0
    } else if let Some(height) = root.height {
        height
    } else {
        let base = stated(root)?;
        let above = forest.depth_of(branch.tip);
        if above > 0 && stated(&headers[branch.tip]) != base.checked_add(above) {
            return None;
        }
        base
    };
    // Heights must fit u32 with room for one more.
    base.checked_add(branch.length).map(|_| base)
}

/// The parts that leave at least one height free between each other and have the most work together
/// (weighted interval scheduling), ascending.
fn heaviest(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by_key(|part| (part.tip_height(), part.branch.root));
    // best[i]: most work with the first i parts only; taken[i]: whether part i-1 is in it.
    let zero = Work::from_be_bytes([0; 32]);
    let mut best = vec![zero; parts.len() + 1];
    let mut taken = vec![false; parts.len() + 1];
    let below = |parts: &[Part], i: usize| {
        let base = parts[i].base;
        parts[..i].partition_point(|part| part.tip_height().saturating_add(1) < base)
    };
    for i in 0..parts.len() {
        let with = best[below(&parts, i)] + parts[i].branch.work;
        taken[i + 1] = with > best[i];
        best[i + 1] = with.max(best[i]);
    }
    let mut keep = vec![false; parts.len()];
    let mut i = parts.len();
    while i > 0 {
        if taken[i] {
            keep[i - 1] = true;
            i = below(&parts, i - 1);
        } else {
            i -= 1;
        }
    }
    let mut keep = keep.into_iter();
    parts.retain(|_| keep.next().unwrap_or(false));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blockfile::records::PREAMBLE_BYTES;

    const REGTEST_BITS: u32 = 0x207f_ffff;
    /// Bytes of each block here, and of each record.
    const SIZE: u32 = 300;
    const RECORD: u64 = PREAMBLE_BYTES + SIZE as u64;

    /// A block of branch `branch` at `height`, whose parent is of the branch `parent`.
    fn block(branch: u8, height: u32, parent: u8, file: u32, offset: u64) -> Header {
        Header {
            hash: hash(branch, height),
            prev: height
                .checked_sub(1)
                .map_or(Hash::ZERO, |below| hash(parent, below)),
            version: 4,
            time: 0,
            bits: REGTEST_BITS,
            place: Place { file, offset },
            size: SIZE,
            height: None,
        }
    }

    fn hash(branch: u8, height: u32) -> Hash {
        let mut bytes = [branch; 32];
        bytes[..4].copy_from_slice(&height.to_le_bytes());
        Hash(bytes)
    }

    /// Blocks of one branch, record behind record in `file` from `offset` on.
    fn run(branch: u8, heights: std::ops::Range<u32>, file: u32, offset: u64) -> Vec<Header> {
        let offsets = (0u64..).map(|i| offset + i * RECORD);
        let made = heights.zip(offsets);
        made.map(|(height, offset)| block(branch, height, branch, file, offset))
            .collect()
    }

    /// The heights a coinbase would state: those in the hashes.
    fn stated(header: &Header) -> Option<u32> {
        let [a, b, c, d, ..] = header.hash.0;
        Some(u32::from_le_bytes([a, b, c, d]))
    }

    fn choose(headers: &[Header], damaged: &[u32]) -> ActiveChain {
        let evidence = Evidence {
            damaged_files: damaged.iter().copied().collect(),
            last_file: headers.iter().map(|h| h.place.file).max().unwrap_or(0),
        };
        ActiveChain::choose(headers, &evidence, stated)
    }

    /// Branch and height of each block of the chain.
    fn blocks(chain: &ActiveChain, headers: &[Header]) -> Vec<(u8, u32)> {
        let name = |&(height, at): &(u32, usize)| (headers[at].hash.0[31], height);
        chain.blocks.iter().map(name).collect()
    }

    fn of(branch: u8, heights: std::ops::Range<u32>) -> Vec<(u8, u32)> {
        heights.map(|height| (branch, height)).collect()
    }

    #[test]
    fn dead_blocks_near_a_small_one_are_told_by_their_times() {
        // Half of dead block 11 is larger than the smallest block near; dead 12 to 15 were mined before the live tip.
        let mut headers = run(1, 0..10, 0, 8);
        headers.extend(run(2, 12..16, 0, 8 + 10 * RECORD + 4_000));
        headers[9].time = 7_200;
        assert_eq!(blocks(&choose(&headers, &[0]), &headers), of(1, 0..10));
        // Behind a damaged block the chain goes on with younger ones.
        headers[13].time = 7_300;
        let chain = choose(&headers, &[0]);
        assert_eq!(chain.missing, [10..=11]);
        assert_eq!(chain.blocks.last().map(|&(height, _)| height), Some(15));
    }

    #[test]
    fn dead_blocks_that_reach_higher_than_the_live_tip_do_not_win() {
        // Live 0 to 9; then the half of dead block 11; then dead 12 to 40.
        let mut headers = run(1, 0..10, 0, 8);
        headers.extend(run(2, 12..41, 0, 8 + 10 * RECORD + 120));
        let chain = choose(&headers, &[0]);
        assert_eq!(blocks(&chain, &headers), of(1, 0..10));
        assert!(chain.missing.is_empty());
    }

    #[test]
    fn blocks_behind_damage_large_enough_for_their_parents_are_a_part_after_a_gap() {
        let mut headers = run(1, 0..10, 0, 8);
        headers.extend(run(1, 12..41, 0, 8 + 12 * RECORD));
        let chain = choose(&headers, &[0]);
        assert_eq!(chain.blocks.len(), 39);
        assert_eq!(chain.missing, [10..=11]);
        // Not in the last file either, where nothing is written over.
        let mut headers = run(1, 0..10, 0, 8);
        headers.extend(run(1, 12..41, 0, 8 + 10 * RECORD + 120));
        headers.extend(run(1, 41..42, 1, 8));
        let chain = choose(&headers, &[0]);
        assert_eq!(chain.missing, [10..=11]);
    }

    #[test]
    fn strays_below_a_pruned_start_are_left_out_unless_a_file_is_damaged() {
        let mut headers = vec![block(1, 903, 1, 5, 8), block(1, 908, 1, 5, 8 + RECORD)];
        headers.extend(run(1, 910..1000, 5, 8 + 2 * RECORD));
        let chain = choose(&headers, &[]);
        assert_eq!(blocks(&chain, &headers), of(1, 910..1000));
        assert!(chain.missing.is_empty());
        let chain = choose(&headers, &[5]);
        assert_eq!(chain.missing, [904..=907, 909..=909]);
    }

    #[test]
    fn a_stored_part_below_a_pruned_start_is_kept() {
        let mut headers = run(1, 500..600, 3, 8);
        for (header, height) in headers.iter_mut().zip(500..) {
            header.height = Some(height);
        }
        headers.extend(run(1, 700..1000, 7, 8));
        let chain = choose(&headers, &[]);
        assert_eq!(chain.blocks.len(), 400);
        assert_eq!(chain.missing, [600..=699]);
    }

    #[test]
    fn of_parts_that_claim_the_same_heights_the_most_work_is_kept() {
        let mut headers = run(1, 0..50, 0, 8);
        headers.extend(run(2, 45..60, 1, 8));
        headers.extend(run(3, 60..100, 2, 8));
        // Branch 3 leaves no height free behind branch 2, so the two exclude each other.
        let chain = choose(&headers, &[0, 1, 2]);
        assert_eq!(
            blocks(&chain, &headers),
            [of(1, 0..50), of(3, 60..100)].concat()
        );
        assert_eq!(chain.missing, [50..=59]);
    }

    #[test]
    fn behind_a_lost_block_whose_rival_is_there_the_chain_goes_on() {
        // Blocks 20 of two branches, on the first of which all else stands; it is lost.
        let mut headers = run(1, 0..20, 0, 8);
        headers.push(block(2, 20, 1, 0, 8 + 20 * RECORD));
        headers.push(block(2, 21, 2, 0, 8 + 21 * RECORD));
        headers.extend(run(1, 21..40, 0, 8 + 23 * RECORD));
        for (header, time) in headers.iter_mut().zip(1..) {
            header.time = 600 * time;
        }
        let chain = choose(&headers, &[0]);
        let expected = [of(1, 0..20), of(1, 21..40)].concat();
        assert_eq!(blocks(&chain, &headers), expected);
        assert_eq!(chain.missing, [20..=20]);
        // Unless the rival's branch has more work, or what stands above is older than it, as dead blocks are.
        let chain = choose(&headers[..24], &[0]);
        assert_eq!(blocks(&chain, &headers).len(), 22);
        headers[40].time = 600;
        let chain = choose(&headers, &[0]);
        assert_eq!(blocks(&chain, &headers).last(), Some(&(2, 21)));
    }

    #[test]
    fn of_equal_work_the_first_in_file_order_wins_and_more_work_beats_more_blocks() {
        let mut headers = run(1, 0..5, 0, 8);
        headers.push(block(2, 5, 1, 0, 4000));
        headers.push(block(3, 5, 1, 0, 5000));
        assert_eq!(blocks(&choose(&headers, &[]), &headers)[5], (2, 5));
        // Unless it was written over.
        headers[5].place = Place::nowhere(5);
        assert_eq!(blocks(&choose(&headers, &[]), &headers)[5], (3, 5));
        headers[6].bits = 0x2000_ffff;
        headers.push(block(2, 6, 2, 0, 6000));
        assert_eq!(blocks(&choose(&headers, &[]), &headers)[5], (3, 5));
    }

    #[test]
    fn a_part_whose_ends_disagree_on_its_heights_is_not_placed() {
        let headers = run(1, 500..600, 3, 8);
        let evidence = Evidence::default();
        let lies = |header: &Header| stated(header).map(|h| if h == 599 { 700 } else { h });
        for stated in [
            lies as fn(&Header) -> Option<u32>,
            |_| None,
            |_| Some(u32::MAX),
        ] {
            let chain = ActiveChain::choose(&headers, &evidence, stated);
            assert!(chain.blocks.is_empty());
            assert_eq!((chain.unplaced.len(), chain.unplaced[0].blocks), (1, 100));
        }
    }
}
