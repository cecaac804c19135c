//! What is noted of the block files, by which the next scan knows what it need not read, against the files.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Error, Findings};
use crate::chain::header::{Hash, Header, Place};
use crate::scan::Source;
use crate::scan::survey::{Survey, path_of};
use crate::store::{FileState, Store};

/// Tells what a scan for new blocks would be misled by. Only files that are as they were noted to be are looked at: all others it reads
/// anew.
pub(super) fn check(
    store: &Store,
    source: &Source,
    survey: &Survey,
    findings: &mut Findings<'_>,
) -> Result<(), Error> {
    let snapshot = store.snapshot()?;
    let files = findings.undamaged(None, store.files())?;
    let others = findings.undamaged(None, store.other_headers())?;
    let mut known = Vec::new();
    let read = store.each_place(0, |_, hash, _| known.push(hash));
    let read = findings.undamaged(None, read)?;
    drop(snapshot);
    let (Some(files), Some(others), Some(())) = (files, others, read) else {
        return Ok(());
    };
    known.extend(others.iter().map(|header| header.hash));
    known.sort_unstable();

    let path = |file: u32| path_of(survey, &source.blocks_dir, file);
    let at = |place: Place| format!("offset {} of {}", place.offset, path(place.file).display());
    let mut wrong = |what: String| findings.wrong(None, what);
    let seen: FxHashMap<u32, &FileState> = survey.files.iter().map(|s| (s.file, s)).collect();
    let mut as_noted = FxHashSet::default();
    for noted in files {
        let seen = seen.get(&noted.file).copied();
        let Some(seen) = seen.filter(|seen| noted.is_as_seen(seen.size, seen.mtime_ns)) else {
            continue;
        };
        as_noted.insert(noted.file);
        if seen.damaged != noted.damaged {
            let [is, was] = [seen, &noted].map(|s| if s.damaged { "damaged" } else { "whole" });
            let path = path(noted.file);
            wrong(format!("{} is noted as {was}, and is {is}", path.display()));
        }
    }
    let is_as_noted = |header: &&Header| as_noted.contains(&header.place.file);

    let mut standing: FxHashMap<Place, Option<&Header>> =
        others.iter().map(|header| (header.place, None)).collect();
    let found = survey.headers.iter().chain(&survey.copies);
    for header in found.filter(is_as_noted) {
        if let Some(slot) = standing.get_mut(&header.place) {
            *slot = Some(header);
        }
        if known.binary_search(&header.hash).is_err() {
            let (hash, at) = (header.hash, at(header.place));
            wrong(format!(
                "block {hash} at {at} is neither stored nor noted, and its file is taken for read"
            ));
        }
    }
    let heights = heights(survey, &others);
    for header in others.iter().filter(is_as_noted) {
        let same = |found: &Header| {
            let Header {
                version, height, ..
            } = *found; // are not noted; of the height see below
            *found
                == Header {
                    version,
                    height,
                    ..*header
                }
        };
        let what = match standing.get(&header.place).copied().flatten() {
            None => "no block stands there",
            Some(found) if !same(found) => "it is another one",
            Some(_) if disagrees(header, &heights) => "it has another height",
            Some(_) => continue,
        };
        let (hash, at) = (header.hash, at(header.place));
        wrong(format!("block {hash} is noted at {at}, and {what}"));
    }
    Ok(())
}

/// The heights of those blocks of the chain that are noted, or whose children are.
fn heights(survey: &Survey, others: &[Header]) -> FxHashMap<Hash, u32> {
    let asked: FxHashSet<Hash> = others.iter().flat_map(|h| [h.hash, h.prev]).collect();
    let chain = survey.chain.blocks.iter();
    let chain = chain.map(|&(height, at)| (survey.headers[at].hash, height));
    chain.filter(|(hash, _)| asked.contains(hash)).collect()
}

/// Whether a noted height is not the one that the chain tells, where it tells one.
fn disagrees(header: &Header, heights: &FxHashMap<Hash, u32>) -> bool {
    let above_parent = || heights.get(&header.prev)?.checked_add(1);
    let told = heights.get(&header.hash).copied().or_else(above_parent);
    header.height.is_some() && told.is_some() && told != header.height
}
