//! A table as a folder with a file a month: `month=2024-02/part-0.parquet`.
//!
//! The layout is Hive's, which DuckDB, Polars, Spark and pyarrow find their way in by themselves. A month is written
//! whole and then replaces the file of the run before; a month of the range that has no rows any more loses its file.
//! An empty file beside the months, as `_blkprice_outputs_main_parquet`, says by its name what the folder holds, so that no
//! two tables mix in it; it is empty because Polars passes over empty files only. `_SUCCESS`, as Hadoop has it, is there
//! while the last run has come to its end. What others have put into the folder is never deleted, and a month
//! that holds files of others is refused.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::replacement::{self, Replacement};
use super::{Column, Sink, Value};
use crate::chain::WindowDay;
use crate::dates;

/// There while the folder is as the last run wanted it. Empty.
pub const SUCCESS: &str = "_SUCCESS";

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

/// Makes the sink of one file.
pub type MakeSink = Box<dyn Fn(Box<dyn Write + Send>) -> io::Result<Box<dyn Sink>>>;

/// Writes a table, whose first column is the day, month by month.
pub struct Partitions {
    folder: PathBuf,
    content: Content,
    range: (WindowDay, WindowDay),
    make: MakeSink,
    columns: Vec<Column>,
    current: Option<Month>,
    /// First days of the months written.
    written: BTreeSet<WindowDay>,
    removed: Vec<PathBuf>,
}

/// The month under way.
struct Month {
    first: WindowDay,
    last: WindowDay,
    file: Replacement,
    sink: Box<dyn Sink>,
}

impl Partitions {
    /// A table of `content` into `folder`, which is made where it is not there. The days from `first` to `last` are to
    /// come; these are whole months.
    ///
    /// Nothing is changed before the first row.
    ///
    /// # Errors
    /// The folder holds something else, or something of somebody else in the months of the range.
    pub fn begin(
        folder: &Path,
        content: Content,
        first: WindowDay,
        last: WindowDay,
        make: MakeSink,
    ) -> Result<Partitions, Error> {
        let partitions = Partitions {
            folder: folder.to_path_buf(),
            content,
            range: (first, last),
            make,
            columns: Vec::new(),
            current: None,
            written: BTreeSet::new(),
            removed: Vec::new(),
        };
        match fs::metadata(folder) {
            Ok(meta) if meta.is_dir() => partitions.look()?,
            Ok(_) => return Err(Error::NotAFolder(folder.to_path_buf())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(failed(folder))?;
            }
            Err(error) => return Err(failed(folder)(error)),
        }
        Ok(partitions)
    }

    /// The files of months that have no rows any more: they were removed.
    pub fn removed(&self) -> &[PathBuf] {
        &self.removed
    }

    /// How many months were written.
    pub fn months(&self) -> usize {
        self.written.len()
    }

    fn part(&self, month: &Path) -> PathBuf {
        month.join(format!("part-0.{}", self.content.format))
    }

    fn month_folder(&self, first: WindowDay) -> PathBuf {
        let date = dates::show(first);
        let month = date.rsplit_once('-').map_or(&*date, |(month, _)| month);
        self.folder.join(format!("{PREFIX}{month}"))
    }

    /// The months that are there, by first day; `None` for a name that begins like one and is none.
    fn months_there(&self) -> Result<Vec<(Option<WindowDay>, PathBuf)>, Error> {
        let mut months = Vec::new();
        for entry in entries(&self.folder)? {
            let name = entry.file_name();
            if let Some(month) = name.and_then(|n| n.to_str()?.strip_prefix(PREFIX)) {
                months.push((dates::parse(&format!("{month}-01")).ok(), entry));
            }
        }
        Ok(months)
    }

    fn in_range(&self, day: WindowDay) -> bool {
        (self.range.0..=self.range.1).contains(&day)
    }

    /// Whether everything that is there may stay beside what is to come.
    fn look(&self) -> Result<(), Error> {
        let months = self.months_there()?;
        let wanted = self.content.label();
        let mut labelled = false;
        for entry in entries(&self.folder)? {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            if name == wanted {
                labelled = true;
            } else if let Some(found) = name.strip_prefix(LABEL) {
                return Err(Error::Other {
                    folder: self.folder.clone(),
                    found: found.to_string(),
                    wanted: wanted[LABEL.len()..].to_string(),
                });
            }
        }
        if !labelled && (!months.is_empty() || self.folder.join(SUCCESS).exists()) {
            return Err(Error::NotOurs(self.folder.clone()));
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
            let ours = self.part(&month);
            for entry in entries(&month)? {
                let hidden = entry.file_name().is_none_or(|name| {
                    let first = name.as_encoded_bytes().first();
                    matches!(first, Some(b'.' | b'_'))
                });
                if !hidden && (entry != ours || !entry.is_file()) {
                    return Err(Error::InTheWay(entry));
                }
            }
        }
        Ok(())
    }

    /// Before anything is changed: what is here, and that it is not as a run wanted it.
    fn label(&self) -> Result<(), Error> {
        let label = self.folder.join(self.content.label());
        fs::write(&label, "").map_err(failed(&label))?;
        let success = self.folder.join(SUCCESS);
        match fs::remove_file(&success) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&success)(error)),
            _ => Ok(()),
        }
    }

    fn start(&self, day: WindowDay) -> Result<Month, Error> {
        let (first, last) = dates::month(day);
        let folder = self.month_folder(first);
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = self.part(&folder);
        let file = Replacement::begin(&path)?;
        let open = || -> io::Result<Box<dyn Sink>> {
            let mut sink = (self.make)(Box::new(file.out()?))?;
            sink.columns(&self.columns)?;
            Ok(sink)
        };
        let sink = open().map_err(failed(&path))?;
        Ok(Month {
            first,
            last,
            file,
            sink,
        })
    }

    fn end_month(&mut self) -> Result<(), Error> {
        let Some(mut month) = self.current.take() else {
            return Ok(());
        };
        let path = self.part(&self.month_folder(month.first));
        month.sink.finish().map_err(failed(&path))?;
        drop(month.sink);
        Ok(month.file.commit()?)
    }

    /// Removes the files of months of the range that this run had no rows for.
    fn remove_stale(&mut self) -> Result<(), Error> {
        for (first, month) in self.months_there()? {
            let stale = first.is_some_and(|day| self.in_range(day) && !self.written.contains(&day));
            let part = self.part(&month);
            if stale && part.is_file() {
                fs::remove_file(&part).map_err(failed(&part))?;
                self.removed.push(part);
                // It stays where somebody has something else in it.
                let _ = fs::remove_dir(&month);
            }
        }
        Ok(())
    }
}

impl Sink for Partitions {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        let Some(Value::Date(day)) = values.first() else {
            let what = "a table without a day cannot be cut into months";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        };
        let is_of = |month: &Month| (month.first..=month.last).contains(day);
        if !self.current.as_ref().is_some_and(is_of) {
            if self.written.is_empty() {
                self.label().map_err(io_error)?;
            }
            self.end_month().map_err(io_error)?;
            let month = self.start(*day).map_err(io_error)?;
            if !self.written.insert(month.first) {
                let what = "the rows of a table cut into months must be in order of the day";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            self.current = Some(month);
        }
        match &mut self.current {
            Some(month) => month.sink.row(values),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end_month().map_err(io_error)?;
        // Without a single row it is likelier that the range or the database is the wrong one: nothing goes.
        if !self.written.is_empty() {
            self.remove_stale().map_err(io_error)?;
            let success = self.folder.join(SUCCESS);
            fs::write(&success, "").map_err(|error| io_error(failed(&success)(error)))?;
        }
        Ok(())
    }
}

impl Content {
    fn label(&self) -> String {
        let engine = self.engine.iter().map(String::as_str);
        let mut words = vec![self.table.as_str()];
        words.extend(engine.chain([self.chain.as_str(), self.format.as_str()]));
        LABEL.to_string() + &words.join("_")
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    read().map_err(failed(folder))
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// A sink speaks of I/O errors only; the text, with its hint, is kept.
fn io_error(error: Error) -> io::Error {
    let kind = match &error {
        Error::Io { source, .. } | Error::File(replacement::Error::Io { source, .. }) => {
            source.kind()
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
