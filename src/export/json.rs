//! A JSON array with an object a row, one row a line.

use std::io::{self, Write};

use super::{Sink, Value, plain};

/// Writes JSON.
pub struct Json<W: Write> {
    out: W,
    names: Vec<String>,
    rows: u64,
}

impl<W: Write> Json<W> {
    /// A table on `out`.
    pub fn new(out: W) -> Json<W> {
        Json {
            out,
            names: Vec::new(),
            rows: 0,
        }
    }
}

impl<W: Write> Sink for Json<W> {
    fn columns(&mut self, names: &[&str]) -> io::Result<()> {
        self.names = names
            .iter()
            .map(|name| quoted(name))
            .collect::<io::Result<_>>()?;
        write!(self.out, "[")
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        self.out
            .write_all(if self.rows == 0 { b"\n{" } else { b",\n{" })?;
        self.rows += 1;
        for (i, (name, value)) in self.names.iter().zip(values).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let value = match value {
                Value::Null => "null".to_string(),
                Value::Integer(value) => value.to_string(),
                Value::Real(value) => plain(*value).unwrap_or_else(|| "null".to_string()),
                Value::Text(value) => quoted(value)?,
            };
            write!(self.out, "{comma}{name}: {value}")?;
        }
        write!(self.out, "}}")
    }

    fn finish(&mut self) -> io::Result<()> {
        let end = if self.rows == 0 { "]\n" } else { "\n]\n" };
        self.out.write_all(end.as_bytes())?;
        self.out.flush()
    }
}

fn quoted(text: &str) -> io::Result<String> {
    serde_json::to_string(text).map_err(io::Error::from)
}
