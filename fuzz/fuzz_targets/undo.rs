//! Undo data and undo files.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/real.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod real;
#[path = "../../tests/untrusted/scratch.rs"]
mod scratch;
#[path = "../../tests/untrusted/undo.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod undo;

libfuzzer_sys::fuzz_target!(|data: &[u8]| undo::check(data));
