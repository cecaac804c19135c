//! Stage 6: what is stored, as files for other programs.
//!
//! A [`Sink`] takes a table row by row and writes it in one format; [`query`] feeds it from the store.

pub mod csv;
pub mod json;
pub mod query;
pub mod report;

use std::io;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: empty in CSV, null in JSON.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number, written in the shortest form that reads back the same.
    Real(f64),
    /// Text.
    Text(String),
}

/// Something that writes a table.
pub trait Sink {
    /// The names of the columns, before any row.
    ///
    /// # Errors
    /// The output cannot be written.
    fn columns(&mut self, names: &[&str]) -> io::Result<()>;

    /// A row, its values in the order of the columns.
    ///
    /// # Errors
    /// The output cannot be written.
    fn row(&mut self, values: &[Value]) -> io::Result<()>;

    /// Ends the table.
    ///
    /// # Errors
    /// The output cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// A number as people write it: no exponent, no trailing zeros, nothing that is not finite.
fn plain(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{value}"))
}
