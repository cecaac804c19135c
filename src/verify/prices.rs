//! The stored prices against each other and against their day.

use super::database::differs;
use super::{Error, Findings};
use crate::pricing::{Engine, Status, anchors};
use crate::store::check::WholeDay;
use crate::store::{PriceRow, Store, StoredDay};

/// Two sums of the same numbers in another order, relative.
const ROUNDING: f64 = 1e-9;

/// What pricing notes for its next run, where it cannot be read.
pub(super) fn notes(store: &Store, findings: &mut Findings<'_>) -> Result<(), Error> {
    for key in ["path_changed_from", "first_day"] {
        let value = findings.note(store, key)?;
        if let Some(value) = value.filter(|value| value.parse::<i32>().is_err()) {
            findings.wrong(
                None,
                format!("{key} is noted as '{value}', which is no day"),
            );
        }
    }
    let basis = findings.note(store, "path_basis")?;
    if let Some(basis) = basis {
        let read = anchors::stored(store).map(|stored| anchors::write(&stored));
        let read = findings.undamaged(None, read)?.flatten();
        let (version, known) = basis.split_once(';').unwrap_or((&basis, "?"));
        if version.parse::<u32>().is_err() || read.unwrap_or_default() != known {
            let what = format!("path_basis is noted as '{basis}', which is no version and anchors");
            findings.wrong(None, what);
        }
    }
    Ok(())
}

/// Days without a row of an engine that has priced the others, while none is marked as changed.
pub(super) fn rows_gone(
    store: &Store,
    days: &[StoredDay],
    findings: &mut Findings<'_>,
) -> Result<(), Error> {
    let changed = findings.note(store, "path_changed_from")?;
    if changed.is_some() {
        return Ok(());
    }
    let path_ran = findings.note(store, "path_basis")?.is_some();
    for engine in Engine::ALL {
        let name = engine.name();
        let priced = findings
            .undamaged(None, store.priced_days(name))?
            .unwrap_or_default();
        // The path engine prices every day there is in each run.
        let all = engine == Engine::Path && path_ran;
        let (first, last) = match (priced.first(), priced.last()) {
            (Some(&first), Some(&last)) => (first, last),
            _ if all => (0, 0),
            _ => continue,
        };
        for day in days.iter().map(|day| day.day) {
            if (all || (first..last).contains(&day)) && priced.binary_search(&day).is_err() {
                findings.wrong(Some(day), format!("its price by {name} is gone"));
            }
        }
    }
    Ok(())
}

/// What does not fit in the prices of a day.
pub(super) fn faults(whole: &WholeDay, faults: &mut Vec<String>) {
    for row in &whole.prices {
        let engine = &row.engine;
        for (column, value) in values(row) {
            if value.is_some_and(|value| !value.is_finite() || value <= 0.0) {
                let value = value.unwrap_or_default();
                faults.push(format!("the price by {engine} is {value}, in {column}"));
            }
        }
        if row.usd.is_some() {
            let what = format!("outputs of the price by {engine}");
            differs(faults, &what, row.outputs, whole.outputs);
        }
        if row.confidence.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            faults.push(format!("the confidence by {engine} is no probability"));
        }
        status(row, whole.row.complete, faults);
        order(row, faults);
        if engine == Engine::Path.name() {
            let expected = match row.usd {
                Some(_) => whole.row.blocks.len(),
                None => 0,
            };
            let count = whole.block_prices.len();
            differs(faults, "number of block prices by path", count, expected);
        }
    }
    let odd = whole.block_prices.iter().find(|block| {
        let values = [block.low, block.usd, block.high];
        !values.iter().all(|usd| usd.is_finite() && *usd > 0.0) || block.low > block.high
    });
    if let Some(block) = odd {
        faults.push(format!(
            "the price of block {} by path is {}, from {} to {}",
            block.height, block.usd, block.low, block.high
        ));
    }
}

/// The columns that are prices.
fn values(row: &PriceRow) -> [(&'static str, Option<f64>); 9] {
    [
        ("usd", row.usd),
        ("open", row.open),
        ("high", row.high),
        ("low", row.low),
        ("close", row.close),
        ("low68", row.interval68.map(|i| i.0)),
        ("high68", row.interval68.map(|i| i.1)),
        ("low95", row.interval95.map(|i| i.0)),
        ("high95", row.interval95.map(|i| i.1)),
    ]
}

fn status(row: &PriceRow, complete: bool, faults: &mut Vec<String>) {
    let has = |status: Status| row.status == status.name();
    let fits = match row.usd {
        Some(_) if complete => has(Status::Ok) || has(Status::Weak),
        Some(_) => has(Status::Partial),
        None => has(Status::None) || has(Status::Unsupported),
    };
    if !fits {
        let day = if complete {
            "a complete"
        } else {
            "an incomplete"
        };
        let price = row.usd.map_or("without", |_| "with");
        faults.push(format!(
            "the status of the price by {} is '{}', {price} a price and of {day} day",
            row.engine, row.status
        ));
    }
}

/// The day's prices are between its lowest and its highest, and the wider interval holds the narrower. That `usd` is within
/// them is not said: where the odds are divided, much of the belief lies elsewhere.
fn order(row: &PriceRow, faults: &mut Vec<String>) {
    let values = values(row);
    let mut ascend = |columns: &[&str]| {
        let of = |column: &&str| values.iter().find(|(name, _)| name == column);
        let there: Vec<(&str, f64)> = columns
            .iter()
            .filter_map(of)
            .filter_map(|&(name, value)| Some((name, value?)))
            .collect();
        for pair in there.windows(2) {
            let [(below, low), (above, high)] = [pair[0], pair[1]];
            if low > high * (1.0 + ROUNDING) {
                faults.push(format!(
                    "the price by {}: {below} is {low}, above {above}, {high}",
                    row.engine
                ));
            }
        }
    };
    for between in ["usd", "open", "close"] {
        ascend(&["low", between, "high"]);
    }
    ascend(&["low95", "low68", "high68", "high95"]);
}
