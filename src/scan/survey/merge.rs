//! What was found and what is remembered, as one list.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Known, Survey};
use crate::chain::header::{Hash, Header, Place};
use crate::chain::index::HashIndex;
use crate::scan::warning::Warning;

/// Joins what was found with what the store knows, each hash once.
///
/// Of a file read again only what was found counts, with one exception: a stored block that is no longer found stays (its bytes
/// may have been damaged or cut off since, or the node fetches its chain anew), unless the node has gone on in its place with
/// another branch, as it does after a crash.
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
    let mut written: FxHashMap<u32, Vec<&Header>> = FxHashMap::default();
    for header in &found {
        if !stands_in(&stored, header) && !stands_in(&others, header) {
            written.entry(header.place.file).or_default().push(header);
        }
    }
    // What was found again where it was is not needed twice.
    let is_lost =
        |header: &Header| fresh.contains_key(&header.place.file) && !stands_in(&found, header);
    let lost: FxHashSet<Hash> = stored
        .iter()
        .filter(|h| is_lost(h))
        .map(|h| h.hash)
        .collect();
    let found_again: FxHashSet<Hash> = match lost.is_empty() {
        true => FxHashSet::default(),
        false => found
            .iter()
            .map(|h| h.hash)
            .filter(|hash| lost.contains(hash))
            .collect(),
    };
    let replaced = match lost.len() > found_again.len() {
        true => Replaced::new(&written, &stored, &others),
        false => Replaced::default(),
    };
    let mut displaced = Vec::new();
    let mut gone: BTreeMap<u32, Vec<u32>> = BTreeMap::default();
    stored.retain_mut(|header| {
        if !fresh.contains_key(&header.place.file) {
            return true;
        }
        if !is_lost(header) || found_again.contains(&header.hash) {
            return false;
        }
        let height = header.height.unwrap_or(0);
        match replaced.at(header.place) {
            None => {
                gone.entry(header.place.file).or_default().push(height);
                true
            }
            Some(fork) if fork.is_some_and(|fork| fork < height) => false,
            Some(_) => {
                displaced.push(height);
                header.place = Place::nowhere(height);
                true
            }
        }
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
    tell_displaced(survey, displaced);
    tell_gone(survey, &gone);
    // What these files no longer hold may be in others by the next run: they are looked at again then.
    survey.files.retain(|state| !gone.contains_key(&state.file));
}

/// Warns of stored blocks that are no longer in their files, though nothing was written over them: their heights, by file.
fn tell_gone(survey: &mut Survey, gone: &BTreeMap<u32, Vec<u32>>) {
    for (file, heights) in gone {
        let ends = heights.iter().min().zip(heights.iter().max());
        if let Some((path, (&first, &last))) = survey.paths.get(file).zip(ends) {
            let (path, count) = (path.clone(), heights.len());
            let warning = Warning::NoLonger {
                path,
                count,
                first,
                last,
            };
            survey.warnings.push(warning);
        }
    }
}

/// Warns of stored blocks, by their heights, that were written over and were found nowhere.
fn tell_displaced(survey: &mut Survey, mut displaced: Vec<u32>) {
    displaced.sort_unstable();
    if let [first, ..] = displaced[..] {
        let (count, last) = (displaced.len(), displaced[displaced.len() - 1]);
        let warning = Warning::Displaced { count, first, last };
        survey.warnings.push(warning);
    }
}

/// Whether a header of that hash is in a list at that place.
fn stands_in(list: &[Header], header: &Header) -> bool {
    let key = (header.place, header.hash.0);
    list.binary_search_by_key(&key, |other| (other.place, other.hash.0))
        .is_ok()
}

/// Where records were written that were not there before.
#[derive(Default)]
struct Replaced {
    /// For each file, ascending: where one stands, and the lowest height at which it or one before it leaves the stored chain, if any
    /// does.
    by_file: FxHashMap<u32, Vec<(u64, Option<u32>)>>,
}

impl Replaced {
    fn new(
        written: &FxHashMap<u32, Vec<&Header>>,
        stored: &[Header],
        others: &[Header],
    ) -> Replaced {
        let heights: FxHashMap<Hash, u32> = stored
            .iter()
            .filter_map(|header| Some((header.hash, header.height?)))
            .collect();
        let headers = written.values().flatten().copied().chain(others);
        let parents: FxHashMap<Hash, Hash> = headers
            .filter(|header| !heights.contains_key(&header.hash))
            .map(|header| (header.hash, header.prev))
            .collect();
        let mut forks: FxHashMap<Hash, Option<u32>> = FxHashMap::default();
        let by_file = written.iter().map(|(&file, headers)| {
            let mut lowest: Option<u32> = None;
            let mut places = Vec::with_capacity(headers.len());
            for header in headers {
                // A block that is stored is fetched again, and replaces nothing.
                if !heights.contains_key(&header.hash) {
                    let fork = fork(header.hash, &parents, &heights, &mut forks);
                    lowest = lowest.into_iter().chain(fork).min();
                }
                places.push((header.place.offset, lowest));
            }
            (file, places)
        });
        Replaced {
            by_file: by_file.collect(),
        }
    }

    /// Whether something was written at this place or before it in its file, and if so, the lowest height of the stored chain on which
    /// any of that stands as another branch.
    fn at(&self, place: Place) -> Option<Option<u32>> {
        let places = self.by_file.get(&place.file)?;
        let before = places.partition_point(|&(offset, _)| offset <= place.offset);
        Some(places[before.checked_sub(1)?].1)
    }
}

/// The height of the stored block that a block which is not stored stands on in the end; `None` where its line is not known so far.
fn fork(
    of: Hash,
    parents: &FxHashMap<Hash, Hash>,
    heights: &FxHashMap<Hash, u32>,
    forks: &mut FxHashMap<Hash, Option<u32>>,
) -> Option<u32> {
    let mut line = Vec::new();
    let mut at = of;
    // No hash can make a cycle.
    let found = loop {
        if let Some(&fork) = forks.get(&at) {
            break fork;
        }
        if let Some(&height) = heights.get(&at) {
            break Some(height);
        }
        line.push(at);
        match parents.get(&at) {
            Some(&parent) => at = parent,
            None => break None,
        }
    };
    forks.extend(line.into_iter().map(|hash| (hash, found)));
    found
}
