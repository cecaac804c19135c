//! The same-window rule over several blocks.

use bitcoin::consensus::encode::serialize;
use bitcoin::{Block, OutPoint, Transaction};
use blkprice::filter::Window;

use super::generated::{block_of, old, payment};
use super::reference;

const FIRST: [u64; 2] = [11_000, 12_000];
const SECOND: [u64; 2] = [21_000, 22_000];

fn spending(tx: &Transaction, sats: [u64; 2]) -> Transaction {
    payment(OutPoint::new(tx.compute_txid(), 1), sats)
}

/// What counts of each block, the windows being those of `windows`; the reference must agree.
fn counted(windows: &[Vec<Block>]) -> Vec<Vec<u64>> {
    let mut window = Window::new();
    let mut counted = Vec::new();
    for blocks in windows {
        window.clear();
        let mut reference = reference::Window::default();
        for block in blocks {
            let ours = window.add(&serialize(block)).unwrap();
            assert_eq!(ours, reference.add(block));
            counted.push(ours.sats);
        }
    }
    counted
}

#[test]
fn spending_an_earlier_block_of_the_window_disqualifies() {
    let parent = payment(old(1), FIRST);
    let child = spending(&parent, SECOND);
    let between = block_of(vec![payment(old(2), [31_000, 32_000])]);
    let window = vec![block_of(vec![parent]), between, block_of(vec![child])];
    assert_eq!(
        counted(&[window]),
        [FIRST.to_vec(), vec![31_000, 32_000], vec![]]
    );
}

#[test]
fn spending_an_earlier_window_does_not_disqualify() {
    let parent = payment(old(1), FIRST);
    let child = spending(&parent, SECOND);
    let windows = [vec![block_of(vec![parent])], vec![block_of(vec![child])]];
    assert_eq!(counted(&windows), [FIRST, SECOND]);
}

#[test]
fn a_transaction_that_spends_a_later_one_of_the_window_qualifies() {
    let parent = payment(old(1), FIRST);
    let child = spending(&parent, SECOND);
    let same_block = vec![block_of(vec![child.clone(), parent.clone()])];
    let later_block = vec![block_of(vec![child]), block_of(vec![parent])];
    let both = [FIRST, SECOND].concat();
    assert_eq!(
        counted(&[same_block, later_block]),
        [both, SECOND.to_vec(), FIRST.to_vec()]
    );
}

#[test]
fn spending_the_coinbase_of_the_window_disqualifies() {
    let coinbase = payment(OutPoint::null(), FIRST);
    let child = spending(&coinbase, SECOND);
    assert_eq!(
        counted(&[vec![block_of(vec![coinbase, child])]]),
        [Vec::<u64>::new()]
    );
}

#[test]
fn one_spent_transaction_of_the_window_among_five_inputs_is_enough() {
    let parent = payment(old(1), FIRST);
    for at in 0..5 {
        let mut child = payment(old(2), SECOND);
        child.input = (10..15)
            .map(|seed| payment(old(seed), SECOND).input.remove(0))
            .collect();
        child.input[at].previous_output = OutPoint::new(parent.compute_txid(), 7);
        let window = vec![block_of(vec![parent.clone(), child])];
        assert_eq!(counted(&[window]), [FIRST], "input {at}");
    }
}

#[test]
fn a_transaction_of_the_window_that_does_not_qualify_still_disqualifies_its_spender() {
    let mut parent = payment(old(1), FIRST);
    parent.output.truncate(1);
    let child = spending(&parent, SECOND);
    assert_eq!(
        counted(&[vec![block_of(vec![parent, child])]]),
        [Vec::<u64>::new()]
    );
}
