//! What the path engine keeps between runs.
//!
//! Its prices of a day depend on days before and a few after. So whatever changes a day notes the earliest
//! day changed and drops the states from there on, in the same transaction; the next price run starts that much
//! earlier.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{BlockPriceRow, PriceRow};
use super::schema::sqlite;
use super::writer::insert_price;
use super::{Error, Store};
use crate::chain::WindowDay;

/// States kept: the newest for the next run, the one before for when a change reaches behind it.
const STATES: u32 = 2;

/// Notes that `day` has changed.
pub(super) fn touch(tx: &Connection, day: WindowDay) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('path_changed_from', CAST(?1 AS TEXT)) \
         ON CONFLICT (key) DO UPDATE SET value = CAST(min(CAST(value AS INTEGER), ?1) AS TEXT)",
    )?
    .execute([day])?;
    tx.prepare_cached("DELETE FROM path_state WHERE day >= ?1")?
        .execute([day])?;
    Ok(())
}

impl Store {
    /// The earliest day changed since the last price run of the path engine; where what is noted is no day, all count as changed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn path_changed_from(&self) -> Result<Option<WindowDay>, Error> {
        Ok(self
            .meta("path_changed_from")?
            .map(|day| day.parse().unwrap_or(WindowDay::MIN)))
    }

    /// The evidence kept of days, by this version of the engine, ascending.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn path_evidence(&self, version: u32) -> Result<Vec<(WindowDay, Vec<u8>)>, Error> {
        self.rows(
            "SELECT day, data FROM path_evidence WHERE version = ?1 ORDER BY day",
            params![version],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Keeps the evidence of days.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn put_path_evidence(
        &mut self,
        version: u32,
        days: &[(WindowDay, Vec<u8>)],
    ) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            for (day, data) in days {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO path_evidence (day, version, data) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![day, version, data])?;
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// The newest state that covers days before `day` only.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn path_state_before(&self, day: WindowDay) -> Result<Option<Vec<u8>>, Error> {
        self.db
            .query_row(
                "SELECT data FROM path_state WHERE day < ?1 ORDER BY day DESC LIMIT 1",
                [day],
                |row| row.get(0),
            )
            .optional()
            .map_err(sqlite(&self.path))
    }

    /// Starts afresh on another basis (version of the engine, anchors): in one transaction it is noted, all states are
    /// dropped, and every day counts as changed, so that a run that is cut off is taken up again by the next.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn set_path_basis(&mut self, basis: &str) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            touch(&tx, WindowDay::MIN)?;
            tx.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('path_basis', ?1)",
                [basis],
            )?;
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Forgets all that follows from the outputs but the prices themselves, which stand until they are replaced: the next price run makes
    /// everything anew.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn forget_path(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            touch(&tx, WindowDay::MIN)?;
            tx.execute("DELETE FROM path_evidence", [])?;
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Stores prices of days and of their blocks, replacing older ones.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn put_path_prices(
        &mut self,
        rows: &[(PriceRow, Vec<BlockPriceRow>)],
    ) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            for (row, blocks) in rows {
                insert_price(&tx, row)?;
                tx.prepare_cached(
                    "DELETE FROM path_block WHERE height BETWEEN (SELECT first_height FROM utc_day WHERE day = ?1) \
                     AND (SELECT last_height FROM utc_day WHERE day = ?1)",
                )?
                .execute([row.day])?;
                let mut insert = tx.prepare_cached(
                    "INSERT OR REPLACE INTO path_block (height, usd, low, high) VALUES (?1, ?2, ?3, ?4)",
                )?;
                for block in blocks {
                    insert.execute(params![block.height, block.usd, block.low, block.high])?;
                }
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Ends a price run of the path engine: keeps `state`, and notes that nothing has changed since.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn close_path_run(&mut self, state: Option<(WindowDay, Vec<u8>)>) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            if let Some((day, data)) = &state {
                tx.execute(
                    "INSERT OR REPLACE INTO path_state (day, data) VALUES (?1, ?2)",
                    params![day, data],
                )?;
            }
            tx.execute(
                "DELETE FROM path_state WHERE day NOT IN (SELECT day FROM path_state ORDER BY day DESC LIMIT ?1)",
                [STATES],
            )?;
            tx.execute("DELETE FROM meta WHERE key = 'path_changed_from'", [])?;
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }
}
