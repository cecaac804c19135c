//! Parts that only look like the chain behind a gap:
//! - **dead blocks**: a node killed and restarted writes over its last blocks, and whole records of the old
//!   ones stay behind the new tip, cut off by half a block. The bytes between are too few for the missing parents,
//!   judged by the blocks around, or they are several, and they are no younger than the tip; or, whatever is between, they
//!   are all older than the tip by hours: they are left out;
//! - **the ragged edge of pruning**: blocks arrive up to 1,024 heights early, so the oldest file of a pruned
//!   folder begins with a few whose neighbours went with the files before it. The chain starts where it is whole.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evidence, Part};
use crate::blockfile::records::PREAMBLE_BYTES;
use crate::chain::header::{Hash, Header};
use crate::chain::tree::Forest;

/// How far ahead of its tip Core asks for blocks (`BLOCK_DOWNLOAD_WINDOW`, `net_processing.cpp`).
const DOWNLOAD_WINDOW: u32 = 1024;

/// Seconds by which a dead block's header time can pass the live tip's. It was mined before the kill and the tip after it, and
/// header times only run ahead of the clock where blocks are mined faster than one a second. Behind a damaged block the
/// chain goes on two block intervals later.
pub(super) const AHEAD_OF_CLOCK: u32 = 120;

/// So many blocks one behind the other whose last is older than the live tip are no chain that goes on behind a damaged
/// block: header times fall back, but hardly over as many intervals. Their sizes need not be asked then.
const RUN: u32 = 3;

/// Seconds by which the tip is younger than every block that only seems to stand above it. Nodes take no block whose time is
/// more than two hours ahead, and miners' clocks hardly lag as much: what was mined after the tip is not so old.
const TOO_OLD: u32 = 4 * 3_600;

/// Records on either side that tell how large a missing one was at least. What is left of a block that was written over is
/// less than a block; what is left of one that was damaged where it stands is all of it.
const NEIGHBOURS: usize = 8;

/// Leaves them out.
pub(super) fn drop(
    parts: &mut Vec<Part>,
    headers: &[Header],
    forest: &Forest<'_>,
    evidence: &Evidence,
) {
    drop_dead(parts, headers, forest, evidence);
    drop_unlinked(parts, headers);
    drop_ragged(parts, headers, evidence);
}

/// Dead blocks behind the bytes of another.
fn drop_dead(parts: &mut Vec<Part>, headers: &[Header], forest: &Forest<'_>, evidence: &Evidence) {
    let tips: FxHashMap<usize, (u32, u32)> = parts
        .iter()
        .map(|part| {
            let tip = (part.tip_height(), headers[part.branch.tip].time);
            (part.branch.root, tip)
        })
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
            tips.get(&forest.root_of(before))
                .is_some_and(|&(tip, time)| {
                    let missing = u64::from(part.base.saturating_sub(tip.saturating_add(1)));
                    let before_the_kill = root.time <= time.saturating_add(AHEAD_OF_CLOCK);
                    let too_few = between < missing * smallest_near(headers, part.branch.root);
                    let all_older =
                        part.branch.length >= RUN && headers[part.branch.tip].time < time;
                    let over_written = between > 0 && before_the_kill && (too_few || all_older);
                    missing > 0 && (over_written || is_too_old(part, time, headers, forest))
                })
        })
        .map(|part| part.branch.root)
        .collect();
    parts.retain(|part| !dead.contains(&part.branch.root));
}

/// Whether no block of `part` can have been mined after one of this time. New records can end just where an old one begins, so
/// nothing need be left between them.
fn is_too_old(part: &Part, time: u32, headers: &[Header], forest: &Forest<'_>) -> bool {
    let limit = time.saturating_sub(TOO_OLD);
    let old = |at: usize| headers[at].time < limit;
    // Most parts are told by one of their ends.
    old(part.branch.root) && old(part.branch.tip) && forest.path(&part.branch).into_iter().all(old)
}

/// Drops what claims heights that the chain on the genesis block has, is linked to none of them and is no younger: dead blocks
/// again, written over from the front by blocks of their own size. A node killed early loses all but the genesis block, and
/// then the dead ones can have more work than the live.
fn drop_unlinked(parts: &mut Vec<Part>, headers: &[Header]) {
    let on_genesis = |part: &Part| headers[part.branch.root].prev == Hash::ZERO;
    let main = parts
        .iter()
        .filter(|part| on_genesis(part))
        .max_by_key(|part| part.branch.work);
    let Some((tip, time)) = main.map(|main| (main.tip_height(), headers[main.branch.tip].time))
    else {
        return;
    };
    parts.retain(|part| {
        let after_a_gap = part.base > tip.saturating_add(1);
        let younger = headers[part.branch.tip].time > time.saturating_add(AHEAD_OF_CLOCK);
        on_genesis(part) || after_a_gap || younger
    });
}

/// Bytes of the smallest record near the one at `at` in its file.
fn smallest_near(headers: &[Header], at: usize) -> u64 {
    let near = at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS).min(headers.len());
    headers[near]
        .iter()
        .filter(|header| header.place.file == headers[at].place.file)
        .map(|header| PREAMBLE_BYTES + u64::from(header.size))
        .min()
        .unwrap_or(0)
}

/// The ragged edge of pruning.
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
