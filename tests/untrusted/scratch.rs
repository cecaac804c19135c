//! A file for bytes that are read from files only.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

thread_local! {
    /// Used again and again by its thread; in memory where the system has such a place.
    static SCRATCH: TempDir = {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        }
    };
}

/// The folder of this thread.
pub(crate) fn folder() -> PathBuf {
    SCRATCH.with(|dir| dir.path().to_path_buf())
}

/// A file of this name with these bytes.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}
