//! Whether folder and database are of one chain.

use rustc_hash::FxHashSet;

use super::survey::Survey;
use super::{Error, Source};
use crate::chain::header::{Hash, Place};
use crate::store::Store;

/// Refuses a folder without a chain.
pub(crate) fn check_found(source: &Source, survey: &Survey) -> Result<(), Error> {
    // What is stored makes a chain too.
    if !survey.chain.blocks.is_empty() && !survey.is_empty() {
        return Ok(());
    }
    if survey.is_empty() {
        return Err(Error::NoFiles(source.blocks_dir.clone()));
    }
    if survey.paths.is_empty() && survey.headers.is_empty() {
        return Err(Error::NoneReadable(source.blocks_dir.clone()));
    }
    if survey.headers.is_empty() {
        return Err(Error::NoBlocks {
            dir: source.blocks_dir.clone(),
            chain: source.chain,
            files: survey.paths.len(),
        });
    }
    Err(Error::NoHeights(source.blocks_dir.clone()))
}

/// The hash stored at `height`, of blocks in order of height.
pub(super) fn hash_at(stored: &[(Hash, u32, Place)], height: u32) -> Option<Hash> {
    let at = stored.binary_search_by_key(&height, |&(_, height, _)| height);
    at.ok().map(|at| stored[at].0)
}

/// Refuses to mix two chains: where blocks were found and none links to what is stored, yet they claim heights
/// that are stored, the folder is not the one the database was made from.
pub(super) fn check_history(
    source: &Source,
    store: &Store,
    survey: &Survey,
    stored: &[(Hash, u32, Place)],
) -> Result<(), Error> {
    let Some(&(_, first, _)) = stored.first() else {
        return Ok(());
    };
    // Most often a stored block is where it was; a set of all of them is large.
    let stands = survey.chain.blocks.iter().any(|&(height, at)| {
        let header = &survey.headers[at];
        hash_at(stored, height) == Some(header.hash) && survey.is_readable(header)
    });
    if stands || survey.paths.is_empty() {
        return Ok(());
    }
    let stored_set: FxHashSet<Hash> = stored.iter().map(|&(hash, _, _)| hash).collect();
    let linked = survey.headers.iter().any(|header| {
        survey.is_readable(header)
            && (stored_set.contains(&header.hash) || stored_set.contains(&header.prev))
    });
    if linked {
        return Ok(());
    }
    // The found genesis lost against the stored one, or won; either way it is another.
    let genesis = survey
        .headers
        .iter()
        .find(|header| header.prev == Hash::ZERO && survey.is_readable(header));
    let differing = match genesis {
        Some(header) => hash_at(stored, 0)
            .or_else(|| hash_at(stored, first))
            .map(|hash| (0, hash, header.hash)),
        None => survey.chain.blocks.iter().find_map(|&(height, at)| {
            let found = survey.headers[at].hash;
            hash_at(stored, height)
                .filter(|&hash| hash != found)
                .map(|hash| (height, hash, found))
        }),
    };
    match differing {
        Some((height, stored, found)) => Err(Error::OtherHistory {
            database: store.path().to_path_buf(),
            dir: source.blocks_dir.clone(),
            height,
            stored: stored.to_string(),
            found: found.to_string(),
        }),
        None => Ok(()),
    }
}
