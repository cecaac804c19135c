//! The database that most tests export.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use blkprice::synth::ChainSpec;
use tempfile::TempDir;

use crate::filled::fill;

pub(crate) struct Database {
    _dir: TempDir,
    pub(crate) path: PathBuf,
}

/// Six weeks around the new year of 2024, the first five days before v9.1 begins, priced by both engines.
pub(crate) static DATABASE: LazyLock<Database> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blkprice.db");
    fill(
        &path,
        &ChainSpec {
            first_day: 19_701,
            days: 42,
            blocks_per_day: 24.0,
            transactions_per_day: 2_500.0,
            ..ChainSpec::default()
        },
    );
    for engine in ["path", "v9.1"] {
        let mut price = Command::new(env!("CARGO_BIN_EXE_blkprice"));
        let price = price.args(["price", "--engine", engine, "--db"]).arg(&path);
        assert!(price.output().unwrap().status.success());
    }
    Database { _dir: dir, path }
});
