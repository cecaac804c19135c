//! The outputs of one window: a UTC day, or a run of recent blocks.

use super::rules::{counts, qualifies};
use super::same_day::SameDay;
use super::txid::txid;
use super::visit::{Malformed, visit};

/// What is kept of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockOutputs {
    /// Number of its transactions.
    pub transactions: u32,
    /// Values of its qualifying outputs in sats, ascending.
    pub sats: Vec<u64>,
}

/// A window being read, block by block in chain order.
#[derive(Default)]
pub struct Window {
    seen: SameDay,
}

impl Window {
    /// An empty window.
    pub fn new() -> Window {
        Window::default()
    }

    /// Starts the next window, keeping the memory.
    pub fn clear(&mut self) {
        self.seen.clear();
    }

    /// Reads the next block of the window.
    ///
    /// # Errors
    /// The bytes are not one whole block. Its transactions up to that point then belong to the window, as
    /// if they were the block: the caller leaves the block out.
    pub fn add(&mut self, block: &[u8]) -> Result<BlockOutputs, Malformed> {
        let mut sats = Vec::new();
        let transactions = visit(block, |tx| {
            self.seen.insert(txid(tx));
            if qualifies(tx, &self.seen) {
                sats.extend(tx.values().iter().copied().filter(|&value| counts(value)));
            }
        })?;
        sats.sort_unstable();
        Ok(BlockOutputs { transactions, sats })
    }
}
