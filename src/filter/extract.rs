//! One block by itself: what it gives to its window, before the same-day rule is applied.
//!
//! Whether an input spends a transaction of the same window can be told in two ways. By txids: every transaction of the
//! window is hashed, and the input's txid looked up. By heights: the node's undo data says at which height each coin was
//! created, and nothing is hashed. Both say the same: a transaction of the window is one in a block of the window, and a
//! txid is of one block only. (Two coinbases of 2010 each have the txid of an earlier one, which BIP30 has since made
//! impossible. The later coin replaced the earlier, so the undo data tells the later block's height; it was spent no
//! sooner than a hundred blocks after that, so a window that begins at or before the earlier block holds the later too.)

use super::rules::{counts, may_qualify};
use super::txid::{hash_to_root, merkle_root_holds, txid};
use super::visit::{Malformed, Tx, transaction_count, visit};
use crate::blockfile::Spent;

/// What one block gives.
#[derive(Clone, Debug)]
pub struct Extract {
    /// Number of its transactions.
    pub transactions: u32,
    /// Values in sats of outputs that count, whatever else is in the window.
    pub(super) sats: Vec<u64>,
    /// Transactions that the window decides on.
    pub(super) open: Open,
}

/// Transactions whose outputs count unless an input spends one of the window, in block order.
#[derive(Clone, Debug)]
pub(super) enum Open {
    /// Told by txids.
    Txids {
        /// Of every transaction of the block, in order.
        txids: Vec<[u8; 32]>,
        /// Those to decide on.
        candidates: Vec<Candidate>,
        /// The txids their inputs spend, candidate by candidate.
        spent: Vec<[u8; 32]>,
    },
    /// Told by heights.
    Heights {
        /// Those to decide on.
        candidates: Vec<Candidate>,
        /// Heights from the window's first on whose coins they spend, candidate by candidate.
        spent: Vec<u32>,
    },
}

/// A transaction to decide on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Its position in the block.
    pub(super) position: u32,
    /// How many of the `spent` are its own: at most five.
    pub(super) spends: u8,
    /// Values of its outputs, in sats.
    pub(super) values: [u64; 2],
}

impl Candidate {
    fn new(tx: &Tx<'_>, position: u32) -> Candidate {
        let mut values = [0; 2];
        for (slot, &value) in values.iter_mut().zip(tx.values()) {
            *slot = value;
        }
        Candidate {
            position,
            spends: 0,
            values,
        }
    }

    /// Its values that count.
    pub(super) fn counting(&self) -> impl Iterator<Item = u64> {
        self.values.into_iter().filter(|&value| counts(value))
    }
}

impl Extract {
    /// Reads a block and hashes its transactions.
    ///
    /// # Errors
    /// The bytes are not one whole block.
    pub fn by_txids(block: &[u8]) -> Result<Extract, Malformed> {
        let mut txids = Vec::with_capacity(room(block));
        let mut candidates = Vec::with_capacity(room(block) / 2);
        let mut spent = Vec::with_capacity(room(block));
        let transactions = visit(block, |tx| {
            if may_qualify(tx) {
                // A block of 4 MB has fewer than 2^17 transactions.
                let mut candidate = Candidate::new(tx, txids.len() as u32);
                for txid in tx.spent_txids() {
                    spent.push(*txid);
                    candidate.spends += 1;
                }
                candidates.push(candidate);
            }
            txids.push(txid(tx));
        })?;
        Ok(Extract {
            transactions,
            sats: Vec::new(),
            open: Open::Txids {
                txids,
                candidates,
                spent,
            },
        })
    }

    /// Reads a block of a window that begins at height `first`, with its undo data.
    ///
    /// `None`: the undo data does not fit the block, or does not know the height of a coin that is asked for.
    ///
    /// # Errors
    /// The bytes are not one whole block.
    pub fn by_heights(block: &[u8], undo: &[u8], first: u32) -> Result<Option<Extract>, Malformed> {
        let Ok(coins) = Spent::new(undo) else {
            return Ok(None);
        };
        let mut reading = Heights {
            coins,
            first,
            position: 0,
            fits: true,
            sats: Vec::new(),
            candidates: Vec::new(),
            spent: Vec::new(),
        };
        let transactions = visit(block, |tx| {
            reading.fits = reading.fits && reading.transaction(tx).is_some();
            reading.position += 1;
        })?;
        // All but the coinbase; a record can state any number.
        let counted = reading.coins.transactions().checked_add(1) == Some(u64::from(transactions));
        if !reading.fits || !counted || !reading.coins.is_at_end() {
            return Ok(None);
        }
        Ok(Some(Extract {
            transactions,
            sats: reading.sats,
            open: Open::Heights {
                candidates: reading.candidates,
                spent: reading.spent,
            },
        }))
    }

    /// Whether the txids of all earlier blocks of the window are needed to decide on this one.
    pub fn needs_txids(&self) -> bool {
        matches!(&self.open, Open::Txids { candidates, .. } if !candidates.is_empty())
    }

    /// The txids that will be asked for.
    pub(super) fn spent_txids(&self) -> &[[u8; 32]] {
        match &self.open {
            Open::Txids { spent, .. } => spent,
            Open::Heights { .. } => &[],
        }
    }

    /// Whether the transactions of `block`, which this was read from, hash to the merkle root in its header. Where
    /// the txids are at hand only the tree is hashed.
    ///
    /// The root covers all of a block but its witnesses. Of those only the lengths count here, and a length that is
    /// wrong leaves bytes over or asks for too many.
    pub fn root_holds(&self, block: &[u8]) -> bool {
        match &self.open {
            Open::Txids { txids, .. } => hash_to_root(block, txids.clone()),
            Open::Heights { .. } => merkle_root_holds(block) == Ok(true),
        }
    }

    /// Whether undo data told the heights.
    pub fn is_by_heights(&self) -> bool {
        matches!(self.open, Open::Heights { .. })
    }
}

/// A block being read beside its undo data.
struct Heights<'u> {
    coins: Spent<'u>,
    first: u32,
    position: u32,
    fits: bool,
    sats: Vec<u64>,
    candidates: Vec<Candidate>,
    spent: Vec<u32>,
}

impl Heights<'_> {
    /// Takes the next transaction; `None` where the undo data does not fit it.
    #[inline]
    fn transaction(&mut self, tx: &Tx<'_>) -> Option<()> {
        if self.position == 0 {
            // Undo data leaves out the first transaction, because it is the coinbase.
            return tx.coinbase.then_some(());
        }
        if self.coins.inputs().ok()? != tx.inputs {
            return None;
        }
        if !may_qualify(tx) {
            for _ in 0..tx.inputs {
                self.coins.coin_height().ok()?;
            }
            return Some(());
        }
        let mut candidate = Candidate::new(tx, self.position);
        for _ in 0..tx.inputs {
            let height = self.coins.coin_height().ok()?;
            if height == 0 {
                return None;
            }
            if height >= self.first {
                self.spent.push(height);
                candidate.spends += 1; // five inputs at most
            }
        }
        if candidate.spends == 0 {
            self.sats.extend(candidate.counting());
        } else {
            self.candidates.push(candidate);
        }
        Some(())
    }
}

/// Room for the transactions that the block says it has and that can be in its bytes.
fn room(block: &[u8]) -> usize {
    const SMALLEST: usize = 60; // a transaction of one input and one output, both scripts empty
    let most = block.len() / SMALLEST;
    let stated = transaction_count(block).unwrap_or(0);
    usize::try_from(stated).map_or(most, |stated| stated.min(most))
}

/// The txids of a block's transactions, in order.
///
/// # Errors
/// The bytes are not one whole block.
pub fn txids(block: &[u8]) -> Result<Vec<[u8; 32]>, Malformed> {
    let mut txids = Vec::with_capacity(room(block));
    visit(block, |tx| txids.push(txid(tx)))?;
    Ok(txids)
}
