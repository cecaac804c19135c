//! Blocks mined, coins spent, and scans meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::scene::{Ended, Scene, backfill};
use crate::support::Place;

#[test]
fn what_the_node_mines_and_spends_is_what_is_stored() {
    let Some(mut scene) = Scene::start("what_the_node_mines_and_spends", &[]) else {
        return;
    };
    scene.agree();
    for blocks in [1, 1, 2, 60] {
        scene.mine(blocks, 12);
        scene.agree();
    }
    let outputs: u64 = scene.place.query("SELECT sum(outputs) FROM utc_day")[0]
        .parse()
        .unwrap();
    let transactions: usize = scene.ledger.chain.iter().map(|block| block.tx.len()).sum();
    assert!(outputs > 100, "{outputs} outputs qualify");
    assert!(
        outputs < transactions as u64 * 2,
        "and many do not: {outputs} of {transactions} transactions"
    );
    let days = scene.place.query("SELECT count(*) FROM utc_day");
    assert!(days[0].parse::<u32>().unwrap() > 2, "over days: {days:?}");
}

#[test]
fn a_scan_while_the_node_mines_stores_a_part_of_its_chain() {
    let Some(mut scene) = Scene::start("a_scan_while_the_node_mines", &[]) else {
        return;
    };
    let done = AtomicBool::new(false);
    let place = Place::at(scene.core.blocks_dir());
    let seen = std::thread::scope(|threads| {
        let scanning = threads.spawn(|| {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                backfill(&place).expect(0);
                seen.push(place.chain());
            }
            seen
        });
        let ended = Ended(&done);
        scene.mine(120, 8);
        drop(ended);
        scanning.join().unwrap()
    });
    assert!(seen.len() > 3, "{} scans", seen.len());
    let mut before = 0;
    for stored in seen {
        assert!(stored.len() >= before, "nothing is lost");
        before = stored.len();
        for (height, hash) in stored {
            assert_eq!(hash, scene.hash(height));
        }
    }
    scene.place = place;
    scene.agree();
}
