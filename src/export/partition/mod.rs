//! A table as a folder with a file a month: `month=2024-02/part-0.parquet`.
//!
//! The layout is Hive's, which DuckDB, Polars, Spark and pyarrow find their way in by themselves. A month is written
//! whole and then replaces the file of the run before; a month of the range that has no rows any more loses its file.
//! An empty file beside the months, as `_blkprice_outputs_main_parquet`, says by its name what the folder holds, so that no
//! two tables mix in it; it is empty because Polars passes over empty files only. `_SUCCESS`, as Hadoop has it, is there
//! while the last run has come to its end. What others have put into the folder is never deleted, and a month
//! that holds files of others is refused.

mod folder;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use folder::{Content, Error};

use super::replacement::{self, Replacement};
use super::{Column, Sink, Value};
use crate::chain::WindowDay;
use crate::dates;
use folder::{Folder, failed};

/// Makes the sink of one file.
pub type MakeSink = Box<dyn Fn(Box<dyn Write + Send>) -> io::Result<Box<dyn Sink>>>;

/// Writes a table, whose first column is the day, month by month.
pub struct Partitions {
    folder: Folder,
    make: MakeSink,
    columns: Vec<Column>,
    current: Option<Month>,
    /// First days of the months begun.
    written: BTreeSet<WindowDay>,
    removed: Vec<PathBuf>,
}

/// The month under way.
struct Month {
    first: WindowDay,
    last: WindowDay,
    path: PathBuf,
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
        Ok(Partitions {
            folder: Folder::open(folder, content, (first, last))?,
            make,
            columns: Vec::new(),
            current: None,
            written: BTreeSet::new(),
            removed: Vec::new(),
        })
    }

    /// The files of months that have no rows any more: they were removed.
    pub fn removed(&self) -> &[PathBuf] {
        &self.removed
    }

    /// How many months were written.
    pub fn months(&self) -> usize {
        self.written.len()
    }

    fn start(&self, day: WindowDay) -> Result<Month, Error> {
        let (first, last) = dates::month(day);
        let path = self.folder.part(first);
        if let Some(month) = path.parent() {
            fs::create_dir_all(month).map_err(failed(month))?;
        }
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
            path,
            file,
            sink,
        })
    }

    fn end_month(&mut self) -> Result<(), Error> {
        let Some(mut month) = self.current.take() else {
            return Ok(());
        };
        month.sink.finish().map_err(failed(&month.path))?;
        drop(month.sink);
        Ok(month.file.commit()?)
    }

    fn put(&mut self, values: &[Value]) -> Result<(), Error> {
        let Some(Value::Date(day)) = values.first() else {
            return Err(Error::Cut("a table without a day"));
        };
        let is_of = |month: &Month| (month.first..=month.last).contains(day);
        if !self.current.as_ref().is_some_and(is_of) {
            if self.written.is_empty() {
                self.folder.begin()?;
            }
            self.end_month()?;
            let month = self.start(*day)?;
            if !self.written.insert(month.first) {
                return Err(Error::Cut("a table that is not in order of the day"));
            }
            self.current = Some(month);
        }
        match &mut self.current {
            Some(month) => month.sink.row(values).map_err(failed(&month.path)),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.end_month()?;
        // Without a single row it is likelier that the range or the database is the wrong one: nothing goes.
        if !self.written.is_empty() {
            self.removed = self.folder.end(&self.written)?;
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
        self.put(values).map_err(io_error)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end().map_err(io_error)
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
