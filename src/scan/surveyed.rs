//! The header pass of a scan: of the whole chain, or of its end where that is enough.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Error;
use super::rounds::Job;
use super::survey::{Known, Survey, survey};
use super::tail::{Tail, only_added};
use crate::chain::header::{Hash, Header, Place};
use crate::store::Store;

/// A survey, with what the store knew before.
pub(super) struct Surveyed {
    pub(super) survey: Survey,
    /// Hash, height and place of each stored block.
    pub(super) stored_places: Vec<(Hash, u32, Place)>,
    /// What was noted beside them, by where it stands.
    pub(super) noted: FxHashMap<Place, Noted>,
    /// Height from which on the chain was surveyed, if only its end was.
    pub(super) root: Option<u32>,
    /// Noted blocks that are off the chain and were not looked at.
    pub(super) stale_below: usize,
}

/// A header that was noted, in little: of a scan of a few days there are a million.
#[derive(Clone, Copy)]
pub(super) struct Noted {
    /// Of all that is noted but the height.
    fingerprint: u64,
    height: Option<u32>,
}

impl Noted {
    fn of(header: &Header) -> Noted {
        let Header { hash, prev, .. } = header;
        let noted = (hash.0, prev.0, header.time, header.bits, header.size);
        Noted {
            fingerprint: FxBuildHasher.hash_one(noted),
            height: header.height,
        }
    }

    /// Whether `header` is what was noted. A block beside the chain, found in a file that is read again, tells no height: with `trust`
    /// it keeps the one it was noted with.
    pub(super) fn stands(&self, header: &Header, trust: bool) -> bool {
        let now = Noted::of(header);
        let same_height = now.height == self.height || trust && now.height.is_none();
        now.fingerprint == self.fingerprint && same_height
    }
}

impl Surveyed {
    /// Surveys the chain's end, where blocks were only added to it, else all of it.
    ///
    /// # Errors
    /// The folder or the database cannot be read, or the run was interrupted.
    pub(super) fn new(job: &Job<'_>, store: &Store) -> Result<Surveyed, Error> {
        match Surveyed::of_end(job, store)? {
            Some(surveyed) => Ok(surveyed),
            None => Surveyed::of(job, store, Known::load(store)?, None),
        }
    }

    fn of_end(job: &Job<'_>, store: &Store) -> Result<Option<Surveyed>, Error> {
        let options = job.options;
        if !options.since_last || options.from.is_some() || options.to.is_some() {
            return Ok(None);
        }
        let Some(tail) = Tail::load(job.source, store)? else {
            return Ok(None);
        };
        let (root, stale_below) = (tail.root, tail.stale_below);
        let surveyed = Surveyed::of(job, store, tail.known, Some(root))?;
        let only_added = only_added(&surveyed.survey, &surveyed.stored_places);
        Ok(only_added.then_some(Surveyed {
            stale_below,
            ..surveyed
        }))
    }

    fn of(
        job: &Job<'_>,
        store: &Store,
        mut known: Known,
        root: Option<u32>,
    ) -> Result<Surveyed, Error> {
        let (source, since_last) = (job.source, job.options.since_last);
        let count = known.stored.len();
        let folder = source.blocks_dir.to_string_lossy();
        if store
            .meta("blocks_dir")?
            .is_some_and(|before| before != folder)
        {
            known.forget_places();
        }
        let noted = known.others.iter().map(|h| (h.place, Noted::of(h)));
        let noted = noted.collect();
        let survey = job
            .pool
            .install(|| survey(source, known, since_last, job.watch))?;
        // Read a second time, because during the header pass a million of them would be in the way.
        let mut stored_places = Vec::with_capacity(count);
        store.each_place(root.unwrap_or(0), |height, hash, place| {
            stored_places.push((hash, height, place));
        })?;
        Ok(Surveyed {
            survey,
            stored_places,
            noted,
            root,
            stale_below: 0,
        })
    }
}
