//! Stored blocks that their files, read again, no longer hold.
//!
//! The bytes may have been damaged or cut off; or the node was killed and fetches its last blocks again, or all its chain, as after
//! `-reindex` of a pruned one. What is stored of them stays then. Only where the node has gone on in their place with another branch,
//! as after a crash too, they are given up: of two branches it knows the one that it wrote.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Survey;
use crate::chain::header::{Hash, Header, Place};
use crate::scan::warning::{LostBlocks, Warning};

/// Those that stay, by their heights.
#[derive(Default)]
pub(super) struct Lost {
    /// Other records stand in their place; they stand nowhere now.
    displaced: Vec<u32>,
    /// Nothing was written there, by file; they keep their place.
    gone: BTreeMap<u32, Vec<u32>>,
}

impl Lost {
    /// Leaves of the stored headers whose files were read again those that were not found and are not given up. All lists are in
    /// order of place; `fresh` has the files that were read again.
    pub(super) fn part(
        stored: &mut Vec<Header>,
        others: &[Header],
        found: &[Header],
        fresh: &FxHashMap<u32, Vec<u64>>,
    ) -> Lost {
        let is_read = |header: &Header| fresh.contains_key(&header.place.file);
        let mut lost: FxHashSet<Hash> = stored
            .iter()
            .filter(|header| is_read(header) && !stands_in(found, header))
            .map(|header| header.hash)
            .collect();
        if !lost.is_empty() {
            // Some were found in another place.
            for header in found {
                lost.remove(&header.hash);
            }
        }
        if lost.is_empty() {
            stored.retain(|header| !is_read(header));
            return Lost::default();
        }
        let written = Written::new(found, stored, others);
        // What stood on a block that is given up, and is lost as well, is dead with it.
        let dead_from = stored
            .iter()
            .filter(|header| lost.contains(&header.hash))
            .filter_map(|header| {
                let fork = written.at(header.place)??;
                header.height.filter(|&height| fork < height)
            })
            .min();
        let mut kept = Lost::default();
        stored.retain_mut(|header| {
            let height = header.height.unwrap_or(0);
            let dead = dead_from.is_some_and(|from| height >= from);
            if !is_read(header) {
                return !(dead && header.place.is_nowhere());
            }
            if dead || !lost.contains(&header.hash) {
                return false;
            }
            if written.at(header.place).is_some() {
                header.place = Place::nowhere(height);
                kept.displaced.push(height);
            } else {
                let file = header.place.file;
                kept.gone.entry(file).or_default().push(height);
            }
            true
        });
        kept
    }

    /// Warns of those that are on the chain, once it is chosen. A file with nothing left in it at all is told by itself.
    pub(super) fn tell(mut self, survey: &mut Survey, fresh: &FxHashMap<u32, Vec<u64>>) {
        let Survey { chain, headers, .. } = &*survey;
        let on_chain = |height: &u32| {
            let at = chain
                .blocks
                .binary_search_by_key(height, |&(height, _)| height);
            // What was found tells no height.
            at.is_ok_and(|at| headers[chain.blocks[at].1].height.is_some())
        };
        self.displaced.retain(on_chain);
        for heights in self.gone.values_mut() {
            heights.retain(on_chain);
        }
        let displaced = LostBlocks::of(&self.displaced).map(Warning::Displaced);
        survey.warnings.extend(displaced);
        let is_left = |file: &u32| fresh.get(file).is_some_and(|found| !found.is_empty());
        for (file, heights) in self.gone.iter().filter(|(file, _)| is_left(file)) {
            let told = survey.paths.get(file).cloned().zip(LostBlocks::of(heights));
            let told = told.map(|(path, blocks)| Warning::NoLonger(path, blocks));
            survey.warnings.extend(told);
        }
        // What these files no longer hold may be in others by the next run: they are looked at again then.
        survey
            .files
            .retain(|state| !self.gone.contains_key(&state.file));
    }
}

/// Whether a header of that hash is in a list at that place.
fn stands_in(list: &[Header], header: &Header) -> bool {
    let key = (header.place, header.hash.0);
    list.binary_search_by_key(&key, |other| (other.place, other.hash.0))
        .is_ok()
}

/// Where records were written that were not there before.
struct Written {
    /// For each file, ascending: where one stands, and the lowest height at which it or one before it leaves the stored chain, if any
    /// does.
    by_file: FxHashMap<u32, Vec<(u64, Option<u32>)>>,
}

impl Written {
    fn new(found: &[Header], stored: &[Header], others: &[Header]) -> Written {
        let mut written: FxHashMap<u32, Vec<&Header>> = FxHashMap::default();
        for header in found {
            if !stands_in(stored, header) && !stands_in(others, header) {
                written.entry(header.place.file).or_default().push(header);
            }
        }
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
        Written {
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
