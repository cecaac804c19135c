//! `blkprice export`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::examples;
use super::exit::{Interrupted, Usage};
use super::output::{Target, grouped, say, spare, target};
use super::price::EngineName;
use super::progress::Shown;
use super::{Database, Outcome, day};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::csv::Csv;
use crate::export::json::Json;
use crate::export::mempool::{self, Every};
use crate::export::mempool_sql::{self, MempoolSql};
use crate::export::partition::{Content, Partitions};
use crate::export::query::{self, export};
use crate::export::replacement::Replacement;
use crate::export::tables::Table;
use crate::export::{Column, Sink, Value};
use crate::pricing::Engine;
use crate::store::Store;

/// Write stored prices, activity, block prices or outputs as CSV, JSON, Parquet or SQL
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

    /// First day (UTC); also: yesterday, today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    from: Option<WindowDay>,

    /// Last day (UTC); also: yesterday, today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    to: Option<WindowDay>,

    /// The file to write; - or nothing: stdout. With --partition-by, the folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write a folder with a file a month, as month=2024-02/part-0.parquet, instead of one file
    ///
    /// Months are written whole, also where --from or --to lies within one, and replace those of an earlier export into the
    /// same folder.
    #[arg(long, value_name = "PERIOD", value_enum)]
    partition_by: Option<Period>,

    #[command(flatten)]
    database: Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
    /// Typed columns; only where blkprice was built with the feature `parquet`
    Parquet,
    /// Prices as statements for the MySQL or MariaDB of a self-hosted mempool, to be loaded as often as you like
    MempoolSql,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EveryName {
    Hour,
    Day,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Period {
    Month,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        self.check()?;
        let store = Store::read(&self.database.db)?;
        let rows = match self.output.as_deref() {
            Some(folder) if self.partition_by.is_some() => self.to_folder(&store, folder)?,
            path => match target(path, &store)? {
                Target::File(file) => self.to_file(&store, file)?,
                Target::Open(out) => {
                    let mut sink = self.format.sink(out)?;
                    self.export(&store, self.range(), sink.as_mut())?
                }
            },
        };
        if rows == 0 {
            let engine = self.engine.0.name();
            let hint = match self.what {
                What::Prices => format!(
                    "no price by {engine} in that range; `blkprice status` shows which days there are, `blkprice price` prices them"
                ),
                What::BlockPrices => {
                    "no price of a block in that range; `blkprice price` makes them".to_string()
                }
                What::Activity | What::Outputs => {
                    "no stored day in that range; `blkprice status` shows what there is".to_string()
                }
            };
            say(&format!("note: {hint}"));
        }
        Ok(Outcome::Done)
    }

    /// What can be said before anything is opened.
    fn check(&self) -> anyhow::Result<()> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let (from, to) = (dates::show(from), dates::show(to));
            return Err(Usage(format!("--from {from} is after --to {to}")).into());
        }
        self.check_mempool()?;
        if self.what == What::BlockPrices && self.engine.0 != Engine::Path {
            let engine = self.engine.0.name();
            return Err(Usage(format!("{engine} has no prices of blocks; path has")).into());
        }
        let to_stdout = self
            .output
            .as_deref()
            .is_none_or(|path| path == Path::new("-"));
        if self.partition_by.is_some() && to_stdout {
            let what = "--partition-by writes a folder: name it with -o DIR";
            return Err(Usage(what.to_string()).into());
        }
        if self.format == Format::Parquet {
            if !cfg!(feature = "parquet") {
                bail!(
                    "this blkprice was built without Parquet\n  hint: in its source, `cargo install --path . --locked --features parquet` \
                     or scripts/release.sh builds one with it; CSV and JSON need nothing"
                );
            }
            if to_stdout && io::stdout().is_terminal() {
                let what =
                    "Parquet is not for a terminal: name a file with -o, or send stdout elsewhere";
                return Err(Usage(what.to_string()).into());
            }
        }
        Ok(())
    }

    /// What cannot become rows of mempool's table.
    fn check_mempool(&self) -> anyhow::Result<()> {
        let sql = self.format == Format::MempoolSql;
        let wrong = if self.every.is_some() && !sql {
            "--every belongs to --format mempool-sql"
        } else if sql && self.what != What::Prices {
            "--format mempool-sql writes prices: blkprice export prices --format mempool-sql"
        } else if sql && self.engine.0 != Engine::Path {
            "--format mempool-sql takes prices of the path engine only: mempool shows them live, and the authors of the \
             method behind v9.1 reserve live feeds of its price (see NOTICE)"
        } else if sql && self.partition_by.is_some() {
            "--format mempool-sql is one file, to be loaded as a whole; leave --partition-by away"
        } else {
            return Ok(());
        };
        Err(Usage(wrong.to_string()).into())
    }

    fn range(&self) -> (WindowDay, WindowDay) {
        (self.from.unwrap_or(FIRST_DAY), self.to.unwrap_or(LAST_DAY))
    }

    fn export(
        &self,
        store: &Store,
        (first, last): (WindowDay, WindowDay),
        sink: &mut dyn Sink,
    ) -> Result<u64, query::Error> {
        if self.format == Format::MempoolSql {
            let every = match self.every {
                Some(EveryName::Hour) => Every::Hour,
                Some(EveryName::Day) | None => Every::Day,
            };
            let rates = mempool::history(store, every, first, last)?;
            return Ok(mempool_sql::feed(&rates, sink)?);
        }
        export(
            store,
            self.what.table(),
            self.engine.0.name(),
            first,
            last,
            sink,
        )
    }

    fn to_file(&self, store: &Store, file: Replacement) -> anyhow::Result<u64> {
        let shown = Shown::new()?;
        self.output.iter().for_each(|path| self.note_ending(path));
        let mut sink = self.format.sink(Box::new(file.out()?))?;
        let rows = self.stoppable(store, self.range(), sink.as_mut(), &shown)?;
        drop(sink);
        file.commit()?;
        Ok(rows)
    }

    fn to_folder(&self, store: &Store, folder: &Path) -> anyhow::Result<u64> {
        spare(folder, store)?;
        let shown = Shown::new()?;
        let asked = self.range();
        let range = (dates::month(asked.0).0, dates::month(asked.1).1);
        let content = Content {
            table: name(self.what),
            engine: (self.what == What::Prices).then(|| self.engine.0.name().to_string()),
            chain: store.chain()?.unwrap_or_default(),
            format: name(self.format),
        };
        let format = self.format;
        let make = Box::new(move |out| format.sink(out));
        let mut partitions = Partitions::begin(folder, content, range.0, range.1, make)?;
        let widened = (self.from.is_some() && range.0 != asked.0)
            || (self.to.is_some() && range.1 != asked.1);
        // An end left open is that of the months there are.
        let days = store.days_between(range.0, range.1)?;
        if let (true, Some(first), Some(last)) = (widened, days.first(), days.last()) {
            say(&format!(
                "note: months are written whole: {} to {}",
                dates::show(dates::month(first.day).0),
                dates::show(dates::month(last.day).1)
            ));
        }
        let rows = self.stoppable(store, range, &mut partitions, &shown)?;
        for path in partitions.removed() {
            say(&format!(
                "note: removed {}: no stored day in that month",
                path.display()
            ));
        }
        say(&format!(
            "{} in {} in {}",
            counted(rows, "row"),
            counted(partitions.months() as u64, "month"),
            folder.display()
        ));
        Ok(rows)
    }

    /// A name that promises another format is likelier an oversight than meant.
    fn note_ending(&self, path: &Path) {
        let format = name(self.format);
        let ending = path.extension().and_then(|ending| ending.to_str());
        if let Some(other) = ending.filter(|ending| *ending != format)
            && Format::from_str(other, true).is_ok()
        {
            say(&format!(
                "note: {} is written as {format}; --format {other} was not given",
                path.display()
            ));
        }
    }

    /// Exports until it is done or somebody wants it to stop; what is half-way is then taken away again.
    fn stoppable(
        &self,
        store: &Store,
        range: (WindowDay, WindowDay),
        sink: &mut dyn Sink,
        shown: &Shown,
    ) -> anyhow::Result<u64> {
        let stop = shown.watch().stop;
        let result = self.export(store, range, &mut Stoppable { sink, stop });
        if result.is_err() && stop.load(Ordering::Relaxed) {
            let left = match self.partition_by {
                None => "the file is as it was before",
                Some(_) => {
                    "each month is as before or new, none is half-written, and _SUCCESS is missing until the same command comes to its end"
                }
            };
            return Err(Interrupted(left).into());
        }
        Ok(result?)
    }
}

/// Passes a table on until told to stop.
struct Stoppable<'a> {
    sink: &'a mut dyn Sink,
    stop: &'a AtomicBool,
}

impl Sink for Stoppable<'_> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        self.sink.columns(columns)
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        self.sink.row(values)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sink.finish()
    }
}

impl What {
    fn table(self) -> Table {
        match self {
            What::Prices => Table::Prices,
            What::Activity => Table::Activity,
            What::BlockPrices => Table::BlockPrices,
            What::Outputs => Table::Outputs,
        }
    }
}

impl Format {
    fn sink(self, out: Box<dyn Write + Send>) -> io::Result<Box<dyn Sink>> {
        match self {
            Format::Csv => Ok(Box::new(Csv::new(out))),
            Format::Json => Ok(Box::new(Json::new(out))),
            Format::MempoolSql => Ok(Box::new(MempoolSql::new(out))),
            #[cfg(feature = "parquet")]
            Format::Parquet => Ok(Box::new(crate::export::parquet::Parquet::new(out))),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// A choice as it is written on the command line.
fn name(choice: impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_string())
}

/// Before any block, and after any a u32 header time can reach.
const FIRST_DAY: WindowDay = 0;
const LAST_DAY: WindowDay = 50_000;
