//! What the page of one day shows.

use serde_json::{Value as Json, json};

use super::cloud::Cloud;
use super::columns::number;
use super::{Error, not_stored, prices};
use crate::chain::WindowDay;
use crate::dates;
use crate::export;
use crate::price::histogram::{BINS, edge_sats};
use crate::price::path::{self, Amounts, BlockOutputs, Explanation, ROUND_USD};
use crate::pricing::{Engine, joint};
use crate::store::{self, BlockPriceRow, PriceRow, Store, StoredDay};

/// A round amount with at least this share of the best one's score is one of those that carried the price.
const STRONG: f64 = 0.3;

/// People and exchanges round a little differently at the same moment.
const NARROWEST: f64 = 1.006;

/// A block of the day.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayBlock {
    pub(super) height: u32,
    /// Header time, UTC seconds.
    pub(super) time: i64,
    /// Qualifying outputs.
    pub(super) outputs: usize,
    /// The path at this block, if there is one.
    pub(super) price: Option<BlockPriceRow>,
}

/// What the page of a day links to, where a service has it.
#[derive(Debug)]
pub(super) struct Links {
    /// The page of all days.
    pub(super) home: String,
    /// Where the page of a day is, with `{day}` for the day.
    pub(super) day: String,
    /// The stored days next to it.
    pub(super) before: Option<WindowDay>,
    pub(super) after: Option<WindowDay>,
}

/// A stored day with its amounts and its price, ready to be shown.
#[derive(Debug)]
pub struct Day {
    /// Days since 1970-01-01.
    pub day: WindowDay,
    pub(super) stored: StoredDay,
    pub(super) path: Option<PriceRow>,
    pub(super) v91: Option<PriceRow>,
    pub(super) blocks: Vec<DayBlock>,
    pub(super) amounts: Amounts,
    /// Where there is a price.
    pub(super) cloud: Option<Cloud>,
    pub(super) explanation: Option<Explanation>,
    /// None in a file of its own.
    pub(super) links: Option<Links>,
}

impl Day {
    /// Reads a stored day.
    ///
    /// # Errors
    /// The day is not stored, or the database cannot be read.
    pub fn gather(store: &Store, day: WindowDay) -> Result<Day, Error> {
        // All rows from one state of the database, whatever is written meanwhile.
        let _snapshot = store.snapshot()?;
        let Some(stored) = store.days_between(day, day)?.pop() else {
            return Err(not_stored(store, day, day)?);
        };
        let price = |engine: Engine| Ok::<_, Error>(prices(store, engine, day, day)?.pop());
        let (path, v91) = (price(Engine::Path)?, price(Engine::V91)?);
        let outputs: Vec<BlockOutputs> = store
            .outputs(day)?
            .into_iter()
            .map(|block| BlockOutputs {
                height: block.height,
                time: i64::from(block.time),
                sats: block.sats,
            })
            .collect();
        let block_prices = block_prices(store, &stored)?;
        // One day is soon decoded; a thread for every processor may be more than a service is allowed.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let usd = path.as_ref().and_then(|row| row.usd);
        Ok(Day {
            day,
            stored,
            cloud: usd.map(|usd| {
                Cloud::around(usd, extremes(usd, &block_prices, path.as_ref()), &outputs)
            }),
            explanation: joint::posterior(&pool, store, day)?
                .map(|(posterior, blocks)| path::explain(&posterior, &blocks)),
            path,
            v91,
            blocks: blocks(&outputs, &block_prices),
            amounts: path::amounts(&outputs),
            links: None,
        })
    }

    /// The same without what v9.1 says.
    pub(super) fn of_path_alone(self) -> Day {
        Day { v91: None, ..self }
    }

    /// USD per BTC by the path engine.
    pub(super) fn usd(&self) -> Option<f64> {
        self.path.as_ref().and_then(|row| row.usd)
    }

    /// Whether there is anything to draw through the day.
    pub(super) fn has_path(&self) -> bool {
        self.usd().is_some() || self.blocks.iter().any(|block| block.price.is_some())
    }

    /// What the page draws.
    pub(super) fn to_json(&self) -> Json {
        let row = |row: &Option<PriceRow>| row.as_ref().map(price_json);
        let (first, end) = self.filled();
        let (shown, wide) = (self.shown(), self.wide());
        let counts = |counts: &[u32]| counts[first..end].to_vec();
        json!({
            "day": dates::show(self.day),
            "midnight": i64::from(self.day) * 86_400,
            "complete": self.stored.complete,
            "path": row(&self.path),
            "v91": row(&self.v91),
            "blocks": {
                "height": self.blocks.iter().map(|b| b.height).collect::<Vec<_>>(),
                "time": self.blocks.iter().map(|b| b.time).collect::<Vec<_>>(),
                "outputs": self.blocks.iter().map(|b| b.outputs).collect::<Vec<_>>(),
                "usd": self.column(|price| price.usd),
                "low": self.column(|price| price.low),
                "high": self.column(|price| price.high),
            },
            "cloud": self.cloud.as_ref().map(|cloud| json!({
                "low": cloud.low,
                "high": cloud.high,
                "steps": cloud.steps(),
                "points": cloud.points,
            })),
            "amounts": {
                "wide": [rounded(wide.0), rounded(wide.1)],
                "shown": [rounded(shown.0), rounded(shown.1)],
                "edges": (first..=end).map(|bin| rounded(edge(bin))).collect::<Vec<_>>(),
                "all": counts(&self.amounts.all),
                "counted": counts(&self.amounts.counted),
            },
            "teeth": ROUND_USD,
            "curve": self.explanation.as_ref().map(|explanation| explanation
                .curve
                .iter()
                .map(|&(usd, score)| json!([rounded(usd), rounded(score)]))
                .collect::<Vec<_>>()),
        })
    }

    /// From the first bin that holds an output to one behind the last.
    pub(super) fn filled(&self) -> (usize, usize) {
        let holds = |count: &u32| *count > 0;
        let first = self.amounts.all.iter().position(holds).unwrap_or(0);
        let last = self.amounts.all.iter().rposition(holds).unwrap_or(0);
        (first, last + 1)
    }

    /// From which to which amount (sats) a picture is worth looking at: where the round amounts that carried the price are,
    /// else where most of the amounts are.
    pub(super) fn shown(&self) -> (f64, f64) {
        let carried = self.explanation.as_ref().map(|e| e.carried_by.as_slice());
        let carried = carried.unwrap_or_default();
        let best = carried.first().map_or(0.0, |amount| amount.score);
        let strong = carried.iter().filter(|amount| amount.score > best * STRONG);
        let sats = strong.map(|amount| amount.sats as f64);
        let ends = sats.clone().reduce(f64::min).zip(sats.reduce(f64::max));
        let (low, high) = ends.unwrap_or_else(|| (self.quantile(0.05), self.quantile(0.9)));
        (low.max(2.0) / 2.3, high.max(20.0) * 2.3)
    }

    /// How wide a tooth of the comb is, as shares of an amount in sats: a round amount was paid at one of the day's prices.
    pub(super) fn wide(&self) -> (f64, f64) {
        let of = |price: fn(&PriceRow) -> Option<f64>| {
            let row = self.path.as_ref()?;
            Some(row.usd? / price(row)?).filter(|share| share.is_finite())
        };
        let (low, high) = (of(|row| row.high), of(|row| row.low));
        (
            low.unwrap_or(1.0).clamp(0.8, 1.0 / NARROWEST),
            high.unwrap_or(1.0).clamp(NARROWEST, 1.25),
        )
    }

    /// The amount, in sats, that a share of the counted amounts lies below.
    fn quantile(&self, share: f64) -> f64 {
        let total: u64 = self.amounts.counted.iter().copied().map(u64::from).sum();
        let mut below = 0;
        for (bin, count) in self.amounts.counted.iter().enumerate() {
            below += u64::from(*count);
            if below as f64 > total as f64 * share {
                return edge(bin);
            }
        }
        1e8
    }

    fn column(&self, of: impl Fn(&BlockPriceRow) -> f64) -> Vec<Json> {
        self.blocks
            .iter()
            .map(|block| {
                block
                    .price
                    .as_ref()
                    .map_or(Json::Null, |price| number(of(price)))
            })
            .collect()
    }
}

/// The lower edge of a bin, sats; the last has an upper one too, as far off as that of any other.
pub(super) fn edge(bin: usize) -> f64 {
    match bin {
        bin if bin < BINS => edge_sats(bin),
        _ => edge_sats(BINS - 1) * edge_sats(BINS - 1) / edge_sats(BINS - 2),
    }
}

/// To six figures: what is drawn needs no more.
fn rounded(value: f64) -> Json {
    let text = format!("{value:.5e}");
    number(text.parse().unwrap_or(value))
}

fn price_json(row: &PriceRow) -> Json {
    json!({
        "usd": row.usd,
        "open": row.open,
        "high": row.high,
        "low": row.low,
        "close": row.close,
        "confidence": row.confidence,
        "status": row.status,
        "low68": row.interval68.map(|interval| interval.0),
        "high68": row.interval68.map(|interval| interval.1),
        "low95": row.interval95.map(|interval| interval.0),
        "high95": row.interval95.map(|interval| interval.1),
    })
}

/// The lowest and the highest price of the day, whichever tells it.
fn extremes(usd: f64, blocks: &[BlockPriceRow], row: Option<&PriceRow>) -> (f64, f64) {
    let of_row = row
        .map(|row| [row.low, row.high])
        .into_iter()
        .flatten()
        .flatten();
    let all = blocks.iter().map(|block| block.usd).chain(of_row);
    all.filter(|price| price.is_finite() && *price > 0.0)
        .fold((usd, usd), |(low, high), price| {
            (low.min(price), high.max(price))
        })
}

/// The prices of the day's blocks, where there are any.
fn block_prices(store: &Store, day: &StoredDay) -> Result<Vec<BlockPriceRow>, store::Error> {
    let blocks = export::blocks::block_prices(store, day.first, day.last)?;
    let price = |block: export::blocks::BlockPrice| {
        Some(BlockPriceRow {
            height: block.height,
            usd: block.usd?,
            low: block.low?,
            high: block.high?,
        })
    };
    Ok(blocks.into_iter().filter_map(price).collect())
}

fn blocks(outputs: &[BlockOutputs], prices: &[BlockPriceRow]) -> Vec<DayBlock> {
    let with_price = |block: &BlockOutputs| DayBlock {
        height: block.height,
        time: block.time,
        outputs: block.sats.len(),
        price: prices
            .binary_search_by_key(&block.height, |price| price.height)
            .ok()
            .map(|at| prices[at]),
    };
    outputs.iter().map(with_price).collect()
}
