//! A file that is there whole or not at all.
//!
//! It is written under another name beside its place, and takes the place at the end. Whoever looks at the place sees
//! the file of before, or none, until then; a run that is killed leaves the other name behind, and the next
//! run uses it again.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Behind a dot and the name of the file. Readers of folders pass over names that begin with a dot.
const SUFFIX: &str = ".blkprice-tmp";

/// Why a file cannot be replaced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file, or its folder, is not ours to write.
    #[error("cannot write {}: {source}{}", .path.display(), hint(.source))]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another run writes the same file.
    #[error("cannot write {}: another export is writing it\n  hint: wait for that one to end", .0.display())]
    Busy(PathBuf),
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            "\n  hint: its folder must be there and be writable"
        }
        _ => "",
    }
}

/// A file under way to its place. Dropped before [`Replacement::commit`], it is gone and its place untouched.
#[derive(Debug)]
pub struct Replacement {
    place: PathBuf,
    temporary: PathBuf,
    file: File,
    committed: bool,
}

impl Replacement {
    /// Begins the file that is to take `place`, which is free or a regular file. A link is followed.
    ///
    /// # Errors
    /// The file that is there may not be written, its folder is not there or may not be written, or another run is at it.
    pub fn begin(place: &Path) -> Result<Replacement, Error> {
        let failed = |source| Error::Io {
            path: place.to_path_buf(),
            source,
        };
        let mut permissions = None;
        let resolved = match OpenOptions::new().write(true).open(place) {
            // A rename would not ask whether the file may be written.
            Ok(old) => {
                permissions = Some(old.metadata().map_err(failed)?.permissions());
                fs::canonicalize(place).map_err(failed)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => place.to_path_buf(),
            Err(error) => return Err(failed(error)),
        };
        let Some(name) = resolved.file_name() else {
            return Err(failed(io::ErrorKind::InvalidFilename.into()));
        };
        let temporary = resolved.with_file_name(temporary_name(name));
        let file = loop {
            let file = open_temporary(&temporary).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Busy(place.to_path_buf())),
                // Some network file systems know no locks; two exports of one file at a time are the user's doing there.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // Between the two calls another run may have put the file in its place: that one is not ours to empty.
            if is_still_at(&file, &temporary).map_err(failed)? {
                break file;
            }
        };
        file.set_len(0).map_err(failed)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions).map_err(failed)?;
        }
        Ok(Replacement {
            place: resolved,
            temporary,
            file,
            committed: false,
        })
    }

    /// Where its bytes go.
    ///
    /// # Errors
    /// The system has no more handles.
    pub fn out(&self) -> io::Result<BufWriter<File>> {
        self.file.try_clone().map(BufWriter::new)
    }

    /// Puts the file in its place, on the disk.
    ///
    /// # Errors
    /// The disk is full or the place is taken by something else.
    pub fn commit(mut self) -> Result<(), Error> {
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.temporary, &self.place))
            .map_err(|source| Error::Io {
                path: self.place.clone(),
                source,
            })?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // There is nobody to tell; the next run begins with the same name.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn temporary_name(name: &std::ffi::OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(SUFFIX);
    temporary
}

fn open_temporary(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    // In a folder of many people the name could be somebody's link to a file of ours.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW);
    options.open(path)
}

#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let opened = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_still_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}
