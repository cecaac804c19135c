//! What the world can do to a run: kill it, fill its disk, take the blocks' disk away, reorganise the chain under a reader.

// Signals, mounts and limits are used the Unix way.
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures of a long run, and that a test is skipped, are to be seen"
)]

#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;

mod damaged;
mod disk;
mod handed_back;
mod kills;
mod mapped;
mod pruned;
mod reader;
mod vanished;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use blkprice::blockfile::Chain;
use blkprice::scan::{Error, Options, Progress, Report, Source, Unit, Warning, Watch, run};
use blkprice::store::Store;
use blkprice::synth::{RawBlock, payment};

use support::Place;

/// Does something at the `after`-th step forward in `phase`, and keeps the warnings.
struct At<F> {
    phase: &'static str,
    left: AtomicUsize,
    inside: AtomicBool,
    act: F,
    warnings: Mutex<Vec<String>>,
}

impl<F: Fn() + Sync> Progress for At<F> {
    fn start(&self, what: &str, _: u64, _: Unit) {
        self.inside.store(what == self.phase, Ordering::Relaxed);
    }

    fn advance(&self, _: u64) {
        if self.inside.load(Ordering::Relaxed) && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            (self.act)();
        }
    }

    fn finish(&self) {}

    fn warn(&self, warning: &Warning) {
        self.warnings.lock().unwrap().push(warning.to_string());
    }
}

/// Scans the place on one thread, the blocks mapped; `act` is done at the `after`-th step forward in `phase`. Gives how the
/// scan ended, its warnings, and whether `act` was done.
fn scan_with(
    place: &Place,
    phase: &'static str,
    after: usize,
    act: impl Fn() + Sync,
) -> (Result<Report, Error>, String, bool) {
    let done = AtomicBool::new(false);
    let at = At {
        phase,
        left: AtomicUsize::new(after),
        inside: AtomicBool::new(false),
        act: || {
            act();
            done.store(true, Ordering::Relaxed);
        },
        warnings: Mutex::default(),
    };
    let source = Source::mapped(place.blocks().canonicalize().unwrap(), Chain::Main);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let mut store = Store::open(&place.db(), Chain::Main).unwrap();
    let watch = Watch {
        progress: &at,
        stop: &AtomicBool::new(false),
    };
    let options = Options {
        since_last: true,
        ..Options::default()
    };
    let ended = run(&pool.unwrap(), &source, &mut store, &options, &watch);
    let warnings = at.warnings.into_inner().unwrap().join("\n");
    (ended, warnings, done.into_inner())
}

/// `count` blocks on `parent`, an hour apart.
fn branch(parent: &RawBlock, count: usize, seed: u64) -> Vec<RawBlock> {
    let mut made: Vec<RawBlock> = Vec::new();
    for i in 0..count as u64 {
        let mut block = made.last().unwrap_or(parent).next(3_600).seed(seed);
        for j in 0..20 {
            block.add(&payment(20_000 + seed * 1_000 + j, 70_001 + i));
        }
        made.push(block.finish());
    }
    made
}

/// The block files of the place, made anew from these blocks.
fn write_anew(place: &Place, blocks: &[RawBlock]) {
    if place.blocks().exists() {
        std::fs::remove_dir_all(place.blocks()).unwrap();
    }
    place.files().blocks_per_file(30).write(blocks).unwrap();
}

/// SQLite finds nothing wrong, and the tables agree with each other.
#[track_caller]
fn assert_sound(place: &Place) {
    assert_eq!(place.query("PRAGMA integrity_check"), ["ok"]);
    let tables = place.query("SELECT count(*) FROM sqlite_schema WHERE name = 'utc_day'");
    if tables == ["1"] {
        assert_consistent(&place.open_db());
    }
}

/// What every snapshot of a database fulfils: the blocks link, days have the blocks they say, prices are of what is stored.
#[track_caller]
fn assert_consistent(db: &rusqlite::Connection) {
    for (what, wrong) in [
        (
            "a block does not link to the one below",
            "SELECT count(*) FROM chain_block a JOIN chain_block b ON b.height = a.height + 1 WHERE b.prev <> a.hash",
        ),
        (
            "a day says other blocks than there are",
            "SELECT count(*) FROM utc_day d WHERE d.blocks <> (SELECT count(*) FROM chain_block b WHERE b.day = d.day \
             AND b.height BETWEEN d.first_height AND d.last_height)",
        ),
        (
            "a block is of no day",
            "SELECT count(*) FROM chain_block WHERE day NOT IN (SELECT day FROM utc_day)",
        ),
        (
            "a day has no outputs row",
            "SELECT count(*) FROM utc_day WHERE day NOT IN (SELECT day FROM day_outputs)",
        ),
        (
            "a price is of no day, or of another chain's",
            "SELECT count(*) FROM price p LEFT JOIN utc_day d ON d.day = p.day WHERE p.outputs IS NOT d.outputs",
        ),
        (
            "a block price is of no block",
            "SELECT count(*) FROM path_block WHERE height NOT IN (SELECT height FROM chain_block)",
        ),
    ] {
        let rows: i64 = db.query_row(wrong, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{what}");
    }
}
