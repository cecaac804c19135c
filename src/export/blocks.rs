//! Blocks with their prices, as JSON objects.

use rusqlite::params;
use serde_json::{Value, json};

use crate::chain::WindowDay;
use crate::dates;
use crate::store::{Error, Store};

/// The stored blocks of heights `first` to `last`, ascending: height, hash, header time (UTC seconds), UTC day, the path
/// engine's price at the block and its 68 % interval (USD per BTC, null where it has none).
///
/// # Errors
/// The database cannot be read.
pub fn blocks_json(store: &Store, first: u32, last: u32) -> Result<Vec<Value>, Error> {
    let run = || -> rusqlite::Result<Vec<Value>> {
        let mut query = store.connection().prepare_cached(
            "SELECT c.height, lower(hex(c.hash)), c.time, c.day, p.usd, p.low, p.high FROM chain_block AS c \
             LEFT JOIN path_block AS p ON p.height = c.height WHERE c.height BETWEEN ?1 AND ?2 ORDER BY c.height",
        )?;
        let rows = query.query_map(params![first, last], |row| {
            Ok(json!({
                "height": row.get::<_, u32>(0)?,
                "hash": row.get::<_, String>(1)?,
                "time": row.get::<_, u32>(2)?,
                "day": dates::show(row.get::<_, WindowDay>(3)?),
                "usd": row.get::<_, Option<f64>>(4)?,
                "low": row.get::<_, Option<f64>>(5)?,
                "high": row.get::<_, Option<f64>>(6)?,
            }))
        })?;
        rows.collect()
    };
    run().map_err(|source| Error::Sqlite {
        path: store.path().to_path_buf(),
        source,
    })
}
