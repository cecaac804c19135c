//! Typed rows back from the store.

use rusqlite::{Row, params};
use rustc_hash::FxHashSet;

use super::rows::{FileState, Missing, PriceRow, StoredDay};
use super::schema::sqlite;
use super::{Error, Store};
use crate::chain::WindowDay;
use crate::chain::header::{Hash, Header, Place};

/// A number of priced days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineDays {
    /// Name of the engine.
    pub engine: String,
    /// Its version.
    pub version: u32,
    /// Their status.
    pub status: String,
    /// How many.
    pub days: u32,
}

impl Store {
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let run = || -> rusqlite::Result<Vec<T>> {
            self.db
                .prepare_cached(sql)?
                .query_map(params, read)?
                .collect()
        };
        run().map_err(sqlite(&self.path))
    }

    /// The stored days, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn days(&self) -> Result<Vec<StoredDay>, Error> {
        self.days_between(WindowDay::MIN, WindowDay::MAX)
    }

    /// The stored days from `first` to `last`, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn days_between(&self, first: WindowDay, last: WindowDay) -> Result<Vec<StoredDay>, Error> {
        self.rows(
            "SELECT day, first_height, last_height, blocks, outputs, complete, rules_version FROM utc_day \
             WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
            params![first, last],
            |row| {
                Ok(StoredDay {
                    day: row.get(0)?,
                    first: row.get(1)?,
                    last: row.get(2)?,
                    blocks: row.get(3)?,
                    outputs: unsigned(row.get(4)?),
                    complete: row.get(5)?,
                    rules_version: row.get(6)?,
                })
            },
        )
    }

    /// The headers of the stored blocks, with their heights, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stored_headers(&self) -> Result<Vec<Header>, Error> {
        self.stored_headers_from(0)
    }

    /// The headers of the stored blocks from a height on that begins a day, with their heights, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stored_headers_from(&self, first: u32) -> Result<Vec<Header>, Error> {
        let mut below: Option<(u32, Hash)> = None;
        self.rows(
            "SELECT height, hash, prev, time, bits, file, offset, size FROM chain_block WHERE height >= ?1 \
             ORDER BY height",
            [first],
            |row| {
                let height: u32 = row.get(0)?;
                let hash = hash(row.get(1)?);
                let linked = below
                    .filter(|(last, _)| last.checked_add(1) == Some(height))
                    .map_or(Hash::ZERO, |(_, hash)| hash);
                let prev = row.get::<_, Option<[u8; 32]>>(2)?;
                below = Some((height, hash));
                Ok(Header {
                    hash,
                    prev: prev.map_or(linked, self::hash),
                    version: 0,
                    time: row.get(3)?,
                    bits: row.get(4)?,
                    place: place(row.get(5)?, row.get(6)?),
                    size: row.get(7)?,
                    height: Some(height),
                })
            },
        )
    }

    /// The lowest height stored from one of the block files of these numbers.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn lowest_in_files(&self, files: &FxHashSet<u32>) -> Result<Option<u32>, Error> {
        let mut lowest = None;
        let _: Vec<()> = self.rows("SELECT height, file FROM chain_block", [], |row| {
            let (height, file): (u32, u32) = (row.get(0)?, row.get(1)?);
            if files.contains(&file) && lowest.is_none_or(|lowest| height < lowest) {
                lowest = Some(height);
            }
            Ok(())
        })?;
        Ok(lowest)
    }

    /// Calls `each` with height, hash and place of every stored block from height `first` on, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_place(
        &self,
        first: u32,
        mut each: impl FnMut(u32, Hash, Place),
    ) -> Result<(), Error> {
        self.rows(
            "SELECT height, hash, file, offset FROM chain_block WHERE height >= ?1 ORDER BY height",
            [first],
            |row| {
                each(
                    row.get(0)?,
                    hash(row.get(1)?),
                    place(row.get(2)?, row.get(3)?),
                );
                Ok(())
            },
        )
        .map(|_: Vec<()>| ())
    }

    /// The headers that are noted but not stored as blocks, in file order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn other_headers(&self) -> Result<Vec<Header>, Error> {
        self.rows(
            "SELECT hash, prev, time, bits, file, offset, size, height FROM other_block ORDER BY file, offset",
            [],
            |row| {
                Ok(Header {
                    hash: hash(row.get(0)?),
                    prev: hash(row.get(1)?),
                    version: 0,
                    time: row.get(2)?,
                    bits: row.get(3)?,
                    place: place(row.get(4)?, row.get(5)?),
                    size: row.get(6)?,
                    height: row.get(7)?,
                })
            },
        )
    }

    /// The block files as the last finished scan saw them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn files(&self) -> Result<Vec<FileState>, Error> {
        self.rows(
            "SELECT file, size, mtime_ns, damaged FROM block_file ORDER BY file",
            [],
            |row| {
                Ok(FileState {
                    file: row.get(0)?,
                    size: unsigned(row.get(1)?),
                    mtime_ns: row.get(2)?,
                    damaged: row.get(3)?,
                })
            },
        )
    }

    /// The heights that are missing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn missing(&self) -> Result<Vec<Missing>, Error> {
        self.rows(
            "SELECT first_height, last_height, reason FROM missing_height ORDER BY first_height",
            [],
            |row| {
                Ok(Missing {
                    first: row.get(0)?,
                    last: row.get(1)?,
                    reason: row.get(2)?,
                })
            },
        )
    }

    /// The days that have no price by `engine` in this or a newer `version`, ascending; with `force`, also those
    /// it was not asked to cover.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn unpriced(
        &self,
        engine: &str,
        version: u32,
        force: bool,
    ) -> Result<Vec<StoredDay>, Error> {
        let priced: Vec<WindowDay> = self.rows(
            "SELECT day FROM price WHERE engine = ?1 AND engine_version >= ?2 \
             AND NOT (?3 AND status = 'unsupported') ORDER BY day",
            params![engine, version, force],
            |row| row.get(0),
        )?;
        let mut days = self.days()?;
        days.retain(|day| priced.binary_search(&day.day).is_err());
        Ok(days)
    }

    /// The earliest stored day that has no price by `engine` in this `version`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn first_without_price(
        &self,
        engine: &str,
        version: u32,
    ) -> Result<Option<WindowDay>, Error> {
        let days = self.rows(
            "SELECT min(day) FROM utc_day WHERE day NOT IN (SELECT day FROM price WHERE engine = ?1 AND engine_version = ?2)",
            params![engine, version],
            |row| row.get(0),
        )?;
        Ok(days.into_iter().next().flatten())
    }

    /// Whether there is any price by `engine`, of whatever version.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn has_prices(&self, engine: &str) -> Result<bool, Error> {
        let any = self.rows(
            "SELECT 1 FROM price WHERE engine = ?1 LIMIT 1",
            [engine],
            |_| Ok(()),
        )?;
        Ok(!any.is_empty())
    }

    /// The prices of an engine from `first` to `last`, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn prices(
        &self,
        engine: &str,
        first: WindowDay,
        last: WindowDay,
    ) -> Result<Vec<PriceRow>, Error> {
        self.rows(
            "SELECT day, engine, usd, open, high, low, close, confidence, status, outputs, points, engine_version, \
             low68, high68, low95, high95, final, anchors FROM price WHERE engine = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day",
            params![engine, first, last],
            |row| {
                Ok(PriceRow {
                    day: row.get(0)?,
                    engine: row.get(1)?,
                    usd: row.get(2)?,
                    open: row.get(3)?,
                    high: row.get(4)?,
                    low: row.get(5)?,
                    close: row.get(6)?,
                    confidence: row.get(7)?,
                    status: row.get(8)?,
                    outputs: unsigned(row.get(9)?),
                    points: unsigned(row.get(10)?),
                    engine_version: row.get(11)?,
                    interval68: row.get::<_, Option<f64>>(12)?.zip(row.get(13)?),
                    interval95: row.get::<_, Option<f64>>(14)?.zip(row.get(15)?),
                    is_final: row.get(16)?,
                    anchors: row.get(17)?,
                })
            },
        )
    }

    /// Header time of the chain's tip as of the last scan, UTC seconds; of the last stored block where no scan has ended.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn tip_time(&self) -> Result<Option<u32>, Error> {
        if let Some(time) = self.meta("tip_time")?.and_then(|time| time.parse().ok()) {
            return Ok(Some(time));
        }
        Ok(self
            .rows(
                "SELECT time FROM chain_block ORDER BY height DESC LIMIT 1",
                [],
                |row| row.get(0),
            )?
            .pop())
    }

    /// How many days each engine has priced, by version and status.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn engines(&self) -> Result<Vec<EngineDays>, Error> {
        self.rows(
            "SELECT engine, engine_version, status, count(*) FROM price GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [],
            |row| {
                Ok(EngineDays {
                    engine: row.get(0)?,
                    version: row.get(1)?,
                    status: row.get(2)?,
                    days: row.get(3)?,
                })
            },
        )
    }

    /// How many stored blocks had the spends of their day's own coins told by undo data, and how many by txids.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn told(&self) -> Result<(u64, u64), Error> {
        let counts = self.rows(
            "SELECT count(*) FILTER (WHERE undo = 1), count(*) FILTER (WHERE undo = 0) FROM chain_block",
            [],
            |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))),
        )?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    /// Bytes of the database file and its write-ahead log.
    pub fn bytes(&self) -> u64 {
        ["", "-wal"]
            .iter()
            .map(|suffix| {
                let mut path = self.path.clone().into_os_string();
                path.push(suffix);
                std::fs::metadata(path).map_or(0, |meta| meta.len())
            })
            .sum()
    }
}

pub(super) fn hash(mut display: [u8; 32]) -> Hash {
    display.reverse();
    Hash(display)
}

fn place(file: u32, offset: i64) -> Place {
    Place {
        file,
        offset: unsigned(offset),
    }
}

/// Counts are written non-negative; a negative one can only be damage, and reads as nothing.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
