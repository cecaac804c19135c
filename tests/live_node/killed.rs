//! The node killed, which then writes over what it has forgotten.

use crate::scene::{Scene, number};

/// How often a node is killed, unless `BLKPRICE_NODE_KILLS` says; CI does no more.
const KILLS: u32 = 3;
/// Seconds from block to block before a kill: about every hour, by its clock, the node notes what it has.
const HASTE: u32 = 30;

/// Kills a node again and again that has not noted its last blocks, and lets it write others over them.
#[allow(clippy::print_stderr, reason = "the figures of a long run")]
fn kill(test: &str, args: &[&str], most_payments: usize) {
    let Some(mut scene) = Scene::start(test, args) else {
        return;
    };
    let kills = number("BLKPRICE_NODE_KILLS").unwrap_or(KILLS);
    scene.mine(30, most_payments);
    scene.agree();
    let pace = scene.pace;
    let (mut forgotten, mut misjudged) = (0, 0);
    for _ in 0..kills {
        // Whatever is mined from here on the node has not noted when it is killed.
        scene.core.restart();
        scene.begin_branch();
        let noted = scene.tip();
        let lost = 1 + scene.rng.below(50) as u32; // small
        scene.pace = HASTE;
        scene.mine(lost, most_payments);
        scene.pace = pace;
        scene.agree();
        scene.core.kill_and_restart();
        scene.begin_branch();
        let top = noted + lost;
        forgotten += top - scene.tip();
        // The dead blocks are whole in the file still, and nothing there says that they are dead.
        scene.backfill().expect(0);
        assert_eq!(scene.place.chain().last().unwrap().0, top);
        let over = top + 1 - scene.tip();
        scene.mine(over / 2, most_payments);
        // One or two dead blocks behind half a dead one can look like the chain behind a damaged block where a far smaller
        // block is near: then a height is said to be missing, until they are written over.
        let ran = scene.backfill();
        assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.stderr);
        misjudged += u32::from(ran.code == Some(3));
        scene.mine(over - over / 2, most_payments);
        scene.agree();
        scene.mine(2, most_payments);
        scene.agree();
    }
    eprintln!(
        "{test}: {kills} kills, {forgotten} blocks forgotten; half-way, {misjudged} times a height seemed missing"
    );
    assert!(
        forgotten > kills,
        "{forgotten} blocks forgotten: nothing was tested"
    );
}

#[test]
fn a_killed_node_that_writes_over_forgotten_blocks_is_followed() {
    kill("a_killed_node_that_writes_over", &[], 8);
}

#[test]
fn a_killed_node_that_had_begun_other_files_is_followed() {
    kill("a_killed_node_with_other_files", &["-fastprune"], 30);
}
