//! Other ways of the node to write its files.

use crate::scene::Scene;

#[test]
fn files_that_roll_over_are_followed() {
    let Some(mut scene) = Scene::start("files_that_roll_over", &["-fastprune"]) else {
        return;
    };
    let mut files = scene.core.block_files().len();
    for _ in 0..4 {
        scene.mine(30, 30);
        scene.agree();
        let now = scene.core.block_files().len();
        assert!(now >= files);
        files = now;
    }
    assert!(files > 2, "{files} files");
    // A branch over files that were full long ago.
    scene.reorganise(70, 1, 30);
    scene.agree();
}

#[test]
fn a_node_that_does_not_obfuscate_is_read_alike() {
    let Some(mut scene) = Scene::start("a_node_that_does_not_obfuscate", &["-blocksxor=0"]) else {
        return;
    };
    let first = std::fs::read(scene.place.file(0)).unwrap();
    assert_eq!(
        first[..4],
        [0xfa, 0xbf, 0xb5, 0xda],
        "the magic in the clear"
    );
    scene.mine(40, 8);
    scene.agree();
    scene.reorganise(6, 1, 8);
    scene.agree();
}
