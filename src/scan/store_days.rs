//! The work of a plan: days read and stored.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::close::of_lost;
use super::decode::{DecodedDay, Reading, decode_days};
use super::plan::{Plan, blocks_of};
use super::replaced::is_lost_since;
use super::rounds::Job;
use super::survey::Survey;
use super::warning::Warning;
use super::{Error, Report, Source, Unit, Watch};
use crate::blockfile::files;
use crate::chain::Day;
use crate::filter::RULES_VERSION;
use crate::store::{BlockRow, Store, disk_need};

/// Announces the work of `plan`.
pub(super) fn announce(store: &Store, survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
    let bytes = bytes_of(survey, plan.days());
    let blocks: u64 = plan
        .days()
        .map(|day| blocks_of(survey, day).len() as u64)
        .sum();
    warn_of_small_disk(store.path(), disk_need(blocks, bytes), watch);
    watch.progress.start("scanning", bytes, Unit::Bytes);
}

/// Bytes of the blocks of `days`.
fn bytes_of<'d>(survey: &Survey, days: impl IntoIterator<Item = &'d Day>) -> u64 {
    let sizes = |day| {
        let blocks = blocks_of(survey, day).iter();
        blocks.map(|&(_, at)| u64::from(survey.headers[at].size))
    };
    days.into_iter().flat_map(sizes).sum()
}

/// What could not be had of a plan.
#[derive(Default)]
pub(super) struct Lost {
    pub(super) blocks: Vec<Warning>,
    /// Numbers of files, of which other days were not stored either.
    pub(super) pruned: FxHashSet<u32>,
}

/// Stores what was read of the days to be replaced, and reads and stores the days to be added.
pub(super) fn store_plan(
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
    let replaced: Vec<_> = replaced.into_iter().filter_map(&mut take).collect();
    if !plan.removed.is_empty() || !plan.completeness.is_empty() || !replaced.is_empty() {
        store.together(|store| {
            store.replace_days(&plan.removed, &replaced, &plan.completeness, RULES_VERSION)?;
            let Some(then) = job.then else { return Ok(()) };
            watch.progress.finish();
            then(store)?;
            let bytes = bytes_of(survey, &plan.added);
            watch.progress.start("scanning", bytes, Unit::Bytes);
            Ok::<_, Error>(())
        })?;
    }
    drop(replaced);
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
            store.replace_days(
                old.as_slice(),
                std::slice::from_ref(&row),
                &[],
                RULES_VERSION,
            )?;
        }
        Ok(())
    });
    if pruned.is_empty() {
        ended?;
    }
    watch.progress.finish();
    Ok(Lost { pruned, ..lost })
}

/// The files of blocks that could not be read this time.
pub(super) fn unread_files<'w>(warnings: impl IntoIterator<Item = &'w Warning>) -> FxHashSet<u32> {
    let file = |warning: &Warning| match warning {
        Warning::Unread { place, .. } => Some(place.file),
        _ => None,
    };
    warnings.into_iter().filter_map(file).collect()
}

/// Whether these files were deleted from the front, as a node prunes. Where no file is left, their disk is gone.
pub(super) fn are_pruned(source: &Source, files: &FxHashSet<u32>) -> bool {
    let left = files::list(&source.blocks_dir).unwrap_or_default();
    !files.is_empty()
        && left
            .first()
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
