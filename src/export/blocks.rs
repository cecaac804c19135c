//! Blocks with their prices.

use rusqlite::params;
use serde::Serialize;

use crate::chain::WindowDay;
use crate::dates;
use crate::store::{Error, Store};

/// A block of the stored chain and what the path engine says of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlockPrice {
    /// Its height.
    pub height: u32,
    /// Its hash, in hex.
    pub hash: String,
    /// Header time, UTC seconds.
    pub time: u32,
    /// The UTC day it lies in, 'YYYY-MM-DD'.
    pub day: String,
    /// USD per BTC; none where the block has no price.
    pub usd: Option<f64>,
    /// 16th percentile, USD per BTC.
    pub low: Option<f64>,
    /// 84th percentile, USD per BTC.
    pub high: Option<f64>,
}

/// The stored blocks of heights `first` to `last`, ascending.
///
/// # Errors
/// The database cannot be read.
pub fn block_prices(store: &Store, first: u32, last: u32) -> Result<Vec<BlockPrice>, Error> {
    let run = || -> rusqlite::Result<Vec<BlockPrice>> {
        let mut query = store.connection().prepare_cached(
            "SELECT c.height, lower(hex(c.hash)), c.time, c.day, p.usd, p.low, p.high FROM chain_block AS c \
             LEFT JOIN path_block AS p ON p.height = c.height WHERE c.height BETWEEN ?1 AND ?2 ORDER BY c.height",
        )?;
        let rows = query.query_map(params![first, last], |row| {
            Ok(BlockPrice {
                height: row.get(0)?,
                hash: row.get(1)?,
                time: row.get(2)?,
                day: dates::show(row.get::<_, WindowDay>(3)?),
                usd: row.get(4)?,
                low: row.get(5)?,
                high: row.get(6)?,
            })
        })?;
        rows.collect()
    };
    run().map_err(|source| Error::Sqlite {
        path: store.path().to_path_buf(),
        source,
    })
}
