//! Writing: each call is one transaction, so that a reader, or a crash, never sees half of it; [`Store::together`] makes one of
//! several calls.

use rusqlite::{Connection, params};

use super::path_state::touch;
use super::rows::{BlockRow, DayRow, FileState, Missing, PriceRow};
use super::schema::sqlite;
use super::{Error, Store};
use crate::chain::WindowDay;
use crate::chain::header::{Hash, Header, Place};

/// What ends a scan: the state that makes the next one incremental.
#[derive(Debug, Default)]
pub struct Closing {
    /// Stored blocks found at another place.
    pub moved: Vec<(u32, Place)>,
    /// Headers to note that are not stored as blocks.
    pub other_added: Vec<Header>,
    /// Places of noted headers that are no longer so.
    pub other_removed: Vec<Place>,
    /// The block files as seen.
    pub files: Vec<FileState>,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Keys and values of the `meta` table.
    pub meta: Vec<(&'static str, String)>,
}

impl Store {
    /// Makes one transaction of all that `work` writes through this store: a reader, or a crash, sees everything of it or nothing.
    /// What `work` itself reads through this store is as it has written it.
    ///
    /// # Errors
    /// `work` fails, or SQLite refuses; nothing is changed then.
    pub fn together<T, E: From<Error>>(
        &mut self,
        work: impl FnOnce(&mut Store) -> Result<T, E>,
    ) -> Result<T, E> {
        let begun = self.db.execute_batch("SAVEPOINT together");
        begun.map_err(sqlite(&self.path))?;
        let done = work(self).and_then(|done| {
            let end = self.db.execute_batch("RELEASE together");
            end.map_err(sqlite(&self.path))?;
            Ok(done)
        });
        if done.is_err() {
            // Fails where SQLite has taken everything back by itself, as on a full disk; the first error is the one to tell.
            let _ = self
                .db
                .execute_batch("ROLLBACK TO together; RELEASE together");
        }
        done
    }

    /// Removes the days `removed`, stores `days` and notes which stored days became complete or incomplete, in one transaction. With
    /// a day go its prices.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn replace_days(
        &mut self,
        removed: &[WindowDay],
        days: &[DayRow],
        completeness: &[(WindowDay, bool)],
        rules_version: u32,
    ) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            // Until the scan is closed, the state of the files is not that of the days.
            tx.execute("DELETE FROM meta WHERE key = 'finished'", [])?;
            for day in removed {
                remove_day(&tx, *day)?;
            }
            for day in days {
                insert_day(&tx, day, rules_version)?;
            }
            for (day, complete) in completeness {
                tx.execute(
                    "UPDATE utc_day SET complete = ?2 WHERE day = ?1",
                    params![day, complete],
                )?;
                touch(&tx, *day)?;
                // The status of its prices no longer holds.
                tx.execute("DELETE FROM price WHERE day = ?1", params![day])?;
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Notes the folder the blocks come from: a scan that is cut off is taken up in the same. Where another was noted, nothing that was
    /// known of its files holds any more, and the blocks that are stored stand in no file of this one until they are found there.
    ///
    /// # Errors
    /// The database cannot be read, or SQLite refuses; nothing is changed then.
    pub fn note_folder(&mut self, dir: &str) -> Result<(), Error> {
        let noted = self.meta("blocks_dir")?;
        if noted.as_deref() == Some(dir) {
            return Ok(());
        }
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            if noted.is_some() {
                // As `Place::nowhere` has it.
                tx.execute(
                    "UPDATE chain_block SET file = ?1, offset = height",
                    [Place::NO_FILE],
                )?;
                tx.execute("DELETE FROM other_block", [])?;
                tx.execute("DELETE FROM block_file", [])?;
                tx.execute("DELETE FROM meta WHERE key = 'finished'", [])?;
            }
            tx.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('blocks_dir', ?1)",
                [dir],
            )?;
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// The earliest day that was ever stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn first_day_ever(&self) -> Result<Option<WindowDay>, Error> {
        Ok(self.meta("first_day")?.and_then(|day| day.parse().ok()))
    }

    /// Stores the lower edges of the 200 bins from one power of ten on, over that power, unless they are there.
    ///
    /// # Errors
    /// SQLite refuses.
    pub fn set_bin_steps(&mut self, factors: impl Iterator<Item = f64>) -> Result<(), Error> {
        let path = self.path.clone();
        let run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            let there: i64 = tx.query_row("SELECT count(*) FROM bin_step", [], |row| row.get(0))?;
            if there == 0 {
                let mut insert =
                    tx.prepare("INSERT INTO bin_step (step, factor) VALUES (?1, ?2)")?;
                for (step, factor) in (0i64..).zip(factors) {
                    insert.execute(params![step, factor])?;
                }
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Ends a scan.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn close_scan(&mut self, closing: &Closing) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            {
                let mut update =
                    tx.prepare("UPDATE chain_block SET file = ?2, offset = ?3 WHERE height = ?1")?;
                for (height, place) in &closing.moved {
                    update.execute(params![height, place.file, signed(place.offset)])?;
                }
                let mut remove =
                    tx.prepare("DELETE FROM other_block WHERE file = ?1 AND offset = ?2")?;
                for place in &closing.other_removed {
                    remove.execute(params![place.file, signed(place.offset)])?;
                }
                let mut add = tx.prepare(
                    "INSERT INTO other_block (file, offset, hash, prev, time, bits, size, height) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?;
                for header in &closing.other_added {
                    add.execute(params![
                        header.place.file,
                        signed(header.place.offset),
                        display_bytes(header.hash),
                        display_bytes(header.prev),
                        header.time,
                        header.bits,
                        header.size,
                        header.height,
                    ])?;
                }
                tx.execute("DELETE FROM block_file", [])?;
                let mut file = tx.prepare("INSERT INTO block_file (file, size, mtime_ns, damaged) VALUES (?1, ?2, ?3, ?4)")?;
                for state in &closing.files {
                    file.execute(params![
                        state.file,
                        signed(state.size),
                        state.mtime_ns,
                        state.damaged
                    ])?;
                }
                tx.execute("DELETE FROM missing_height", [])?;
                insert_missing(&tx, &closing.missing)?;
                let mut meta =
                    tx.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
                for (key, value) in &closing.meta {
                    meta.execute(params![key, value])?;
                }
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }

    /// Takes the prices of an engine for those of an older version, so that the next price run replaces them.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn outdate_prices(&mut self, engine: &str) -> Result<(), Error> {
        let outdated = self.db.execute(
            "UPDATE price SET engine_version = 0 WHERE engine = ?1",
            [engine],
        );
        outdated.map(drop).map_err(sqlite(&self.path))
    }

    /// Stores prices, replacing those of the same day and engine.
    ///
    /// # Errors
    /// SQLite refuses; nothing is changed then.
    pub fn put_prices(&mut self, rows: &[PriceRow]) -> Result<(), Error> {
        let path = self.path.clone();
        let mut run = || -> rusqlite::Result<()> {
            let tx = self.db.savepoint()?;
            for row in rows {
                insert_price(&tx, row)?;
            }
            tx.commit()
        };
        run().map_err(sqlite(&path))
    }
}

pub(super) fn insert_price(tx: &Connection, row: &PriceRow) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO price (day, engine, usd, open, high, low, close, confidence, status, outputs, points, \
         engine_version, low68, high68, low95, high95, final, anchors) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?
    .execute(params![
        row.day,
        row.engine,
        row.usd,
        row.open,
        row.high,
        row.low,
        row.close,
        row.confidence,
        row.status,
        signed(row.outputs),
        signed(row.points),
        row.engine_version,
        row.interval68.map(|(low, _)| low),
        row.interval68.map(|(_, high)| high),
        row.interval95.map(|(low, _)| low),
        row.interval95.map(|(_, high)| high),
        row.is_final,
        row.anchors,
    ])?;
    Ok(())
}

fn remove_day(tx: &Connection, day: WindowDay) -> rusqlite::Result<()> {
    touch(tx, day)?;
    // Their headers are noted again when the scan is closed; until then nothing but their files tells of them.
    tx.prepare_cached(
        "DELETE FROM block_file WHERE file IN (SELECT file FROM chain_block WHERE height BETWEEN \
         (SELECT first_height FROM utc_day WHERE day = ?1) AND (SELECT last_height FROM utc_day WHERE day = ?1))",
    )?
    .execute([day])?;
    tx.prepare_cached(
        "DELETE FROM path_block WHERE height BETWEEN (SELECT first_height FROM utc_day WHERE day = ?1) \
         AND (SELECT last_height FROM utc_day WHERE day = ?1)",
    )?
    .execute([day])?;
    for table in [
        "utc_day",
        "chain_block",
        "day_outputs",
        "price",
        "path_evidence",
    ] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE day = ?1"))?
            .execute([day])?;
    }
    Ok(())
}

fn insert_day(tx: &Connection, row: &DayRow, rules_version: u32) -> rusqlite::Result<()> {
    touch(tx, row.day)?;
    tx.prepare_cached(
        "INSERT INTO meta (key, value) VALUES ('first_day', CAST(?1 AS TEXT)) \
         ON CONFLICT (key) DO UPDATE SET value = CAST(min(CAST(value AS INTEGER), ?1) AS TEXT)",
    )?
    .execute([row.day])?;
    let transactions: u64 = row.blocks.iter().map(|b| u64::from(b.transactions)).sum();
    let outputs: u64 = row.blocks.iter().map(|b| u64::from(b.outputs)).sum();
    tx.prepare_cached(
        "INSERT INTO utc_day (day, date, first_height, last_height, blocks, transactions, outputs, sats, \
         complete, rules_version) VALUES (?1, date(?1 * 86400, 'unixepoch'), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        row.day,
        row.first,
        row.last,
        row.blocks.len() as i64, // at most u32::MAX heights
        signed(transactions),
        signed(outputs),
        signed(row.sats),
        row.complete,
        rules_version,
    ])?;
    for block in &row.blocks {
        insert_block(tx, row.day, block)?;
    }
    let (first_bin, bins) = bins_json(&row.bins);
    tx.prepare_cached(
        "INSERT INTO day_outputs (day, first_bin, bins, data) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![row.day, first_bin, bins, row.data])?;
    tx.prepare_cached("DELETE FROM missing_height WHERE first_height >= ?1 AND last_height <= ?2")?
        .execute(params![row.first, row.last])?;
    insert_missing(tx, &row.missing)
}

fn insert_missing(tx: &Connection, missing: &[Missing]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO missing_height (first_height, last_height, reason) VALUES (?1, ?2, ?3)",
    )?;
    for gap in missing {
        insert.execute(params![gap.first, gap.last, gap.reason])?;
    }
    Ok(())
}

/// Ascending bins and counts as the first bin and a JSON array with the counts of it and all after it. A row for each
/// bin would take a fifth of the database.
fn bins_json(bins: &[(u16, u32)]) -> (u16, String) {
    let first = bins.first().map_or(0, |&(bin, _)| bin);
    let mut json = String::from("[");
    let mut next = first;
    for &(bin, count) in bins {
        json.push_str(&"0,".repeat(usize::from(bin - next)));
        json.push_str(&format!("{count},"));
        next = bin + 1;
    }
    if json.ends_with(',') {
        json.pop();
    }
    json.push(']');
    (first, json)
}

fn insert_block(tx: &Connection, day: WindowDay, block: &BlockRow) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO chain_block (height, day, hash, prev, time, bits, file, offset, size, transactions, outputs, \
         undo) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        block.height,
        day,
        display_bytes(block.hash),
        block.prev.map(display_bytes),
        block.time,
        block.bits,
        block.place.file,
        signed(block.place.offset),
        block.size,
        block.transactions,
        block.outputs,
        block.undo,
    ])?;
    Ok(())
}

/// A hash as stored: in display order, so that `hex()` shows what Core shows.
pub(super) fn display_bytes(hash: Hash) -> [u8; 32] {
    let mut bytes = hash.0;
    bytes.reverse();
    bytes
}

/// SQLite's integers are signed. Offsets and counts are far below 2^63; a day's sats can pass it only on a
/// chain with more coins than there are, and is then shown as the largest number.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
