//! `blkprice demo`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Outcome;
use super::examples;
use super::exit::{Interrupted, is_interrupted};
use super::output::{dollars, grouped, put, say};
use super::progress::Shown;
use crate::blockfile::{Chain, files};
use crate::dates;
use crate::pricing::{self, Engine};
use crate::scan::{Options, Source, run};
use crate::store::{PriceRow, Store};
use crate::synth::{BlockFiles, ChainSpec, DayTruth, MAINNET_MAGIC, Tail, Undo, Xor};

/// Make a week of synthetic blocks with known prices, and find the prices again
///
/// The blocks are written as Bitcoin Core writes them (obfuscated, out of order, with stale branches and space
/// allocated ahead), then scanned and priced like any other folder. Needs no node and no network.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::DEMO)]
pub(super) struct Demo {
    /// Keep the blocks and the database in this folder [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Which chain to make; another number, another chain
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let left = match self.dir {
            Some(_) => "what it has made is in the folder; name an empty one to begin again",
            None => "nothing is left of it",
        };
        self.make().map_err(|error| match is_interrupted(&error) {
            true => Interrupted(left).into(),
            false => error,
        })
    }

    fn make(&self) -> anyhow::Result<Outcome> {
        let shown = Shown::new()?;
        let temporary;
        let dir = match &self.dir {
            Some(dir) => dir.as_path(),
            None => {
                temporary = tempfile::tempdir()
                    .context("cannot make a temporary folder; name one with --dir")?;
                temporary.path()
            }
        };
        let blocks_dir = dir.join("blocks");
        let database = dir.join("blkprice.db");
        // A folder that is not there, or cannot be listed, is told of when it is written to.
        let block_files = files::list(dir).is_ok_and(|files| !files.is_empty());
        if blocks_dir.exists() || database.exists() || block_files {
            bail!(
                "{}: there are blocks or a database already\n  hint: name an empty folder",
                dir.display()
            );
        }
        let (truths, bytes) = write_blocks(&blocks_dir, self.seed)?;
        say(&format!(
            "wrote {} MB of synthetic blocks to {}",
            grouped(bytes / 1_000_000),
            blocks_dir.display()
        ));

        // The database names the folder, and is asked from elsewhere too.
        let blocks_dir = blocks_dir
            .canonicalize()
            .with_context(|| format!("{}: cannot be found again", blocks_dir.display()))?;
        let source = Source::mapped(blocks_dir, Chain::Main);
        let pool = super::scan::pool(None)?;
        let mut store = Store::open(&database, source.chain)?;
        let report = run(
            &pool,
            &source,
            &mut store,
            &Options::default(),
            &shown.watch(),
        )?;
        super::scan::summarize(&report);
        for engine in Engine::ALL {
            pricing::price_all(
                &pool,
                &mut store,
                engine,
                &pricing::Options::default(),
                &shown.watch(),
            )?;
        }
        show(&store, &truths)?;
        if self.dir.is_some() {
            say(&format!(
                "kept in {}; try: blkprice status --db {}",
                dir.display(),
                database.display()
            ));
        } else {
            say(
                "next: `blkprice backfill` reads your own node's blocks; `blkprice --help` shows the rest",
            );
        }
        Ok(Outcome::Done)
    }
}

fn write_blocks(dir: &Path, seed: u64) -> anyhow::Result<(Vec<DayTruth>, u64)> {
    let write = || -> std::io::Result<(Vec<DayTruth>, u64)> {
        let spec = ChainSpec {
            seed,
            stale_share: 0.01,
            ..ChainSpec::default()
        };
        let mut chain = spec.blocks();
        let mut files = BlockFiles::new(dir)
            .magic(MAINNET_MAGIC)
            .xor(Xor::Random(seed))
            .tail(Tail::Last(1 << 24))
            .shuffle(seed, 20)
            .undo(Undo::Whole)
            .create()?;
        let mut bytes = 0;
        for block in &mut chain {
            bytes += block.block.bytes.len() as u64;
            files.block(&block.block)?;
        }
        files.finish()?;
        Ok((chain.take_truths(), bytes))
    };
    write().with_context(|| {
        format!(
            "cannot write synthetic blocks to {}\n  hint: name a folder of yours with --dir, on a disk with 200 MB free",
            dir.display()
        )
    })
}

fn show(store: &Store, truths: &[DayTruth]) -> anyhow::Result<()> {
    let of = |engine: Engine| store.prices(engine.name(), i32::MIN, i32::MAX);
    let (path, reference) = (of(Engine::Path)?, of(Engine::V91)?);
    put(&format!(
        "{:<12}{:>11}{:>11}{:>9}{:>12}{:>11}{:>9}  {}",
        "day", "true mean", "path", "error", "confidence", "v9.1", "error", "status"
    ))?;
    for truth in truths {
        let find = |rows: &[PriceRow]| rows.iter().find(|row| row.day == truth.day).cloned();
        let Some(ours) = find(&path) else { continue };
        let found = |row: Option<&PriceRow>| match row.and_then(|row| row.usd) {
            Some(usd) => (
                dollars(usd),
                format!("{:+.2} %", (usd / truth.mean - 1.0) * 100.0),
            ),
            None => ("none".to_string(), String::new()),
        };
        let (usd, error) = found(Some(&ours));
        let (usd_v91, error_v91) = found(find(&reference).as_ref());
        let confidence = ours
            .confidence
            .map_or_else(String::new, |c| format!("{c:.2}"));
        put(&format!(
            "{:<12}{:>11}{usd:>11}{error:>9}{confidence:>12}{usd_v91:>11}{error_v91:>9}  {}",
            dates::show(truth.day),
            dollars(truth.mean),
            ours.status
        ))?;
    }
    Ok(())
}
