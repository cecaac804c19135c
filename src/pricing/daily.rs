//! The v9.1 engine over stored days, each by itself.

use rayon::prelude::*;

use super::{Engine, Status};
use crate::chain::WindowDay;
use crate::price::v91;
use crate::scan::{self, Unit, Watch};
use crate::store::{self, PackedDay, PriceRow, Store, StoredBlock, StoredDay};

/// Days priced between two commits.
const BATCH: usize = 32;

/// Fewer points than this make a v9.1 price weak. Were the points spread evenly over the ±5 % around the rough price,
/// their median would have a standard error of 5 % / √n: at 100 points twice that is 1 %.
const FEW_POINTS: usize = 100;

/// What one window's outputs give.
pub fn price_window(
    blocks: &[StoredBlock],
    day: WindowDay,
    complete: bool,
    force: bool,
) -> PriceRow {
    let mut row = PriceRow::empty(day, v91::ENGINE, v91::ENGINE_VERSION);
    row.outputs = blocks.iter().map(|block| block.sats.len() as u64).sum();
    // Only the day's own blocks count, so once it is complete nothing changes it.
    row.is_final = complete;
    if day < v91::SUPPORTED_FROM && !force {
        row.status = Status::Unsupported.name().to_string();
        return row;
    }
    let sats: Vec<&[u64]> = blocks.iter().map(|block| block.sats.as_slice()).collect();
    let status = match v91::price_blocks(&sats) {
        None => Status::None,
        Some(quote) => {
            row.usd = Some(f64::from(quote.usd));
            row.points = quote.points as u64;
            match (complete, quote.points < FEW_POINTS) {
                (false, _) => Status::Partial,
                (true, true) => Status::Weak,
                (true, false) => Status::Ok,
            }
        }
    };
    row.status = status.name().to_string();
    row
}

/// Prices a stored day.
///
/// # Errors
/// The day's outputs cannot be read.
pub fn price_day(store: &Store, day: &StoredDay, force: bool) -> Result<PriceRow, store::Error> {
    let blocks = store.outputs(day.day)?;
    Ok(price_window(&blocks, day.day, day.complete, force))
}

/// Prices every stored day that has no price yet, and stores the prices; gives their number.
///
/// With `force`, days before the engine's first are priced too, those marked unsupported included.
///
/// # Errors
/// The database cannot be read or written, or the run was interrupted.
pub fn price_all(
    pool: &rayon::ThreadPool,
    store: &mut Store,
    force: bool,
    watch: &Watch<'_>,
) -> Result<usize, scan::Error> {
    let engine = Engine::V91;
    let days = store.unpriced(engine.name(), engine.version(), force)?;
    if days.is_empty() {
        return Ok(0);
    }
    watch
        .progress
        .start("pricing by v9.1", days.len() as u64, Unit::Days);
    for batch in days.chunks(BATCH) {
        watch.check()?;
        // All is read by the one connection that writes: only it sees the days of a transaction under way.
        let packed: Result<Vec<PackedDay>, store::Error> =
            batch.iter().map(|day| store.packed(day.day)).collect();
        let packed = packed?;
        let rows: Result<Vec<PriceRow>, store::Error> = pool.install(|| {
            let days = batch.par_iter().zip(&packed);
            days.map(|(day, packed)| {
                let blocks = packed.unpack()?;
                Ok(price_window(&blocks, day.day, day.complete, force))
            })
            .collect()
        });
        store.put_prices(&rows?)?;
        watch.progress.advance(batch.len() as u64);
    }
    watch.progress.finish();
    Ok(days.len())
}
