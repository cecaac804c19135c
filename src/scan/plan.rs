//! What there is to do: the chain's days against those stored.

use rustc_hash::FxHashMap;

use super::Options;
use super::survey::Survey;
use crate::chain::WindowDay;
use crate::chain::days::{self, Day};
use crate::chain::header::Hash;
use crate::filter::RULES_VERSION;
use crate::store::StoredDay;

/// The work of one scan.
#[derive(Debug, Default)]
pub struct Plan {
    /// Days that replace stored ones with other blocks, and all between them, ascending: stored in one transaction with
    /// the removals, so that a reader sees the chain before a reorganisation or after it.
    pub replaced: Vec<Day>,
    /// Stored days to remove in that transaction.
    pub removed: Vec<WindowDay>,
    /// Days stored one by one, ascending.
    pub added: Vec<Day>,
    /// Of those, days that are stored under older rules and are removed as they are replaced.
    pub redone: Vec<WindowDay>,
    /// Stored days whose blocks stay but whose completeness changes.
    pub completeness: Vec<(WindowDay, bool)>,
    /// Stored days whose blocks differ but cannot all be read any more.
    pub gone: Vec<WindowDay>,
    /// Every day of the chain is stored once this is done, from the first stored on.
    pub reaches_tip: bool,
}

impl Plan {
    /// Compares the surveyed chain with the stored days and blocks; if only its end was surveyed, from behind the day that
    /// begins at height `root` on.
    pub fn new(
        survey: &Survey,
        stored_days: &[StoredDay],
        stored_hashes: &FxHashMap<u32, Hash>,
        options: &Options,
        root: Option<u32>,
    ) -> Plan {
        let blocks = &survey.chain.blocks;
        let mut chain = days::cut(
            blocks
                .iter()
                .map(|&(height, at)| (height, survey.headers[at].time)),
        );
        if root.is_some() {
            // The day that the rest stands on, which stays as it is.
            chain.remove(0);
        }
        let stored_days = match root {
            Some(root) => &stored_days[stored_days.partition_point(|day| day.first <= root)..],
            None => stored_days,
        };
        let stored: FxHashMap<WindowDay, &StoredDay> =
            stored_days.iter().map(|d| (d.day, d)).collect();
        let first_stored = stored_days.first().map(|d| d.day);
        let from = options.from.or(first_stored.filter(|_| options.since_last));
        let wanted = |day: WindowDay| {
            stored.contains_key(&day)
                || (from.is_none_or(|from| day >= from) && options.to.is_none_or(|to| day <= to))
        };
        let mut plan = Plan::default();
        let mut differing = Vec::new();
        let mut fresh = Vec::new();
        for &day in chain.iter().filter(|day| wanted(day.day)) {
            let range = blocks_of(survey, &day);
            let Some(&old) = stored.get(&day.day) else {
                fresh.push(day);
                continue;
            };
            let same = old.first == day.first
                && old.last == day.last
                && old.blocks as usize == range.len()
                && range.iter().all(|&(height, at)| {
                    stored_hashes.get(&height) == Some(&survey.headers[at].hash)
                });
            if same && old.rules_version == RULES_VERSION {
                if old.complete != day.complete {
                    plan.completeness.push((day.day, day.complete));
                }
            } else if range
                .iter()
                .any(|&(_, at)| !survey.is_readable(&survey.headers[at]))
            {
                plan.gone.push(day.day);
                if old.complete {
                    plan.completeness.push((day.day, false));
                }
            } else if same {
                plan.redone.push(day.day);
                fresh.push(day);
            } else {
                differing.push(day);
            }
        }
        plan.removed = stored_days
            .iter()
            .map(|old| old.day)
            .filter(|day| chain.binary_search_by_key(day, |d| d.day).is_err())
            .chain(differing.iter().map(|day| day.day))
            .collect();
        plan.removed.sort_unstable();
        // A removed day's blocks belong to its neighbours now: whatever lies between goes with it.
        let span = plan
            .removed
            .first()
            .copied()
            .zip(plan.removed.last().copied());
        let within = |day: &Day| {
            span.is_some_and(|(first, last)| (first..=last).contains(&day.day))
                && !plan.redone.contains(&day.day)
        };
        let (mut replaced, added): (Vec<Day>, Vec<Day>) = fresh.into_iter().partition(within);
        replaced.extend(differing);
        replaced.sort_unstable_by_key(|day| day.day);
        plan.replaced = replaced;
        plan.added = added;
        let start = first_stored.into_iter().chain(from).min();
        plan.reaches_tip = chain
            .iter()
            .filter(|day| start.is_none_or(|start| day.day >= start))
            .all(|day| wanted(day.day));
        plan
    }

    /// Days to read.
    pub fn days(&self) -> impl Iterator<Item = &Day> {
        self.replaced.iter().chain(&self.added)
    }
}

/// Height and position of the header of each block of `day`.
pub fn blocks_of<'s>(survey: &'s Survey, day: &Day) -> &'s [(u32, usize)] {
    let blocks = &survey.chain.blocks;
    let start = blocks.partition_point(|&(height, _)| height < day.first);
    let end = blocks.partition_point(|&(height, _)| height <= day.last);
    &blocks[start..end]
}
