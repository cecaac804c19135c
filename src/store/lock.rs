//! One writer at a time.
//!
//! SQLite's own lock lasts for a transaction; a scan is many. So a run that writes holds an advisory lock
//! on a file beside the database, which the system releases however the run ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::Error;

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `database`.
    ///
    /// # Errors
    /// [`Error::Busy`] where another run holds it; [`Error::Io`] where its file cannot be made.
    pub fn take(database: &Path) -> Result<Lock, Error> {
        let folder = database
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let source =
                std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such folder");
            return Err(Error::Io {
                path: folder.to_path_buf(),
                source,
            });
        }
        let path = lock_path(database);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = match file {
            Ok(file) => file,
            Err(source) => return Err(Error::Io { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(database.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
        }
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database.as_os_str());
    name.push("-lock");
    PathBuf::from(name)
}
