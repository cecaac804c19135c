//! The transactions of one window, by txid.

use crate::chain::index::HashIndex;

/// The set of txids seen in a window so far.
#[derive(Clone, Debug, Default)]
pub struct SameDay {
    txids: Vec<[u8; 32]>,
    index: HashIndex,
}

impl SameDay {
    /// Forgets the window, keeping the memory for the next.
    pub fn clear(&mut self) {
        self.txids.clear();
        self.index.clear();
    }

    /// Adds a txid.
    pub fn insert(&mut self, txid: [u8; 32]) {
        // A window is at most some hundred thousand transactions; u32 lasts for four billion.
        let position = self.txids.len() as u32;
        let txids = &self.txids;
        if self
            .index
            .insert(&txid, position, |at| &txids[at as usize])
            .is_none()
        {
            self.txids.push(txid);
        }
    }

    /// Whether the txid was added.
    #[inline]
    pub fn contains(&self, txid: &[u8; 32]) -> bool {
        self.index
            .get(txid, |at| &self.txids[at as usize])
            .is_some()
    }
}
