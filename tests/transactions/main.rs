//! Transactions, real, generated and broken: the zero-copy walk against the `bitcoin` crate.

// A skipped test says so.
#![allow(clippy::print_stderr)]

mod counting;
mod generated;
mod mutated;
mod real;
mod reference;
#[path = "../shared_data/mod.rs"]
mod shared_data;
mod windows;

use bitcoin::Block;
use bitcoin::consensus::encode::deserialize;
use blkprice::filter::txid::{merkle_root_holds, txid};
use blkprice::filter::visit::visit;
use blkprice::filter::{BlockOutputs, Window};

/// What both sides say of a transaction, whether or not it qualifies.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    txid: [u8; 32],
    segwit: bool,
    inputs: u64,
    outputs: u64,
    /// Of the first two outputs, in sats.
    values: Vec<u64>,
    /// Of the first five inputs.
    spent: Vec<[u8; 32]>,
    coinbase: bool,
    op_return: bool,
    largest_witness: u64,
}

/// The facts as the walk gives them; none if the bytes are no block.
fn our_facts(block: &[u8]) -> Option<Vec<Facts>> {
    let mut facts = Vec::new();
    let seen = visit(block, |tx| {
        facts.push(Facts {
            txid: txid(tx),
            segwit: tx.segwit,
            inputs: tx.inputs,
            outputs: tx.outputs,
            values: tx.values().to_vec(),
            spent: tx.spent_txids().copied().collect(),
            coinbase: tx.coinbase,
            op_return: tx.op_return,
            largest_witness: tx.largest_witness,
        });
    })
    .ok()?;
    assert_eq!(
        seen as usize,
        facts.len(),
        "as many transactions are counted as were shown"
    );
    Some(facts)
}

fn our_outputs(block: &[u8]) -> Option<BlockOutputs> {
    Window::new().add(block).ok()
}

/// Asserts that the walk and the crate say the same of a block that both accept, itself being the window.
fn assert_same(bytes: &[u8], block: &Block) {
    let ours = our_facts(bytes).expect("a block the crate accepts is accepted");
    assert_eq!(ours, reference::facts(block));
    assert_eq!(
        our_outputs(bytes).as_ref(),
        Some(&reference::Window::default().add(block))
    );
    // The crate gives no merkle root for no transactions; neither does such a block match one.
    let root = block
        .compute_merkle_root()
        .is_some_and(|root| root == block.header.merkle_root);
    assert_eq!(merkle_root_holds(bytes), Ok(root));
}

fn decode(bytes: &[u8]) -> Option<Block> {
    deserialize(bytes).ok()
}
