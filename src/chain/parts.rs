//! The active chain, put together from what a folder still holds.
//!
//! In a whole folder one tree stands on a genesis block and its branch of most work is the chain. Pruning
//! and lost files cut the chain into parts. A part that stands on no genesis block is placed by the height its coinbases
//! state (BIP34); of parts that claim the same heights those are kept that add up to the most work.
//!
//! Two kinds of parts only look like the chain behind a gap:
//! - **dead blocks**: a node killed and restarted writes over its last blocks, and whole records of the old
//!   ones stay behind the new tip, cut off by half a block. Their missing parents cannot have stood in the
//!   few bytes between, and nothing else is lost: they are left out;
//! - **the ragged edge of pruning**: blocks arrive up to 1,024 heights early, so the oldest file of a pruned
//!   folder begins with a few whose neighbours went with the files before it. The chain starts where it is whole.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bitcoin::Work;
use rustc_hash::{FxHashMap, FxHashSet};

use super::header::{Hash, Header, Place};
use super::tree::{Branch, Forest};
use crate::blockfile::records::PREAMBLE_BYTES;

/// How far ahead of its tip Core asks for blocks (`BLOCK_DOWNLOAD_WINDOW`, `net_processing.cpp`).
const DOWNLOAD_WINDOW: u32 = 1024;

/// Bytes of the smallest record: preamble, header, count, and a coinbase of 60 bytes (Core refuses
/// transactions that are smaller without witness).
const SMALLEST_RECORD: u64 = PREAMBLE_BYTES + 80 + 1 + 60;

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
        drop_dead(&mut parts, headers, &forest, evidence);
        drop_ragged(&mut parts, headers, evidence);
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

fn drop_dead(parts: &mut Vec<Part>, headers: &[Header], forest: &Forest<'_>, evidence: &Evidence) {
    let tips: FxHashMap<usize, u32> = parts
        .iter()
        .map(|part| (part.branch.root, part.tip_height()))
        .collect();
    let dead: FxHashSet<usize> = parts
        .iter()
        .filter(|part| {
            let root = &headers[part.branch.root];
            let behind = part
                .branch
                .root
                .checked_sub(1)
                .filter(|&before| headers[before].place.file == root.place.file);
            let Some(before) = behind.filter(|_| root.place.file == evidence.last_file) else {
                return false;
            };
            let place = headers[before].place;
            let end = place.offset + u64::from(headers[before].size) + PREAMBLE_BYTES;
            let between = root.place.offset.saturating_sub(end);
            tips.get(&forest.root_of(before)).is_some_and(|tip| {
                let missing = u64::from(part.base.saturating_sub(tip.saturating_add(1)));
                between > 0 && between < missing * SMALLEST_RECORD
            })
        })
        .map(|part| part.branch.root)
        .collect();
    parts.retain(|part| !dead.contains(&part.branch.root));
}

fn drop_ragged(parts: &mut Vec<Part>, headers: &[Header], evidence: &Evidence) {
    if parts.iter().any(|part| part.base == 0) {
        return;
    }
    let Some(main) = parts.iter().max_by_key(|part| part.branch.work) else {
        return;
    };
    let (base, file) = (main.base, headers[main.branch.root].place.file);
    if evidence.damaged_files.range(..=file).next().is_some() {
        return;
    }
    // What is stored was whole once; only the files it came from are gone since.
    let stored = |part: &Part| headers[part.branch.root].height.is_some();
    parts.retain(|part| part.base >= base || base - part.base > DOWNLOAD_WINDOW || stored(part));
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
