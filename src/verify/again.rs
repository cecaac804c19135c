//! The stored prices against those that the engines make of the stored outputs now.
//!
//! The path engine's evidence of the chosen days is computed anew; its beliefs are decoded from the first day on, so that nothing
//! an earlier run has left is taken for granted but the evidence of the days that were not chosen.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::files::{CHANGED, tell_unchecked};
use super::rows::{block_differences, row_differences};
use super::{Error, Findings, Report, Work};
use crate::chain::WindowDay;
use crate::price::path::{self, DayEvidence, LAG};
use crate::pricing::{Engine, Status, anchors, daily, joint};
use crate::scan::{Unit, Watch};
use crate::store::{self, Store, StoredDay};

/// Days one thread does in a row.
const RUN: usize = 16;

const OTHER_VERSION: &str =
    "a price of it was made by another version of the engine; `blkprice price` makes it anew";
const PENDING: &str =
    "days have changed since it was priced by path; `blkprice price` prices it anew";
const DAMAGED: &str = "its prices rest on stored rows that are damaged";

/// What was found of a day.
#[derive(Default)]
struct Found {
    day: WindowDay,
    wrong: Vec<String>,
    unchecked: Option<&'static str>,
    prices: u64,
    evidence: Option<DayEvidence>,
}

/// Computes the prices of the chosen days again.
pub(super) fn check(
    work: Work<'_>,
    findings: &mut Findings<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let Work {
        pool,
        store,
        claims,
        chosen,
        watch,
    } = work;
    let mut told = Told {
        seen: store.writes_seen()?,
        unchecked: Vec::new(),
    };
    let snapshot = store.snapshot()?;
    let Some(days) = findings.undamaged(None, store.days())? else {
        return Ok(());
    };
    let basis = findings.undamaged(None, Basis::read(store, &days))?;
    let Some(basis) = basis else {
        return Ok(());
    };
    let kept = match basis.evidence {
        true => findings.undamaged(None, store.path_evidence(path::ENGINE_VERSION))?,
        false => None,
    };
    drop(snapshot);
    let mut evidence: FxHashMap<WindowDay, DayEvidence> = kept
        .unwrap_or_default()
        .iter()
        .filter_map(|(day, data)| Some((*day, DayEvidence::from_bytes(data)?)))
        .filter(|(day, evidence)| evidence.day == *day)
        .collect();

    let asked: Vec<usize> = chosen
        .iter()
        .filter_map(|&at| {
            days.binary_search_by_key(&claims[at].day.day, |d| d.day)
                .ok()
        })
        .collect();
    watch
        .progress
        .start("checking prices", 2 * asked.len() as u64, Unit::Days);
    let path_days = &days[..basis.known];
    let look = |reader: &Store, run: &[usize]| -> Result<Vec<Found>, store::Error> {
        let each = run.iter().map(|&at| {
            let known = at < basis.known && basis.evidence;
            let stored = evidence.get(&days[at].day);
            sound(days[at].day, |found| {
                v91(reader, &days[at], found)?;
                if known {
                    evidence_of(reader, &days[at], stored, found)?;
                }
                Ok(())
            })
        });
        each.collect()
    };
    let found = in_runs(pool, store, &asked, watch, look, &mut |found| {
        told.take(store, found, findings, report)
    })?;
    evidence.extend(found.into_iter().filter_map(|f| Some((f.day, f.evidence?))));

    let mut priced = Vec::new();
    for &at in &asked {
        let row =
            findings.undamaged(None, store.prices(path::ENGINE, days[at].day, days[at].day))?;
        let Some(row) = row.and_then(|mut rows| rows.pop()) else {
            continue; // told by the check of the rows, if it should be there
        };
        if row.engine_version != path::ENGINE_VERSION || !basis.evidence {
            told.unchecked.push((row.day, OTHER_VERSION));
        } else if at >= basis.limit {
            told.unchecked.push((row.day, PENDING));
        } else {
            priced.push(at);
        }
    }
    // Without the evidence of a day nothing can be decoded; what is not kept is computed.
    let mut complete = Vec::with_capacity(path_days.len());
    if let Some(&first) = priced.first() {
        for day in path_days {
            watch.check()?;
            let one = match evidence.remove(&day.day) {
                Some(one) => Ok(one),
                None => joint::outputs(store, day.day).map(|o| path::evidence(day.day, &o)),
            };
            match one {
                Ok(one) => complete.push(one),
                Err(error) if error.damage().is_some() => break,
                Err(error) => return Err(error.into()),
            }
        }
        // Behind damaged outputs nothing is known.
        let reach = match complete.len() == path_days.len() {
            true => priced.len(),
            false => priced.partition_point(|at| at + LAG < complete.len()),
        };
        for at in priced.split_off(reach) {
            told.unchecked.push((days[at].day, DAMAGED));
        }
        let job = joint::afresh(
            pool,
            &path_days[..complete.len()],
            &complete,
            &basis.anchors,
            first,
            basis.settled,
        );
        let look = |reader: &Store, run: &[usize]| path_run(reader, &job, &days, run);
        in_runs(pool, store, &priced, watch, look, &mut |found| {
            told.take(store, found, findings, report)
        })?;
    }
    watch.progress.finish();
    told.unchecked.sort_unstable();
    told.unchecked.dedup();
    tell_unchecked(&told.unchecked, chosen, claims, findings);
    Ok(())
}

/// What the stored path prices rest on.
struct Basis {
    /// The evidence kept is of this version of the engine.
    evidence: bool,
    anchors: Vec<(WindowDay, f64)>,
    /// So many days are as they were when they were priced.
    known: usize,
    /// Of them, days whose price what came later cannot have changed.
    limit: usize,
    /// Of the known, days that will not grow.
    settled: usize,
}

impl Basis {
    fn read(store: &Store, days: &[StoredDay]) -> Result<Basis, store::Error> {
        let basis = store.meta("path_basis")?.unwrap_or_default();
        let version = basis.split(';').next().and_then(|v| v.parse().ok());
        let grows = days.last().is_some_and(|day| !day.complete);
        let (known, limit) = match store.meta("path_changed_from")? {
            None => (days.len(), days.len()),
            Some(changed) => {
                let changed = changed.parse().unwrap_or(WindowDay::MIN);
                let known = days.partition_point(|day| day.day < changed);
                (known, known.saturating_sub(LAG))
            }
        };
        Ok(Basis {
            evidence: version == Some(path::ENGINE_VERSION),
            anchors: anchors::stored(store)?,
            known,
            limit,
            settled: known - usize::from(grows && known == days.len()),
        })
    }
}

/// What was told, and since when nobody else may have written.
struct Told {
    seen: i64,
    unchecked: Vec<(WindowDay, &'static str)>,
}

impl Told {
    fn take(
        &mut self,
        store: &Store,
        found: &Found,
        findings: &mut Findings<'_>,
        report: &mut Report,
    ) -> Result<(), Error> {
        report.prices += found.prices;
        if let Some(why) = found.unchecked {
            self.unchecked.push((found.day, why));
        }
        // What differs while another run writes may be of two states.
        if !found.wrong.is_empty() && store.writes_seen()? != self.seen {
            self.unchecked.push((found.day, CHANGED));
            return Ok(());
        }
        for what in &found.wrong {
            findings.wrong(Some(found.day), what.as_str());
        }
        Ok(())
    }
}

/// What `look` finds in the days at these positions, on all threads; `take` is told of each day in order.
fn in_runs(
    pool: &rayon::ThreadPool,
    store: &Store,
    positions: &[usize],
    watch: &Watch<'_>,
    look: impl Fn(&Store, &[usize]) -> Result<Vec<Found>, store::Error> + Sync,
    take: &mut dyn FnMut(&Found) -> Result<(), Error>,
) -> Result<Vec<Found>, Error> {
    let path = store.path();
    let mut all = Vec::with_capacity(positions.len());
    for batch in positions.chunks(RUN * pool.current_num_threads()) {
        watch.check()?;
        let found: Result<Vec<Vec<Found>>, store::Error> = pool.install(|| {
            batch
                .par_chunks(RUN)
                .map(|run| look(&Store::read(path)?, run))
                .collect()
        });
        for found in found?.into_iter().flatten() {
            take(&found)?;
            all.push(found);
        }
        watch.progress.advance(batch.len() as u64);
    }
    Ok(all)
}

/// What is found of a day; damaged rows are told by the check of the rows.
fn sound(
    day: WindowDay,
    look: impl FnOnce(&mut Found) -> Result<(), store::Error>,
) -> Result<Found, store::Error> {
    let mut found = Found {
        day,
        ..Found::default()
    };
    match look(&mut found) {
        Err(error) if error.damage().is_some() => found.unchecked = Some(DAMAGED),
        other => other?,
    }
    Ok(found)
}

fn v91(store: &Store, day: &StoredDay, found: &mut Found) -> Result<(), store::Error> {
    let engine = Engine::V91;
    let Some(row) = store.prices(engine.name(), day.day, day.day)?.pop() else {
        return Ok(());
    };
    if row.engine_version != engine.version() {
        found.unchecked = Some(OTHER_VERSION);
        return Ok(());
    }
    // A row that is not of an unsupported day was made with `--force`, if it had to be.
    let force = row.status != Status::Unsupported.name();
    let fresh = daily::price_day(store, day, force)?;
    found.prices += 1;
    found.wrong.extend(row_differences(&row, &fresh));
    Ok(())
}

fn evidence_of(
    store: &Store,
    day: &StoredDay,
    stored: Option<&DayEvidence>,
    found: &mut Found,
) -> Result<(), store::Error> {
    let fresh = path::evidence(day.day, &joint::outputs(store, day.day)?);
    match stored {
        // As it is: the prices were decoded from it.
        Some(stored) if stored.agrees(&fresh) => return Ok(()),
        Some(_) => found
            .wrong
            .push("its path evidence does not follow from its outputs".to_string()),
        None => found.wrong.push("its path evidence is gone".to_string()),
    }
    found.evidence = Some(fresh);
    Ok(())
}

/// Days that follow each other share what is read of them.
fn path_run(
    store: &Store,
    job: &joint::Job<'_>,
    days: &[StoredDay],
    run: &[usize],
) -> Result<Vec<Found>, store::Error> {
    let mut all = Vec::with_capacity(run.len());
    let outputs = |at: usize| joint::outputs(store, days[at].day);
    for run in run.chunk_by(|a, b| a + 1 == *b) {
        let fresh = match joint::refine_run(job, run, outputs) {
            // One of them, or next to them: each by itself then.
            Err(error) if error.damage().is_some() => None,
            fresh => Some(fresh?),
        };
        for (at, position) in run.iter().enumerate() {
            let day = &days[*position];
            all.push(sound(day.day, |found| match &fresh {
                Some(fresh) => path_rows(store, day, &fresh[at], found),
                None => match joint::refine_run(job, &[*position], outputs)?.pop() {
                    Some(fresh) => path_rows(store, day, &fresh, found),
                    None => Ok(()),
                },
            })?);
        }
    }
    Ok(all)
}

fn path_rows(
    store: &Store,
    day: &StoredDay,
    (fresh, fresh_blocks): &joint::Priced,
    found: &mut Found,
) -> Result<(), store::Error> {
    let Some(row) = store.prices(path::ENGINE, day.day, day.day)?.pop() else {
        return Ok(());
    };
    let blocks = store.block_prices(day.first, day.last)?;
    found.prices += 1;
    found.wrong.extend(row_differences(&row, fresh));
    found.wrong.extend(block_differences(&blocks, fresh_blocks));
    Ok(())
}
