//! The scan from end to end, as often as it takes.

use rustc_hash::FxHashSet;

use super::close::close;
use super::decode::Reading;
use super::history::{check_found, check_history};
use super::replaced::{Planned, plan_and_read, tell_gone};
use super::store_days::{Lost, are_pruned, store_plan, unread_files};
use super::survey::unchanged;
use super::surveyed::Surveyed;
use super::warning::Warning;
use super::{Error, Options, Report, Source, Then, Watch};
use crate::filter::RULES_VERSION;
use crate::price::histogram;
use crate::store::{self, Store};

/// So often a scan begins again where files are pruned under it.
const ROUNDS: u32 = 3;

/// So many new days at most go into one transaction with those that are replaced: some ten seconds of work, which is what a run
/// that is killed loses.
const AT_ONCE: usize = 64;

/// One scan: what is asked, and what it is done with.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) source: &'a Source,
    pub(super) options: &'a Options,
    pub(super) watch: &'a Watch<'a>,
    /// What is done where stored days are replaced.
    pub(super) then: Option<&'a Then<'a>>,
    /// Where files are pruned under it, days are not stored for what is left of them: it will be done again.
    pub(super) again: bool,
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
    run_and(pool, source, store, options, watch, &|_| Ok(()))
}

/// Scans as [`run`] does, with `then` in each transaction that replaces stored days. Up to 64 new days are of that transaction too;
/// where there are more, they come one by one afterwards, without `then`.
///
/// # Errors
/// As [`run`], or `then` fails.
pub fn run_and(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &mut Store,
    options: &Options,
    watch: &Watch<'_>,
    then: &Then<'_>,
) -> Result<Report, Error> {
    let job = &Job {
        pool,
        source,
        options,
        watch,
        then: Some(then),
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

/// Why a transaction is taken back.
enum Undone {
    /// Files were pruned under it.
    Pruned,
    Failed(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Undone {
        Undone::Failed(error)
    }
}

impl From<store::Error> for Undone {
    fn from(error: store::Error) -> Undone {
        Undone::Failed(error.into())
    }
}

/// Surveys, stores what is new and closes.
fn round(job: &Job<'_>, store: &mut Store, report: &mut Report) -> Result<Ended, Error> {
    let mut surveyed = Surveyed::new(job, store)?;
    if job.again && are_pruned(job.source, &surveyed.survey.vanished) {
        return Ok(pruned(job, &surveyed.survey.vanished));
    }
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
    let planned = plan_and_read(job, store, &mut surveyed, &reading)?;
    tell_gone(&surveyed.survey, &planned.plan, job.watch);
    let (headers, chain) = (&surveyed.survey.headers, &surveyed.survey.chain);
    report.stale = surveyed.stale_below + headers.len() - chain.blocks.len();
    // A first scan has nothing to replace, and shows its days as they come.
    let at_once = !surveyed.stored_places.is_empty() && planned.plan.added.len() <= AT_ONCE;
    if !at_once {
        return store_and_close(job, store, surveyed, planned, &reading, report);
    }
    let before = report.clone();
    let part = &Job { then: None, ..*job };
    let done = store.together(|store| {
        match store_and_close(part, store, surveyed, planned, &reading, report)? {
            Ended::Closed => Ok(job.then.map_or(Ok(()), |then| then(store))?),
            Ended::Pruned => Err(Undone::Pruned),
        }
    });
    match done {
        Ok(()) => Ok(Ended::Closed),
        Err(Undone::Failed(error)) => Err(error),
        Err(Undone::Pruned) => {
            *report = before;
            Ok(Ended::Pruned)
        }
    }
}

/// Stores what was planned and closes the scan.
fn store_and_close(
    job: &Job<'_>,
    store: &mut Store,
    mut surveyed: Surveyed,
    planned: Planned,
    reading: &Reading,
    report: &mut Report,
) -> Result<Ended, Error> {
    let Planned {
        plan,
        replaced,
        still_lost,
    } = planned;
    store.note_folder(&job.source.blocks_dir.to_string_lossy())?;
    let survey = &surveyed.survey;
    let Lost {
        mut blocks,
        pruned: files,
    } = store_plan(job, store, survey, &plan, replaced, reading, report)?;
    if !files.is_empty() {
        return Ok(pruned(job, &files));
    }
    for warning in still_lost {
        job.watch.progress.warn(&warning);
        blocks.push(warning);
    }
    surveyed.survey.give_up(&unread_files(&blocks));
    close(job, store, &surveyed, &plan, &blocks, report)?;
    Ok(Ended::Closed)
}

/// The end of a round under which these files were pruned.
fn pruned(job: &Job<'_>, files: &FxHashSet<u32>) -> Ended {
    if let Some((first, last)) = files.iter().min().zip(files.iter().max()) {
        job.watch.progress.warn(&Warning::Pruned(*first, *last));
    }
    Ended::Pruned
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
