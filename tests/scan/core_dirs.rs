//! Folders that Bitcoin Core wrote, against the node's own account of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Place, shared_data, unpack};

/// Height, hash, time and number of transactions of a block.
type Row = (u32, String, u32, u32);

/// What the node says of its chain: what beside the archive stands in the `.json`.
struct Account {
    blocks: Vec<Row>,
    pruned_below: u32,
    stale_tips: Vec<String>,
}

impl Account {
    fn read(path: &Path) -> Account {
        let json: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let number = |value: &serde_json::Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
        let blocks: Vec<Row> = json["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| {
                let height = number(&b["height"]);
                (
                    height,
                    text(&b["hash"]),
                    number(&b["time"]),
                    number(&b["ntx"]),
                )
            })
            .collect();
        let tips = json["tips"].as_array().unwrap();
        let account = Account {
            blocks,
            pruned_below: number(&json["pruneheight"]),
            stale_tips: tips
                .iter()
                .filter(|tip| tip["status"] != "active")
                .map(|tip| text(&tip["hash"]))
                .collect(),
        };
        assert_eq!(account.tip(), (number(&json["height"]), text(&json["tip"])));
        account
    }

    fn tip(&self) -> (u32, String) {
        let (height, hash, ..) = self.blocks.last().unwrap();
        (*height, hash.clone())
    }
}

/// Scans the folder packed as `name` and compares it with the account beside it.
fn equals_the_nodes_account(folder: &Path, name: &str, chain: &str) -> Place {
    let account = Account::read(&folder.join(format!("{name}.json")));
    let place = Place::new();
    unpack(&folder.join(format!("{name}.tar.xz")), place.dir());
    let (height, hash) = account.tip();
    place
        .scan(&["--chain", chain])
        .expect(0)
        .says(&format!("tip {height} {hash}"));
    assert_eq!(place.status()["tip_height"], height);
    assert_eq!(place.status()["tip_hash"], *hash);

    let db = place.open_db();
    let mut statement = db
        .prepare("SELECT height, hash, time, transactions FROM block ORDER BY height")
        .unwrap();
    let stored: Vec<Row> = statement
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected: Vec<Row> = account
        .blocks
        .into_iter()
        .filter(|&(height, ..)| height >= account.pruned_below)
        .collect();
    assert_eq!(stored, expected);
    for stale in &account.stale_tips {
        assert!(stored.iter().all(|(_, hash, ..)| hash != stale));
    }
    place
}

fn ours(name: &str) -> Place {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    equals_the_nodes_account(&folder, name, "regtest")
}

#[test]
fn an_obfuscated_folder_scans_to_the_nodes_own_account() {
    let place = ours("bd-xor1");
    assert_eq!(place.status()["stale_blocks"], 2);
}

#[test]
fn a_folder_with_the_key_switched_off_scans_to_the_nodes_own_account() {
    let place = ours("bd-xor0");
    assert_eq!(fs::read(place.blocks().join("xor.dat")).unwrap(), [0; 8]);
}

#[test]
fn a_tiny_preallocated_file_scans_to_the_nodes_own_account() {
    ours("bd-fastprune");
}

#[test]
fn a_pruned_folder_starts_where_the_node_says_and_is_no_error() {
    let place = ours("bd-pruned");
    assert_eq!(
        place.query("SELECT min(first_height) FROM daily_activity"),
        ["767"]
    );
    assert_eq!(
        place.query("SELECT complete FROM daily_activity ORDER BY day LIMIT 1"),
        ["0"],
        "the day that pruning cut is not complete"
    );
    assert_eq!(place.status()["gaps"], serde_json::json!([]));
}

#[test]
fn dead_blocks_behind_the_tip_of_a_killed_node_are_left_out() {
    let place = ours("bd-crash");
    place
        .scan(&["--chain", "regtest"])
        .expect(0)
        .says("63 bytes at offset 32634 are no block record; went on at offset 32697");
}

#[test]
fn the_first_blocks_of_the_main_chain_scan_to_the_nodes_own_account() {
    let Some(data) = shared_data("the first 4,313 blocks of the main chain") else {
        return;
    };
    equals_the_nodes_account(&data.join("core-dirs"), "mainnet-0-4312", "main");
}
