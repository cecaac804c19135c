//! Looking things up by a 32-byte hash, with eight bytes of it in the table.
//!
//! A table of whole hashes costs twice the memory and a cache line more each probe. Hash bytes are uniform, so
//! eight of them tell nearly all apart; the owner of the hashes confirms each hit, and the rare (or
//! contrived) keys that share their eight bytes go to a second table by their whole hash.

use rustc_hash::FxHashMap;

/// From a hash to the position at which its owner keeps it.
#[derive(Clone, Debug, Default)]
pub struct HashIndex {
    by_prefix: FxHashMap<u64, u32>,
    shared: FxHashMap<[u8; 32], u32>,
}

impl HashIndex {
    /// An index with room for `count` hashes.
    pub fn with_capacity(count: usize) -> HashIndex {
        HashIndex {
            by_prefix: FxHashMap::with_capacity_and_hasher(count, Default::default()),
            shared: FxHashMap::default(),
        }
    }

    /// Forgets all, keeping the memory.
    pub fn clear(&mut self) {
        self.by_prefix.clear();
        self.shared.clear();
    }

    /// Where `hash` is, `owner` giving the hash kept at a position.
    pub fn get<'a>(&self, hash: &[u8; 32], owner: impl Fn(u32) -> &'a [u8; 32]) -> Option<u32> {
        let &at = self.by_prefix.get(&prefix(hash))?;
        if owner(at) == hash {
            return Some(at);
        }
        if self.shared.is_empty() {
            return None;
        }
        self.shared.get(hash).copied()
    }

    /// Notes that `hash` is at `position`, unless it is known already: then its first position stays and
    /// is given back.
    pub fn insert<'a>(
        &mut self,
        hash: &[u8; 32],
        position: u32,
        owner: impl Fn(u32) -> &'a [u8; 32],
    ) -> Option<u32> {
        match self.by_prefix.entry(prefix(hash)) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(position);
                None
            }
            std::collections::hash_map::Entry::Occupied(other) => {
                let at = *other.get();
                if owner(at) == hash {
                    return Some(at);
                }
                if let Some(&at) = self.shared.get(hash) {
                    return Some(at);
                }
                self.shared.insert(*hash, position);
                None
            }
        }
    }
}

/// The first bytes as hashed: of a block hash these are the ones that proof of work leaves random.
fn prefix(hash: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_with_a_common_prefix_are_told_apart() {
        let mut hashes = [[7u8; 32]; 4];
        for (i, hash) in hashes.iter_mut().enumerate() {
            hash[31] = i as u8;
        }
        let owner = |i: u32| &hashes[i as usize];
        let mut index = HashIndex::default();
        for i in 0..3u32 {
            assert_eq!(index.insert(owner(i), i, owner), None);
        }
        for i in 0..3u32 {
            assert_eq!(index.get(owner(i), owner), Some(i));
            assert_eq!(index.insert(owner(i), 9, owner), Some(i));
        }
        assert_eq!(index.get(&hashes[3], owner), None);
    }
}
