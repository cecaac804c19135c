//! A database made by the program from a synthetic chain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use blkprice::blockfile;
use blkprice::dates;
use blkprice::store::Store;
use blkprice::synth::{BlockFiles, ChainSpec};
use tempfile::TempDir;

use crate::program;

/// Six weeks around the new year of 2024, the first five days before v9.1 begins.
pub(crate) const FIRST_DAY: i32 = 19_701;
pub(crate) const DAYS: u32 = 42;

/// What the chain is known to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayTotals {
    pub(crate) blocks: u64,
    pub(crate) transactions: u64,
    pub(crate) outputs: u64,
    pub(crate) sats: u64,
}

/// A scanned and priced chain, and the truth about it.
pub(crate) struct Database {
    _dir: TempDir,
    pub(crate) path: PathBuf,
    /// By 'YYYY-MM-DD'.
    pub(crate) days: BTreeMap<String, DayTotals>,
    /// Day, header time and hash of each block, by height.
    pub(crate) blocks: Vec<(String, u32, String)>,
    /// The amounts that count, by day.
    pub(crate) sats: BTreeMap<String, Vec<u64>>,
}

/// The one most tests look at.
pub(crate) static DATABASE: LazyLock<Database> = LazyLock::new(|| {
    make(ChainSpec {
        first_day: FIRST_DAY,
        days: DAYS,
        blocks_per_day: 24.0,
        transactions_per_day: 2_500.0,
        ..ChainSpec::default()
    })
});

/// Writes the chain into block files and runs `blkprice backfill` over them.
pub(crate) fn make(spec: ChainSpec) -> Database {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("blocks");
    let mut files = BlockFiles::new(&folder).create().unwrap();
    let mut days: BTreeMap<String, DayTotals> = BTreeMap::new();
    let mut blocks = Vec::new();
    let mut sats: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for block in spec.blocks() {
        files.block(&block.block).unwrap();
        let date = dates::show(block.window);
        let day = days.entry(date.clone()).or_default();
        day.blocks += 1;
        day.transactions += u64::from(block.block.transactions);
        day.outputs += block.qualifying.len() as u64;
        day.sats += block.qualifying.iter().sum::<u64>();
        sats.entry(date.clone())
            .or_default()
            .extend(&block.qualifying);
        blocks.push((date, block.block.time, block.block.hash.to_string()));
    }
    files.finish().unwrap();
    // Alone in a folder, so that all that is made beside it can be weighed with it.
    let path = dir.path().join("db").join("blkprice.db");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let folder = folder.to_str().unwrap();
    program::run(&["backfill", "--blocks-dir", folder], &path, 0);
    Database {
        _dir: dir,
        path,
        days,
        blocks,
        sats,
    }
}

impl Database {
    pub(crate) fn open(&self) -> Store {
        Store::read(&self.path).unwrap()
    }

    /// A copy that may be written to.
    pub(crate) fn copy(&self) -> (TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.db");
        std::fs::copy(&self.path, &path).unwrap();
        let store = Store::open(&path, blockfile::Chain::Main).unwrap();
        (dir, store)
    }

    /// Stdout of the program on this database.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        program::run(args, &self.path, 0)
    }
}
