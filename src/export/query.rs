//! From the store's views to a sink.

use std::io;

use rusqlite::types::ValueRef;

use super::{Sink, Value};
use crate::chain::WindowDay;
use crate::dates;
use crate::store::{self, Store};

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `daily_price`, of one engine.
    Prices,
    /// `daily_activity`.
    Activity,
    /// Every qualifying output: day, height, time (UTC seconds), sats.
    Outputs,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The output.
    #[error("writing the output: {0}")]
    Io(#[from] io::Error),
}

/// Writes the rows of `table` from `first` to `last` and gives their number.
///
/// # Errors
/// The database cannot be read, or the output not written.
pub fn export(
    store: &Store,
    table: Table,
    engine: &str,
    first: WindowDay,
    last: WindowDay,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    match table {
        Table::Prices => view(
            store,
            "SELECT * FROM daily_price WHERE day BETWEEN ?1 AND ?2 AND engine = ?3 ORDER BY day",
            (dates::show(first), dates::show(last), engine),
            sink,
        ),
        Table::Activity => view(
            store,
            "SELECT * FROM daily_activity WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
            (dates::show(first), dates::show(last)),
            sink,
        ),
        Table::Outputs => outputs(store, first, last, sink),
    }
}

fn view(
    store: &Store,
    sql: &str,
    params: impl rusqlite::Params,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    let sqlite = |source| {
        Error::Store(store::Error::Sqlite {
            path: store.path().to_path_buf(),
            source,
        })
    };
    let mut statement = store.connection().prepare(sql).map_err(sqlite)?;
    sink.columns(&statement.column_names())?;
    let count = statement.column_count();
    let mut rows = statement.query(params).map_err(sqlite)?;
    let mut written = 0;
    while let Some(row) = rows.next().map_err(sqlite)? {
        let values: rusqlite::Result<Vec<Value>> =
            (0..count).map(|at| row.get_ref(at).map(value)).collect();
        sink.row(&values.map_err(sqlite)?)?;
        written += 1;
    }
    sink.finish()?;
    Ok(written)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        // The views have no blobs; what is text is UTF-8 as we wrote it.
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Value::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn outputs(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    sink.columns(&["day", "height", "time", "sats"])?;
    let mut written = 0;
    for day in store.days()? {
        if !(first..=last).contains(&day.day) {
            continue;
        }
        let date = dates::show(day.day);
        for block in store.outputs(day.day)? {
            for sats in block.sats {
                sink.row(&[
                    Value::Text(date.clone()),
                    Value::Integer(i64::from(block.height)),
                    Value::Integer(i64::from(block.time)),
                    Value::Integer(i64::try_from(sats).unwrap_or(i64::MAX)), // outputs count below 10^13
                ])?;
                written += 1;
            }
        }
    }
    sink.finish()?;
    Ok(written)
}
