//! Opening, checking and migrating the database.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::Error;
use super::lock::Lock;
use crate::blockfile::Chain;

/// Marks the file as ours: "blkp".
const APPLICATION_ID: i64 = 0x626c_6b70;

/// The schema, step by step; `user_version` counts the steps taken.
const MIGRATIONS: &[&str] = &[include_str!("../../sql/0001_init.sql")];

/// Readers and the one writer share the file in WAL mode; a wait this long means something is stuck.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An open database.
pub struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// Held while this run may write.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens `path` for writing, creating or migrating it as needed.
    ///
    /// # Errors
    /// Another run is writing; the file is not ours, of another chain, or of a newer version; it cannot be
    /// written.
    pub fn open(path: &Path, chain: Chain) -> Result<Store, Error> {
        if path.exists() {
            // Looked at before anything is made beside it.
            match Store::look(path) {
                Ok(store) => store.check_chain(chain)?,
                // Cut off while it was made: only a writer can take the half step back.
                Err(Error::Sqlite { source, .. }) if needs_rollback(&source) => {}
                Err(error) => return Err(error),
            }
        }
        let lock = Lock::take(path)?;
        let db = Connection::open(path).map_err(sqlite(path))?;
        let mut store = Store {
            db,
            path: path.to_path_buf(),
            _lock: Some(lock),
        };
        store.check_ours()?;
        store.prepare(chain).map_err(sqlite(path))?;
        store.check_chain(chain)?;
        Ok(store)
    }

    /// Opens `path` for reading only.
    ///
    /// # Errors
    /// There is no such file, it is empty, or it is not a database this version can read.
    pub fn read(path: &Path) -> Result<Store, Error> {
        let store = Store::look(path)?;
        if store.table_count()? == 0 {
            return Err(Error::Absent(path.to_path_buf()));
        }
        Ok(store)
    }

    /// Opens what there is at `path` for reading, an empty file included.
    fn look(path: &Path) -> Result<Store, Error> {
        let path_buf = || path.to_path_buf();
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => {}
            // A pipe would wait for a writer for ever.
            Ok(_) => return Err(Error::NotOurs(path_buf())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::Absent(path_buf()));
            }
            Err(source) => {
                let path = path_buf();
                return Err(Error::Io { path, source });
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
        db.busy_timeout(BUSY_TIMEOUT).map_err(sqlite(path))?;
        no_temporary_files(&db).map_err(sqlite(path))?;
        let store = Store {
            db,
            path: path.to_path_buf(),
            _lock: None,
        };
        store.check_ours()?;
        Ok(store)
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for queries on the views.
    pub fn connection(&self) -> &Connection {
        &self.db
    }

    fn check_ours(&self) -> Result<(), Error> {
        let id = match self.pragma("application_id") {
            Ok(id) => id,
            Err(Error::Sqlite { source, .. })
                if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
            {
                return Err(Error::NotOurs(self.path.clone()));
            }
            Err(error) => return Err(error),
        };
        let version = self.pragma("user_version")?;
        let known = MIGRATIONS.len() as i64;
        if id != APPLICATION_ID {
            // A run killed while making the database leaves an empty file: nothing of anybody's.
            if id == 0 && version == 0 && self.table_count()? == 0 {
                return Ok(());
            }
            return Err(Error::NotOurs(self.path.clone()));
        }
        if version > known {
            return Err(Error::Newer {
                path: self.path.clone(),
                found: version,
                known,
            });
        }
        let lost = lost(&self.db, version).map_err(sqlite(&self.path))?;
        match lost {
            Some((kind, name)) => Err(Error::Damaged {
                path: self.path.clone(),
                what: format!("its {kind} {name} is gone"),
            }),
            None => Ok(()),
        }
    }

    /// Refuses a database of another chain.
    ///
    /// # Errors
    /// [`Error::OtherChain`], or the database cannot be read.
    pub fn check_chain(&self, wanted: Chain) -> Result<(), Error> {
        match self.chain()? {
            Some(found) if found != wanted.name() => Err(Error::OtherChain {
                path: self.path.clone(),
                found,
                wanted,
            }),
            _ => Ok(()),
        }
    }

    /// The name of the chain the database is of; none in a file that was only just made.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn chain(&self) -> Result<Option<String>, Error> {
        if self.table_count()? == 0 {
            return Ok(None);
        }
        self.meta("chain")
    }

    /// A value of the `meta` table.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, Error> {
        self.db
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .map_err(sqlite(&self.path))
    }

    /// Tables, views and indexes that are not as the schema makes them, and triggers, which it has none of; what else somebody has
    /// added is his own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn schema_differences(&self) -> Result<Vec<String>, Error> {
        let version = self.schema_version()?;
        let made = Connection::open_in_memory().and_then(|whole| {
            for sql in steps(version) {
                whole.execute_batch(sql)?;
            }
            objects(&whole)
        });
        let made = made.map_err(sqlite(&self.path))?;
        let there = objects(&self.db).map_err(sqlite(&self.path))?;
        let altered = made.iter().filter(|object| !there.contains(object));
        let mut differences: Vec<String> = altered
            .map(|(kind, name, _)| format!("its {kind} {name} is not as it was made"))
            .collect();
        let triggers = there.iter().filter(|(kind, ..)| kind == "trigger");
        differences.extend(triggers.map(|(_, name, _)| format!("it has a trigger, {name}")));
        Ok(differences)
    }

    /// Schema steps taken.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn schema_version(&self) -> Result<i64, Error> {
        self.pragma("user_version")
    }

    fn table_count(&self) -> Result<i64, Error> {
        self.db
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sqlite(&self.path))
    }

    pub(super) fn pragma(&self, name: &str) -> Result<i64, Error> {
        self.db
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(sqlite(&self.path))
    }

    /// Sets the connection up for writing and takes the schema steps that are missing.
    fn prepare(&mut self, chain: Chain) -> rusqlite::Result<()> {
        let db = &mut self.db;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // In WAL mode NORMAL never corrupts; a power cut can lose the last transactions, which are scanned again.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "cache_size", -32 * 1024)?;
        no_temporary_files(db)?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let taken = usize::try_from(version).unwrap_or(0);
        for (step, sql) in (1i64..).zip(MIGRATIONS).skip(taken) {
            let tx = db.transaction()?;
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            tx.pragma_update(None, "user_version", step)?;
            if step == 1 {
                tx.execute(
                    "INSERT INTO meta (key, value) VALUES ('chain', ?1)",
                    params![chain.name()],
                )?;
            }
            tx.commit()?;
        }
        Ok(())
    }
}

/// What SQLite puts aside while it works stays in memory: nothing is written but the database and what belongs to it.
fn no_temporary_files(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// The migrations up to `version`.
fn steps(version: i64) -> impl Iterator<Item = &'static str> {
    let taken = usize::try_from(version).unwrap_or(0);
    MIGRATIONS.iter().take(taken).copied()
}

/// Kind, name and definition of what a database is made of.
fn objects(db: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    db.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// The first table or view that the schema of `version` has and the database does not.
fn lost(db: &Connection, version: i64) -> rusqlite::Result<Option<(String, String)>> {
    const NAMES: &str =
        "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY type, name";
    let names = |db: &Connection| -> rusqlite::Result<Vec<(String, String)>> {
        db.prepare(NAMES)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    let whole = Connection::open_in_memory()?;
    for sql in steps(version) {
        whole.execute_batch(sql)?;
    }
    let there = names(db)?;
    Ok(names(&whole)?
        .into_iter()
        .find(|name| !there.contains(name)))
}

/// Bytes of database to expect from `bytes` of blocks in `blocks` blocks.
///
/// Measured on ten real blocks of 2012 to 2024: one qualifying output to 600–1,500 bytes of block, stored in 2 bytes; with
/// bins and block rows 0.5 % of the blocks' bytes. Doubled, as the write-ahead log needs room too.
pub fn disk_need(blocks: u64, bytes: u64) -> u64 {
    const BLOCK_ROW: u64 = 100;
    const FIXED: u64 = 1 << 20;
    FIXED + blocks * BLOCK_ROW + bytes / 100
}

/// Whether a transaction of a killed run is to be undone before the database can be read.
pub(super) fn needs_rollback(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|failure| failure.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

pub(super) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Sqlite { path, source }
}
