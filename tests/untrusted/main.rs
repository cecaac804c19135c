//! Bytes from files that nobody vouches for: whatever they are, each reader ends with a value or an error, asks for
//! memory in proportion to what is there, and agrees with a second opinion.
//!
//! Each module has a `check` that any bytes must pass and `seeds` to begin with. The fuzz targets (`fuzz/`) run the same
//! checks; what they found is in `found`.

// A skipped test says so.
#![allow(clippy::print_stderr)]

#[path = "../transactions/counting.rs"]
mod counting;

mod change;
mod conf;
mod found;
mod headers;
mod real;
mod records;
mod scratch;
mod stored;
mod truth;
mod undo;

use std::sync::LazyLock;

use change::{Change, apply, change};
use proptest::prelude::*;

/// Seeds of a kind, as long as may be changed in a test that is over soon.
fn short(seeds: fn() -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seeds = seeds();
    seeds.iter_mut().for_each(|seed| seed.truncate(20_000));
    seeds
}

fn changed(seeds: &[Vec<u8>], seed: prop::sample::Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = seed.get(seeds).clone();
    changes.iter().for_each(|change| apply(&mut bytes, change));
    bytes
}

/// The seeds as they are, with changes, and bytes from nowhere.
macro_rules! untrusted {
    ($($kind:ident: $cases:expr, $bytes:expr;)*) => {$(
        mod $kind {
            use super::*;
            use crate::$kind::{check, seeds};

            static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| short(seeds));

            #[test]
            fn what_the_fuzzers_start_with_passes() {
                seeds().iter().for_each(|seed| check(seed));
            }

            proptest! {
                #![proptest_config(ProptestConfig { cases: $cases, max_shrink_iters: 300, ..ProptestConfig::default() })]

                #[test]
                fn real_bytes_with_changes_pass(
                    seed in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)) {
                    check(&changed(&SEEDS, seed, &changes));
                }

                #[test]
                fn any_bytes_pass(bytes in prop::collection::vec($bytes, 0..400)) {
                    check(&bytes);
                }
            }
        }
    )*};
}

/// Bytes that counts and lengths are often made of.
fn telling() -> impl Strategy<Value = u8> {
    prop_oneof![2 => any::<u8>(), 1 => prop::sample::select(vec![0u8, 1, 2, 6, 0x20, 0x80, 0xfd, 0xfe, 0xff])]
}

/// Letters of the texts at hand.
fn letters() -> impl Strategy<Value = u8> {
    let few =
        b"date,openhighlowclosepriceusd\n\n\n2024-01-01.,\"#[]=$blocksdir includeconf".to_vec();
    prop_oneof![8 => prop::sample::select(few), 1 => any::<u8>()]
}

mod cases {
    use super::*;

    untrusted! {
        records: 1_000, telling();
        headers: 2_000, telling();
        undo: 1_500, telling();
        stored: 2_000, telling();
        conf: 500, letters();
        truth: 1_000, letters();
    }
}
