//! `blkprice verify`.

use clap::Args;

use super::examples;
use super::folder::Folder;
use super::output::{grouped, say};
use super::progress::Shown;
use super::scan::pool;
use super::{Database, Outcome};
use crate::scan::survey::check_folder;
use crate::store::Store;
use crate::verify::{Days, Report, run};

/// Check the database against itself and against the block files; writes nothing
///
/// The blocks of every stored day are read again, and its prices are computed again from the stored outputs, as far as
/// they were made by this version of the engines and no day has changed since.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::VERIFY)]
pub(super) struct Verify {
    #[command(flatten)]
    folder: Folder,

    #[command(flatten)]
    database: Database,

    /// Read the blocks of N days chosen at random again and compute their prices again, not of all; 0: look at the rows alone
    #[arg(long, value_name = "N")]
    sample: Option<usize>,

    /// Choose the days of --sample by this number, as an earlier run printed it [default: another each time]
    #[arg(long, value_name = "SEED", requires = "sample")]
    seed: Option<u32>,

    /// Threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let shown = Shown::new()?;
        let store = Store::read(&self.database.db)?;
        let source = match self.sample {
            Some(0) => None,
            _ => {
                let source = self.folder.source(Some(&store))?;
                store.check_chain(source.chain)?;
                check_folder(&source)?;
                Some(source)
            }
        };
        let seed = self.seed.unwrap_or_else(|| fastrand::u32(..));
        let days = match self.sample {
            Some(count) => Days::Sample {
                count,
                seed: seed.into(),
            },
            None => Days::All,
        };
        let pool = pool(self.threads)?;
        // What cannot be written ends the run once it is over: the findings are few.
        let mut written = Ok(());
        let report = run(
            &pool,
            source.as_ref(),
            &store,
            days,
            &shown.watch(),
            &mut |finding| {
                if written.is_ok() {
                    written = shown.put(&finding.to_string());
                }
            },
        )?;
        written?;
        shown.conclude();
        shown.put(&summary(&report, days))?;
        if report.in_files > 0 {
            say(
                "hint: block files that are damaged or cut short say nothing against what was stored of them before: keep the database. \
                 The node can fetch their blocks again (`bitcoind -reindex`; a pruned node fetches its whole chain then)",
            );
        }
        if report.wrong > report.in_files {
            say(
                "hint: prices and what is kept for them are made anew by `blkprice price --again`, what is noted of the block files by \
                 `blkprice scan`; for anything else keep the database aside and scan into a new one with --db",
            );
        }
        Ok(if report.wrong > 0 {
            Outcome::Differs
        } else {
            Outcome::Done
        })
    }
}

fn summary(report: &Report, days: Days) -> String {
    let number = |count: usize| grouped(count as u64);
    let mut line = format!(
        "database of {} days checked against itself",
        number(report.stored)
    );
    if days == (Days::All) || report.asked > 0 {
        line += &format!(
            "; {} of {} days ({} blocks, {} MB) read again from the block files",
            number(report.read),
            number(report.asked),
            grouped(report.blocks),
            grouped(report.bytes / 1_000_000)
        );
        if report.prices > 0 {
            line += &format!(" and {} prices computed again", grouped(report.prices));
        }
    }
    if let Days::Sample { seed, .. } = days
        && report.asked > 0
    {
        line += &format!(", chosen by --seed {seed}");
    }
    if report.unchecked > 0 {
        line += &format!(", {} not checkable", number(report.unchecked));
    }
    line += &match report.wrong {
        0 => "; nothing wrong".to_string(),
        wrong => format!("; {} wrong", grouped(wrong)),
    };
    line
}
