//! The txid: SHA-256d of a transaction without its witness.

use sha2::{Digest, Sha256};

use super::visit::{Malformed, Tx, visit};

/// The txid of a transaction, as hashed (displayed, it is reversed).
pub fn txid(tx: &Tx<'_>) -> [u8; 32] {
    let once = if tx.segwit {
        // The three pieces stand apart in the block; hashing them in turn saves joining them.
        let mut hasher = Sha256::new();
        hasher.update(&tx.bytes[..4]);
        hasher.update(tx.body);
        hasher.update(&tx.bytes[tx.bytes.len() - 4..]);
        hasher.finalize()
    } else {
        Sha256::digest(tx.bytes)
    };
    Sha256::digest(once).into()
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
            .map(|pair| {
                let mut hasher = Sha256::new();
                hasher.update(pair[0]);
                // An odd one out is paired with itself.
                hasher.update(pair[pair.len() - 1]);
                Sha256::digest(hasher.finalize()).into()
            })
            .collect();
    }
    Ok(level.first().is_some_and(|root| root == &block[36..68]))
}
