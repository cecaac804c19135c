//! `blkprice price --explain DAY`.

use std::path::Path;

use anyhow::bail;
use serde_json::json;

use super::output::{dollars, grouped, put};
use super::price::stored_days;
use super::priced::line;
use crate::chain::WindowDay;
use crate::dates;
use crate::price::path::{self, Explanation};
use crate::pricing::joint::posterior;
use crate::store::{PriceRow, Store};

/// Round amounts shown.
const SHOWN: usize = 8;

/// Shows why the path engine found the price of a day.
pub(super) fn explain(
    database: &Path,
    first: WindowDay,
    last: WindowDay,
    as_json: bool,
) -> anyhow::Result<()> {
    let store = Store::read(database)?;
    let pool = super::scan::pool(None)?;
    let mut values = Vec::new();
    for day in stored_days(&store, first, last)? {
        let row = store.prices(path::ENGINE, day.day, day.day)?.pop();
        let Some((row, (posterior, blocks))) = row.zip(posterior(&pool, &store, day.day)?) else {
            bail!(
                "{}: {} has no price by the path engine yet\n  hint: `blkprice price` makes it",
                store.path().display(),
                dates::show(day.day)
            );
        };
        let explanation = path::explain(&posterior, &blocks);
        if as_json {
            values.push(to_json(&explanation, &row));
        } else {
            put(&line(&dates::show(day.day), &row))?;
            for line in lines(&explanation) {
                put(&line)?;
            }
        }
    }
    match values.pop() {
        Some(value) if first == last => put(&value.to_string()),
        Some(value) => {
            values.push(value);
            put(&serde_json::Value::Array(values).to_string())
        }
        None => Ok(()),
    }
}

fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![
        "what the outputs and the days around say (centres of neighbourhoods; the own score repeats every decade):"
            .to_string(),
    ];
    if explanation.peaks.is_empty() {
        lines.push("  no price stands out".to_string());
        return lines;
    }
    lines.push(format!(
        "  {:>12}  {:>10}  {:>10}",
        "price", "share", "own score"
    ));
    for peak in &explanation.peaks {
        lines.push(format!(
            "  {:>12}  {:>8.3} %  {:>10.1}",
            dollars(peak.usd),
            peak.share * 100.0,
            peak.score
        ));
    }
    if let Some(rival) = &explanation.runner_up {
        lines.push(format!(
            "  runner-up: {} ({:.3} times the price), {:.1} nats behind; the day's own outputs put it {:.1} behind",
            dollars(rival.peak.usd),
            rival.ratio,
            rival.nats_behind,
            rival.score_behind
        ));
    }
    lines.push(
        "  carried by these round amounts (found against expected if nobody rounded):".to_string(),
    );
    for amount in explanation.carried_by.iter().take(SHOWN) {
        lines.push(format!(
            "  {:>12}  at {:>14} sats: {:>8.0} against {:>8.0}, score {:>6.1}",
            dollars(amount.usd),
            grouped(amount.sats),
            amount.found,
            amount.expected,
            amount.score
        ));
    }
    lines
}

fn to_json(explanation: &Explanation, row: &PriceRow) -> serde_json::Value {
    let peak =
        |peak: &path::Peak| json!({ "usd": peak.usd, "share": peak.share, "score": peak.score });
    json!({
        "day": dates::show(explanation.day),
        "price": row.usd,
        "confidence": row.confidence,
        "status": row.status,
        "peaks": explanation.peaks.iter().map(peak).collect::<Vec<_>>(),
        "runner_up": explanation.runner_up.as_ref().map(|rival| json!({
            "usd": rival.peak.usd,
            "ratio": rival.ratio,
            "nats_behind": rival.nats_behind,
            "score_behind": rival.score_behind,
        })),
        "carried_by": explanation.carried_by.iter().map(|amount| json!({
            "usd": amount.usd,
            "sats": amount.sats,
            "found": amount.found,
            "expected": amount.expected,
            "score": amount.score,
        })).collect::<Vec<_>>(),
        "curve": explanation.curve.iter().map(|(usd, score)| json!([usd, score])).collect::<Vec<_>>(),
    })
}
