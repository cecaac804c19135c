//! A lost block whose rival is not lost.
//!
//! The part below ends in the rival then, at heights that the part above needs: the two would exclude each other, and the larger
//! be taken for all there is. The chain goes on behind the lost block, so the part below is cut off under it.

use super::Part;
use super::lookalikes::AHEAD_OF_CLOCK;
use crate::chain::header::Header;
use crate::chain::tree::{Branch, Forest};

/// Cuts such parts off; leaves `parts` in order of their bases.
pub(super) fn cut(parts: &mut [Part], headers: &[Header], forest: &Forest<'_>) {
    parts.sort_by_key(|part| (part.base, part.branch.root));
    let mut highest: Option<usize> = None;
    for at in 0..parts.len() {
        if let Some(below) = highest {
            if parts[at].tip_height() <= parts[below].tip_height() {
                continue;
            }
            if let Some(branch) = cut_under(&parts[below], &parts[at], headers, forest) {
                parts[below].branch = branch;
            }
        }
        highest = Some(at);
    }
}

/// What is left of `below` under the missing parent of `above`, where that goes on with more work than is cut off, and later: dead
/// blocks behind a crash are older than the live ones.
fn cut_under(
    below: &Part,
    above: &Part,
    headers: &[Header],
    forest: &Forest<'_>,
) -> Option<Branch> {
    let time = |branch: &Branch| headers[branch.tip].time;
    let goes_on = time(&above.branch) > time(&below.branch).saturating_add(AHEAD_OF_CLOCK);
    // Room for a block, and for the lost one.
    let last = above
        .base
        .checked_sub(2)
        .filter(|last| *last >= below.base)?;
    if !goes_on || last >= below.tip_height() {
        return None;
    }
    let mut branch = below.branch;
    for _ in last..below.tip_height() {
        branch = forest.branch_to(forest.parent_of(branch.tip)?);
        if below.branch.work - branch.work >= above.branch.work {
            return None;
        }
    }
    Some(branch)
}
