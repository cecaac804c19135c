//! `blkprice backfill`.

use clap::Args;

use super::Outcome;
use super::examples;
use super::output::say;
use super::price::{EngineFlags, tell_priced};
use super::progress::Shown;
use super::scan::{Flags, outcome};
use crate::pricing::Pass;

/// Scan, then price every day: the main job
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::BACKFILL)]
pub(super) struct Backfill {
    #[command(flatten)]
    flags: Flags,

    #[command(flatten)]
    engine: EngineFlags,
}

impl Backfill {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let shown = Shown::new()?;
        let pool = self.flags.pool()?;
        let pass = Pass {
            pool: &pool,
            engines: &self.engine.engines(),
            options: &self.engine.options()?,
            watch: &shown.watch(),
        };
        let mut priced = Vec::new();
        let (mut store, report) = self.flags.scan(&shown, |source, store, options| {
            let (report, beside) = pass.scan(source, store, options)?;
            priced = beside;
            Ok(report)
        })?;
        priced.extend(pass.price_after_scan(&mut store)?);
        tell_priced(&priced);
        say(&format!(
            "see `blkprice export prices`, or the view daily_price in {}",
            store.path().display()
        ));
        Ok(outcome(&report))
    }
}
