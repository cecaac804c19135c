//! A priced day as a JSON object.

use serde_json::{Value, json};

use crate::chain::WindowDay;
use crate::dates;
use crate::store::{Error, PriceRow, Store, StoredDay};

/// What a program wants to know of a priced day.
///
/// # Errors
/// The database cannot be read.
pub fn day_json(store: &Store, day: &StoredDay, row: &PriceRow) -> Result<Value, Error> {
    Ok(with_tip(day, row, tip(store)?))
}

/// The days from `first` to `last` that `engine` has priced, ascending, each as [`day_json`] gives it.
///
/// # Errors
/// The database cannot be read.
pub fn days_json(
    store: &Store,
    engine: &str,
    first: WindowDay,
    last: WindowDay,
) -> Result<Vec<Value>, Error> {
    let tip = tip(store)?;
    let days = store.days_between(first, last)?;
    let rows = store.prices(engine, first, last)?;
    let day_of = |row: &PriceRow| days.binary_search_by_key(&row.day, |day| day.day).ok();
    Ok(rows
        .iter()
        .filter_map(|row| Some(with_tip(&days[day_of(row)?], row, tip)))
        .collect())
}

/// Height and header time of the chain's tip.
type Tip = (Option<u32>, Option<u32>);

fn tip(store: &Store) -> Result<Tip, Error> {
    let height = store.meta("tip_height")?;
    Ok((
        height.and_then(|height| height.parse().ok()),
        store.tip_time()?,
    ))
}

fn with_tip(day: &StoredDay, row: &PriceRow, (height, time): Tip) -> Value {
    let mut value = window_json(row, day.first, day.last, height, time);
    value["day"] = json!(dates::show(day.day));
    value
}

/// What a program wants to know of a priced window of blocks; prices in USD per BTC, times in UTC seconds.
pub fn window_json(
    row: &PriceRow,
    first: u32,
    last: u32,
    tip_height: Option<u32>,
    tip_time: Option<u32>,
) -> Value {
    // Whole dollars are written as such.
    let price = row.usd.map(|usd| {
        if usd.fract() == 0.0 {
            json!(usd as i64)
        } else {
            json!(usd)
        }
    });
    json!({
        "price": price,
        "open": row.open,
        "high": row.high,
        "low": row.low,
        "close": row.close,
        "low68": row.interval68.map(|(low, _)| low),
        "high68": row.interval68.map(|(_, high)| high),
        "low95": row.interval95.map(|(low, _)| low),
        "high95": row.interval95.map(|(_, high)| high),
        "final": row.is_final,
        "anchors": row.anchors,
        "confidence": row.confidence,
        "status": row.status,
        "first_height": first,
        "last_height": last,
        "tip_height": tip_height,
        "tip_time": tip_time,
        "block_height": tip_height,
        "timestamp": tip_time,
        "engine": row.engine,
        "engine_version": row.engine_version,
        "outputs": row.outputs,
        "points": row.points,
    })
}
