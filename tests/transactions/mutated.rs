//! Broken blocks: the same verdict as the `bitcoin` crate, and nothing taken on trust.

use std::sync::LazyLock;

use bitcoin::consensus::encode::serialize;
use bitcoin_test_data::blocks::mainnet_702861;
use proptest::prelude::*;

use super::change::{apply, change};
use super::counting::asked;
use super::generated::{block_of, old, payment};
use super::judge::{WINDOW, judge, txids};
use super::{decode, our_outputs};

/// Blocks of some hundred kilobytes: slices of a real one and, where at hand, small whole ones of 2012 and 2013.
static BLOCKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let block = decode(mainnet_702861()).unwrap();
    let mut blocks: Vec<Vec<u8>> = block
        .txdata
        .chunks(150)
        .take(6)
        .map(|transactions| serialize(&block_of(transactions.to_vec())))
        .collect();
    if let Some(shared) = std::env::var_os("BLKPRICE_SHARED") {
        let folder = std::path::PathBuf::from(shared).join("data/real-blocks");
        for height in ["200000", "250000"] {
            blocks.push(std::fs::read(folder.join(format!("{height}.raw"))).unwrap());
        }
    }
    blocks
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn mutated_real_blocks_are_judged_as_the_bitcoin_crate_judges_them(
        block in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = block.get(&BLOCKS).clone();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        judge(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, max_shrink_iters: 500, ..ProptestConfig::default() })]

    /// In a block of two small transactions most bytes are lengths, counts and flags.
    #[test]
    fn mutated_small_blocks_are_judged_as_the_bitcoin_crate_judges_them(
        idle in any::<bool>(), changes in prop::collection::vec(change(), 1..5)) {
        let mut legacy = payment(old(1), [50_000, 60_000]);
        legacy.input[0].witness.clear();
        let mut segwit = payment(old(2), [70_000, 80_000]);
        segwit.input[0].witness = bitcoin::Witness::from_slice(&[[1u8; 3]]);
        let segwit = if idle { idle_segwit() } else { serialize(&segwit) };
        let mut bytes = vec![0; 80];
        // The header is passed over by both: what comes behind it is mutated.
        let mut rest = [vec![2], serialize(&legacy), segwit].concat();
        changes.iter().for_each(|change| apply(&mut rest, change));
        bytes.extend(rest);
        judge(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_header_are_judged_as_the_bitcoin_crate_judges_them(
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), any::<u8>()], 0..200)) {
        judge(&[&[0; 80], bytes.as_slice()].concat());
    }
}

/// A payment with marker and flag but a witness of no items, as some programs write it.
fn idle_segwit() -> Vec<u8> {
    let mut tx = payment(old(1), [50_000, 60_000]);
    tx.input[0].witness.clear();
    let plain = serialize(&tx);
    let lock_time = plain.len() - 4;
    [
        &plain[..4],
        &[0, 1],
        &plain[4..lock_time],
        &[0],
        &plain[lock_time..],
    ]
    .concat()
}

#[test]
fn a_segwit_flag_over_empty_witnesses_is_the_one_thing_the_crate_refuses_and_the_walk_takes() {
    let bytes = [&[0; 80], &[1][..], &idle_segwit()].concat();
    assert!(decode(&bytes).is_none());
    assert_eq!(our_outputs(&bytes).unwrap().sats, [50_000, 60_000]);
    judge(&bytes);
    let mut tx = payment(old(1), [50_000, 60_000]);
    tx.input[0].witness.clear();
    assert_eq!(
        txids(&bytes),
        [tx.compute_txid()],
        "the txid leaves the flag out"
    );
}

#[test]
fn counts_and_lengths_of_exabytes_cost_no_memory() {
    let lie = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let header = [0; 80];
    let transactions = [&header[..], &lie].concat();
    let inputs = [&header[..], &[1, 2, 0, 0, 0], &lie].concat();
    let script = [&header[..], &[1, 2, 0, 0, 0, 1], &[7; 36], &lie].concat();
    let outputs = [
        &header[..],
        &[1, 2, 0, 0, 0, 1],
        &[7; 36],
        &[0],
        &[0; 4],
        &lie,
    ]
    .concat();
    let items = [
        &header[..],
        &[1, 2, 0, 0, 0, 0, 1, 1],
        &[7; 36],
        &[0],
        &[0; 4],
        &[0],
        &lie,
    ]
    .concat();
    for bytes in [transactions, inputs, script, outputs, items] {
        let (read, cost) = asked(|| our_outputs(&bytes));
        assert_eq!(read, None);
        assert!(cost <= WINDOW + 1_024, "{cost}");
    }
}

#[test]
fn every_truncation_of_a_small_block_is_refused() {
    let whole = serialize(&block_of(vec![
        payment(old(1), [50_000, 60_000]),
        payment(old(2), [70_000, 80_000]),
    ]));
    assert!(our_outputs(&whole).is_some());
    for length in 0..whole.len() {
        assert!(our_outputs(&whole[..length]).is_none(), "{length} bytes");
    }
    assert!(
        our_outputs(&[&whole[..], &[0]].concat()).is_none(),
        "a byte too many"
    );
}
