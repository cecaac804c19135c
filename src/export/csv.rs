//! CSV with a header line; NULL is an empty field.

use std::io::{self, Write};

use super::{Sink, Value, plain};

/// Writes CSV.
pub struct Csv<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Csv<W> {
    /// A table on `out`.
    pub fn new(out: W) -> Csv<W> {
        Csv {
            writer: csv::Writer::from_writer(out),
        }
    }
}

impl<W: Write> Sink for Csv<W> {
    fn columns(&mut self, names: &[&str]) -> io::Result<()> {
        self.writer.write_record(names).map_err(io_error)
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        for value in values {
            let field = match value {
                Value::Null => String::new(),
                Value::Integer(value) => value.to_string(),
                Value::Real(value) => plain(*value).unwrap_or_default(),
                Value::Text(value) => value.clone(),
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
