//! The txid: SHA-256d of a transaction without its witness.

use super::sha256d::sha256d;
use super::visit::{Malformed, Tx, visit};

/// The txid of a transaction, as hashed (displayed, it is reversed).
pub fn txid(tx: &Tx<'_>) -> [u8; 32] {
    if tx.segwit {
        // The three pieces stand apart in the block.
        sha256d([&tx.bytes[..4], tx.body, &tx.bytes[tx.bytes.len() - 4..]])
    } else {
        sha256d([tx.bytes, &[], &[]])
    }
}

/// Whether the transactions of a block hash to the merkle root in its header.
///
/// # Errors
/// The bytes are not one whole block.
pub fn merkle_root_holds(block: &[u8]) -> Result<bool, Malformed> {
    let mut txids = Vec::new();
    visit(block, |tx| txids.push(txid(tx)))?;
    Ok(hash_to_root(block, txids))
}

/// Whether `txids`, those of all transactions of `block` in order, hash to the merkle root in its header.
pub fn hash_to_root(block: &[u8], txids: Vec<[u8; 32]>) -> bool {
    let mut level = txids;
    while level.len() > 1 {
        // A list whose end is repeated has the root of the one where it is not (CVE-2012-2459); nodes refuse such a block.
        let is_repeated = |pair: &[[u8; 32]]| pair.len() == 2 && pair[0] == pair[1];
        if level.chunks(2).any(is_repeated) {
            return false;
        }
        level = level
            .chunks(2)
            // An odd one out is paired with itself.
            .map(|pair| sha256d([&pair[0], &pair[pair.len() - 1], &[]]))
            .collect();
    }
    level
        .first()
        .is_some_and(|root| block.get(36..68) == Some(root.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_whose_end_is_repeated_does_not_pass_for_the_one_it_has_the_root_of() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        let join = |left: &[u8; 32], right: &[u8; 32]| sha256d([left, right, &[]]);
        let mut block = [0; 80];
        block[36..68].copy_from_slice(&join(&join(&a, &b), &join(&c, &c)));
        assert!(hash_to_root(&block, vec![a, b, c]));
        assert!(!hash_to_root(&block, vec![a, b, c, c]));
        // One level up too.
        block[36..68].copy_from_slice(&join(
            &join(&join(&a, &b), &join(&c, &a)),
            &join(&join(&b, &c), &join(&b, &c)),
        ));
        assert!(hash_to_root(&block, vec![a, b, c, a, b, c]));
        assert!(!hash_to_root(&block, vec![a, b, c, a, b, c, b, c]));
    }
}
