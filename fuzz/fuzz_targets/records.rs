//! Framing: records, XOR, zeros, torn and hidden ones.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/real.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod real;
#[path = "../../tests/untrusted/records.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod records;
#[path = "../../tests/untrusted/scratch.rs"]
mod scratch;

libfuzzer_sys::fuzz_target!(|data: &[u8]| records::check(data));
