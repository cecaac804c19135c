//! Holds what is stored against what the node says at that moment.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::rules::{Block, Day, days};
use crate::scene::{Scene, backfill};
use crate::support::Place;

#[derive(Deserialize)]
struct Header {
    hash: String,
    height: u32,
    time: u32,
}

impl Scene {
    /// Scans for what is new; then tip, heights, hashes, times, days and qualifying outputs are the node's, and the
    /// digest is that of a first scan.
    #[track_caller]
    pub(crate) fn agree(&mut self) {
        self.backfill().expect(0);
        self.agree_as_stored();
    }

    /// The same of what is stored already.
    #[track_caller]
    pub(crate) fn agree_as_stored(&mut self) {
        self.agree_on_the_chain(0);
        let fresh = Place::at(self.core.blocks_dir());
        backfill(&fresh).expect(0);
        assert_eq!(self.place.digest(), fresh.digest(), "as a first scan");
    }

    /// Every block and output of the node's chain is stored, the first blocks perhaps pruned since.
    #[track_caller]
    pub(crate) fn agree_on_the_chain(&mut self, first: u32) {
        self.ledger.sync(&self.core);
        agree(self, &self.place, first);
    }
}

/// Compares a database with the node's chain from `first` on; the ledger is in step with the node.
#[track_caller]
pub(crate) fn agree(scene: &Scene, place: &Place, first: u32) {
    let blocks = &scene.ledger.chain[first as usize..];
    let headers: Vec<Header> = scene.core.ask_each(
        "getblockheader",
        blocks.iter().map(|block| json!([block.hash])),
    );
    let said: Vec<String> = headers
        .iter()
        .map(|header| format!("{} {} {}", header.height, header.hash, header.time))
        .collect();
    let stored = place.query("SELECT height, hash, time FROM block ORDER BY height");
    assert_eq!(stored.last(), said.last(), "the tip");
    assert!(
        stored == said,
        "first difference: {:?}",
        stored
            .iter()
            .zip(&said)
            .find(|(ours, theirs)| ours != theirs)
    );

    let days = days(blocks.iter().map(|block| -> &Block { block }));
    // How the first day of a pruned node began is not to be known.
    let days = &days[usize::from(first > 0)..];
    let said: Vec<String> = days.iter().map(row).collect();
    let since = days.first().map_or(0, |day| day.day);
    let stored = place.query(&format!(
        "SELECT day, first_height, last_height, transactions, outputs, sats FROM utc_day WHERE day >= {since} ORDER BY day"
    ));
    assert_eq!(stored, said, "the days");
    let exported = exported(place);
    for day in days {
        let from = day.first..=day.last;
        let ours: Vec<(u32, u64)> = exported
            .range(from)
            .flat_map(|(_, rows)| rows)
            .copied()
            .collect();
        assert_eq!(ours, day.outputs, "outputs of day {}", day.day);
    }
}

fn row(day: &Day) -> String {
    let sats: u64 = day.outputs.iter().map(|(_, sats)| sats).sum();
    let Day {
        day,
        first,
        last,
        transactions,
        outputs,
    } = day;
    format!(
        "{day} {first} {last} {transactions} {} {sats}",
        outputs.len()
    )
}

/// Height and sats of every stored output, by height.
fn exported(place: &Place) -> BTreeMap<u32, Vec<(u32, u64)>> {
    let ran = place.run(["export", "outputs"]).expect(0);
    let mut outputs: BTreeMap<u32, Vec<(u32, u64)>> = BTreeMap::new();
    for line in ran.stdout.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, height, _, sats] = fields[..] else {
            panic!("four columns: {line}");
        };
        let (height, sats) = (height.parse().unwrap(), sats.parse().unwrap());
        outputs.entry(height).or_default().push((height, sats));
    }
    outputs
}
