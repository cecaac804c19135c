//! The scan, run through the library.
//!
//! No test here starts another program: between its fork and its exec a child holds the locks of all tests of its process.

#![cfg(unix)]

#[allow(dead_code, reason = "not every helper is of use here")]
#[path = "../scan/node.rs"]
mod node;
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;

mod since_last;
mod small_runs;
mod undo;

use std::path::Path;
use std::sync::LazyLock;

use blkprice::blockfile::Chain;
use blkprice::scan::{self, Options, Report, Source, Watch};
use blkprice::store::Store;

/// Two threads, whatever the machine has.
static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    pool.unwrap()
});

const SINCE_LAST: Options = Options {
    since_last: true,
    from: None,
    to: None,
    no_undo: false,
    check: false,
};

/// Scans the block files in `blocks` into `database`, which is made where there is none.
fn scan(blocks: &Path, database: &Path, options: &Options) -> (Report, Store) {
    let mut store = Store::open(database, Chain::Main).unwrap();
    let source = Source::mapped(blocks, Chain::Main);
    let report = scan::run(&POOL, &source, &mut store, options, &Watch::silent()).unwrap();
    (report, store)
}
