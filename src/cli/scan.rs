//! `blkprice scan`.

use anyhow::Context;
use clap::Args;

use super::examples;
use super::exit::Usage;
use super::folder::Folder;
use super::output::{grouped, say};
use super::progress::Shown;
use super::{Database, Outcome, day};
use crate::chain::WindowDay;
use crate::dates;
use crate::scan::survey::check_folder;
use crate::scan::{self, Options, Report, Source};
use crate::store::lock::Lock;
use crate::store::{self, Store};

/// Read block files and store each day's price-bearing outputs
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::SCAN)]
pub(super) struct Scan {
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// What is read from where, and how: the flags that all who scan share.
#[derive(Args, Clone, Debug)]
pub(super) struct Reading {
    #[command(flatten)]
    pub(super) folder: Folder,

    #[command(flatten)]
    pub(super) database: Database,

    /// Hash every transaction instead of asking the node's undo files (rev*.dat) which coins are old; for checking
    #[arg(long)]
    pub(super) no_undo: bool,

    /// Recompute the merkle root of every block that is read, so that damaged bytes are noticed even where they still
    /// look like a block; for what is stored already see `verify`
    #[arg(long)]
    pub(super) check: bool,

    /// Threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The flags that `scan` and `backfill` share.
#[derive(Args, Clone, Debug)]
pub(super) struct Flags {
    #[command(flatten)]
    reading: Reading,

    /// Read only what is new since the last scan; everything if there is no database yet
    #[arg(long)]
    since_last: bool,

    /// First day to store (UTC); also: yesterday, today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    from: Option<WindowDay>,

    /// Last day to store (UTC); also: yesterday, today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    to: Option<WindowDay>,
}

impl Reading {
    /// The threads to work on.
    pub(super) fn pool(&self) -> anyhow::Result<rayon::ThreadPool> {
        pool(self.threads)
    }

    /// The blocks the flags name, or those the database was made from, once looked at.
    pub(super) fn source(&self) -> anyhow::Result<Source> {
        let database = &self.database.db;
        let before = match Store::read(database) {
            Ok(store) => Some(store),
            // Where the folder is named, what is wrong with it is told when it is opened for writing.
            Err(error) if error.is_unmade() || self.folder.is_named() => None,
            Err(error) => return Err(error.into()),
        };
        let source = self.folder.source(before.as_ref());
        drop(before);
        if source.is_err() && Lock::is_held(database) {
            // A first scan under way has not noted its folder yet.
            return Err(store::Error::Busy(database.clone()).into());
        }
        let source = source?;
        check_folder(&source)?;
        Ok(source)
    }
}

impl Flags {
    /// The threads to work on.
    pub(super) fn pool(&self) -> anyhow::Result<rayon::ThreadPool> {
        self.reading.pool()
    }

    /// Scans by `run`, and gives what was found together with the open database.
    pub(super) fn scan(
        &self,
        shown: &Shown,
        run: impl FnOnce(&Source, &mut Store, &Options) -> Result<Report, scan::Error>,
    ) -> anyhow::Result<(Store, Report)> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let (from, to) = (dates::show(from), dates::show(to));
            return Err(Usage(format!("--from {from} is after --to {to}")).into());
        }
        let source = self.reading.source()?;
        let mut store = Store::open(&self.reading.database.db, source.chain)?;
        let options = Options {
            since_last: self.since_last,
            from: self.from,
            to: self.to,
            no_undo: self.reading.no_undo,
            check: self.reading.check,
        };
        let report = run(&source, &mut store, &options)?;
        shown.conclude();
        summarize(&report);
        if (self.from.is_some() || self.to.is_some()) && store.days()?.is_empty() {
            let end = store.tip_time()?.map(dates::show_time);
            let end = end.map_or_else(String::new, |time| {
                format!("; the chain here ends at {time}")
            });
            say(&format!("note: no block lies in the days asked for{end}"));
        }
        Ok((store, report))
    }
}

impl Scan {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let shown = Shown::new()?;
        let pool = self.flags.pool()?;
        let (_, report) = self.flags.scan(&shown, |source, store, options| {
            scan::run(&pool, source, store, options, &shown.watch())
        })?;
        Ok(outcome(&report))
    }
}

/// A pool of so many threads, by default one a core.
pub(super) fn pool(threads: Option<u16>) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, usize::from)) // 0: one a core
        .build()
        .context("cannot start threads")
}

pub(super) fn outcome(report: &Report) -> Outcome {
    if report.incomplete {
        Outcome::Incomplete
    } else {
        Outcome::Done
    }
}

pub(super) fn summarize(report: &Report) {
    let tip = report
        .tip
        .as_ref()
        .map_or_else(String::new, |(height, hash)| {
            format!("; tip {height} {hash}")
        });
    if report.nothing_new {
        say(&format!("nothing new{tip}"));
        return;
    }
    say(&format!(
        "scanned {} days, {} blocks, {} qualifying outputs ({} MB of blocks){tip}",
        grouped(report.days as u64),
        grouped(report.blocks),
        grouped(report.outputs),
        grouped(report.bytes / 1_000_000),
    ));
    if report.stale > 0 {
        say(&format!(
            "{} block(s) are not on the chain (stale branches, or dead ones behind a crash)",
            grouped(report.stale as u64)
        ));
    }
}
