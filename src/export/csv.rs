//! CSV with a header line; NULL is an empty field.

use std::io::{self, Write};

use super::text::{Shown, Texts};
use super::{Column, Sink, Value};

/// Writes CSV.
pub struct Csv<W: Write> {
    writer: csv::Writer<W>,
    texts: Texts,
}

impl<W: Write> Csv<W> {
    /// A table on `out`.
    pub fn new(out: W) -> Csv<W> {
        Csv {
            writer: csv::Writer::from_writer(out),
            texts: Texts::default(),
        }
    }
}

impl<W: Write> Sink for Csv<W> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        let names = columns.iter().map(|column| column.name);
        self.writer.write_record(names).map_err(io_error)
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        for value in values {
            let field = match self.texts.show(value) {
                Shown::Nothing => "",
                Shown::Bare(text) | Shown::Text(text) => text,
            };
            self.writer.write_field(field).map_err(io_error)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(io_error)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The kind is kept: a broken pipe must still be known as one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
