//! The published rules, word by word, over the types of the `bitcoin` crate.

use std::collections::HashSet;

use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash;
use bitcoin::{Block, Transaction, Txid};
use blkprice::filter::BlockOutputs;

use super::judge::Facts;

/// The facts of a block's transactions.
pub(crate) fn facts(block: &Block) -> Vec<Facts> {
    block
        .txdata
        .iter()
        .map(|tx| Facts {
            txid: tx.compute_txid().to_byte_array(),
            segwit: serialize(tx)[4..6] == [0, 1],
            inputs: tx.input.len() as u64,
            outputs: tx.output.len() as u64,
            values: tx.output.iter().take(2).map(|o| o.value.to_sat()).collect(),
            spent: tx
                .input
                .iter()
                .take(5)
                .map(|i| i.previous_output.txid.to_byte_array())
                .collect(),
            coinbase: is_coinbase(tx),
            op_return: has_op_return(tx),
            largest_witness: largest_witness(tx),
        })
        .collect()
}

/// An input with an all-zero previous txid and index 0xffffffff.
fn is_coinbase(tx: &Transaction) -> bool {
    tx.input.iter().any(|input| {
        input.previous_output.txid.to_byte_array() == [0; 32]
            && input.previous_output.vout == 0xffff_ffff
    })
}

/// An output whose script starts with byte 0x6a.
fn has_op_return(tx: &Transaction) -> bool {
    tx.output
        .iter()
        .any(|output| output.script_pubkey.as_bytes().first() == Some(&0x6a))
}

/// What one input's witness items add up to, at most.
fn largest_witness(tx: &Transaction) -> u64 {
    tx.input
        .iter()
        .map(|input| input.witness.iter().map(|item| item.len() as u64).sum())
        .max()
        .unwrap_or(0)
}

/// A window: every transaction so far.
#[derive(Default)]
pub(crate) struct Window {
    seen: HashSet<Txid>,
}

impl Window {
    pub(crate) fn add(&mut self, block: &Block) -> BlockOutputs {
        let mut sats = Vec::new();
        for tx in &block.txdata {
            self.seen.insert(tx.compute_txid());
            let spends_the_window = tx
                .input
                .iter()
                .any(|input| self.seen.contains(&input.previous_output.txid));
            if tx.output.len() == 2
                && tx.input.len() <= 5
                && !is_coinbase(tx)
                && !has_op_return(tx)
                && largest_witness(tx) <= 500
                && !spends_the_window
            {
                for output in &tx.output {
                    // 1e-5 < BTC < 1e5, in sats.
                    if output.value.to_sat() > 1_000 && output.value.to_sat() < 10_000_000_000_000 {
                        sats.push(output.value.to_sat());
                    }
                }
            }
        }
        sats.sort();
        BlockOutputs {
            transactions: block.txdata.len() as u32,
            sats,
        }
    }
}
