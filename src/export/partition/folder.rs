//! The folder of months: what may be in it, and what is ours.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::replacement::{self, Replacement};
use crate::chain::WindowDay;
use crate::dates;

/// There while the folder is as the last run wanted it. Empty.
const SUCCESS: &str = "_SUCCESS";

/// Begins the name of the file that says what the folder holds.
const LABEL: &str = "_blkprice_";
const PREFIX: &str = "month=";

/// What a folder holds; all months of it the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Name of the table.
    pub table: String,
    /// Name of the engine, where the table is of one.
    pub engine: Option<String>,
    /// Name of the chain.
    pub chain: String,
    /// Name of the format, which is also the ending of the files.
    pub format: String,
}

impl Content {
    fn label(&self) -> String {
        let engine = self.engine.iter().map(String::as_str);
        let mut words = vec![self.table.as_str()];
        words.extend(engine.chain([self.chain.as_str(), self.format.as_str()]));
        LABEL.to_string() + &words.join("_")
    }
}

/// Why a folder is refused, or could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It, or a month in it, is a file.
    #[error("{}: this is a file, and a folder is to be written\n  hint: name another folder with -o", .0.display())]
    NotAFolder(PathBuf),
    /// Its months are not ours.
    #[error("{}: there are months here that no blkprice export made\n  hint: name another folder with -o; this one was left as it is", .0.display())]
    NotOurs(PathBuf),
    /// A month of the range holds something else, which readers of the folder would read with it.
    #[error("{}: this is in the way of the export, and not of its making\n  hint: move it elsewhere, or name another folder with -o", .0.display())]
    InTheWay(PathBuf),
    /// Another table is in it.
    #[error("{}: this folder holds {found}, not {wanted}\n  hint: name another folder with -o; this one was left as it is", .folder.display())]
    Other {
        /// The folder.
        folder: PathBuf,
        /// What it holds, by its label.
        found: String,
        /// What it was to hold.
        wanted: String,
    },
    /// A table that has no months, or not one after the other.
    #[error("{0} cannot be cut into months")]
    Cut(&'static str),
    /// A file of it cannot be written.
    #[error(transparent)]
    File(#[from] replacement::Error),
    /// The system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A folder that months are written into.
pub(super) struct Folder {
    path: PathBuf,
    content: Content,
    /// First and last day of the months to come.
    range: (WindowDay, WindowDay),
}

impl Folder {
    /// The folder as it is, or a new one.
    pub(super) fn open(
        path: &Path,
        content: Content,
        range: (WindowDay, WindowDay),
    ) -> Result<Folder, Error> {
        let folder = Folder {
            path: path.to_path_buf(),
            content,
            range,
        };
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => folder.look()?,
            Ok(_) => return Err(Error::NotAFolder(path.to_path_buf())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(failed(path))?;
            }
            Err(error) => return Err(failed(path)(error)),
        }
        Ok(folder)
    }

    /// The file of the month that begins with this day.
    pub(super) fn part(&self, first: WindowDay) -> PathBuf {
        let date = dates::show(first);
        let month = date.rsplit_once('-').map_or(&*date, |(month, _)| month);
        self.part_in(&self.path.join(format!("{PREFIX}{month}")))
    }

    /// Says what is in the folder, and that it is not yet as this run wants it.
    pub(super) fn begin(&self) -> Result<(), Error> {
        let label = self.path.join(self.content.label());
        fs::write(&label, "").map_err(failed(&label))?;
        let success = self.path.join(SUCCESS);
        match fs::remove_file(&success) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&success)(error)),
            _ => Ok(()),
        }
    }

    /// Removes the files of the months of the range but those `written`, gives their names, and says that all is done.
    pub(super) fn end(&self, written: &BTreeSet<WindowDay>) -> Result<Vec<PathBuf>, Error> {
        let mut removed = Vec::new();
        for (first, month) in self.months()? {
            if !first.is_some_and(|day| self.in_range(day) && !written.contains(&day)) {
                continue;
            }
            let part = self.part_in(&month);
            // With it goes what a killed run has left beside it.
            drop(Replacement::begin(&part)?);
            if part.is_file() {
                fs::remove_file(&part).map_err(failed(&part))?;
                removed.push(part);
            }
            // It stays where somebody has something else in it.
            let _ = fs::remove_dir(&month);
        }
        let success = self.path.join(SUCCESS);
        fs::write(&success, "").map_err(failed(&success))?;
        Ok(removed)
    }

    fn part_in(&self, month: &Path) -> PathBuf {
        month.join(format!("part-0.{}", self.content.format))
    }

    fn in_range(&self, day: WindowDay) -> bool {
        (self.range.0..=self.range.1).contains(&day)
    }

    /// The months that are there, by first day; `None` for a name that begins like one and is none.
    fn months(&self) -> Result<Vec<(Option<WindowDay>, PathBuf)>, Error> {
        let mut months = Vec::new();
        for entry in entries(&self.path)? {
            let name = entry.file_name();
            if let Some(month) = name.and_then(|name| name.to_str()?.strip_prefix(PREFIX)) {
                months.push((dates::parse(&format!("{month}-01")).ok(), entry));
            }
        }
        Ok(months)
    }

    /// Whether everything that is there may stay beside what is to come.
    fn look(&self) -> Result<(), Error> {
        let months = self.months()?;
        if !self.is_labelled()? && (!months.is_empty() || self.path.join(SUCCESS).exists()) {
            return Err(Error::NotOurs(self.path.clone()));
        }
        for (first, month) in months {
            let Some(first) = first else {
                return Err(Error::InTheWay(month));
            };
            if !self.in_range(first) {
                continue;
            }
            if !month.is_dir() {
                return Err(Error::NotAFolder(month));
            }
            let ours = self.part_in(&month);
            for entry in entries(&month)? {
                if !is_passed_over(&entry) && (entry != ours || !entry.is_file()) {
                    return Err(Error::InTheWay(entry));
                }
            }
        }
        Ok(())
    }

    /// Whether a run for the same content was here before; an error if one for another was.
    fn is_labelled(&self) -> Result<bool, Error> {
        let wanted = self.content.label();
        let mut labelled = false;
        for entry in entries(&self.path)? {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            if name == wanted {
                labelled = true;
            } else if let Some(found) = name.strip_prefix(LABEL) {
                return Err(Error::Other {
                    folder: self.path.clone(),
                    found: found.to_string(),
                    wanted: wanted[LABEL.len()..].to_string(),
                });
            }
        }
        Ok(labelled)
    }
}

/// Readers of folders pass over such names.
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    matches!(name.first(), Some(b'.' | b'_'))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    read().map_err(failed(folder))
}

pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io {
        path: path.to_path_buf(),
        source,
    }
}
