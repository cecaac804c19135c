//! One writer at a time.
//!
//! SQLite's own lock lasts for a transaction; a scan is many. So a run that writes holds an advisory lock
//! on a file beside the database, which the system releases however the run ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::Error;

/// Links that lead to links are followed so often.
const MOST_LINKS: u32 = 40;

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
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
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(database.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
        }
    }

    /// Whether another run holds the lock of `database`. Makes no file.
    pub fn is_held(database: &Path) -> bool {
        lock_path(database).exists() && matches!(Lock::take(database), Err(Error::Busy(_)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, were there no process that another thread has just forked and that still has the file open.
        let _ = self.file.unlock();
    }
}

/// Beside the file itself, by whatever links it is named, as SQLite has its own files there: two names are one database.
fn lock_path(database: &Path) -> PathBuf {
    let mut name: OsString = resolved(database).into_os_string();
    name.push("-lock");
    PathBuf::from(name)
}

/// Where the database is, or will be made: a link may lead to one that is not there yet.
fn resolved(database: &Path) -> PathBuf {
    let mut path = database.to_path_buf();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        match std::fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => {
                return match (folder.canonicalize(), path.file_name()) {
                    (Ok(folder), Some(name)) => folder.join(name),
                    _ => path,
                };
            }
        }
    }
    path
}
