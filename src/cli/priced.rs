//! How a priced window is printed as text, or as the line that scripts around UTXOracle.py read.

use clap::ValueEnum;

use super::output::{dollars, say};
use crate::chain::WindowDay;
use crate::dates;
use crate::store::PriceRow;

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
