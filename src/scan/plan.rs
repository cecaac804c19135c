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
    /// Stored days whose blocks differ but cannot all be read any more, and days that would take heights of them: what is
    /// stored of these stays.
    pub gone: Vec<Day>,
    /// Every day of the chain is stored once this is done, from the first stored on.
    pub reaches_tip: bool,
}

impl Plan {
    /// Compares the surveyed chain with the stored days and blocks; if only its end was surveyed, from behind the day that
    /// begins at height `root` on. `first_ever` is the earliest day that was ever stored: a day that a reorganisation took
    /// away is wanted again once it is back.
    pub fn new(
        survey: &Survey,
        stored_days: &[StoredDay],
        first_ever: Option<WindowDay>,
        stored_hash: impl Fn(u32) -> Option<Hash>,
        options: &Options,
        root: Option<u32>,
    ) -> Plan {
        let blocks = &survey.chain.blocks;
        let mut chain = days::cut(
            blocks
                .iter()
                .map(|&(height, at)| (height, survey.headers[at].time)),
        );
        let stored_days = match root {
            Some(root) => {
                // The day that the rest stands on stays as it is.
                chain.retain(|day| day.first > root);
                &stored_days[stored_days.partition_point(|day| day.first <= root)..]
            }
            None => stored_days,
        };
        let stored: FxHashMap<WindowDay, &StoredDay> =
            stored_days.iter().map(|d| (d.day, d)).collect();
        let first_stored = stored_days.first().map(|d| d.day);
        let first_wanted = first_stored.into_iter().chain(first_ever).min();
        let from = options.from.or(first_wanted.filter(|_| options.since_last));
        let wanted = |day: WindowDay| {
            stored.contains_key(&day)
                || (from.is_none_or(|from| day >= from) && options.to.is_none_or(|to| day <= to))
        };
        let readable = |&(_, at): &(u32, usize)| survey.is_readable(&survey.headers[at]);
        let mut plan = Plan::default();
        let mut differing = Vec::new();
        let mut fresh = Vec::new();
        for &day in chain.iter().filter(|day| wanted(day.day)) {
            let range = blocks_of(survey, &day);
            let Some(&old) = stored.get(&day.day) else {
                // Of a day outside earlier ranges only headers may be left: it went with a pruned start.
                if range.iter().any(readable) {
                    fresh.push(day);
                }
                continue;
            };
            let same = old.first == day.first
                && old.last == day.last
                && old.blocks as usize == range.len()
                && range
                    .iter()
                    .all(|&(height, at)| stored_hash(height) == Some(survey.headers[at].hash));
            if same && old.rules_version == RULES_VERSION {
                if old.complete != day.complete {
                    plan.completeness.push((day.day, day.complete));
                }
            } else if !range.iter().all(readable) {
                plan.gone.push(day);
            } else if same {
                plan.redone.push(day.day);
                fresh.push(day);
            } else {
                differing.push(day);
            }
        }
        plan.hold_back(&stored, &mut differing, &mut fresh);
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

    /// A stored day that stays keeps its heights. A reorganisation can have moved some of them to another day; to store that
    /// one too would have two blocks at a height, so it stays as it is as well, and with it whatever would lie on its heights.
    fn hold_back(
        &mut self,
        stored: &FxHashMap<WindowDay, &StoredDay>,
        differing: &mut Vec<Day>,
        fresh: &mut Vec<Day>,
    ) {
        let mut seen = 0;
        while seen < self.gone.len() {
            let kept: Vec<(u32, u32)> = self.gone[seen..]
                .iter()
                .filter_map(|day| stored.get(&day.day))
                .map(|old| (old.first, old.last))
                .collect();
            seen = self.gone.len();
            let on_kept = |day: &mut Day| {
                kept.iter()
                    .any(|&(first, last)| day.first <= last && day.last >= first)
            };
            self.gone.extend(differing.extract_if(.., on_kept));
            self.gone.extend(fresh.extract_if(.., on_kept));
        }
        self.gone.sort_unstable_by_key(|day| day.day);
        let was_complete = |day: &&Day| stored.get(&day.day).is_some_and(|old| old.complete);
        let incomplete = self.gone.iter().filter(was_complete);
        self.completeness
            .extend(incomplete.map(|day| (day.day, false)));
    }

    /// Leaves some of the days to be replaced as they are stored.
    pub fn leave(&mut self, days: &[WindowDay]) {
        self.replaced.retain(|day| !days.contains(&day.day));
        self.removed.retain(|day| !days.contains(day));
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
    // The heights can be those of a damaged row.
    &blocks[start..end.max(start)]
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::chain::days::SECONDS;
    use crate::chain::header::{Header, Place};

    /// A chain with so many blocks in each day from day 10 on, ten blocks a file.
    fn survey(blocks_of_days: &[u32], branch: u8) -> Survey {
        let mut survey = Survey::default();
        for (day, &blocks) in (10u32..).zip(blocks_of_days) {
            for i in 0..blocks {
                let height = survey.headers.len() as u32;
                survey.headers.push(Header {
                    hash: hash(branch, height),
                    prev: Hash::ZERO,
                    version: 4,
                    time: day * SECONDS + i,
                    bits: 0x207f_ffff,
                    place: Place {
                        file: height / 10,
                        offset: 8,
                    },
                    size: 300,
                    height: None,
                });
                survey.chain.blocks.push((height, height as usize));
                survey.paths.insert(height / 10, PathBuf::new());
            }
        }
        survey
    }

    fn hash(branch: u8, height: u32) -> Hash {
        let mut bytes = [branch; 32];
        bytes[..4].copy_from_slice(&height.to_le_bytes());
        Hash(bytes)
    }

    /// The plan for `now` where all of `before` is stored.
    fn plan(now: &Survey, before: &Survey, options: &Options) -> Plan {
        let times = before.chain.blocks.iter();
        let days: Vec<StoredDay> = days::cut(times.map(|&(h, at)| (h, before.headers[at].time)))
            .into_iter()
            .map(|day| StoredDay {
                day: day.day,
                first: day.first,
                last: day.last,
                blocks: day.last - day.first + 1,
                outputs: 0,
                complete: day.complete,
                rules_version: RULES_VERSION,
            })
            .collect();
        let hashes = before.chain.blocks.iter();
        let hashes: FxHashMap<u32, Hash> = hashes
            .map(|&(h, at)| (h, before.headers[at].hash))
            .collect();
        Plan::new(now, &days, None, |h| hashes.get(&h).copied(), options, None)
    }

    fn days(days: &[Day]) -> Vec<WindowDay> {
        days.iter().map(|day| day.day).collect()
    }

    const SINCE_LAST: Options = Options {
        no_undo: false,
        check: false,
        since_last: true,
        from: None,
        to: None,
    };

    #[test]
    fn what_is_stored_as_it_is_needs_nothing() {
        let chain = survey(&[5, 5, 5], 1);
        let plan = plan(&chain, &chain, &Options::default());
        assert_eq!(plan.days().count(), 0);
        assert!(plan.removed.is_empty() && plan.completeness.is_empty() && plan.reaches_tip);
    }

    #[test]
    fn a_day_that_grew_is_replaced_and_new_ones_are_added() {
        let plan = plan(&survey(&[5, 8, 5, 2], 1), &survey(&[5, 3], 1), &SINCE_LAST);
        assert_eq!((days(&plan.replaced), plan.removed), (vec![11], vec![11]));
        assert_eq!(days(&plan.added), [12, 13]);
    }

    #[test]
    fn a_day_that_only_ended_changes_its_completeness() {
        let plan = plan(&survey(&[5, 5, 1], 1), &survey(&[5, 5], 1), &SINCE_LAST);
        assert_eq!(plan.completeness, [(11, true)]);
        assert_eq!(
            (days(&plan.replaced), days(&plan.added)),
            (vec![], vec![12])
        );
    }

    #[test]
    fn other_hashes_at_the_same_heights_replace_a_day() {
        let mut other = survey(&[5, 5, 5], 1);
        other.headers[14].hash = hash(2, 14);
        let plan = plan(&other, &survey(&[5, 5, 5], 1), &SINCE_LAST);
        assert_eq!((days(&plan.replaced), plan.removed), (vec![12], vec![12]));
    }

    #[test]
    fn a_day_that_a_reorganisation_took_away_is_removed() {
        let plan = plan(&survey(&[5, 7], 2), &survey(&[5, 5, 1], 1), &SINCE_LAST);
        assert_eq!(
            (days(&plan.replaced), plan.removed),
            (vec![10, 11], vec![10, 11, 12])
        );
    }

    #[test]
    fn a_grown_day_whose_first_file_is_gone_stays_as_it_is() {
        let mut pruned = survey(&[5, 20, 5], 1);
        pruned.paths.remove(&0);
        let plan = plan(&pruned, &survey(&[5, 10], 1), &SINCE_LAST);
        assert_eq!((days(&plan.gone), days(&plan.added)), (vec![11], vec![12]));
        assert!(plan.removed.is_empty() && plan.replaced.is_empty());
    }

    #[test]
    fn days_that_would_take_heights_of_a_day_that_stays_are_held_back() {
        // Day 11 ends earlier in the new branch, but begins in a file that is gone; day 13 is moved on by that too.
        let mut now = survey(&[5, 10, 25, 10], 1);
        for (header, height) in now.headers[14..].iter_mut().zip(14..) {
            header.hash = hash(2, height);
        }
        now.paths.remove(&0);
        let plan = plan(&now, &survey(&[5, 20, 12], 1), &SINCE_LAST);
        assert_eq!(days(&plan.gone), [11, 12]);
        assert_eq!(
            (days(&plan.replaced), days(&plan.added)),
            (vec![], vec![13])
        );
        assert!(plan.removed.is_empty());
        assert_eq!(plan.completeness, [(11, false)]);
    }

    #[test]
    fn a_first_day_that_was_taken_away_is_wanted_when_it_is_back() {
        let chain = survey(&[5, 5, 5], 1);
        let plan = Plan::new(&chain, &[], Some(11), |_| None, &SINCE_LAST, None);
        assert_eq!(days(&plan.added), [11, 12]);
    }

    #[test]
    fn a_range_limits_what_is_added_and_says_that_the_tip_is_not_reached() {
        let chain = survey(&[5, 5, 5, 5, 5], 1);
        let range = Options {
            no_undo: false,
            check: false,
            since_last: false,
            from: Some(11),
            to: Some(12),
        };
        let plan = plan(&chain, &Survey::default(), &range);
        assert_eq!(days(&plan.added), [11, 12]);
        assert!(!plan.reaches_tip);
    }
}
