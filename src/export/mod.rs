//! Stage 6: what is stored, as files for other programs.
//!
//! A [`Sink`] takes a table row by row and writes it in one format; [`tables`] says what columns each table has, and
//! [`query`] feeds a sink from the store. Columns have a [`Kind`], so that a format with types of its own has dates as
//! dates and prices as decimals, while the text formats print what they need.

pub mod blocks;
pub mod csv;
pub mod day;
pub mod json;
pub mod mempool;
pub mod mempool_sql;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod partition;
pub mod query;
pub mod replacement;
pub mod report;
pub mod status;
pub mod tables;
mod text;

use std::io;

use crate::chain::WindowDay;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A UTC day: [`Value::Date`].
    Date,
    /// A moment, UTC seconds since 1970: [`Value::Time`].
    Time,
    /// A whole number (sats, a height, a count): [`Value::Integer`].
    Integer,
    /// USD per BTC: [`Value::Real`].
    Usd,
    /// A number: [`Value::Real`].
    Real,
    /// Yes or no: [`Value::Boolean`].
    Boolean,
    /// Text: [`Value::Text`].
    Text,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether [`Value::Null`] may stand in it.
    pub nullable: bool,
}

impl Column {
    /// A column with a value in every row.
    pub const fn new(name: &'static str, kind: Kind) -> Column {
        Column {
            name,
            kind,
            nullable: false,
        }
    }

    /// A column with nothing in some rows.
    pub const fn nullable(name: &'static str, kind: Kind) -> Column {
        Column {
            name,
            kind,
            nullable: true,
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: empty in CSV, null in JSON.
    Null,
    /// Days since 1970-01-01 (UTC), 'YYYY-MM-DD' in text.
    Date(WindowDay),
    /// UTC seconds since 1970.
    Time(i64),
    /// A whole number.
    Integer(i64),
    /// A number, written in the shortest form that reads back the same.
    Real(f64),
    /// 1 or 0 in text, as in the database.
    Boolean(bool),
    /// Text.
    Text(String),
}

/// Something that writes a table.
pub trait Sink {
    /// The columns, before any row.
    ///
    /// # Errors
    /// The output cannot be written.
    fn columns(&mut self, columns: &[Column]) -> io::Result<()>;

    /// A row, its values in the order of the columns and of their kinds.
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
