//! A thousand runs for what is new, a block or two each, add up to one run over everything.

use blkprice::pricing::{self, Engine};
use blkprice::scan::{Options, Report, Watch};
use blkprice::synth::{ChainSpec, RawBlock, Rng};

use super::node::Node;
use super::support::{Place, heights_and_hashes};
use super::{POOL, SINCE_LAST, scan};

/// A run with or without pricing; gives the digest too if it is asked for.
fn run(place: &Place, options: &Options, priced: bool, digest: bool) -> (Report, Option<String>) {
    let (report, mut store) = scan(
        &place.blocks().canonicalize().unwrap(),
        &place.db(),
        options,
    );
    for engine in Engine::ALL.into_iter().filter(|_| priced) {
        let watch = Watch::silent();
        pricing::price_all(&POOL, &mut store, engine, &Default::default(), &watch).unwrap();
    }
    (report, digest.then(|| store.digest().unwrap()))
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
    let place = Place::new();
    let fresh = |place: &Place| {
        let other = Place::at(place.blocks());
        run(&other, &Options::default(), true, true).1
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
        let priced = compared || rng.chance(0.04);
        let (report, digest) = run(&place, &SINCE_LAST, priced, compared);
        assert!(!report.nothing_new && !report.incomplete, "run {runs}");
        let on_chain = at + 1 - report.stale;
        assert_eq!(report.tip.unwrap().0 as usize, on_chain - 1, "run {runs}");
        if compared {
            assert_eq!(digest, fresh(&place), "run {runs}");
        }
    }
    assert!(runs >= 1_000);
    assert!(node.files() > 5, "{} files", node.files());
    let (_, digest) = run(&place, &SINCE_LAST, true, true);
    assert_eq!(digest, fresh(&place));
    let chain: Vec<RawBlock> = blocks
        .into_iter()
        .filter(|(_, stale)| !stale)
        .map(|(block, _)| block)
        .collect();
    assert_eq!(place.chain(), heights_and_hashes(&chain));
}
