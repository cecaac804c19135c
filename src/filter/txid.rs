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
    let mut level = Vec::new();
    visit(block, |tx| level.push(txid(tx)))?;
    while level.len() > 1 {
        level = level
            .chunks(2)
            // An odd one out is paired with itself.
            .map(|pair| sha256d([&pair[0], &pair[pair.len() - 1], &[]]))
            .collect();
    }
    Ok(level.first().is_some_and(|root| root == &block[36..68]))
}
