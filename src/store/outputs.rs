//! The outputs of a day: read in one piece, unpacked by whoever has the time.

use std::path::PathBuf;

use rusqlite::params;

use super::codec::Decoder;
use super::{Error, Store};
use crate::chain::WindowDay;

/// A block with its qualifying outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlock {
    /// Its height.
    pub height: u32,
    /// Header time, UTC seconds.
    pub time: u32,
    /// Values of the qualifying outputs in sats, ascending.
    pub sats: Vec<u64>,
}

/// The outputs of a day as they are stored. A connection is of one thread and decoding takes longer than reading, so this goes
/// to other threads.
#[derive(Clone, Debug)]
pub struct PackedDay {
    day: WindowDay,
    /// Height, time and number of outputs of each block.
    blocks: Vec<(u32, u32, u32)>,
    data: Vec<u8>,
    database: PathBuf,
}

impl PackedDay {
    /// Its blocks, ascending by height; none where the day is not stored.
    ///
    /// # Errors
    /// The stored bytes are not as written.
    pub fn unpack(&self) -> Result<Vec<StoredBlock>, Error> {
        let damaged = |what: String| Error::Damaged {
            path: self.database.clone(),
            what: format!("the outputs of {}: {what}", crate::dates::show(self.day)),
        };
        let mut decoder = Decoder::new(&self.data);
        let mut stored = Vec::with_capacity(self.blocks.len());
        for &(height, time, count) in &self.blocks {
            let mut sats = Vec::new();
            decoder
                .next_block(&mut sats)
                .map_err(|error| damaged(error.to_string()))?;
            if sats.len() as u64 != u64::from(count) {
                return Err(damaged(format!(
                    "block {height} has {} where {count} belong",
                    sats.len()
                )));
            }
            stored.push(StoredBlock { height, time, sats });
        }
        if !decoder.is_at_end() {
            return Err(damaged("there are more than its blocks have".to_string()));
        }
        Ok(stored)
    }
}

impl Store {
    /// The outputs of a day as stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn packed(&self, day: WindowDay) -> Result<PackedDay, Error> {
        let blocks = self.rows(
            "SELECT height, time, outputs FROM chain_block WHERE day = ?1 ORDER BY height",
            params![day],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let data: Option<Vec<u8>> = self
            .rows(
                "SELECT data FROM day_outputs WHERE day = ?1",
                params![day],
                |row| row.get(0),
            )?
            .pop();
        Ok(PackedDay {
            day,
            blocks,
            data: data.unwrap_or_default(),
            database: self.path.clone(),
        })
    }

    /// The blocks of a day with their outputs, ascending by height; empty where the day is not stored.
    ///
    /// # Errors
    /// The database cannot be read, or its bytes are not as written.
    pub fn outputs(&self, day: WindowDay) -> Result<Vec<StoredBlock>, Error> {
        self.packed(day)?.unpack()
    }
}
