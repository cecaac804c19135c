//! What was found and what is remembered, as one list.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{ELSEWHERE, Known, Survey};
use crate::chain::header::{Header, Place};
use crate::chain::index::HashIndex;

/// Joins what was found with what the store knows, each hash once.
///
/// Of a file read again only what was found counts, with one exception: a stored block that is no longer
/// found stays (its bytes may have been damaged or cut off since), unless the node has written other
/// records at or before its place, as it does after a crash.
pub(super) fn merge(
    survey: &mut Survey,
    found: Vec<Header>,
    fresh: &FxHashMap<u32, Vec<u64>>,
    known: Known,
) {
    let (mut stored, mut others) = (known.stored, known.others);
    // Lists in order of place are searched instead of sets: of a million blocks a set is a hundred megabytes.
    // Blocks stored from another folder may claim a place that one of this folder stands at.
    stored.sort_unstable_by_key(|header| (header.place, header.hash.0));
    others.sort_unstable_by_key(|header| (header.place, header.hash.0));
    let stands_in = |list: &[Header], header: &Header| {
        let key = (header.place, header.hash.0);
        list.binary_search_by_key(&key, |other| (other.place, other.hash.0))
            .is_ok()
    };
    let mut rewritten: FxHashMap<u32, u64> = FxHashMap::default();
    for header in &found {
        if !stands_in(&stored, header) && !stands_in(&others, header) {
            let first = rewritten.entry(header.place.file).or_insert(u64::MAX);
            *first = (*first).min(header.place.offset);
        }
    }
    stored.retain(|header| {
        let from = rewritten
            .get(&header.place.file)
            .copied()
            .unwrap_or(u64::MAX);
        !fresh.contains_key(&header.place.file)
            // What was found again where it was is not needed twice.
            || header.place.offset < from && !stands_in(&found, header)
    });
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
        let other = all[first as usize].place != header.place && file != ELSEWHERE;
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
}
