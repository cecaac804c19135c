//! What a scan for new blocks must know: not the whole chain, only its end.
//!
//! Loading a million headers takes longer than reading a day of blocks. Where nothing but the newest files has changed and
//! blocks were only added to the chain, all below is as it was. So the stored blocks from a day before the oldest of those
//! files' blocks on are loaded, with what stands beside them; if the survey then finds that a stored block left the chain,
//! or a block that does not link to these, or anything else out of the ordinary, the whole chain is loaded after all.

use rustc_hash::FxHashSet;

use super::survey::{Known, Survey, changed_files};
use super::warning::Warning;
use super::{Error, Source};
use crate::blockfile::records::Oddity;
use crate::chain::header::{Hash, Header, Place};
use crate::filter::RULES_VERSION;
use crate::store::Store;

/// The end of the stored chain.
pub(super) struct Tail {
    /// What is known of it.
    pub(super) known: Known,
    /// Height of its first block. That block's day is whole and stays.
    pub(super) root: u32,
    /// Blocks noted as stale that are not in it.
    pub(super) stale_below: usize,
}

impl Tail {
    /// Loads the end of the chain, if that can be enough.
    ///
    /// # Errors
    /// The database or the folder cannot be read.
    pub(super) fn load(source: &Source, store: &Store) -> Result<Option<Tail>, Error> {
        let meta_is = |key, value: &str| -> Result<bool, Error> {
            Ok(store.meta(key)?.as_deref() == Some(value))
        };
        let folder = source.blocks_dir.to_string_lossy();
        if !meta_is("finished", "tip")?
            || !meta_is("incomplete", "0")?
            || !meta_is("blocks_dir", &folder)?
            || !meta_is("rules_version", &RULES_VERSION.to_string())?
            || !store.missing()?.is_empty()
        {
            return Ok(None);
        }
        let files = store.files()?;
        let Some(changed) = changed_files(source, &files)? else {
            return Ok(None);
        };
        let days = store.days()?;
        if days.iter().any(|day| day.rules_version != RULES_VERSION) {
            return Ok(None);
        }
        // The oldest block in the files to be read; where they are all new, the tip.
        let oldest = match store.lowest_in_files(&changed)? {
            Some(height) => height,
            None => days.last().map_or(0, |day| day.last),
        };
        // From the day before that block's, so that its own is cut as in the whole chain.
        let at = days.partition_point(|day| day.last < oldest);
        let Some(root) = at.checked_sub(1).map(|before| days[before].first) else {
            return Ok(None);
        };
        let stored = store.stored_headers_from(root)?;
        let mut linked: FxHashSet<Hash> = stored.iter().map(|header| header.hash).collect();
        let on_chain = linked.clone();
        let all = store.other_headers()?;
        let mut others: Vec<Header> = Vec::new();
        // In the order of heights a child comes behind its parent; of unknown height it may be missed, and found to be so.
        let mut rest: Vec<&Header> = all.iter().collect();
        rest.sort_by_key(|header| header.height);
        for header in rest {
            if linked.contains(&header.prev) || changed.contains(&header.place.file) {
                linked.insert(header.hash);
                others.push(*header);
            }
        }
        let beside: FxHashSet<Hash> = others
            .iter()
            .map(|header| header.hash)
            .filter(|hash| !on_chain.contains(hash))
            .collect();
        let noted = store.meta("stale_blocks")?.and_then(|n| n.parse().ok());
        let Some(stale_below) = noted.and_then(|n: usize| n.checked_sub(beside.len())) else {
            return Ok(None);
        };
        Ok(Some(Tail {
            known: Known {
                stored,
                others,
                files,
            },
            root,
            stale_below,
        }))
    }
}

/// Whether the stored blocks of the end stand as they stood, and all else that was found links to them: then the chain below
/// is what it was.
///
/// A reorganisation of stored blocks does not pass. It may move the border of a day further down than was loaded.
pub(super) fn only_added(survey: &Survey, stored: &[(Hash, u32, Place)]) -> bool {
    let chain = &survey.chain;
    let stands = chain.blocks.len() >= stored.len()
        && stored
            .iter()
            .zip(&chain.blocks)
            .all(|(&(hash, height, place), &(found, at))| {
                let header = &survey.headers[at];
                found == height && header.hash == hash && header.place == place
            });
    let Some(&(root, ..)) = stored.first().filter(|_| stands) else {
        return false;
    };
    let hashes: FxHashSet<Hash> = survey.headers.iter().map(|header| header.hash).collect();
    chain.missing.is_empty()
        && chain.unplaced.is_empty()
        // Files that are growing end in zeros.
        && survey.warnings.iter().all(|warning| {
            matches!(warning, Warning::Oddity(_, Oddity::ZeroTail { .. }))
        })
        // No hash can make a cycle, so one block without a parent at hand makes one tree.
        && survey
            .headers
            .iter()
            .all(|header| header.hash == root || hashes.contains(&header.prev))
}
