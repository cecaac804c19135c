//! `blkprice backfill`.

use clap::Args;

use super::Outcome;
use super::examples;
use super::output::say;
use super::price::EngineFlags;
use super::progress::Shown;
use super::scan::{Flags, outcome};

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
        let (mut store, report) = self.flags.scan(&pool, &shown)?;
        self.engine.price_all(&pool, &mut store, &shown)?;
        say(&format!(
            "see `blkprice export prices`, or the view daily_price in {}",
            store.path().display()
        ));
        Ok(outcome(&report))
    }
}
