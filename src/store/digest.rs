//! A hash over all that is stored, to tell whether two databases say the same.
//!
//! What the path engine keeps to go on is left out: it follows from the rest, and how many states there are from the runs.

use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::schema::sqlite;
use super::{Error, Store};

/// Every stored fact in a fixed order. Left out are the places in the block files, and with them the headers that
/// only say what else the files hold: the same chain may be laid out otherwise.
const QUERIES: &[&str] = &[
    "SELECT value FROM meta WHERE key = 'chain'",
    "SELECT day, date, first_height, last_height, blocks, transactions, outputs, sats, complete, rules_version \
     FROM utc_day ORDER BY day",
    "SELECT height, day, hash, prev, time, bits, size, transactions, outputs FROM chain_block ORDER BY height",
    "SELECT day, first_bin, bins, data FROM day_outputs ORDER BY day",
    "SELECT step, factor FROM bin_step ORDER BY step",
    "SELECT first_height, last_height, reason FROM missing_height ORDER BY first_height",
    "SELECT * FROM price ORDER BY day, engine",
    "SELECT height, usd, low, high FROM path_block ORDER BY height",
];

impl Store {
    /// The digest, 64 hex digits.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn digest(&self) -> Result<String, Error> {
        let run = || -> rusqlite::Result<String> {
            // One transaction, so that a scan under way cannot slip in between the tables.
            let tx = self.db.unchecked_transaction()?;
            let mut hasher = Sha256::new();
            for query in QUERIES {
                let mut statement = tx.prepare(query)?;
                let columns = statement.column_count();
                hasher.update([0xff]);
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    for column in 0..columns {
                        feed(&mut hasher, row.get_ref(column)?);
                    }
                }
            }
            Ok(hasher
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect())
        };
        run().map_err(sqlite(&self.path))
    }
}

/// Type, length and bytes, so that no two rows run together into a third.
fn feed(hasher: &mut Sha256, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => hasher.update([0]),
        ValueRef::Integer(value) => {
            hasher.update([1]);
            hasher.update(value.to_le_bytes());
        }
        ValueRef::Real(value) => {
            hasher.update([2]);
            hasher.update(value.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            hasher.update([3]);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
    }
}
