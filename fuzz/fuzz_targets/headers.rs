//! Headers and chains.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/headers.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod headers;
#[path = "../../tests/untrusted/real.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod real;

libfuzzer_sys::fuzz_target!(|data: &[u8]| headers::check(data));
