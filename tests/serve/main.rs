//! `blkprice serve`, run as a user runs it and asked over plain TCP.

// Signals are sent the Unix way.
#![cfg(all(unix, feature = "serve"))]

#[allow(dead_code, reason = "not every helper is of use here")]
#[path = "../scan/node.rs"]
mod node;
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;

mod caching;
mod database;
mod events;
mod explorer;
mod guarded;
mod hostile;
mod http;
#[cfg(target_os = "linux")]
mod only_listens;
mod openapi;
mod prices;
mod schema;
mod serving;
mod stopping;

use std::time::Duration;

use blkprice::synth::{ChainSpec, RawBlock};

use node::Node;
use support::{Place, active, small_spec};

/// For what happens by itself: a busy machine may take its time.
const LATER: Duration = Duration::from_secs(30);
const KEY: [u8; 8] = [3, 0, 0x51, 7, 0xf0, 0, 9, 0xab];

/// A chain with enough payments to be priced: so many days of about 20 blocks from 2024-02-01.
fn rich_chain(days: u32, seed: u64) -> Vec<RawBlock> {
    let spec = ChainSpec {
        transactions_per_day: 4_000.0,
        ..small_spec(days, seed)
    };
    active(spec.blocks())
}

/// A place with three priced days, the last of them incomplete.
fn priced() -> Place {
    let place = Place::with(&rich_chain(3, 80));
    place.backfill(&[]).expect(0);
    place
}

/// A place whose blocks a node writes, with some there and priced already.
fn node_with(blocks: &[RawBlock]) -> (Place, Node) {
    let place = Place::new();
    let mut node = Node::new(place.blocks(), KEY);
    node.write(0, blocks);
    place.backfill(&[]).expect(0);
    (place, node)
}
