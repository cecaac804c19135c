//! `blkprice backfill`.

use clap::Args;

use super::Outcome;
use super::output::{grouped, say};
use super::price::EngineFlag;
use super::progress::Shown;
use super::scan::{Flags, outcome};
use crate::pricing::price_all;

/// Scan, then price every day: the main job
#[derive(Args, Clone, Debug)]
pub(super) struct Backfill {
    #[command(flatten)]
    flags: Flags,

    #[command(flatten)]
    engine: EngineFlag,
}

impl Backfill {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let shown = Shown::new()?;
        let pool = self.flags.pool()?;
        let (mut store, report) = self.flags.scan(&pool, &shown)?;
        let engine = self.engine.get();
        let priced = price_all(&pool, &mut store, engine, self.engine.force, &shown.watch())?;
        say(&format!(
            "priced {} days by {}; see `blkprice export prices` or the view daily_price in {}",
            grouped(priced as u64),
            engine.name(),
            store.path().display()
        ));
        Ok(outcome(&report))
    }
}
