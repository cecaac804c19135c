//! Which transactions and outputs carry price (the UTXOracle v9.1 rules, as published).

use super::visit::Tx;

/// Version of the rules below together with the cutting of days; stored beside all that follows from them.
pub const RULES_VERSION: u32 = 1;

/// A transaction has exactly this many outputs: a payment and its change.
const OUTPUTS: u64 = 2;
/// And at most this many inputs.
const MOST_INPUTS: u64 = 5;
/// And no input whose witness items add up to more bytes than this.
const MOST_WITNESS: u64 = 500;
/// An output counts above 1e-5 BTC …
const ABOVE_SATS: u64 = 1_000;
/// … and below 1e5 BTC.
const BELOW_SATS: u64 = 10_000_000_000_000;

/// Whether the outputs of `tx` are looked at, unless an input spends a transaction of the same window.
#[inline]
pub fn may_qualify(tx: &Tx<'_>) -> bool {
    tx.outputs == OUTPUTS
        && tx.inputs <= MOST_INPUTS
        && !tx.coinbase
        && !tx.op_return
        && tx.largest_witness <= MOST_WITNESS
}

/// Whether an output of a qualifying transaction counts, by its value in sats.
#[inline]
pub fn counts(sats: u64) -> bool {
    sats > ABOVE_SATS && sats < BELOW_SATS
}
