//! What was found and what is remembered, as one list.

use rustc_hash::{FxHashMap, FxHashSet};

use super::lost::Lost;
use super::{Known, Survey};
use crate::chain::header::{Header, Place};
use crate::chain::index::HashIndex;

/// Joins what was found with what the store knows, each hash once.
///
/// Of a file read again only what was found counts, and what of the stored blocks is not to be given up (`lost`).
pub(super) fn merge(
    survey: &mut Survey,
    found: Vec<Header>,
    fresh: &FxHashMap<u32, Vec<u64>>,
    known: Known,
) -> Lost {
    let (mut stored, mut others) = (known.stored, known.others);
    // Lists in order of place are searched instead of sets: of a million blocks a set is a hundred megabytes.
    // Blocks stored from another folder may claim a place that one of this folder stands at.
    stored.sort_unstable_by_key(|header| (header.place, header.hash.0));
    others.sort_unstable_by_key(|header| (header.place, header.hash.0));
    let lost = Lost::part(&mut stored, &others, &found, fresh);
    others.retain(|header| !fresh.contains_key(&header.place.file));

    let mut all = found;
    all.reserve_exact(stored.len() + others.len());
    all.append(&mut stored);
    all.append(&mut others);
    drop((stored, others));
    // Readable places first, so that of several copies one that can be read is kept. The sort is stable: of
    // the same place the one found comes before the one remembered.
    all.sort_by_key(|header| (!survey.paths.contains_key(&header.place.file), header.place));
    let mut kept = HashIndex::with_capacity(all.len());
    let mut copied = FxHashSet::default();
    let mut again = Vec::new();
    for (at, header) in (0u32..).zip(&all) {
        let owner = |at: u32| &all[at as usize].hash.0;
        let Some(first) = kept.insert(&header.hash.0, at, owner) else {
            continue;
        };
        again.push(at as usize);
        let Place { file, offset } = header.place;
        // A remembered place of a file read again holds something else by now, and one of a file that is gone nothing.
        let holds = survey.paths.contains_key(&file)
            && fresh
                .get(&file)
                .is_none_or(|found| found.binary_search(&offset).is_ok());
        let other = all[first as usize].place != header.place && !header.place.is_nowhere();
        if holds && other && copied.insert(header.place) {
            survey.copies.push(*header);
        }
    }
    drop(kept);
    let mut again = again.into_iter().peekable();
    let mut at = 0;
    all.retain(|_| {
        at += 1;
        again.next_if_eq(&(at - 1)).is_none()
    });
    all.sort_by_key(|header| header.place);
    survey.headers = all;
    lost
}
