//! A stored price row against one computed again.

use crate::store::{BlockPriceRow, PriceRow};

/// Machines round the last digits of powers and logarithms differently; relative.
const ROUNDING: f64 = 1e-9;

/// The columns in which a stored row differs, a line each.
pub(super) fn row_differences(stored: &PriceRow, fresh: &PriceRow) -> Vec<String> {
    let numbers = |row: &PriceRow| {
        [
            ("usd", row.usd),
            ("open", row.open),
            ("high", row.high),
            ("low", row.low),
            ("close", row.close),
            ("confidence", row.confidence),
            ("low68", row.interval68.map(|i| i.0)),
            ("high68", row.interval68.map(|i| i.1)),
            ("low95", row.interval95.map(|i| i.0)),
            ("high95", row.interval95.map(|i| i.1)),
        ]
    };
    let words = |row: &PriceRow| {
        [
            ("status", row.status.clone()),
            ("outputs", row.outputs.to_string()),
            ("points", row.points.to_string()),
            ("final", u8::from(row.is_final).to_string()),
            ("anchors", or_none(row.anchors.as_ref())),
        ]
    };
    let numbers = numbers(stored).into_iter().zip(numbers(fresh));
    let numbers = numbers
        .filter(|((_, a), (_, b))| !same(*a, *b))
        .map(|((column, a), (_, b))| (column, or_none(a.as_ref()), or_none(b.as_ref())));
    let words = words(stored).into_iter().zip(words(fresh));
    let words = words
        .filter(|((_, a), (_, b))| a != b)
        .map(|((column, a), (_, b))| (column, a, b));
    numbers
        .chain(words)
        .map(|(column, a, b)| {
            let engine = &stored.engine;
            format!("the price by {engine}: {column}: {a} is stored, and {b} follows")
        })
        .collect()
}

type Column = fn(&BlockPriceRow) -> f64;

/// In what stored block prices differ, a line for each column.
pub(super) fn block_differences(stored: &[BlockPriceRow], fresh: &[BlockPriceRow]) -> Vec<String> {
    let heights = |rows: &[BlockPriceRow]| rows.iter().map(|b| b.height).collect::<Vec<u32>>();
    if heights(stored) != heights(fresh) {
        return vec![format!(
            "block prices by path: {} are stored, and {} of other heights follow",
            stored.len(),
            fresh.len()
        )];
    }
    let columns: [(&str, Column); 3] =
        [("usd", |b| b.usd), ("low", |b| b.low), ("high", |b| b.high)];
    columns
        .into_iter()
        .filter_map(|(column, of)| {
            let pairs = stored.iter().zip(fresh);
            let odd: Vec<_> = pairs
                .filter(|(a, b)| !same(Some(of(a)), Some(of(b))))
                .collect();
            let (a, b) = odd.first()?;
            Some(format!(
                "block prices by path: {column} of {} block(s) differs, first of block {}: {} is stored, and {} follows",
                odd.len(),
                a.height,
                of(a),
                of(b)
            ))
        })
        .collect()
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= ROUNDING * b.abs(),
        (a, b) => a == b,
    }
}

fn or_none<T: std::fmt::Display>(value: Option<&T>) -> String {
    value.map_or("none".to_string(), ToString::to_string)
}
