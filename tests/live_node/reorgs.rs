//! The node gives up blocks for others.
//!
//! That a branch is invalid is not in the block files, so a branch is compared once it is longer than what it replaces.

use serde_json::json;

use crate::scene::Scene;

#[test]
fn reorganisations_of_1_6_and_150_blocks_are_followed() {
    let Some(mut scene) = Scene::start("reorganisations_of_1_6_and_150_blocks", &[]) else {
        return;
    };
    scene.mine(60, 6);
    scene.agree();
    for depth in [1, 6, 150] {
        let (height, left) = (scene.tip(), scene.tip_hash().to_string());
        scene.reorganise(depth, 1, 6);
        assert_ne!(scene.hash(height), left, "another branch");
        scene.agree();
        scene.mine(3, 6);
        scene.agree();
    }
}

#[test]
fn a_stale_branch_that_wins_later_is_taken_back() {
    let Some(mut scene) = Scene::start("a_stale_branch_that_wins_later", &[]) else {
        return;
    };
    scene.mine(40, 6);
    scene.agree();
    for depth in [1, 6, 30] {
        let old = scene.hash(scene.tip() + 1 - depth).to_string();
        let (height, left) = (scene.tip(), scene.tip_hash().to_string());
        scene.reorganise(depth, 2, 6);
        scene.agree();
        let new = scene.hash(height + 1 - depth).to_string();
        scene.invalidate(&new);
        scene.core.tell("reconsiderblock", json!([old]));
        scene.begin_branch();
        assert_eq!(scene.tip_hash(), left, "the old branch again");
        scene.mine(3, 6);
        assert_eq!(scene.hash(height), left);
        scene.agree();
    }
}
