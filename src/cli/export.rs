//! `blkprice export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Usage;
use super::output::{open, say};
use super::price::EngineName;
use super::{Database, Outcome};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::Sink;
use crate::export::csv::Csv;
use crate::export::json::Json;
use crate::export::query::export;
use crate::export::tables::Table;
use crate::pricing::Engine;
use crate::store::Store;

/// Write stored prices, activity, block prices or outputs as CSV or JSON
#[derive(Args, Clone, Debug)]
pub(super) struct Export {
    /// What to write
    what: What,

    /// The format
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,

    /// Prices by this engine
    #[arg(long, value_name = "ENGINE", default_value = Engine::DEFAULT.name())]
    engine: EngineName,

    /// First day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = dates::parse)]
    from: Option<WindowDay>,

    /// Last day (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = dates::parse)]
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
    /// The view block_price, with the UTC day of each block
    BlockPrices,
    /// Every qualifying output: day, height, time, sats
    Outputs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Json,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let (from, to) = (dates::show(from), dates::show(to));
            return Err(Usage(format!("--from {from} is after --to {to}")).into());
        }
        let store = Store::read(&self.database.db)?;
        let out = open(self.output.as_deref())?;
        let mut sink: Box<dyn Sink> = match self.format {
            Format::Csv => Box::new(Csv::new(out)),
            Format::Json => Box::new(Json::new(out)),
        };
        let table = match self.what {
            What::Prices => Table::Prices,
            What::Activity => Table::Activity,
            What::BlockPrices => Table::BlockPrices,
            What::Outputs => Table::Outputs,
        };
        let engine = self.engine.0;
        let first = self.from.unwrap_or(FIRST_DAY);
        let last = self.to.unwrap_or(LAST_DAY);
        let rows = export(&store, table, engine.name(), first, last, sink.as_mut())?;
        if rows == 0 {
            let hint = match self.what {
                What::Prices => format!(
                    "no price by {} in that range; `blkprice price --engine {}` makes them",
                    engine.name(),
                    engine.name()
                ),
                _ => {
                    "no stored day in that range; `blkprice status` shows what there is".to_string()
                }
            };
            say(&format!("note: {hint}"));
        }
        Ok(Outcome::Done)
    }
}

/// Before any block, and after any a u32 header time can reach.
const FIRST_DAY: WindowDay = 0;
const LAST_DAY: WindowDay = 50_000;
