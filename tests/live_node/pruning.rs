//! Files deleted by the node while they are scanned.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::agreement::agree;
use crate::scene::{Ended, Scene, backfill};
use crate::support::Place;

#[test]
fn what_was_stored_stays_while_the_node_prunes() {
    let args = ["-fastprune", "-prune=1"];
    let Some(mut scene) = Scene::start("what_was_stored_stays_while_the_node_prunes", &args) else {
        return;
    };
    scene.mine(120, 20);
    scene.agree();
    let files = scene.core.block_files();
    let done = AtomicBool::new(false);
    let place = Place::at(scene.core.blocks_dir());
    std::thread::scope(|threads| {
        let scanning = threads.spawn(|| {
            let mut runs = 0;
            while !done.load(Ordering::Relaxed) {
                // A first scan each time, into which files disappear.
                let fresh = Place::at(place.blocks());
                let ran = backfill(&fresh);
                assert!(
                    matches!(ran.code, Some(0 | 3)),
                    "{:?}: {}",
                    ran.code,
                    ran.stderr
                );
                runs += 1;
            }
            runs
        });
        let ended = Ended(&done);
        for _ in 0..20 {
            scene.mine(12, 20);
            let _ = scene
                .core
                .try_ask::<u32>("pruneblockchain", json!([scene.tip().saturating_sub(288)]));
            scene.backfill().expect(0);
            scene.agree_on_the_chain(0);
        }
        drop(ended);
        assert!(scanning.join().unwrap() > 3);
    });
    let left = scene.core.block_files();
    assert!(!left.contains(&files[0]), "pruned: {left:?}");

    // A first scan knows the chain from the first file that is left on.
    let fresh = Place::at(scene.core.blocks_dir());
    backfill(&fresh).expect(0);
    let first = fresh.chain()[0].0;
    assert!(first > 0);
    agree(&scene, &fresh, first);
}

#[test]
fn a_pruned_node_that_fetches_its_chain_anew_takes_nothing_away() {
    let args = ["-fastprune", "-prune=1"];
    let test = "a_pruned_node_that_fetches_its_chain_anew_takes_nothing_away";
    let Some(mut scene) = Scene::start(test, &args) else {
        return;
    };
    scene.mine(320, 8);
    scene.agree();
    let (chain, digest) = (scene.place.chain(), scene.place.digest());
    let hashes = chain.iter().map(|(_, hash)| json!([hash, 0]));
    let blocks: Vec<String> = scene.core.ask_each("getblock", hashes);
    let prune = |scene: &Scene| -> u32 {
        let limit = json!([scene.tip() - 288]);
        scene.core.ask("pruneblockchain", limit)
    };
    assert!(prune(&scene) > 0);
    scene.backfill().expect(0);

    // It deletes all its block files and begins with the genesis block.
    scene.core.restart_with("-reindex");
    assert_eq!(scene.core.ask::<u32>("getblockcount", json!([])), 0);
    for part in blocks[1..].chunks(50) {
        for block in part {
            scene.core.tell("submitblock", json!([block]));
        }
        scene.backfill();
        assert_eq!(scene.place.chain(), chain);
    }
    assert!(prune(&scene) > 0);
    scene.backfill().expect(0);
    assert_eq!(scene.place.digest(), digest);
    scene.agree_on_the_chain(0);
    // It goes on from there.
    scene.begin_branch();
    scene.mine(5, 8);
    scene.reorganise(3, 1, 8);
    scene.backfill().expect(0);
    scene.agree_on_the_chain(0);
}
