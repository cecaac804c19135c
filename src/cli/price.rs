//! `blkprice price`.

use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::examples;
use super::exit::{Interrupted, Usage, is_interrupted};
use super::explain::explain;
use super::folder::Folder;
use super::output::{grouped, put, say};
use super::priced::{Shape, line, utxoracle_line};
use super::progress::Shown;
use super::recent::price_recent;
use super::{Database, Outcome, day};
use crate::blockfile::Chain;
use crate::chain::WindowDay;
use crate::dates;
use crate::export::day::day_json;
use crate::pricing::daily::price_day;
use crate::pricing::{self, Engine, Pass, anchors};
use crate::store::{PriceRow, Store, StoredDay};

/// Price stored days, or print the price of a day
///
/// Without a day, every day that has no price yet is priced and stored. With one, or with FROM..TO, the price is
/// printed.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::PRICE)]
pub(super) struct Price {
    /// A UTC day, or a range of them: 2025-10-23, yesterday, today, 2025-10-01..2025-10-31
    #[arg(value_name = "DAY | FROM..TO", value_parser = day::parse_range, conflicts_with = "recent_blocks")]
    days: Option<(WindowDay, WindowDay)>,

    /// Price the N blocks before the tip, read from the block files again
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    recent_blocks: Option<u32>,

    /// Show why the path engine found this price: its rivals, and the round amounts that carried it
    #[arg(long, requires = "days")]
    explain: bool,

    /// Price every stored day anew, whatever is stored of its prices; for what `verify` finds wrong with them
    #[arg(long, conflicts_with_all = ["days", "recent_blocks"])]
    again: bool,

    /// Print JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// The shape of what is printed [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Shape>,

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
    #[arg(long, value_name = "ENGINE", ignore_case = true)]
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
}

/// Says how many days each engine has priced.
pub(super) fn tell_priced(priced: &[(Engine, usize)]) {
    for engine in Engine::ALL {
        let mut own = priced
            .iter()
            .filter(|(other, _)| *other == engine)
            .peekable();
        if own.peek().is_some() {
            let days: usize = own.map(|(_, days)| days).sum();
            let days = grouped(days as u64);
            say(&format!("priced {days} days by {}", engine.name()));
        }
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
        if self.recent_blocks.is_none() {
            self.check_unread()?;
        }
        let shape = self.shape();
        match (self.days, self.recent_blocks) {
            (Some((first, last)), _) if self.explain => {
                explain(&self.database.db, first, last, shape == Shape::Json)?
            }
            (Some((first, last)), _) => self.print_days(first, last)?,
            (None, Some(count)) => {
                price_recent(&self.folder, &self.database.db, count, shape, &self.engine).map_err(
                    |error| match is_interrupted(&error) {
                        true => Interrupted("nothing is stored by this").into(),
                        false => error,
                    },
                )?;
            }
            (None, None) => self.price_everything()?,
        }
        Ok(Outcome::Done)
    }

    fn shape(&self) -> Shape {
        match self.format {
            Some(shape) => shape,
            None if self.json => Shape::Json,
            None => Shape::Text,
        }
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
        if self.shape() == Shape::Utxoracle && (stores || self.explain) {
            let what = "--format utxoracle prints prices: it wants a day, FROM..TO or --recent-blocks, and no --explain";
            return Err(Usage(what.to_string()).into());
        }
        if self.explain && self.engine.shown() != Engine::Path {
            return Err(Usage("--explain is of the path engine only".to_string()).into());
        }
        Ok(())
    }

    /// Where no block files are read, the database alone says of which chain and folder the prices are.
    fn check_unread(&self) -> anyhow::Result<()> {
        let database = &self.database.db;
        let held = Store::read(database)?.chain()?;
        if let (Some(chain), Some(held)) = (self.folder.chain, held)
            && chain.to_string() != held
        {
            let database = database.display();
            return Err(Usage(format!(
                "--chain {chain}: {database} holds chain {held}; name another database with --db"
            ))
            .into());
        }
        for flag in self.folder.reading_flags() {
            say(&format!(
                "note: {flag} does nothing here: no block files are read; `blkprice backfill` and --recent-blocks read them"
            ));
        }
        if self.engine.force && self.days.is_some() && self.engine.shown() != Engine::V91 {
            say("note: --force does nothing here: it belongs to --engine v9.1");
        }
        Ok(())
    }

    fn price_everything(&self) -> anyhow::Result<()> {
        let shown = Shown::new()?;
        let mut store = open_to_price(&self.database.db)?;
        let pool = super::scan::pool(None)?;
        let pass = Pass {
            pool: &pool,
            engines: &self.engine.engines(),
            options: &self.engine.options()?,
            watch: &shown.watch(),
        };
        let priced = match self.again {
            true => pass.price_again(&mut store)?,
            false => pass.price(&mut store)?,
        };
        tell_priced(&priced);
        if self.shape() == Shape::Json {
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
        let shape = self.shape();
        let mut printed = 0;
        for day in &days {
            let row = self.row_of(&store, day)?;
            let text = match shape {
                Shape::Json => {
                    values.push(day_json(&store, day, &row)?);
                    continue;
                }
                Shape::Text => Some(line(&dates::show(day.day), &row)),
                Shape::Utxoracle => utxoracle_line(day.day, &row),
            };
            if let Some(text) = text {
                put(&text)?;
                printed += 1;
            }
        }
        if shape == Shape::Utxoracle && printed == 0 {
            let what = match days.as_slice() {
                [day] => format!("{} has no price", dates::show(day.day)),
                _ => format!("none of the {} days has a price", days.len()),
            };
            bail!(
                "{what}\n  hint: without --format utxoracle a day without a price is printed as well, with the reason"
            );
        }
        match (shape == Shape::Json, first == last, values.pop()) {
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
    let ends = days
        .first()
        .zip(days.last())
        .map(|(from, to)| (from.day, to.day));
    let held = match ends {
        Some((from, to)) => format!("it holds {} to {}", dates::show(from), dates::show(to)),
        None => "it holds no days".to_string(),
    };
    days.retain(|day| (first..=last).contains(&day.day));
    if days.is_empty() {
        let asked = if first == last {
            dates::show(first)
        } else {
            format!("{}..{}", dates::show(first), dates::show(last))
        };
        let hint = match ends {
            _ if first > day::today() => "that day is yet to come (days are UTC)",
            Some((from, _)) if last < from => {
                "days before need their block files, and a `blkprice backfill` without a later --from"
            }
            Some((_, to)) if first <= to => "`blkprice status` shows what is missing",
            _ => "`blkprice backfill --since-last` adds what is new",
        };
        bail!(
            "{}: {asked} is not in the database; {held}\n  hint: {hint}",
            store.path().display()
        );
    }
    // Both ends are days of this era, so the difference is no large number.
    let absent = (last - first + 1) as usize - days.len();
    if absent > 0 {
        say(&format!(
            "note: {absent} of these days are not in the database; {held}"
        ));
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
