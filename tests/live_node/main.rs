//! The program beside Bitcoin Core itself: what it stores is what the node says of its chain, after every step.
//!
//! Needs `BITCOIND_EXE`, the path of a `bitcoind`; without it the tests say that they are skipped. Each test has a node
//! of its own on regtest, in a temporary folder, which listens for nothing but RPC on the loopback.

#![cfg(unix)]

#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod core;
mod files;
mod killed;
mod ledger;
mod mining;
mod payments;
mod pruning;
mod reorgs;
mod rules;
mod scene;
mod soak;
