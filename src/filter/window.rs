//! The outputs of one window: a UTC day, or a run of recent blocks.

use super::extract::{Extract, Open};
use super::same_day::SameDay;
use super::visit::Malformed;

/// What is kept of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockOutputs {
    /// Number of its transactions.
    pub transactions: u32,
    /// Values of its qualifying outputs in sats, ascending.
    pub sats: Vec<u64>,
}

/// A window being put together, block by block in chain order.
#[derive(Default)]
pub struct Window {
    seen: SameDay,
    /// Heights of its blocks, ascending.
    heights: Vec<u32>,
}

impl Window {
    /// An empty window.
    pub fn new() -> Window {
        Window::default()
    }

    /// Starts the next window, keeping the memory.
    pub fn clear(&mut self) {
        self.seen.clear();
        self.heights.clear();
    }

    /// Reads the next block of the window and hashes its transactions.
    ///
    /// # Errors
    /// The bytes are not one whole block; nothing of them belongs to the window then.
    pub fn add(&mut self, block: &[u8]) -> Result<BlockOutputs, Malformed> {
        Ok(self.decide(Extract::by_txids(block)?))
    }

    /// Starts the next window, all of whose blocks are these.
    pub fn start<'e>(&mut self, blocks: impl Iterator<Item = &'e Extract>) {
        self.clear();
        self.seen.narrow_to(blocks.flat_map(Extract::spent_txids));
    }

    /// Adds the next block, at `height`, and applies the same-day rule to it.
    ///
    /// If the block [needs the txids](Extract::needs_txids) of the window, those of earlier blocks that were not
    /// hashed must have been [noted](Window::note).
    pub fn join(&mut self, height: u32, block: Extract) -> BlockOutputs {
        self.heights.push(height);
        self.decide(block)
    }

    /// Notes the txids of a block that is, or will be, added by heights.
    pub fn note(&mut self, txids: Vec<[u8; 32]>) {
        for txid in txids {
            self.seen.insert(txid);
        }
    }

    /// Applies the same-day rule to the next block, which was read by its txids.
    pub(crate) fn decide(&mut self, block: Extract) -> BlockOutputs {
        let mut sats = block.sats;
        match block.open {
            Open::Txids {
                txids,
                candidates,
                spent,
            } => {
                let mut txids = txids.into_iter();
                let mut done = 0;
                let mut spent = spent.as_slice();
                for candidate in candidates {
                    // The window holds the transactions up to this one, itself included.
                    while done <= candidate.position {
                        if let Some(txid) = txids.next() {
                            self.seen.insert(txid);
                        }
                        done += 1;
                    }
                    let own;
                    (own, spent) = spent.split_at(usize::from(candidate.spends));
                    if !own.iter().any(|txid| self.seen.contains(txid)) {
                        sats.extend(candidate.counting());
                    }
                }
                txids.for_each(|txid| self.seen.insert(txid));
            }
            Open::Heights { candidates, spent } => {
                let mut spent = spent.as_slice();
                for candidate in candidates {
                    let own;
                    (own, spent) = spent.split_at(usize::from(candidate.spends));
                    // A coin of a height that is missing from the window is of no transaction in it.
                    if !own
                        .iter()
                        .any(|height| self.heights.binary_search(height).is_ok())
                    {
                        sats.extend(candidate.counting());
                    }
                }
            }
        }
        sats.sort_unstable();
        BlockOutputs {
            transactions: block.transactions,
            sats,
        }
    }
}
