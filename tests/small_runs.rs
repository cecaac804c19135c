//! A thousand runs for what is new, a block or two each, add up to one run over everything.

// A program of its own: a child that another test starts can hold our lock for a moment, between its fork and its exec.
#![cfg(unix)]

#[allow(dead_code, reason = "not every helper is of use here")]
#[path = "scan/node.rs"]
mod node;
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "support/mod.rs"]
mod support;

use std::sync::atomic::AtomicBool;

use blkprice::blockfile::{Access, Chain};
use blkprice::pricing::{self, Engine};
use blkprice::scan::{self, Options, Report, Silent, Source, Watch};
use blkprice::store::Store;
use blkprice::synth::{ChainSpec, RawBlock, Rng};

use node::Node;
use support::{Place, heights_and_hashes};

/// A run through the library, with or without pricing.
fn run(place: &Place, pool: &rayon::ThreadPool, since_last: bool, priced: bool) -> Report {
    let source = Source {
        blocks_dir: place.blocks().canonicalize().unwrap(),
        chain: Chain::Main,
        access: Access::Map,
    };
    let watch = Watch {
        progress: &Silent,
        stop: &AtomicBool::new(false),
    };
    let options = Options {
        since_last,
        ..Options::default()
    };
    let mut store = Store::open(&place.db(), Chain::Main).unwrap();
    let report = scan::run(pool, &source, &mut store, &options, &watch).unwrap();
    for engine in Engine::ALL.into_iter().filter(|_| priced) {
        pricing::price_all(pool, &mut store, engine, &Default::default(), &watch).unwrap();
    }
    report
}

/// Six days of a thousand blocks and more, about every twentieth followed by a stale one.
fn blocks() -> Vec<(RawBlock, bool)> {
    let spec = ChainSpec {
        seed: 60,
        days: 6,
        blocks_per_day: 165.0,
        transactions_per_day: 600.0,
        stale_share: 0.05,
        ..ChainSpec::default()
    };
    spec.blocks().map(|b| (b.block, b.stale)).collect()
}

#[test]
fn a_thousand_small_runs_leave_what_one_run_leaves() {
    let blocks = blocks();
    assert!(blocks.len() >= 1_000, "{}", blocks.len());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    let place = Place::new();
    let fresh = |place: &Place| {
        let other = Place::at(place.blocks());
        run(&other, &pool, false, true);
        other.digest()
    };
    let mut node = Node::new(place.blocks(), [7, 0, 0, 0x91, 3, 0xff, 0, 8]);
    let mut rng = Rng::new(60);
    // Two files grow in turns, as while a node takes in an old part of the chain beside the new; each is full at some point,
    // and the node goes on in the next number that is free.
    let mut growing = [0, 1];
    let mut runs = 0;
    for (at, (block, _)) in blocks.iter().enumerate() {
        let turn = usize::from(rng.chance(0.3));
        node.write(growing[turn], [block]);
        if node.end(growing[turn]) > 30_000 {
            node.roll_over(growing[turn]);
            growing[turn] = growing[0].max(growing[1]) + 1;
        }
        // Times that are trusted, and times too fresh for that.
        if rng.chance(0.5) {
            node.settle(at as u64);
        }
        runs += 1;
        // Pricing takes most of the time here, and is caught up by the next run that does it.
        let compared = runs % 250 == 0;
        let report = run(&place, &pool, true, compared || rng.chance(0.04));
        assert!(!report.nothing_new && !report.incomplete, "run {runs}");
        let on_chain = at + 1 - report.stale;
        assert_eq!(report.tip.unwrap().0 as usize, on_chain - 1, "run {runs}");
        if compared {
            assert_eq!(place.digest(), fresh(&place), "run {runs}");
        }
    }
    assert!(runs >= 1_000);
    assert!(node.files() > 5, "{} files", node.files());
    run(&place, &pool, true, true);
    assert_eq!(place.digest(), fresh(&place));
    let chain: Vec<RawBlock> = blocks
        .into_iter()
        .filter(|(_, stale)| !stale)
        .map(|(block, _)| block)
        .collect();
    assert_eq!(place.chain(), heights_and_hashes(&chain));
}
