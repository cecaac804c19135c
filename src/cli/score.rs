//! `blkprice score`.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::examples;
use super::output::{put, put_json, say};
use super::price::EngineName;
use super::{Database, Outcome};
use crate::pricing::Engine;
use crate::score::{Errors, Measure, Pair, Reliability, Truth, errors, pair, reliability};
use crate::store::Store;

/// A hundred years of candles take a thirtieth of it.
const MOST_BYTES: u64 = 64_000_000;

/// Score stored prices against a CSV of daily prices or candles
///
/// The CSV names its columns in the first line: date, and open, high, low, close, or the price of the day (price, usd or
/// mean), or both. `usd` is held against the price of the day, or else against the mean of the candle's four. Days without a
/// row in it are left out and counted.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::SCORE)]
pub(super) struct Score {
    /// The CSV with what is known
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,

    /// Prices by this engine
    #[arg(long, value_name = "ENGINE", ignore_case = true, default_value = Engine::DEFAULT.name())]
    engine: EngineName,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,
}

impl Score {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let store = Store::read(&self.database.db)?;
        let name = || self.truth.display().to_string();
        let hint = || format!("{}\n  hint: --truth names a CSV with known prices", name());
        // A pipe would wait for a writer.
        let meta = std::fs::metadata(&self.truth).with_context(hint)?;
        if !meta.is_file() || meta.len() > MOST_BYTES {
            bail!(
                "{}: is no regular file of at most {} MB, as a table of daily prices is\n  hint: --truth names a CSV with known prices",
                name(),
                MOST_BYTES / 1_000_000
            );
        }
        let file = File::open(&self.truth).with_context(hint)?;
        let truth = Truth::read(file).with_context(name)?;
        let engine = self.engine.0;
        let rows = store.prices(engine.name(), i32::MIN, i32::MAX)?;
        let (pairs, without) = pair(&rows, &truth);
        if pairs.is_empty() {
            bail!(
                "{}: none of its {} days by {} has a price in {} (which has {} days)\n  hint: `blkprice price` makes prices of stored days; the dates of both must overlap",
                store.path().display(),
                rows.len(),
                engine.name(),
                name(),
                truth.len()
            );
        }
        if self.json {
            put_json(&to_json(engine, &pairs, without))?;
        } else {
            say(&format!(
                "{} days by {}; {without} more have no row in {}",
                pairs.len(),
                engine.name(),
                name()
            ));
            for line in report(&pairs) {
                put(&line)?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// The days of each year.
fn by_year<'a>(pairs: &[Pair<'a>]) -> Vec<(String, Vec<Pair<'a>>)> {
    let mut years: Vec<(String, Vec<Pair<'a>>)> = Vec::new();
    for pair in pairs {
        let year = pair.year();
        match years.last_mut().filter(|(last, _)| *last == year) {
            Some((_, days)) => days.push(*pair),
            None => years.push((year, vec![*pair])),
        }
    }
    years
}

/// Errors of each measure that has any, then of `usd` by year.
fn tables(pairs: &[Pair<'_>]) -> Vec<(String, Errors)> {
    let measures = Measure::ALL
        .into_iter()
        .map(|measure| (measure.name().to_string(), errors(pairs, measure)))
        .filter(|(name, errors)| errors.priced > 0 || name == Measure::Mean.name());
    let years = by_year(pairs)
        .into_iter()
        .map(|(year, days)| (format!("usd {year}"), errors(&days, Measure::Mean)));
    measures.chain(years).collect()
}

fn report(pairs: &[Pair<'_>]) -> Vec<String> {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let rough = |share: Option<f64>| {
        share.map_or_else(
            || "–".to_string(),
            |share| format!("{:.1} %", share * 100.0),
        )
    };
    let mut lines = vec![
        "| | days | priced | median | bias | RMSE | 95 % | worst | ≤ 1 % | ≤ 2 % | ≤ 5 % | in range | ≤ 5 % of range |".to_string(),
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|".to_string(),
    ];
    lines.extend(tables(pairs).into_iter().map(|(name, e)| {
        if e.priced == 0 {
            return format!("| {name} | {} | 0 |{}", e.days, " – |".repeat(10));
        }
        format!(
            "| {name} | {} | {} | {} | {:+.2} % | {} | {} | {} | {} | {} | {} | {} | {} |",
            e.days,
            e.priced,
            percent(e.median),
            e.bias * 100.0,
            percent(e.rmse),
            percent(e.p95),
            percent(e.worst),
            rough(Some(e.within1)),
            rough(Some(e.within2)),
            rough(Some(e.within5)),
            rough(e.inside),
            rough(e.near)
        )
    }));
    let table = reliability(pairs);
    if !table.is_empty() {
        lines.push(String::new());
        lines.push(
            "| confidence | days | said | within 2 % | expected (95 %) | agrees |".to_string(),
        );
        lines.push("|---|---|---|---|---|---|".to_string());
        lines.extend(table.iter().map(reliability_line));
    }
    lines
}

fn reliability_line(bin: &Reliability) -> String {
    format!(
        "| {:.2}–{:.2} | {} | {:.3} | {:.3} | {:.3}–{:.3} | {} |",
        bin.from,
        bin.to,
        bin.days,
        bin.said,
        bin.held,
        bin.expected.0,
        bin.expected.1,
        if bin.agrees() { "yes" } else { "no" }
    )
}

fn to_json(engine: Engine, pairs: &[Pair<'_>], without: usize) -> serde_json::Value {
    let measures: serde_json::Map<String, serde_json::Value> = tables(pairs)
        .into_iter()
        .map(|(name, e)| {
            if e.priced == 0 {
                // No price, no error: only how many days there were, and that all of them are misses.
                return (name, json!({ "days": e.days, "priced": 0, "within_5_of_range": e.near }));
            }
            let value = json!({
                "days": e.days, "priced": e.priced, "median": e.median, "bias": e.bias, "rmse": e.rmse,
                "p95": e.p95, "worst": e.worst, "within_1": e.within1, "within_2": e.within2, "within_5": e.within5,
                "inside_range": e.inside, "within_5_of_range": e.near,
            });
            (name, value)
        })
        .collect();
    let bins: Vec<_> = reliability(pairs)
        .iter()
        .map(|bin| {
            json!({
                "from": bin.from, "to": bin.to, "days": bin.days, "said": bin.said, "within_2": bin.held,
                "expected_low": bin.expected.0, "expected_high": bin.expected.1, "agrees": bin.agrees(),
            })
        })
        .collect();
    json!({ "engine": engine.name(), "days_without_truth": without, "errors": measures, "reliability": bins })
}
