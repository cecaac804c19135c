//! Blocks: the walk against the `bitcoin` crate.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/transactions/judge.rs"]
#[allow(dead_code)] // the tests use more of it
mod judge;
#[path = "../../tests/transactions/reference.rs"]
mod reference;

libfuzzer_sys::fuzz_target!(|data: &[u8]| judge::judge(data));
