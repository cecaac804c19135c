//! The scan from end to end.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::close::{close, of_lost};
use super::decode::{DecodedDay, Reading, decode_days};
use super::history::{check_found, check_history, hash_at};
use super::plan::{Plan, blocks_of};
use super::reader::OTHER_ROOT;
use super::survey::{Survey, unchanged};
use super::surveyed::Surveyed;
use super::warning::Warning;
use super::{Error, Options, Report, Source, Unit, Watch};
use crate::blockfile::files;
use crate::chain::Day;
use crate::chain::header::Hash;
use crate::dates;
use crate::filter::RULES_VERSION;
use crate::price::histogram;
use crate::store::{BlockRow, Missing, Store, StoredDay, disk_need};

/// So often a scan begins again where files are pruned under it.
const ROUNDS: u32 = 3;

/// One scan: what is asked, and what it is done with.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) source: &'a Source,
    pub(super) options: &'a Options,
    pub(super) watch: &'a Watch<'a>,
    /// Where files are pruned under it, days are not stored for what is left of them: it will be done again.
    again: bool,
}

/// Scans `source` into `store` on the threads of `pool`.
///
/// # Errors
/// The folder or the database cannot be used, or the run was interrupted. What was stored until then stays and the
/// next run goes on from there.
pub fn run(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &mut Store,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Report, Error> {
    let job = &Job {
        pool,
        source,
        options,
        watch,
        again: true,
    };
    if let Some(report) = already_done(source, store, options)? {
        return Ok(report);
    }
    store.set_bin_steps(histogram::steps())?;
    let mut report = Report::default();
    for _ in 0..ROUNDS {
        if let Ended::Closed = round(job, store, &mut report)? {
            return Ok(report);
        }
    }
    let job = &Job {
        again: false,
        ..*job
    };
    round(job, store, &mut report)?;
    Ok(report)
}

/// How a round ended.
enum Ended {
    Closed,
    /// Files were pruned under it.
    Pruned,
}

/// Surveys, stores what is new and closes.
fn round(job: &Job<'_>, store: &mut Store, report: &mut Report) -> Result<Ended, Error> {
    let mut surveyed = Surveyed::new(job, store)?;
    for warning in &surveyed.survey.warnings {
        job.watch.progress.warn(warning);
    }
    check_found(job.source, &surveyed.survey)?;
    check_history(job.source, store, &surveyed.survey, &surveyed.stored_places)?;
    let missing = store.missing()?;
    let reading = Reading {
        use_undo: !job.options.no_undo,
        check: job.options.check,
        doubted: missing.iter().map(|gap| gap.first..=gap.last).collect(),
    };
    let Planned {
        plan,
        replaced,
        still_lost,
    } = plan_and_read(job, store, &mut surveyed, &reading)?;
    let survey = &surveyed.survey;
    tell_gone(survey, &plan, job.watch);
    report.stale = surveyed.stale_below + survey.headers.len() - survey.chain.blocks.len();
    let Lost { mut blocks, pruned } =
        store_plan(job, store, survey, &plan, replaced, &reading, report)?;
    if let Some((first, last)) = pruned.iter().min().zip(pruned.iter().max()) {
        job.watch.progress.warn(&Warning::Pruned(*first, *last));
        return Ok(Ended::Pruned);
    }
    for warning in still_lost {
        job.watch.progress.warn(&warning);
        blocks.push(warning);
    }
    surveyed.survey.give_up(&unread_files(&blocks));
    close(job, store, &surveyed, &plan, &blocks, report)?;
    Ok(Ended::Closed)
}

/// The answer where no file has changed since a scan that left nothing to do.
fn already_done(
    source: &Source,
    store: &Store,
    options: &Options,
) -> Result<Option<Report>, Error> {
    let whole = options.since_last && options.from.is_none() && options.to.is_none();
    let folder = source.blocks_dir.to_string_lossy();
    let same_folder = store.meta("blocks_dir")?.as_deref() == Some(&*folder);
    let same_rules =
        store.meta("rules_version")?.as_deref() == Some(RULES_VERSION.to_string().as_str());
    if !whole || !same_folder || !same_rules || store.meta("finished")?.as_deref() != Some("tip") {
        return Ok(None);
    }
    if !unchanged(source, &store.files()?)? {
        return Ok(None);
    }
    let height = store
        .meta("tip_height")?
        .and_then(|height| height.parse().ok());
    Ok(Some(Report {
        tip: height.zip(store.meta("tip_hash")?),
        incomplete: store.meta("incomplete")?.as_deref() == Some("1"),
        nothing_new: true,
        ..Report::default()
    }))
}

/// What is to be stored.
struct Planned {
    plan: Plan,
    /// The days of it that are replaced together, as read.
    replaced: Vec<DecodedDay>,
    /// Blocks that could not be had again, of days that stay as they are.
    still_lost: Vec<Warning>,
}

/// Makes the plan, and reads the days that are to be replaced together: if a file of theirs cannot be read now, the plan is made
/// again without it.
fn plan_and_read(
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
fn is_lost_since(warning: &Warning) -> bool {
    !matches!(warning, Warning::Damaged { why, .. } if why == OTHER_ROOT)
}

/// Says which days stay as they are stored though the chain has other blocks in them.
fn tell_gone(survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
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

/// The files of blocks that could not be read this time.
fn unread_files<'w>(warnings: impl IntoIterator<Item = &'w Warning>) -> FxHashSet<u32> {
    let file = |warning: &Warning| match warning {
        Warning::Unread { place, .. } => Some(place.file),
        _ => None,
    };
    warnings.into_iter().filter_map(file).collect()
}

/// Announces the work of `plan`.
fn announce(store: &Store, survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
    let sizes = |day: &Day| -> u64 {
        blocks_of(survey, day)
            .iter()
            .map(|&(_, at)| u64::from(survey.headers[at].size))
            .sum()
    };
    let bytes: u64 = plan.days().map(sizes).sum();
    let blocks: u64 = plan
        .days()
        .map(|day| blocks_of(survey, day).len() as u64)
        .sum();
    warn_of_small_disk(store.path(), disk_need(blocks, bytes), watch);
    watch.progress.start("scanning", bytes, Unit::Bytes);
}

/// What could not be had of a plan.
#[derive(Default)]
struct Lost {
    blocks: Vec<Warning>,
    /// Numbers of files, of which other days were not stored either.
    pruned: FxHashSet<u32>,
}

/// Stores what was read of the days to be replaced, and reads and stores the days to be added.
fn store_plan(
    job: &Job<'_>,
    store: &mut Store,
    survey: &Survey,
    plan: &Plan,
    replaced: Vec<DecodedDay>,
    reading: &Reading,
    report: &mut Report,
) -> Result<Lost, Error> {
    let Job {
        pool,
        source,
        watch,
        ..
    } = *job;
    let mut lost = Lost::default();
    let mut take = |mut decoded: DecodedDay| {
        let sum = |of: fn(&BlockRow) -> u32| -> u64 {
            decoded.row.blocks.iter().map(|b| u64::from(of(b))).sum()
        };
        report.days += 1;
        report.blocks += decoded.row.blocks.len() as u64;
        report.outputs += sum(|block| block.outputs);
        report.bytes += sum(|block| block.size);
        decoded.row.missing = decoded.lost.iter().filter_map(of_lost).collect();
        for warning in decoded.lost {
            watch.progress.warn(&warning);
            lost.blocks.push(warning);
        }
        // A day none of whose blocks can be read has nothing to store.
        Some(decoded.row).filter(|row| !row.blocks.is_empty())
    };
    let together: Vec<_> = replaced.into_iter().filter_map(&mut take).collect();
    if !plan.removed.is_empty() || !together.is_empty() {
        store.replace_days(&plan.removed, &together, RULES_VERSION)?;
    }
    drop(together);
    let mut pruned = FxHashSet::default();
    let ended = decode_days(pool, source, survey, &plan.added, reading, watch, |day| {
        let unread = unread_files(&day.lost);
        if job.again && !unread.is_empty() && are_pruned(source, &unread) {
            pruned.extend(unread);
            return Err(Error::Interrupted); // this loop, not the scan
        }
        let redone = plan.redone.contains(&day.row.day);
        // What is stored under older rules is more than a part of it under these.
        let less = redone && day.lost.iter().any(is_lost_since);
        if let Some(row) = take(day).filter(|_| !less) {
            let old = Some(row.day).filter(|_| redone);
            store.replace_days(old.as_slice(), std::slice::from_ref(&row), RULES_VERSION)?;
        }
        Ok(())
    });
    if pruned.is_empty() {
        ended?;
    }
    watch.progress.finish();
    Ok(Lost { pruned, ..lost })
}

/// Whether these files were deleted from the front, as a node prunes. Where no file is left, their disk is gone.
fn are_pruned(source: &Source, files: &FxHashSet<u32>) -> bool {
    let left = files::list(&source.blocks_dir).unwrap_or_default();
    left.first()
        .is_some_and(|first| files.iter().all(|file| *file < first.number))
}

/// Only a warning: the estimate is rough, and a full disk loses nothing that was committed.
fn warn_of_small_disk(database: &Path, need: u64, watch: &Watch<'_>) {
    let folder = database.parent().filter(|dir| !dir.as_os_str().is_empty());
    if let Ok(free) = fs4::available_space(folder.unwrap_or(Path::new(".")))
        && free < need
    {
        watch.progress.warn(&Warning::SmallDisk { need, free });
    }
}
