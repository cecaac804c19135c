//! The price pass: days of outputs from the store through an engine and back into the store.

use rayon::prelude::*;

use crate::chain::WindowDay;
use crate::price::v91;
use crate::scan::{self, Unit, Watch};
use crate::store::reader::StoredBlock;
use crate::store::{self, PriceRow, Store, StoredDay};

/// Days priced between two commits.
const BATCH: usize = 64;

/// A price engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The published reference method, day by day.
    V91,
}

impl Engine {
    /// Every engine, the default first.
    pub const ALL: [Engine; 1] = [Engine::V91];

    /// The engine used where none is named.
    pub const DEFAULT: Engine = Engine::ALL[0];

    /// Its name, on the command line and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Engine::V91 => v91::ENGINE,
        }
    }

    /// Its version; rows of an older version are computed again.
    pub fn version(self) -> u32 {
        match self {
            Engine::V91 => v91::ENGINE_VERSION,
        }
    }
}

/// How far a price can be trusted, as the `status` column says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A whole day with enough to go by.
    Ok,
    /// A price resting on little.
    Weak,
    /// A price of an incomplete day.
    Partial,
    /// No price is to be found.
    None,
    /// The engine does not cover this day.
    Unsupported,
}

impl Status {
    /// The word in the database.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Weak => "weak",
            Status::Partial => "partial",
            Status::None => "none",
            Status::Unsupported => "unsupported",
        }
    }
}

/// Fewer points than this make a v9.1 price weak. Were the points spread evenly over the ±5 % around the rough price,
/// their median would have a standard error of 5 % / √n: at 100 points twice that is 1 %.
const FEW_POINTS: usize = 100;

/// What one window's outputs give by v9.1.
pub fn price_window(
    blocks: &[StoredBlock],
    day: WindowDay,
    complete: bool,
    force: bool,
) -> PriceRow {
    let outputs = blocks.iter().map(|block| block.sats.len() as u64).sum();
    let mut row = PriceRow {
        day,
        engine: v91::ENGINE.to_string(),
        usd: None,
        open: None,
        high: None,
        low: None,
        close: None,
        confidence: None,
        status: Status::Unsupported.name().to_string(),
        outputs,
        points: 0,
        engine_version: v91::ENGINE_VERSION,
    };
    if day < v91::SUPPORTED_FROM && !force {
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
    engine: Engine,
    force: bool,
    watch: &Watch<'_>,
) -> Result<usize, scan::Error> {
    let days = store.unpriced(engine.name(), engine.version(), force)?;
    if days.is_empty() {
        return Ok(0);
    }
    watch
        .progress
        .start("pricing", days.len() as u64, Unit::Days);
    let path = store.path().to_path_buf();
    for batch in days.chunks(BATCH) {
        watch.check()?;
        let rows: Result<Vec<PriceRow>, store::Error> = pool.install(|| {
            batch
                .par_iter()
                .map_init(
                    || Store::read(&path),
                    |reader, day| match reader {
                        Ok(reader) => price_day(reader, day, force),
                        // Opening failed: try again, for the error belongs to this day too.
                        Err(_) => price_day(&Store::read(&path)?, day, force),
                    },
                )
                .collect()
        });
        store.put_prices(&rows?)?;
        watch.progress.advance(batch.len() as u64);
    }
    watch.progress.finish();
    Ok(days.len())
}
