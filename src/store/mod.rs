//! Stage 4: one SQLite file.
//!
//! [`schema`] opens, checks and migrates it, [`lock`] lets one run write at a time, [`writer`] replaces days in
//! single transactions, [`reader`] gives typed rows back, [`outputs`] a day's outputs in the compact form of [`codec`],
//! [`path_state`]
//! keeps what the path engine needs to go on, [`newest`] serves those who follow the chain and
//! [`news`] tells what has changed on it, [`digest`] hashes all that is stored, and
//! [`check`] reads it row by row as it stands. The tables are an inner matter; the views of `sql/` are the
//! surface for users.

pub mod check;
pub mod codec;
pub mod digest;
pub mod lock;
pub mod newest;
pub mod news;
pub mod outputs;
pub mod path_state;
pub mod reader;
pub mod rows;
pub mod schema;
pub mod writer;

pub use newest::NewestBlock;
pub use outputs::{PackedDay, StoredBlock};
pub use rows::{BlockPriceRow, BlockRow, DayRow, FileState, Missing, PriceRow, StoredDay};
pub use schema::{Store, disk_need};

use std::path::PathBuf;

use crate::blockfile::Chain;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no database yet, or an empty file.
    #[error("{}: there is no database here yet\n  hint: make one with `blkprice backfill`, or name another with --db", .0.display())]
    Absent(PathBuf),
    /// A file of another program.
    #[error("{}: this is not a blkprice database\n  hint: name another file with --db; this one was left as it is", .0.display())]
    NotOurs(PathBuf),
    /// A schema that this version does not know.
    #[error("{}: written by a newer blkprice (schema {found}, this version knows up to {known})\n  hint: use that newer version, or start a new database with --db", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version known.
        known: i64,
    },
    /// Another chain's database.
    #[error("{}: this database is of chain {found}, not of {wanted}\n  hint: say --chain {found}, or name another database with --db", .path.display())]
    OtherChain {
        /// The database.
        path: PathBuf,
        /// The chain it is of.
        found: String,
        /// The chain asked for.
        wanted: Chain,
    },
    /// Another run is writing.
    #[error("{}: another blkprice is writing this database\n  hint: wait until it has finished; nothing was changed", .0.display())]
    Busy(PathBuf),
    /// Rows that do not fit each other.
    #[error("{}: {what}\n  hint: the database is damaged; keep it aside and scan into a new one with --db", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// SQLite or the file system refused.
    #[error("{}: {}{}", .path.display(), said(.source), hint(.source))]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The lock file could not be made.
    #[error("{}: {source}\n  hint: the folder of the database must be there and be writable", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether there is no database yet, or one that was cut off while it was made, which a writer can mend.
    pub fn is_unmade(&self) -> bool {
        match self {
            Error::Absent(_) => true,
            Error::Sqlite { source, .. } => schema::needs_rollback(source),
            _ => false,
        }
    }
}

/// What SQLite says, once.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(message)) => {
            format!("{message} (SQLite error {})", code.extended_code)
        }
        other => other.to_string(),
    }
}

fn hint(error: &rusqlite::Error) -> &'static str {
    use rusqlite::{Error, ErrorCode};
    const DAMAGED: &str =
        "\n  hint: the database is damaged; keep it aside and scan into a new one with --db";
    // A value of another type than its column's, or out of its range.
    if let Error::FromSqlConversionFailure(..)
    | Error::InvalidColumnType(..)
    | Error::IntegralValueOutOfRange(..) = error
    {
        return DAMAGED;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "\n  hint: the disk is full; make room and run the same command again, what was committed is kept"
        }
        Some(ErrorCode::SystemIoFailure) => {
            "\n  hint: is the disk of the database full, failing, or a limit on file sizes met? What was committed is kept; make \
             room and run the same command again"
        }
        Some(ErrorCode::ReadOnly) => {
            "\n  hint: the database and its folder must be writable, even for reading (SQLite keeps its write-ahead log \
             there); run it as the owner, or copy the file into a folder of yours"
        }
        Some(ErrorCode::CannotOpen) => {
            "\n  hint: the folder must exist, and be writable even for reading (SQLite keeps its write-ahead log there)"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "\n  hint: another program is writing it; nothing was changed, the same command will do once that program has ended its \
             transaction"
        }
        Some(ErrorCode::ConstraintViolation) => {
            "\n  hint: its rows do not fit each other; `blkprice verify` names them. Keep it aside and scan into a new one with --db"
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => DAMAGED,
        _ => "",
    }
}
