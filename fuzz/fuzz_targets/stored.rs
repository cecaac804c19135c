//! What the database holds in compact form.

#![no_main]

#[path = "../../tests/transactions/counting.rs"]
mod counting;
#[path = "../../tests/untrusted/real.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod real;
#[path = "../../tests/untrusted/stored.rs"]
#[allow(dead_code)] // its seeds are written beforehand
mod stored;

libfuzzer_sys::fuzz_target!(|data: &[u8]| stored::check(data));
