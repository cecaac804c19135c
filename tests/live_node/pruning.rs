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
