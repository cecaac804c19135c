//! Rows as they stand, and what SQLite itself finds wrong: what a check of the database needs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Row, Transaction, params};

use super::reader::hash;
use super::rows::{BlockPriceRow, BlockRow, DayRow, PriceRow};
use super::schema::sqlite;
use super::{Error, Store};
use crate::chain::WindowDay;
use crate::chain::header::{Hash, Place};

/// How soon a check that SQLite is in the middle of ends once it is asked to.
const PATIENCE: Duration = Duration::from_millis(50);

/// All that is stored of a day, its sums as they are stored.
#[derive(Clone, Debug)]
pub struct WholeDay {
    /// The day's row, its blocks, its outputs and its bins.
    pub row: DayRow,
    /// The same day as text.
    pub date: String,
    /// Number of its blocks, as stored beside them.
    pub blocks: u64,
    /// Number of their transactions, likewise.
    pub transactions: u64,
    /// Number of the qualifying outputs, likewise.
    pub outputs: u64,
    /// Its prices, by engine.
    pub prices: Vec<PriceRow>,
    /// Prices of blocks between its first and its last height.
    pub block_prices: Vec<BlockPriceRow>,
}

/// One state of the database, as long as it lives.
#[must_use = "it ends where it is dropped"]
#[derive(Debug)]
pub struct Snapshot<'a> {
    _own: Option<Transaction<'a>>,
}

impl Store {
    /// Begins to read: until this is dropped, what others write is not seen. Within another snapshot of the same connection it
    /// is a part of that one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, Error> {
        if !self.db.is_autocommit() {
            return Ok(Snapshot { _own: None });
        }
        let own = self.db.unchecked_transaction();
        Ok(Snapshot {
            _own: Some(own.map_err(sqlite(&self.path))?),
        })
    }

    /// What SQLite finds wrong with the file, a line each, a hundred at most. Ends early with an error once `stop` is set.
    ///
    /// # Errors
    /// The database cannot be read, or the check was cut off.
    pub fn integrity(&self, stop: &AtomicBool) -> Result<Vec<String>, Error> {
        let handle = self.db.get_interrupt_handle();
        let done = AtomicBool::new(false);
        let mut lines: Vec<String> = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    if stop.load(Ordering::Relaxed) {
                        handle.interrupt();
                    }
                    std::thread::sleep(PATIENCE);
                }
            });
            let lines = self.rows("PRAGMA integrity_check(100)", [], |row| row.get(0));
            done.store(true, Ordering::Relaxed);
            lines
        })?;
        lines.retain(|line| line != "ok");
        Ok(lines)
    }

    /// All that is stored of a day; `None` where it is not stored.
    ///
    /// # Errors
    /// The database cannot be read, or holds what cannot have been written.
    pub fn whole_day(&self, day: WindowDay) -> Result<Option<WholeDay>, Error> {
        let found = self.rows(
            "SELECT first_height, last_height, complete, sats, date, blocks, transactions, outputs \
             FROM utc_day WHERE day = ?1",
            [day],
            |row| {
                Ok(WholeDay {
                    row: DayRow {
                        day,
                        first: row.get(0)?,
                        last: row.get(1)?,
                        complete: row.get(2)?,
                        sats: unsigned(row, 3)?,
                        ..DayRow::default()
                    },
                    date: row.get(4)?,
                    blocks: unsigned(row, 5)?,
                    transactions: unsigned(row, 6)?,
                    outputs: unsigned(row, 7)?,
                    prices: Vec::new(),
                    block_prices: Vec::new(),
                })
            },
        )?;
        let Some(mut whole) = found.into_iter().next() else {
            return Ok(None);
        };
        whole.row.blocks = self.block_rows(day)?;
        let stored: Option<(u16, String, Vec<u8>)> = self
            .rows(
                "SELECT first_bin, bins, data FROM day_outputs WHERE day = ?1",
                [day],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .pop();
        let damaged = |what: &str| Error::Damaged {
            path: self.path.clone(),
            what: what.to_string(),
        };
        let (first_bin, bins, data) = stored.ok_or_else(|| damaged("its outputs are gone"))?;
        let counts: Vec<u32> =
            serde_json::from_str(&bins).map_err(|_| damaged("its bins are no list of counts"))?;
        whole.row.bins = (first_bin..=u16::MAX)
            .zip(counts)
            .filter(|&(_, count)| count > 0)
            .collect();
        whole.row.data = data;
        let engines: Vec<String> = self.rows(
            "SELECT engine FROM price WHERE day = ?1 ORDER BY engine",
            [day],
            |row| row.get(0),
        )?;
        for engine in engines {
            whole.prices.extend(self.prices(&engine, day, day)?);
        }
        whole.block_prices = self.block_prices(whole.row.first, whole.row.last)?;
        Ok(Some(whole))
    }

    /// The block prices stored of heights from `first` to `last`, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn block_prices(&self, first: u32, last: u32) -> Result<Vec<BlockPriceRow>, Error> {
        self.rows(
            "SELECT height, usd, low, high FROM path_block WHERE height BETWEEN ?1 AND ?2 ORDER BY height",
            [first, last],
            |row| {
                Ok(BlockPriceRow {
                    height: row.get(0)?,
                    usd: row.get(1)?,
                    low: row.get(2)?,
                    high: row.get(3)?,
                })
            },
        )
    }

    /// The days that have a price, or none to be found, by `engine`, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn priced_days(&self, engine: &str) -> Result<Vec<WindowDay>, Error> {
        self.rows(
            "SELECT day FROM price WHERE engine = ?1 ORDER BY day",
            [engine],
            |row| row.get(0),
        )
    }

    /// A number that differs from an earlier one of the same connection once somebody else has written in between.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn writes_seen(&self) -> Result<i64, Error> {
        self.pragma("data_version")
    }

    fn block_rows(&self, day: WindowDay) -> Result<Vec<BlockRow>, Error> {
        self.rows(
            "SELECT height, hash, prev, time, bits, file, offset, size, transactions, outputs, undo \
             FROM chain_block WHERE day = ?1 ORDER BY height",
            [day],
            |row| {
                Ok(BlockRow {
                    height: row.get(0)?,
                    hash: hash(row.get(1)?),
                    prev: row.get::<_, Option<[u8; 32]>>(2)?.map(hash),
                    time: row.get(3)?,
                    bits: row.get(4)?,
                    place: Place {
                        file: row.get(5)?,
                        offset: unsigned(row, 6)?,
                    },
                    size: row.get(7)?,
                    transactions: row.get(8)?,
                    outputs: row.get(9)?,
                    undo: row.get(10)?,
                })
            },
        )
    }

    /// Rows of `table` by days that are not stored: the day and how many.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn orphans(&self, table: &str) -> Result<Vec<(WindowDay, u64)>, Error> {
        let sql = format!(
            "SELECT day, count(*) FROM {table} WHERE day NOT IN (SELECT day FROM utc_day) GROUP BY day ORDER BY day"
        );
        self.rows(&sql, [], |row| Ok((row.get(0)?, unsigned(row, 1)?)))
    }

    /// Heights that have a price and no block: how many, and the first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn orphaned_block_prices(&self) -> Result<Option<(u64, u32)>, Error> {
        let found: Vec<(u64, Option<u32>)> = self.rows(
            "SELECT count(*), min(height) FROM path_block \
             WHERE height NOT IN (SELECT height FROM chain_block)",
            params![],
            |row| Ok((unsigned(row, 0)?, row.get(1)?)),
        )?;
        Ok(found
            .first()
            .and_then(|&(count, first)| Some((count, first?))))
    }

    /// The hash of the block stored at `height`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn hash_at(&self, height: u32) -> Result<Option<Hash>, Error> {
        let found = self.rows(
            "SELECT hash FROM chain_block WHERE height = ?1",
            [height],
            |row| row.get(0).map(hash),
        )?;
        Ok(found.into_iter().next())
    }

    /// The steps of the bins, as stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn bin_steps(&self) -> Result<Vec<f64>, Error> {
        self.rows("SELECT factor FROM bin_step ORDER BY step", [], |row| {
            row.get(0)
        })
    }
}

impl Error {
    /// Whether this says that stored bytes are damaged, rather than that they cannot be reached; and how.
    pub fn damage(&self) -> Option<String> {
        use rusqlite::{Error as Sqlite, ErrorCode};
        match self {
            Error::Damaged { what, .. } => Some(what.clone()),
            Error::Sqlite { source, .. } => match source {
                // A value of a type or size that is never written.
                Sqlite::FromSqlConversionFailure(..)
                | Sqlite::IntegralValueOutOfRange(..)
                | Sqlite::InvalidColumnType(..) => Some(source.to_string()),
                other => matches!(
                    other.sqlite_error_code(),
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                )
                .then(|| other.to_string()),
            },
            _ => None,
        }
    }
}

/// A number that is never written negative.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}
