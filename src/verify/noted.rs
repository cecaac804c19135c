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
    let mut hashes = Vec::new();
    let read = store.each_place(0, |_, hash, _| hashes.push(hash));
    let read = findings.undamaged(None, read)?;
    drop(snapshot);
    let (Some(files), Some(others), Some(())) = (files, others, read) else {
        return Ok(());
    };
    hashes.extend(others.iter().map(|header| header.hash));
    hashes.sort_unstable();

    let seen: FxHashMap<u32, &FileState> = survey.files.iter().map(|s| (s.file, s)).collect();
    let mut as_noted = FxHashSet::default();
    for noted in files.iter().filter(|noted| noted.mtime_ns != 0) {
        let Some(seen) = seen.get(&noted.file) else {
            continue;
        };
        if (seen.size, seen.mtime_ns) != (noted.size, noted.mtime_ns) {
            continue;
        }
        as_noted.insert(noted.file);
        if seen.damaged != noted.damaged {
            let path = path_of(survey, &source.blocks_dir, noted.file);
            let damaged = |is: bool| if is { "damaged" } else { "whole" };
            findings.wrong(
                None,
                format!(
                    "{} is noted as {}, and is {}",
                    path.display(),
                    damaged(noted.damaged),
                    damaged(seen.damaged)
                ),
            );
        }
    }
    let at = |place: Place| {
        let path = path_of(survey, &source.blocks_dir, place.file);
        format!("offset {} of {}", place.offset, path.display())
    };

    let found = survey.headers.iter().chain(&survey.copies);
    let found = found.filter(|header| as_noted.contains(&header.place.file));
    let mut by_place = FxHashMap::default();
    let places: FxHashSet<Place> = others.iter().map(|header| header.place).collect();
    for header in found {
        if places.contains(&header.place) {
            by_place.insert(header.place, header);
        }
        if hashes.binary_search(&header.hash).is_err() {
            let what = format!(
                "block {} at {} is neither stored nor noted, and its file is taken for read",
                header.hash,
                at(header.place)
            );
            findings.wrong(None, what);
        }
    }
    let heights = heights(survey, &others);
    for header in &others {
        if !as_noted.contains(&header.place.file) {
            continue;
        }
        let fields = |h: &Header| (h.hash, h.prev, h.time, h.bits, h.size);
        let what = match by_place.get(&header.place) {
            None => "no block stands there",
            Some(found) if fields(found) != fields(header) => "it is another one",
            Some(_) if disagrees(header, &heights) => "it has another height",
            Some(_) => continue,
        };
        findings.wrong(
            None,
            format!(
                "block {} is noted at {}, and {what}",
                header.hash,
                at(header.place)
            ),
        );
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
