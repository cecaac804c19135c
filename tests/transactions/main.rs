//! Transactions, real, generated and broken: the zero-copy walk against the `bitcoin` crate.

// A skipped test says so.
#![allow(clippy::print_stderr)]

#[path = "../untrusted/change.rs"]
mod change;
mod counting;
mod generated;
mod judge;
mod mutated;
mod real;
mod reference;
#[path = "../shared_data/mod.rs"]
mod shared_data;
mod windows;

use judge::{assert_same, decode, our_facts, our_outputs};
