//! A priced day as a JSON object.

use serde_json::{Value, json};

use crate::dates;
use crate::store::{Error, PriceRow, Store, StoredDay};

/// What a program wants to know of a priced day.
///
/// # Errors
/// The database cannot be read.
pub fn day_json(store: &Store, day: &StoredDay, row: &PriceRow) -> Result<Value, Error> {
    let tip_height: Option<u32> = store
        .meta("tip_height")?
        .and_then(|height| height.parse().ok());
    let mut value = window_json(row, day.first, day.last, tip_height, store.tip_time()?);
    value["day"] = json!(dates::show(day.day));
    Ok(value)
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
