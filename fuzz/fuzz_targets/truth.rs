//! The CSV of `score`.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/truth.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod truth;

libfuzzer_sys::fuzz_target!(|data: &[u8]| truth::check(data));
