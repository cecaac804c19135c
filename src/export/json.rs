//! A JSON array with an object a row, one row a line.

use std::io::{self, Write};

use super::text::{Shown, Texts};
use super::{Column, Sink, Value};

/// Writes JSON.
pub struct Json<W: Write> {
    out: W,
    names: Vec<String>,
    rows: u64,
    texts: Texts,
}

impl<W: Write> Json<W> {
    /// A table on `out`.
    pub fn new(out: W) -> Json<W> {
        Json {
            out,
            names: Vec::new(),
            rows: 0,
            texts: Texts::default(),
        }
    }
}

impl<W: Write> Sink for Json<W> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        self.names = columns
            .iter()
            .map(|column| serde_json::to_string(column.name).map_err(io::Error::from))
            .collect::<io::Result<_>>()?;
        write!(self.out, "[")
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        self.out
            .write_all(if self.rows == 0 { b"\n{" } else { b",\n{" })?;
        self.rows += 1;
        for (i, (name, value)) in self.names.iter().zip(values).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(self.out, "{comma}{name}: ")?;
            match self.texts.show(value) {
                Shown::Nothing => self.out.write_all(b"null")?,
                Shown::Bare(text) => self.out.write_all(text.as_bytes())?,
                Shown::Text(text) => serde_json::to_writer(&mut self.out, text)?,
            }
        }
        write!(self.out, "}}")
    }

    fn finish(&mut self) -> io::Result<()> {
        let end = if self.rows == 0 { "]\n" } else { "\n]\n" };
        self.out.write_all(end.as_bytes())?;
        self.out.flush()
    }
}
