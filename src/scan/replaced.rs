//! The plan of a scan, and the days that it replaces together, read before anything of them is given up.

use rustc_hash::FxHashSet;

use super::close::of_lost;
use super::decode::{DecodedDay, Reading, decode_days};
use super::history::hash_at;
use super::plan::{Plan, blocks_of};
use super::reader::OTHER_ROOT;
use super::rounds::Job;
use super::store_days::{announce, unread_files};
use super::survey::Survey;
use super::surveyed::Surveyed;
use super::warning::Warning;
use super::{Error, Watch};
use crate::chain::header::Hash;
use crate::dates;
use crate::filter::RULES_VERSION;
use crate::store::{Missing, Store, StoredDay};

/// What is to be stored.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// The days of it that are replaced together, as read.
    pub(super) replaced: Vec<DecodedDay>,
    /// Blocks that could not be had again, of days that stay as they are.
    pub(super) still_lost: Vec<Warning>,
}

/// Makes the plan, and reads the days that are to be replaced together: if a file of theirs cannot be read now, the plan is made
/// again without it.
pub(super) fn plan_and_read(
    job: &Job<'_>,
    store: &Store,
    surveyed: &mut Surveyed,
    reading: &Reading,
) -> Result<Planned, Error> {
    let Job {
        pool,
        source,
        options,
        watch,
        ..
    } = *job;
    let Surveyed {
        survey,
        stored_places,
        root,
        ..
    } = surveyed;
    let stored_hash = |height| hash_at(stored_places, height);
    loop {
        let first_ever = store.first_day_ever()?;
        let days = store.days()?;
        let mut plan = Plan::new(survey, &days, first_ever, stored_hash, options, *root);
        announce(store, survey, &plan, watch);
        let mut replaced = Vec::new();
        let mut still_lost = Vec::new();
        let mut as_stored = Vec::new();
        decode_days(
            pool,
            source,
            survey,
            &plan.replaced,
            reading,
            watch,
            |mut day| {
                if is_as_stored(&day, &days, stored_hash, reading) {
                    as_stored.push(day.row.day);
                    still_lost.append(&mut day.lost);
                } else {
                    replaced.push(day);
                }
                Ok(())
            },
        )?;
        plan.leave(&as_stored);
        let lost = || replaced.iter().flat_map(|day| &day.lost);
        let unread = unread_files(lost());
        let damaged = stored_and_damaged(survey, &plan, stored_hash, lost());
        if unread.is_empty() && damaged.is_empty() {
            return Ok(Planned {
                plan,
                replaced,
                still_lost,
            });
        }
        // What is stored of these days is more than what can be read of them now: without the files they stay.
        watch.progress.finish();
        lost().for_each(|warning| watch.progress.warn(warning));
        survey.give_up(&unread);
        survey.damaged.extend(damaged);
    }
}

/// Whether what could be read of a day is what is stored of it, and what could not be was missing before. To store it anew would
/// change nothing, and have all days after it priced again.
fn is_as_stored(
    day: &DecodedDay,
    stored: &[StoredDay],
    stored_hash: impl Fn(u32) -> Option<Hash>,
    reading: &Reading,
) -> bool {
    let blocks = &day.row.blocks;
    let Ok(at) = stored.binary_search_by_key(&day.row.day, |old| old.day) else {
        return false;
    };
    let old = &stored[at];
    let same_ends = (day.row.first, day.row.last) == (old.first, old.last);
    let was_missing = |gap: Missing| reading.doubts(gap.first);
    (old.rules_version, old.complete) == (RULES_VERSION, day.row.complete)
        && same_ends
        && old.blocks as usize == blocks.len()
        && blocks
            .iter()
            .all(|block| stored_hash(block.height) == Some(block.hash))
        && day.lost.iter().filter_map(of_lost).all(was_missing)
}

/// The blocks among those lost that are stored, of days whose stored blocks are all on the chain: such a day only grows, and is
/// not replaced by less. (After a reorganisation the chain counts more than one of its blocks.)
fn stored_and_damaged<'w>(
    survey: &Survey,
    plan: &Plan,
    stored_hash: impl Fn(u32) -> Option<Hash>,
    lost: impl Iterator<Item = &'w Warning>,
) -> FxHashSet<Hash> {
    let stands = |&(height, at): &(u32, usize)| {
        let hash = survey.headers[at].hash;
        (stored_hash(height) == Some(hash)).then_some(hash)
    };
    let damaged: FxHashSet<u32> = lost
        .filter_map(|warning| match warning {
            Warning::Damaged { height, .. } if is_lost_since(warning) => Some(*height),
            _ => None,
        })
        .collect();
    let mut held = FxHashSet::default();
    for day in &plan.replaced {
        let blocks = blocks_of(survey, day);
        let grows = blocks
            .iter()
            .all(|block| stored_hash(block.0).is_none() || stands(block).is_some());
        let of_day = blocks.iter().filter(|block| damaged.contains(&block.0));
        held.extend(of_day.filter_map(stands).filter(|_| grows));
    }
    held
}

/// Whether a stored block was whole when it was stored, for all that is known. One that can be taken apart and has another merkle
/// root may have been stored as damaged as it is now, by a run that did not check.
pub(super) fn is_lost_since(warning: &Warning) -> bool {
    !matches!(warning, Warning::Damaged { why, .. } if why == OTHER_ROOT)
}

/// Says which days stay as they are stored though the chain has other blocks in them.
pub(super) fn tell_gone(survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
    for day in &plan.gone {
        let headers = || {
            let blocks = blocks_of(survey, day).iter();
            blocks.map(|&(_, at)| &survey.headers[at])
        };
        let date = dates::show(day.day);
        watch
            .progress
            .warn(&if headers().all(|header| survey.is_readable(header)) {
                Warning::DayHeld(date)
            } else if headers().all(|header| survey.paths.contains_key(&header.place.file)) {
                Warning::DayDamaged(date)
            } else {
                Warning::DayGone(date)
            });
    }
}
