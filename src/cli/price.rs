//! `blkprice price`.

use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::exit::Usage;
use super::explain::explain;
use super::folder::Folder;
use super::output::{dollars, grouped, put, say};
use super::progress::Shown;
use super::recent::price_recent;
use super::{Database, Outcome};
use crate::blockfile::Chain;
use crate::chain::WindowDay;
use crate::dates;
use crate::pricing::daily::price_day;
use crate::pricing::{self, Engine, anchors};
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

    /// Show why the path engine found this price: its rivals, and the round amounts that carried it
    #[arg(long, requires = "days")]
    explain: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineFlags,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    folder: Folder,
}

/// Which engine prices, and what it is told.
#[derive(Args, Clone, Debug)]
pub(super) struct EngineFlags {
    /// The price engine [default: path; where prices are stored, all of them]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineName>,

    /// Let v9.1 price days before 2023-12-15, which it is not made for
    #[arg(long)]
    pub(super) force: bool,

    /// A known price to help the path engine in the early years (repeatable); kept until others are given
    #[arg(long = "anchor", value_name = "YYYY-MM-DD=USD", value_parser = anchors::parse)]
    anchors: Vec<(WindowDay, f64)>,

    /// Forget the anchors given before
    #[arg(long, conflicts_with = "anchors")]
    no_anchor: bool,
}

impl EngineFlags {
    /// The engine whose price is shown.
    pub(super) fn shown(&self) -> Engine {
        self.engine.map_or(Engine::DEFAULT, |engine| engine.0)
    }

    /// What the engines are told.
    pub(super) fn options(&self) -> anyhow::Result<pricing::Options> {
        let mut days: Vec<WindowDay> = self.anchors.iter().map(|&(day, _)| day).collect();
        days.sort_unstable();
        if let Some(twice) = days.windows(2).find(|pair| pair[0] == pair[1]) {
            let day = dates::show(twice[0]);
            return Err(Usage(format!("{day} has two anchors; one price a day")).into());
        }
        Ok(pricing::Options {
            force: self.force,
            anchors: (self.no_anchor || !self.anchors.is_empty()).then(|| self.anchors.clone()),
        })
    }

    /// The engine named, or every one.
    pub(super) fn engines(&self) -> Vec<Engine> {
        match self.engine {
            Some(engine) => vec![engine.0],
            None => Engine::ALL.to_vec(),
        }
    }

    /// Prices, by the engine named or by every one, what has no price yet.
    pub(super) fn price_all(
        &self,
        pool: &rayon::ThreadPool,
        store: &mut Store,
        shown: &Shown,
    ) -> anyhow::Result<Vec<(Engine, usize)>> {
        let options = self.options()?;
        let mut priced = Vec::new();
        for engine in self.engines() {
            let days = pricing::price_all(pool, store, engine, &options, &shown.watch())?;
            say(&format!(
                "priced {} days by {}",
                grouped(days as u64),
                engine.name()
            ));
            priced.push((engine, days));
        }
        Ok(priced)
    }
}

/// An engine by its name on the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineName(pub(super) Engine);

impl ValueEnum for EngineName {
    fn value_variants<'a>() -> &'a [EngineName] {
        &[EngineName(Engine::Path), EngineName(Engine::V91)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

impl Price {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        self.check_flags()?;
        match (self.days, self.recent_blocks) {
            (Some((first, last)), _) if self.explain => {
                explain(&self.database.db, first, last, self.json)?
            }
            (Some((first, last)), _) => self.print_days(first, last)?,
            (None, Some(count)) => {
                price_recent(
                    &self.folder,
                    &self.database.db,
                    count,
                    self.json,
                    &self.engine,
                )?;
            }
            (None, None) => self.price_everything()?,
        }
        Ok(Outcome::Done)
    }

    /// What the parser cannot see by itself: flags that would be passed over in silence.
    fn check_flags(&self) -> anyhow::Result<()> {
        let stores = self.days.is_none() && self.recent_blocks.is_none();
        let anchors = self.engine.no_anchor || !self.engine.anchors.is_empty();
        if anchors && !stores {
            let what = "--anchor and --no-anchor belong to `price` without a day: they change what is stored";
            return Err(Usage(what.to_string()).into());
        }
        if self.explain && self.recent_blocks.is_some() {
            return Err(Usage("--explain wants a day".to_string()).into());
        }
        if self.explain && self.engine.shown() != Engine::Path {
            return Err(Usage("--explain is of the path engine only".to_string()).into());
        }
        Ok(())
    }

    fn price_everything(&self) -> anyhow::Result<()> {
        let shown = Shown::new()?;
        let mut store = open_to_price(&self.database.db)?;
        let pool = super::scan::pool(None)?;
        let priced = self.engine.price_all(&pool, &mut store, &shown)?;
        if self.json {
            let rows: Vec<_> = priced
                .iter()
                .map(|(engine, days)| {
                    json!({ "engine": engine.name(), "engine_version": engine.version(), "days_priced": days })
                })
                .collect();
            put(&serde_json::Value::Array(rows).to_string())?;
        }
        Ok(())
    }

    fn print_days(&self, first: WindowDay, last: WindowDay) -> anyhow::Result<()> {
        let store = Store::read(&self.database.db)?;
        let days = stored_days(&store, first, last)?;
        let mut values = Vec::new();
        for day in &days {
            let row = self.row_of(&store, day)?;
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

    /// The price of a stored day: as stored, or by v9.1 computed here, which needs the day alone.
    fn row_of(&self, store: &Store, day: &StoredDay) -> anyhow::Result<PriceRow> {
        let engine = self.engine.shown();
        let stored = store.prices(engine.name(), day.day, day.day)?.pop();
        match (stored, engine) {
            (Some(row), _) if !(self.engine.force && row.usd.is_none()) => Ok(row),
            (_, Engine::V91) => Ok(price_day(store, day, self.engine.force)?),
            (stored, Engine::Path) => stored.ok_or_else(|| {
                anyhow::anyhow!(
                    "{}: {} has no price by the path engine yet\n  hint: `blkprice price` makes it; --engine v9.1 shows that of the other",
                    store.path().display(),
                    dates::show(day.day)
                )
            }),
        }
    }
}

/// The stored days of a range; none at all is an error that says what there is.
pub(super) fn stored_days(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
) -> anyhow::Result<Vec<StoredDay>> {
    let mut days = store.days()?;
    let held = match (days.first(), days.last()) {
        (Some(from), Some(to)) => format!(
            "it holds {} to {}",
            dates::show(from.day),
            dates::show(to.day)
        ),
        _ => "it holds no days".to_string(),
    };
    days.retain(|day| (first..=last).contains(&day.day));
    if days.is_empty() {
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
    Ok(days)
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
        "weak" => " (weak: little to go by)",
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

pub(super) fn parse_days(text: &str) -> Result<(WindowDay, WindowDay), String> {
    let Some((from, to)) = text.split_once("..") else {
        return dates::parse(text).map(|day| (day, day));
    };
    let (from, to) = (dates::parse(from)?, dates::parse(to)?);
    if from > to {
        return Err(format!("'{text}' ends before it begins"));
    }
    Ok((from, to))
}
