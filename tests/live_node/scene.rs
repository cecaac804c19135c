//! A node that mines, and the program's database beside it.

use std::sync::atomic::{AtomicBool, Ordering};

use bitcoin::Transaction;
use bitcoin::consensus::encode::serialize_hex;
use blkprice::synth::Rng;
use serde::Deserialize;
use serde_json::json;

use crate::core::Core;
use crate::ledger::Ledger;
use crate::payments::{payments, split};
use crate::support::{Place, Ran};

/// Says that something has ended when dropped, be it by a panic.
pub(crate) struct Ended<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// 2024-02-01, UTC seconds.
const START: u32 = 1_706_745_600;
/// Seconds.
const DAY: u32 = 86_400;
/// Seconds from block to block: some days of not too many blocks.
const PACE: u32 = 1_800;
/// What the node is told to mine at first, so that there is something to spend.
const MATURITY: u32 = 101;

/// A node, the program's database beside it, and what is known of both.
pub(crate) struct Scene {
    pub(crate) core: Core,
    pub(crate) place: Place,
    pub(crate) ledger: Ledger,
    pub(crate) rng: Rng,
    /// The node's clock, UTC seconds.
    time: u32,
    /// Seconds from block to block, on the whole.
    pub(crate) pace: u32,
    /// Tells the coinbases of the branches apart.
    branch: u32,
}

#[derive(Deserialize)]
struct Mined {
    hash: String,
}

impl Scene {
    /// A node with a first coin to spend; `None` where there is no node to start.
    pub(crate) fn start(test: &str, args: &[&str]) -> Option<Scene> {
        let core = Core::start(test, args)?;
        let place = Place::at(core.blocks_dir());
        let mut scene = Scene {
            core,
            place,
            ledger: Ledger::default(),
            rng: Rng::new(test.len() as u64),
            time: START,
            pace: PACE,
            branch: 0,
        };
        scene.tell_time(START);
        let coinbase = scene.coinbase();
        let _: Vec<String> = scene
            .core
            .ask("generatetodescriptor", json!([MATURITY, coinbase]));
        scene.ledger.sync(&scene.core);
        let many = split(&scene.ledger);
        scene.mine_these(&[many]);
        scene.time += DAY;
        Some(scene)
    }

    pub(crate) fn tip(&self) -> u32 {
        self.ledger.chain.last().unwrap().height
    }

    pub(crate) fn tip_hash(&self) -> &str {
        &self.ledger.chain.last().unwrap().hash
    }

    pub(crate) fn hash(&self, height: u32) -> &str {
        &self.ledger.chain[height as usize].hash
    }

    /// Mines so many blocks at the pace, each with up to so many payments.
    pub(crate) fn mine(&mut self, blocks: u32, most_payments: usize) {
        for _ in 0..blocks {
            let pace = self.pace;
            self.time += pace / 3 + self.rng.below(pace as usize * 4 / 3) as u32; // as small as `pace`
            // Now and then a header time lies before its parent's, perhaps in the day before.
            let back = if self.rng.chance(0.05) {
                pace * 5 / 3
            } else {
                0
            };
            self.tell_time(self.time - back);
            let height = self.tip() + 1;
            let count = self.rng.below(most_payments + 1);
            let price = 40_000 + u64::from(height) * 10;
            let paid = payments(&self.ledger, &mut self.rng, count, height, price);
            self.mine_these(&paid);
        }
    }

    /// Mines a block of these transactions.
    fn mine_these(&mut self, paid: &[Transaction]) {
        let paid: Vec<String> = paid.iter().map(serialize_hex).collect();
        let what = json!([self.coinbase(), paid]);
        let mined: Mined = self.core.ask("generateblock", what);
        self.ledger.extend(&self.core, &mined.hash);
    }

    /// Takes `depth` blocks off the chain, and mines a branch that is longer by `more`.
    pub(crate) fn reorganise(&mut self, depth: u32, more: u32, most_payments: usize) {
        let first = self.hash(self.tip() + 1 - depth).to_string();
        self.invalidate(&first);
        self.mine(depth + more, most_payments);
    }

    pub(crate) fn invalidate(&mut self, hash: &str) {
        self.core.tell("invalidateblock", json!([hash]));
        self.begin_branch();
    }

    /// What is mined from here on is told apart by its coinbase, on the chain that the node has now.
    pub(crate) fn begin_branch(&mut self) {
        self.branch += 1;
        self.ledger.sync(&self.core);
        self.tell_time(self.time);
    }

    /// `backfill --since-last` of the node's folder.
    pub(crate) fn backfill(&self) -> Ran {
        backfill(&self.place)
    }

    fn coinbase(&self) -> String {
        format!("raw(5{})", 1 + self.branch % 9)
    }

    fn tell_time(&self, time: u32) {
        self.core.tell("setmocktime", json!([time]));
    }
}

/// `backfill --since-last` on regtest.
pub(crate) fn backfill(place: &Place) -> Ran {
    place.backfill(&["--chain", "regtest", "--since-last"])
}

/// A number that an environment variable sets, where it does.
#[track_caller]
pub(crate) fn number(variable: &str) -> Option<u32> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
