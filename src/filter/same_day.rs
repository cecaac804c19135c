//! The transactions of one window, by txid.

use crate::chain::index::HashIndex;

/// The set of txids seen in a window so far; of those that will never be asked for, it may keep none.
#[derive(Clone, Debug, Default)]
pub struct SameDay {
    txids: Vec<[u8; 32]>,
    index: HashIndex,
    /// What will be asked for, if that is known.
    wanted: Option<Marks>,
    /// What of it was added: most of what is asked for is in no set of the day.
    added: Marks,
}

impl SameDay {
    /// Forgets the window, keeping the memory for the next.
    pub fn clear(&mut self) {
        self.txids.clear();
        self.index.clear();
        self.wanted = None;
        self.added.0.fill(0);
    }

    /// Says that nothing but `txids` will be asked for.
    pub fn narrow_to<'t>(&mut self, txids: impl Iterator<Item = &'t [u8; 32]>) {
        let mut wanted = Marks::default();
        txids.for_each(|txid| wanted.set(txid));
        self.wanted = Some(wanted);
    }

    /// Adds a txid.
    pub fn insert(&mut self, txid: [u8; 32]) {
        if self.wanted.as_ref().is_some_and(|marks| !marks.get(&txid)) {
            return;
        }
        // A window is at most some hundred thousand transactions; u32 lasts for four billion.
        let position = self.txids.len() as u32;
        let txids = &self.txids;
        if self
            .index
            .insert(&txid, position, |at| &txids[at as usize])
            .is_none()
        {
            self.txids.push(txid);
            self.added.set(&txid);
        }
    }

    /// Whether the txid was added.
    #[inline]
    pub fn contains(&self, txid: &[u8; 32]) -> bool {
        self.added.get(txid)
            && self
                .index
                .get(txid, |at| &self.txids[at as usize])
                .is_some()
    }
}

/// One bit for each of 2^22 classes of txids: half a megabyte, which stays in the cache where a set of a day's txids
/// does not. Most of a day's txids are of a class that nobody asks for.
#[derive(Clone, Debug)]
struct Marks(Vec<u64>);

impl Default for Marks {
    fn default() -> Marks {
        Marks(vec![0; 1 << 16])
    }
}

impl Marks {
    /// Word and bit of a class. The bytes are not those by which [`HashIndex`] sorts.
    fn class(txid: &[u8; 32]) -> (usize, u64) {
        let [.., low, middle, high] = *txid;
        let word = usize::from(middle) << 8 | usize::from(high);
        (word, 1 << (low & 63))
    }

    fn set(&mut self, txid: &[u8; 32]) {
        let (word, bit) = Marks::class(txid);
        self.0[word] |= bit;
    }

    fn get(&self, txid: &[u8; 32]) -> bool {
        let (word, bit) = Marks::class(txid);
        self.0[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_kept_and_what_is_not_need_not_be() {
        let txid = |n: u32| {
            let mut txid = [0; 32];
            txid[..4].copy_from_slice(&n.to_le_bytes());
            txid[28..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            txid
        };
        let mut seen = SameDay::default();
        let wanted: Vec<[u8; 32]> = (0..1000).step_by(10).map(txid).collect();
        seen.narrow_to(wanted.iter());
        assert!(!seen.contains(&wanted[0]));
        (0..1000).for_each(|n| seen.insert(txid(n)));
        assert!(wanted.iter().all(|txid| seen.contains(txid)));
        assert!(seen.txids.len() < 200);
        seen.clear();
        seen.insert(txid(1));
        assert!(seen.contains(&txid(1)) && !seen.contains(&txid(2)));
    }
}
