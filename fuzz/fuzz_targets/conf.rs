//! bitcoin.conf.

#![no_main]

#[path = "../../tests/untrusted/conf.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod conf;
#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/scratch.rs"]
mod scratch;

libfuzzer_sys::fuzz_target!(|data: &[u8]| conf::check(data));
