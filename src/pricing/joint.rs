//! The path engine over all stored days.
//!
//! Three passes: the evidence of each day that has none yet, in parallel; the joint decoding, from the newest state
//! that no change has touched; the fine pass of each day that could change, in parallel. Only days within the
//! engine's lag before the earliest change can have other prices than before, so only those are computed again.

use rayon::prelude::*;

use super::{Status, anchors};
use crate::chain::WindowDay;
use crate::price::path::{
    self, Anchor, BlockOutputs, DayEvidence, DayPosterior, DayPrice, ENGINE, ENGINE_VERSION, LAG,
    Span,
};
use crate::scan::{self, Unit, Watch};
use crate::store::{self, BlockPriceRow, PackedDay, PriceRow, Store, StoredBlock, StoredDay};

/// Days one thread does in a row: a day needs its neighbours' outputs near midnight, so runs save unpacking.
const RUN: usize = 8;
/// Runs a thread between two commits.
const RUNS: usize = 2;
/// How near midnight the neighbours' blocks matter, in seconds.
const NEAR: i64 = 2 * 3600;

/// Prices every day whose price may have changed; gives their number.
///
/// # Errors
/// The database cannot be read or written, or the run was interrupted.
pub fn price_all(
    pool: &rayon::ThreadPool,
    store: &mut Store,
    anchors: Option<&[(WindowDay, f64)]>,
    watch: &Watch<'_>,
) -> Result<usize, scan::Error> {
    let days = store.days()?;
    if days.is_empty() {
        return Ok(0);
    }
    let anchors = match anchors {
        Some(given) => given.to_vec(),
        None => anchors::stored(store)?,
    };
    let written = anchors::write(&anchors);
    let basis = format!("{ENGINE_VERSION};{}", written.as_deref().unwrap_or(""));
    if store.meta("path_basis")?.as_deref() != Some(basis.as_str()) {
        store.set_path_basis(&basis)?;
    }
    let without = store.first_without_price(ENGINE, ENGINE_VERSION)?;
    let noted = store.path_changed_from()?;
    let Some(changed) = noted.into_iter().chain(without).min() else {
        return Ok(0);
    };
    let evidence = gather_evidence(pool, store, &days, watch)?;
    let first = days
        .partition_point(|day| day.day < changed)
        .saturating_sub(LAG);
    let Some(from) = days.get(first.min(days.len() - 1)) else {
        return Ok(0);
    };
    // The last day of the chain can still grow.
    let settled = days.len() - usize::from(!days[days.len() - 1].complete);
    let decoded = decode(pool, store, &evidence, &anchors, from.day, settled)?;
    let job = Job {
        days: &days,
        first,
        posteriors: decoded.days,
        is_final: settled.saturating_sub(LAG),
        anchors: written,
    };
    refine(pool, store, &job, watch)?;
    let state = decoded.resume.map(|state| (state.day, state.to_bytes()));
    store.close_path_run(state)?;
    Ok(days.len() - first)
}

/// The evidence of every day, ascending, computed where it is not kept yet.
fn gather_evidence(
    pool: &rayon::ThreadPool,
    store: &mut Store,
    days: &[StoredDay],
    watch: &Watch<'_>,
) -> Result<Vec<DayEvidence>, scan::Error> {
    let mut evidence: Vec<DayEvidence> = store
        .path_evidence(ENGINE_VERSION)?
        .iter()
        .filter_map(|(day, data)| {
            DayEvidence::from_bytes(data).filter(|evidence| evidence.day == *day)
        })
        .collect();
    let missing: Vec<WindowDay> = days
        .iter()
        .map(|day| day.day)
        .filter(|day| evidence.binary_search_by_key(day, |e| e.day).is_err())
        .collect();
    watch
        .progress
        .start("reading amounts", missing.len() as u64, Unit::Days);
    for batch in missing.chunks(RUN * RUNS * pool.current_num_threads()) {
        watch.check()?;
        let packed = read(store, batch)?;
        let found: Result<Vec<DayEvidence>, store::Error> = pool.install(|| {
            let days = batch.par_iter().zip(&packed);
            days.map(|(&day, packed)| Ok(path::evidence(day, &convert(packed.unpack()?))))
                .collect()
        });
        let found = found?;
        let rows: Vec<(WindowDay, Vec<u8>)> = found.iter().map(|e| (e.day, e.to_bytes())).collect();
        store.put_path_evidence(ENGINE_VERSION, &rows)?;
        watch.progress.advance(batch.len() as u64);
        evidence.extend(found);
    }
    watch.progress.finish();
    evidence.sort_by_key(|e| e.day);
    Ok(evidence)
}

/// The beliefs of the days from `from` on, decoded from the newest state before it, or from the first day.
fn decode(
    pool: &rayon::ThreadPool,
    store: &Store,
    evidence: &[DayEvidence],
    anchors: &[(WindowDay, f64)],
    from: WindowDay,
    settled: usize,
) -> Result<path::Decoded, store::Error> {
    let state = store
        .path_state_before(from)?
        .and_then(|data| path::ForwardState::from_bytes(&data));
    let start = match &state {
        Some(state) => evidence.partition_point(|e| e.day <= state.day),
        None => 0,
    };
    let anchors: Vec<Anchor> = anchors
        .iter()
        .map(|&(day, usd)| Anchor { day, usd })
        .collect();
    Ok(pool.install(|| {
        path::decode_from(
            &evidence[start..],
            settled.saturating_sub(start),
            &anchors,
            state.as_ref(),
            from,
        )
    }))
}

/// The belief about one stored day, for explaining its price; with the day's blocks.
///
/// # Errors
/// The database cannot be read.
pub fn posterior(
    pool: &rayon::ThreadPool,
    store: &Store,
    day: WindowDay,
) -> Result<Option<(DayPosterior, Vec<BlockOutputs>)>, store::Error> {
    let evidence: Vec<DayEvidence> = store
        .path_evidence(ENGINE_VERSION)?
        .iter()
        .filter_map(|(_, data)| DayEvidence::from_bytes(data))
        .collect();
    let Ok(at) = evidence.binary_search_by_key(&day, |e| e.day) else {
        return Ok(None);
    };
    // Nothing behind the lag can change it.
    let reach = &evidence[..(at + LAG + 1).min(evidence.len())];
    let decoded = decode(
        pool,
        store,
        reach,
        &anchors::stored(store)?,
        day,
        reach.len(),
    )?;
    let found = decoded
        .days
        .into_iter()
        .find(|posterior| posterior.day == day);
    Ok(match found {
        Some(posterior) => Some((posterior, outputs(store, day)?)),
        None => None,
    })
}

/// A day's row and those of its blocks.
pub(crate) type Priced = (PriceRow, Vec<BlockPriceRow>);

/// Days to price, and the beliefs about them.
pub(crate) struct Job<'a> {
    days: &'a [StoredDay],
    /// Position of the first day to price.
    first: usize,
    /// From that day on.
    posteriors: Vec<DayPosterior>,
    /// Days before this position change no more.
    is_final: usize,
    anchors: Option<String>,
}

/// What it takes to price the days from position `first` on, from the `evidence` of each of `days` and nothing that an
/// earlier run has left. The first `settled` days change no more.
pub(crate) fn afresh<'a>(
    pool: &rayon::ThreadPool,
    days: &'a [StoredDay],
    evidence: &[DayEvidence],
    anchors: &[(WindowDay, f64)],
    first: usize,
    settled: usize,
) -> Job<'a> {
    let known: Vec<Anchor> = anchors
        .iter()
        .map(|&(day, usd)| Anchor { day, usd })
        .collect();
    let from = days.get(first).map_or(WindowDay::MAX, |day| day.day);
    let decoded = pool.install(|| path::decode_from(evidence, settled, &known, None, from));
    Job {
        days,
        first,
        posteriors: decoded.days,
        is_final: settled.saturating_sub(LAG),
        anchors: anchors::write(anchors),
    }
}

fn refine(
    pool: &rayon::ThreadPool,
    store: &mut Store,
    job: &Job<'_>,
    watch: &Watch<'_>,
) -> Result<(), scan::Error> {
    let positions: Vec<usize> = (job.first..job.days.len()).collect();
    watch
        .progress
        .start("pricing by path", positions.len() as u64, Unit::Days);
    for batch in positions.chunks(RUN * RUNS * pool.current_num_threads()) {
        watch.check()?;
        // With a neighbour on each side.
        let from = batch[0].saturating_sub(1);
        let to = (batch[0] + batch.len() + 1).min(job.days.len());
        let days: Vec<WindowDay> = job.days[from..to].iter().map(|day| day.day).collect();
        let packed = read(store, &days)?;
        let unpack = |at: usize| Ok(convert(packed[at - from].unpack()?));
        let rows: Result<Vec<Vec<Priced>>, store::Error> = pool.install(|| {
            let runs = batch.par_chunks(RUN);
            runs.map(|run| refine_run(job, run, unpack)).collect()
        });
        store.put_path_prices(&rows?.concat())?;
        watch.progress.advance(batch.len() as u64);
    }
    watch.progress.finish();
    Ok(())
}

/// Reads days by the one connection that writes: only it sees the days of a transaction under way.
fn read(store: &Store, days: &[WindowDay]) -> Result<Vec<PackedDay>, store::Error> {
    days.iter().map(|&day| store.packed(day)).collect()
}

/// The rows of days at successive positions of the job; `outputs` gives those of the day at a position.
pub(crate) fn refine_run(
    job: &Job<'_>,
    run: &[usize],
    outputs: impl Fn(usize) -> Result<Vec<BlockOutputs>, store::Error>,
) -> Result<Vec<Priced>, store::Error> {
    let read = |at: Option<usize>| match at.filter(|&at| at < job.days.len()) {
        Some(at) => outputs(at),
        None => Ok(Vec::new()),
    };
    let mut rows = Vec::with_capacity(run.len());
    let Some(&start) = run.first() else {
        return Ok(rows);
    };
    let mut before = read(start.checked_sub(1))?;
    let mut own = read(Some(start))?;
    for &at in run {
        let after = read(at.checked_add(1))?;
        let day = &job.days[at];
        let span = span_of(day, &own);
        let late = before.partition_point(|block| block.time < span.start - NEAR);
        let early = after.partition_point(|block| block.time < span.start + DAY + NEAR);
        let posterior = &job.posteriors[at - job.first];
        let price = path::refine(posterior, span, &before[late..], &own, &after[..early]);
        rows.push(to_rows(day, &price, at < job.is_final, job.anchors.clone()));
        before = std::mem::replace(&mut own, after);
    }
    Ok(rows)
}

const DAY: i64 = 86_400;

/// The day, or as much of it as there is: the last day of the chain ends with its last block.
fn span_of(day: &StoredDay, blocks: &[BlockOutputs]) -> Span {
    let whole = Span::of_day(day.day);
    if day.complete {
        return whole;
    }
    let last = blocks
        .iter()
        .map(|block| block.time)
        .max()
        .unwrap_or(whole.end);
    Span {
        start: whole.start,
        end: last.clamp(whole.start + 1, whole.end),
    }
}

pub(super) fn to_rows(
    day: &StoredDay,
    price: &DayPrice,
    is_final: bool,
    anchors: Option<String>,
) -> (PriceRow, Vec<BlockPriceRow>) {
    let row = PriceRow {
        usd: price.usd,
        open: price.open,
        high: price.high,
        low: price.low,
        close: price.close,
        confidence: price.confidence,
        status: status(price, day.complete).name().to_string(),
        outputs: day.outputs,
        points: price.points,
        interval68: price.low68.zip(price.high68),
        interval95: price.low95.zip(price.high95),
        is_final,
        anchors,
        ..PriceRow::empty(day.day, ENGINE, ENGINE_VERSION)
    };
    let blocks = price
        .blocks
        .iter()
        .map(|block| BlockPriceRow {
            height: block.height,
            usd: block.usd,
            low: block.low,
            high: block.high,
        })
        .collect();
    (row, blocks)
}

fn status(price: &DayPrice, complete: bool) -> Status {
    match price.status {
        path::Status::None => Status::None,
        _ if !complete => Status::Partial,
        path::Status::Weak => Status::Weak,
        path::Status::Ok => Status::Ok,
    }
}

pub(crate) fn outputs(store: &Store, day: WindowDay) -> Result<Vec<BlockOutputs>, store::Error> {
    Ok(convert(store.outputs(day)?))
}

pub(super) fn convert(blocks: Vec<StoredBlock>) -> Vec<BlockOutputs> {
    blocks
        .into_iter()
        .map(|block| BlockOutputs {
            height: block.height,
            time: i64::from(block.time),
            sats: block.sats,
        })
        .collect()
}
