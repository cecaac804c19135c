//! How a priced window is printed: as text, as JSON, or as the line that scripts around UTXOracle.py read.

use clap::ValueEnum;
use serde_json::json;

use super::output::{dollars, say};
use crate::chain::WindowDay;
use crate::dates;
use crate::store::{PriceRow, Store, StoredDay};

/// The shape of what `price` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Shape {
    /// 2025-10-23 price: $110,123, and a remark where one is due
    #[default]
    Text,
    /// The same as --json
    Json,
    /// Oct 23, 2025 price: $110,123, the line that scripts around UTXOracle.py parse; the price is that of --engine
    Utxoracle,
}

/// `2025-10-23 price: $110,123`, with what is to be known of it in brackets.
pub(super) fn line(window: &str, row: &PriceRow) -> String {
    let price = row.usd.map_or_else(|| "none".to_string(), dollars);
    match remark(row) {
        Some(remark) => format!("{window} price: {price} ({remark})"),
        None => format!("{window} price: {price}"),
    }
}

/// What is to be known of a price that is not plainly a good one.
fn remark(row: &PriceRow) -> Option<&'static str> {
    match row.status.as_str() {
        "ok" => None,
        "weak" => Some("weak: little to go by"),
        "partial" => Some("partial: the day is not complete"),
        "unsupported" => {
            Some("unsupported: v9.1 prices days from 2023-12-15 on; --force does it all the same")
        }
        _ => Some("no price is to be found in its outputs"),
    }
}

/// `Oct 23, 2025 price: $110,123` and nothing else, or `None` where there is no price. Remarks go to stderr, so that
/// whoever parses the line is told as well.
pub(super) fn utxoracle_line(day: WindowDay, row: &PriceRow) -> Option<String> {
    if let Some(remark) = remark(row) {
        say(&format!("note: {}: {remark}", dates::show(day)));
    }
    row.usd
        .map(|usd| format!("{} price: {}", dates::show_english(day), dollars(usd)))
}

/// A priced day for programs.
pub(super) fn day_json(
    store: &Store,
    day: &StoredDay,
    row: &PriceRow,
) -> anyhow::Result<serde_json::Value> {
    let tip_height: Option<u32> = store
        .meta("tip_height")?
        .and_then(|height| height.parse().ok());
    let mut value = window_json(row, day.first, day.last, tip_height, store.tip_time()?);
    value["day"] = json!(dates::show(day.day));
    Ok(value)
}

/// What a program wants to know of a priced window.
pub(super) fn window_json(
    row: &PriceRow,
    first: u32,
    last: u32,
    tip_height: Option<u32>,
    tip_time: Option<u32>,
) -> serde_json::Value {
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
