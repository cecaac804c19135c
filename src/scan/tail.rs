//! What a scan for new blocks must know: not the whole chain, only its end.
//!
//! Loading a million headers takes longer than reading a day of blocks. Where nothing but the newest files has changed and
//! what is new links to blocks stored in them, all below is as it was. So the stored blocks from a day before the oldest of
//! those files' blocks on are loaded, with what stands beside them; if the survey then finds a block that does not link
//! to these, or anything else out of the ordinary, the whole chain is loaded after all.

use rustc_hash::{FxHashMap, FxHashSet};

use super::survey::{Known, Survey, changed_files};
use super::{Error, Source};
use crate::chain::header::{Hash, Header};
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

/// Whether all that was found links to the block stored at height `root`.
pub(super) fn is_enough(survey: &Survey, root: u32) -> bool {
    let headers: FxHashMap<Hash, &Header> = survey.headers.iter().map(|h| (h.hash, h)).collect();
    let first = survey.chain.blocks.first();
    let Some(first) = first.filter(|(height, _)| *height == root) else {
        return false;
    };
    let first = &survey.headers[first.1];
    first.height == Some(root)
        && survey.chain.missing.is_empty()
        && survey.chain.unplaced.is_empty()
        // Without a cycle, which no hash can make, one block without a parent at hand makes one tree.
        && headers
            .values()
            .all(|header| header.hash == first.hash || headers.contains_key(&header.prev))
}
