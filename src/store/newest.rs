//! What one who follows the chain wants to know: the newest blocks, and which days he has dealt with.

use rusqlite::params;

use super::schema::sqlite;
use super::{Error, Store};
use crate::chain::WindowDay;
use crate::chain::header::Hash;

/// The day up to which a command was run on each complete day.
const DEALT_WITH: &str = "exec_day";

/// A block of the stored chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestBlock {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: Hash,
    /// Header time, UTC seconds.
    pub time: u32,
    /// The UTC day it lies in.
    pub day: WindowDay,
}

impl Store {
    /// A number that is another once anybody else has written to the database. It means something on this connection only.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn data_version(&self) -> Result<i64, Error> {
        self.pragma("data_version")
    }

    /// The `count` highest stored blocks, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn newest_blocks(&self, count: u32) -> Result<Vec<NewestBlock>, Error> {
        let mut blocks = self.rows(
            "SELECT height, hash, time, day FROM chain_block ORDER BY height DESC LIMIT ?1",
            [count],
            |row| {
                let mut hash: [u8; 32] = row.get(1)?;
                hash.reverse(); // stored in display order
                Ok(NewestBlock {
                    height: row.get(0)?,
                    hash: Hash(hash),
                    time: row.get(2)?,
                    day: row.get(3)?,
                })
            },
        )?;
        blocks.reverse();
        Ok(blocks)
    }

    /// The first stored day.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn first_day(&self) -> Result<Option<WindowDay>, Error> {
        let mut days = self.rows("SELECT day FROM utc_day ORDER BY day LIMIT 1", [], |row| {
            row.get(0)
        })?;
        Ok(days.pop())
    }

    /// The complete days after `day`, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn complete_days_after(&self, day: WindowDay) -> Result<Vec<WindowDay>, Error> {
        self.rows(
            "SELECT day FROM utc_day WHERE complete AND day > ?1 ORDER BY day",
            [day],
            |row| row.get(0),
        )
    }

    /// The last day noted by [`Store::set_dealt_with`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn dealt_with(&self) -> Result<Option<WindowDay>, Error> {
        Ok(self.meta(DEALT_WITH)?.and_then(|day| day.parse().ok()))
    }

    /// Notes that the days up to `day` need no command any more.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn set_dealt_with(&mut self, day: WindowDay) -> Result<(), Error> {
        self.db
            .execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, CAST(?2 AS TEXT))",
                params![DEALT_WITH, day],
            )
            .map_err(sqlite(&self.path))?;
        Ok(())
    }
}
