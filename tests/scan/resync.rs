//! A node that fetches its chain anew, as after `-reindex` of a pruned one or into another folder, beside a database that has it all.

use std::fs;

use blkprice::synth::{RawBlock, Rng};

use crate::node::{Node, mix};
use crate::support::{Place, heights_and_hashes, small_chain};

const KEY: [u8; 8] = [0x11, 0x5c, 0, 0xe0, 7, 0, 0, 0x9d];
/// Blocks in a file of the first layout, and of the second.
const LAYOUTS: [usize; 2] = [20, 13];

/// How the node fetches.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Into the folder it had before.
    same_folder: bool,
    /// Out of order.
    shuffled: bool,
    /// Only its last five files stay, some three days.
    pruned: bool,
}

/// Fetches `all` again into files of another layout beside a database that has all but the last 25 of them, and looks after each
/// step at what a run of the timer leaves.
fn fetch(way: Way, all: &[RawBlock], seed: u64) {
    let stored = &all[..all.len() - 25];
    let mut rng = Rng::new(seed);
    let place = Place::new();
    let files = place.files().blocks_per_file(LAYOUTS[0]);
    files.write(stored).unwrap();
    place.backfill(&["--engine", "v9.1"]).expect(0);

    let mut order = all.to_vec();
    if way.shuffled {
        for window in order[1..].chunks_mut(12) {
            mix(&mut rng, window);
        }
    }
    let other = Place::new();
    if way.same_folder {
        fs::remove_dir_all(place.blocks()).unwrap();
    }
    let blocks = match way.same_folder {
        true => place.blocks(),
        false => other.blocks(),
    };
    let dir = blocks.to_str().unwrap();
    let mut node = Node::new(blocks, KEY);
    let kept = heights_and_hashes(stored);
    let run = || place.run(["backfill", "--since-last", "--blocks-dir", dir]);
    let (mut fetched, mut step) = (0, 0);
    while fetched < all.len() {
        let next = (fetched + 1 + rng.below(23)).min(order.len());
        for (at, block) in (fetched..next).zip(&order[fetched..next]) {
            node.write(at / LAYOUTS[1], [block]);
        }
        fetched = next;
        if rng.chance(0.7) {
            node.settle(step);
        }
        step += 1;
        if way.pruned {
            for file in 0..node.files().saturating_sub(5) {
                let _ = fs::remove_file(node.path(file));
            }
        }
        let ran = run();
        let chain = place.chain();
        assert!(
            kept.iter().all(|b| chain.contains(b)),
            "{way:?} seed {seed}, {fetched} fetched\n{}",
            ran.stderr
        );
        if fetched == all.len() {
            ran.expect(0);
        }
    }
    let said = format!("{way:?} seed {seed}");
    assert_eq!(place.chain(), heights_and_hashes(all), "{said}");
    place.run(["verify", "--blocks-dir", dir]).expect(0);
    let whole = Place::with(all);
    whole.backfill(&["--engine", "v9.1"]).expect(0);
    let days = "SELECT * FROM daily_activity";
    assert_eq!(place.query(days), whole.query(days), "{said}");

    // A branch that forks where the node still has all blocks replaces them.
    let fork = all.len() - 4;
    for block in all[fork].branch(5, 8) {
        node.write(node.files() - 1, [&block]);
    }
    run().expect(0);
    let mut chain = all[..=fork].to_vec();
    chain.extend(all[fork].branch(5, 8));
    assert_eq!(place.chain(), heights_and_hashes(&chain), "{said}");
}

#[test]
fn a_node_that_fetches_its_chain_anew_takes_nothing_away() {
    let seeds: u64 = std::env::var("BLKPRICE_SEEDS").map_or(1, |n| n.parse().unwrap());
    let all = small_chain(6, 40);
    for seed in 0..seeds {
        for way in 0..8 {
            let [same_folder, shuffled, pruned] = [1, 2, 4].map(|bit| way & bit != 0);
            let way = Way {
                same_folder,
                shuffled,
                pruned,
            };
            fetch(way, &all, seed);
        }
    }
}

#[test]
fn blocks_lost_in_a_crash_stay_stored_while_they_are_fetched_again_in_another_order() {
    let blocks = small_chain(3, 41);
    let place = Place::new();
    let mut node = Node::new(place.blocks(), KEY);
    node.write(0, &blocks[..40]);
    let end = node.end(0);
    node.write(0, &blocks[40..]);
    node.settle(0);
    place.backfill(&[]).expect(0);
    let (digest, chain) = (place.digest(), place.chain());
    node.forget(0, end);
    let mut again = blocks[40..].to_vec();
    again.reverse();
    for (step, block) in (1..).zip(&again) {
        node.write(0, [block]);
        node.settle(step);
        place.backfill(&["--since-last"]).expect(0);
        assert_eq!(place.chain(), chain, "step {step}");
    }
    assert_eq!(place.digest(), digest);
    place.run(place.words("verify", &[])).expect(0);
    assert_eq!(
        place.query("SELECT count(*) FROM block WHERE file > 0"),
        ["0"]
    );
}
