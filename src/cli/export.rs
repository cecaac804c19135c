//! `blkprice export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::examples;
use super::exit::Usage;
use super::output::{open, say};
use super::price::EngineName;
use super::{Database, Outcome, day};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::Sink;
use crate::export::csv::Csv;
use crate::export::json::Json;
use crate::export::mempool::{self, Every};
use crate::export::mempool_sql;
use crate::export::query::{Table, export};
use crate::pricing::Engine;
use crate::store::Store;

/// Write stored prices, activity or outputs as CSV or JSON, prices as SQL as well
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::EXPORT)]
pub(super) struct Export {
    /// What to write
    what: What,

    /// The format
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,

    /// Prices by this engine
    #[arg(long, value_name = "ENGINE", ignore_case = true, default_value = Engine::DEFAULT.name())]
    engine: EngineName,

    /// With --format mempool-sql: a row a day, or one for each hour that has a block [default: day]
    #[arg(long, value_enum, value_name = "hour | day")]
    every: Option<EveryName>,

    /// First day (UTC); also: yesterday
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    from: Option<WindowDay>,

    /// Last day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    to: Option<WindowDay>,

    /// The file to write; - or nothing: stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    database: Database,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The view daily_price
    Prices,
    /// The view daily_activity
    Activity,
    /// Every qualifying output: day, height, time, sats
    Outputs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
    /// Prices as statements for the MySQL or MariaDB of a self-hosted mempool, to be loaded as often as you like
    MempoolSql,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EveryName {
    Hour,
    Day,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let (from, to) = (dates::show(from), dates::show(to));
            return Err(Usage(format!("--from {from} is after --to {to}")).into());
        }
        self.check_mempool()?;
        let store = Store::read(&self.database.db)?;
        let mut out = open(self.output.as_deref())?;
        let first = self.from.unwrap_or(FIRST_DAY);
        let last = self.to.unwrap_or(LAST_DAY);
        let mut sink: Box<dyn Sink> = match self.format {
            Format::Csv => Box::new(Csv::new(out)),
            Format::Json => Box::new(Json::new(out)),
            Format::MempoolSql => {
                let every = match self.every {
                    Some(EveryName::Hour) => Every::Hour,
                    Some(EveryName::Day) | None => Every::Day,
                };
                let rates = mempool::history(&store, every, first, last)?;
                let rows = mempool_sql::write(&rates, &mut out)?;
                self.note_if_none(rows);
                return Ok(Outcome::Done);
            }
        };
        let table = match self.what {
            What::Prices => Table::Prices,
            What::Activity => Table::Activity,
            What::Outputs => Table::Outputs,
        };
        let engine = self.engine.0;
        let rows = export(&store, table, engine.name(), first, last, sink.as_mut())?;
        self.note_if_none(rows);
        Ok(Outcome::Done)
    }

    /// What cannot become rows of mempool's table.
    fn check_mempool(&self) -> anyhow::Result<()> {
        let sql = self.format == Format::MempoolSql;
        let wrong = if self.every.is_some() && !sql {
            "--every belongs to --format mempool-sql"
        } else if sql && !matches!(self.what, What::Prices) {
            "--format mempool-sql writes prices: blkprice export prices --format mempool-sql"
        } else if sql && self.engine.0 != Engine::Path {
            "--format mempool-sql takes prices of the path engine only: mempool shows them live, and the authors of the \
             method behind v9.1 reserve live feeds of its price (see NOTICE)"
        } else {
            return Ok(());
        };
        Err(Usage(wrong.to_string()).into())
    }

    fn note_if_none(&self, rows: u64) {
        let engine = self.engine.0.name();
        if rows == 0 {
            let hint = match self.what {
                What::Prices => format!(
                    "no price by {engine} in that range; `blkprice status` shows which days there are, `blkprice price` prices them"
                ),
                _ => {
                    "no stored day in that range; `blkprice status` shows what there is".to_string()
                }
            };
            say(&format!("note: {hint}"));
        }
    }
}

/// Before any block, and after any a u32 header time can reach.
const FIRST_DAY: WindowDay = 0;
const LAST_DAY: WindowDay = 50_000;
