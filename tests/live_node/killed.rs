//! The node killed, which then writes over what it has forgotten.

use crate::scene::Scene;

#[test]
fn a_killed_node_that_writes_over_forgotten_blocks_is_followed() {
    let Some(mut scene) = Scene::start("a_killed_node", &[]) else {
        return;
    };
    scene.mine(30, 8);
    scene.agree();
    let mut forgotten = 0;
    for lost in [5, 20, 45] {
        // Whatever is mined from here on the node has not noted when it is killed.
        scene.core.restart();
        scene.begin_branch();
        let kept = scene.tip();
        scene.mine(lost, 8);
        scene.agree();
        scene.core.kill_and_restart();
        scene.begin_branch();
        forgotten += kept + lost - scene.tip();
        // The dead blocks are whole in the file still, and nothing there says that they are dead.
        scene.backfill().expect(0);
        assert_eq!(scene.place.chain().last().unwrap().0, kept + lost);
        let over = kept + lost + 1 - scene.tip();
        for part in [over / 2, over - over / 2] {
            scene.mine(part, 8);
            scene.backfill().expect(0);
        }
        scene.agree();
        scene.mine(2, 8);
        scene.agree();
    }
    assert!(forgotten > 0, "the node forgot nothing: nothing was tested");
}
