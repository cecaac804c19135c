//! The scan from end to end.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::close::close;
use super::decode::{DecodedDay, Reading, decode_days};
use super::history::{check_found, check_history, hash_at};
use super::plan::{Plan, blocks_of};
use super::survey::{Survey, unchanged};
use super::surveyed::Surveyed;
use super::warning::Warning;
use super::{Error, Options, Report, Source, Unit, Watch};
use crate::chain::Day;
use crate::dates;
use crate::filter::RULES_VERSION;
use crate::price::histogram;
use crate::store::{Store, disk_need};

/// One scan: what is asked, and what it is done with.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) source: &'a Source,
    pub(super) options: &'a Options,
    pub(super) watch: &'a Watch<'a>,
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
    };
    if let Some(report) = already_done(source, store, options)? {
        return Ok(report);
    }
    store.set_bin_steps(histogram::steps())?;
    let mut surveyed = Surveyed::new(job, store)?;
    for warning in &surveyed.survey.warnings {
        watch.progress.warn(warning);
    }
    check_found(source, &surveyed.survey)?;
    check_history(source, store, &surveyed.survey, &surveyed.stored_places)?;
    let missing = store.missing()?;
    let reading = Reading {
        use_undo: !options.no_undo,
        check: options.check,
        doubted: missing.iter().map(|gap| gap.first..=gap.last).collect(),
    };
    let (plan, replaced) = plan_and_read(job, store, &mut surveyed, &reading)?;
    let survey = &surveyed.survey;
    tell_gone(survey, &plan, watch);
    let mut report = Report {
        stale: surveyed.stale_below + survey.headers.len() - survey.chain.blocks.len(),
        ..Report::default()
    };
    let lost = store_plan(job, store, survey, &plan, replaced, &reading, &mut report)?;
    surveyed.survey.give_up(&unread_files(&lost));
    close(job, store, &surveyed, &plan, lost, &mut report)?;
    Ok(report)
}

/// The answer where no file has changed since a scan that left nothing to do.
fn already_done(
    source: &Source,
    store: &Store,
    options: &Options,
) -> Result<Option<Report>, Error> {
    let whole = options.since_last && options.from.is_none() && options.to.is_none();
    let same_folder = store.meta("blocks_dir")?.as_deref() == source.blocks_dir.to_str();
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

/// Makes the plan, and reads the days that are to be replaced together: if a file of theirs cannot be read now, the plan is made
/// again without it.
fn plan_and_read(
    job: &Job<'_>,
    store: &Store,
    surveyed: &mut Surveyed,
    reading: &Reading,
) -> Result<(Plan, Vec<DecodedDay>), Error> {
    let Job {
        pool,
        source,
        options,
        watch,
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
        let plan = Plan::new(survey, &days, first_ever, stored_hash, options, *root);
        announce(store, survey, &plan, watch);
        let mut replaced = Vec::new();
        let days = &plan.replaced;
        decode_days(pool, source, survey, days, reading, watch, |day| {
            replaced.push(day);
            Ok(())
        })?;
        let unread = unread_files(replaced.iter().flat_map(|day| &day.lost));
        if unread.is_empty() {
            return Ok((plan, replaced));
        }
        // What is stored of these days is more than what can be read of them now: without the files they stay.
        watch.progress.finish();
        for warning in replaced.iter().flat_map(|day| &day.lost) {
            watch.progress.warn(warning);
        }
        survey.give_up(&unread);
    }
}

/// Says which days stay as they are stored though the chain has other blocks in them.
fn tell_gone(survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
    for day in &plan.gone {
        let whole = blocks_of(survey, day)
            .iter()
            .all(|&(_, at)| survey.is_readable(&survey.headers[at]));
        let day = dates::show(day.day);
        watch.progress.warn(&if whole {
            Warning::DayHeld(day)
        } else {
            Warning::DayGone(day)
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

/// Stores what was read of the days to be replaced, and reads and stores the days to be added; gives the blocks that were not to
/// be had.
fn store_plan(
    job: &Job<'_>,
    store: &mut Store,
    survey: &Survey,
    plan: &Plan,
    replaced: Vec<DecodedDay>,
    reading: &Reading,
    report: &mut Report,
) -> Result<Vec<Warning>, Error> {
    let Job {
        pool,
        source,
        watch,
        ..
    } = *job;
    let mut lost = Vec::new();
    let mut take = |decoded: DecodedDay| {
        report.days += 1;
        report.blocks += decoded.row.blocks.len() as u64;
        report.outputs += decoded
            .row
            .blocks
            .iter()
            .map(|b| u64::from(b.outputs))
            .sum::<u64>();
        report.bytes += decoded
            .row
            .blocks
            .iter()
            .map(|b| u64::from(b.size))
            .sum::<u64>();
        for warning in decoded.lost {
            watch.progress.warn(&warning);
            lost.push(warning);
        }
        // A day none of whose blocks can be read has nothing to store.
        Some(decoded.row).filter(|row| !row.blocks.is_empty())
    };
    let together: Vec<_> = replaced.into_iter().filter_map(&mut take).collect();
    if !plan.removed.is_empty() {
        store.replace_days(&plan.removed, &together, RULES_VERSION)?;
    }
    drop(together);
    decode_days(pool, source, survey, &plan.added, reading, watch, |day| {
        let redone = plan.redone.contains(&day.row.day);
        let unread = !unread_files(&day.lost).is_empty();
        if let Some(row) = take(day).filter(|_| !(redone && unread)) {
            let old = Some(row.day).filter(|day| plan.redone.contains(day));
            store.replace_days(old.as_slice(), std::slice::from_ref(&row), RULES_VERSION)?;
        }
        Ok(())
    })?;
    watch.progress.finish();
    Ok(lost)
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
