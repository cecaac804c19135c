//! `blkprice price`.

use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::folder::Folder;
use super::output::{dollars, grouped, put, say};
use super::progress::Shown;
use super::recent::price_recent;
use super::{Database, Outcome};
use crate::blockfile::Chain;
use crate::chain::WindowDay;
use crate::dates;
use crate::pricing::{Engine, price_all, price_day};
use crate::store::{PriceRow, Store, StoredDay};

/// Price stored days, or print the price of a day
///
/// Without a day, every day that has no price yet is priced and stored. With one, or with FROM..TO, the price is
/// printed.
#[derive(Args, Clone, Debug)]
pub(super) struct Price {
    /// A UTC day, or a range of them: 2025-10-23, 2025-10-01..2025-10-31
    #[arg(value_name = "DAY | FROM..TO", value_parser = parse_days, conflicts_with = "recent_blocks")]
    days: Option<(WindowDay, WindowDay)>,

    /// Price the N blocks before the tip, read from the block files again
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    recent_blocks: Option<u32>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineFlag,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    folder: Folder,
}

/// Which engine prices.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct EngineFlag {
    /// The price engine
    #[arg(long, value_name = "ENGINE", default_value = Engine::DEFAULT.name())]
    engine: EngineName,

    /// Let v9.1 price days before 2023-12-15, which it is not made for
    #[arg(long)]
    pub(super) force: bool,
}

impl EngineFlag {
    pub(super) fn get(self) -> Engine {
        self.engine.0
    }
}

/// An engine by its name on the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineName(pub(super) Engine);

impl ValueEnum for EngineName {
    fn value_variants<'a>() -> &'a [EngineName] {
        &[EngineName(Engine::V91)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

impl Price {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        match (self.days, self.recent_blocks) {
            (Some((first, last)), _) => self.print_days(first, last)?,
            (None, Some(count)) => price_recent(
                &self.folder,
                &self.database.db,
                count,
                self.json,
                self.engine,
            )?,
            (None, None) => self.price_everything()?,
        }
        Ok(Outcome::Done)
    }

    fn price_everything(&self) -> anyhow::Result<()> {
        let shown = Shown::new()?;
        let mut store = open_to_price(&self.database.db)?;
        let engine = self.engine.get();
        let pool = super::scan::pool(None)?;
        let priced = price_all(&pool, &mut store, engine, self.engine.force, &shown.watch())?;
        if self.json {
            return put(&json!({ "engine": engine.name(), "engine_version": engine.version(), "days_priced": priced }).to_string());
        }
        say(&format!(
            "priced {} days by {}",
            grouped(priced as u64),
            engine.name()
        ));
        Ok(())
    }

    fn print_days(&self, first: WindowDay, last: WindowDay) -> anyhow::Result<()> {
        let store = Store::read(&self.database.db)?;
        let stored = store.days()?;
        let days: Vec<&StoredDay> = stored
            .iter()
            .filter(|day| (first..=last).contains(&day.day))
            .collect();
        if days.is_empty() {
            let held = match (stored.first(), stored.last()) {
                (Some(from), Some(to)) => format!(
                    "it holds {} to {}",
                    dates::show(from.day),
                    dates::show(to.day)
                ),
                _ => "it holds no days".to_string(),
            };
            let asked = if first == last {
                dates::show(first)
            } else {
                format!("{}..{}", dates::show(first), dates::show(last))
            };
            bail!(
                "{}: {asked} is not in the database; {held}\n  hint: `blkprice scan --since-last` adds what is new",
                store.path().display()
            );
        }
        let mut values = Vec::new();
        for day in &days {
            let row = price_day(&store, day, self.engine.force)?;
            if self.json {
                values.push(to_json(&store, day, &row)?);
            } else {
                put(&line(&dates::show(day.day), &row))?;
            }
        }
        match (self.json, first == last, values.pop()) {
            (true, true, Some(value)) => put(&value.to_string()),
            (true, _, Some(value)) => {
                values.push(value);
                put(&serde_json::Value::Array(values).to_string())
            }
            _ => Ok(()),
        }
    }
}

fn open_to_price(path: &Path) -> anyhow::Result<Store> {
    let Some(chain) = Store::read(path)?.chain()? else {
        bail!(
            "{}: the database is empty\n  hint: fill it with `blkprice scan`",
            path.display()
        );
    };
    let chain = chain.parse::<Chain>().map_err(anyhow::Error::msg)?;
    Ok(Store::open(path, chain)?)
}

/// `2025-10-23 price: $110,123`, with what is to be known of it in brackets.
pub(super) fn line(window: &str, row: &PriceRow) -> String {
    let remark = match row.status.as_str() {
        "ok" => "",
        "weak" => " (weak: few estimates)",
        "partial" => " (partial: the day is not complete)",
        "unsupported" => {
            " (unsupported: v9.1 prices days from 2023-12-15 on; --force does it all the same)"
        }
        _ => " (no price is to be found in its outputs)",
    };
    let price = row.usd.map_or_else(|| "none".to_string(), dollars);
    format!("{window} price: {price}{remark}")
}

fn to_json(store: &Store, day: &StoredDay, row: &PriceRow) -> anyhow::Result<serde_json::Value> {
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

fn parse_days(text: &str) -> Result<(WindowDay, WindowDay), String> {
    let Some((from, to)) = text.split_once("..") else {
        return dates::parse(text).map(|day| (day, day));
    };
    let (from, to) = (dates::parse(from)?, dates::parse(to)?);
    if from > to {
        return Err(format!("'{text}' ends before it begins"));
    }
    Ok((from, to))
}
