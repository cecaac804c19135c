//! From the store's views to a sink.

use std::io;

use rusqlite::types::ValueRef;

use super::tables::Table;
use super::{Column, Kind, Sink, Value};
use crate::chain::WindowDay;
use crate::dates;
use crate::store::{self, Store};

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

/// Writes the rows of `table` from `first` to `last`, ascending by day and height, and gives their number.
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
    // All rows as of one moment, whatever a run that writes does meanwhile.
    let _moment = store.moment()?;
    let columns = table.columns();
    sink.columns(columns)?;
    let days = (dates::show(first), dates::show(last));
    let rows = match table {
        Table::Prices => view(
            store,
            columns,
            "FROM daily_price WHERE day BETWEEN ?1 AND ?2 AND engine = ?3 ORDER BY day",
            (days.0, days.1, engine),
            sink,
        ),
        Table::Activity => view(
            store,
            columns,
            "FROM daily_activity WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
            days,
            sink,
        ),
        // Not through the views: in this order an index gives the rows of a million blocks without sorting them.
        Table::BlockPrices => view(
            store,
            columns,
            "FROM (SELECT c.day, c.height, c.time, p.usd, p.low, p.high \
             FROM chain_block AS c JOIN path_block AS p ON p.height = c.height \
             WHERE c.day BETWEEN ?1 AND ?2 ORDER BY c.day, c.height)",
            (first, last),
            sink,
        ),
        Table::Outputs => outputs(store, first, last, sink),
    }?;
    sink.finish()?;
    Ok(rows)
}

fn view(
    store: &Store,
    columns: &[Column],
    from: &str,
    params: impl rusqlite::Params,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    let sqlite = |source| {
        Error::Store(store::Error::Sqlite {
            path: store.path().to_path_buf(),
            source,
        })
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let sql = format!("SELECT {} {from}", names.join(", "));
    let mut statement = store.connection().prepare(&sql).map_err(sqlite)?;
    let mut rows = statement.query(params).map_err(sqlite)?;
    let mut values = Vec::with_capacity(columns.len());
    let mut written = 0;
    while let Some(row) = rows.next().map_err(sqlite)? {
        values.clear();
        for (at, column) in columns.iter().enumerate() {
            let stored = row.get_ref(at).map_err(sqlite)?;
            values.push(value(column, stored).ok_or_else(|| damaged(store, column, stored))?);
        }
        sink.row(&values)?;
        written += 1;
    }
    Ok(written)
}

/// A stored value as one of the column's kind; `None` where it is not of that kind.
fn value(column: &Column, stored: ValueRef<'_>) -> Option<Value> {
    Some(match (column.kind, stored) {
        (_, ValueRef::Null) if column.nullable => Value::Null,
        (Kind::Date, ValueRef::Integer(day)) => Value::Date(WindowDay::try_from(day).ok()?),
        (Kind::Date, ValueRef::Text(text)) => {
            Value::Date(dates::parse(std::str::from_utf8(text).ok()?).ok()?)
        }
        (Kind::Time, ValueRef::Integer(seconds)) => Value::Time(seconds),
        (Kind::Integer, ValueRef::Integer(value)) => Value::Integer(value),
        (Kind::Boolean, ValueRef::Integer(value @ 0..=1)) => Value::Boolean(value == 1),
        (Kind::Usd | Kind::Real, ValueRef::Real(value)) => Value::Real(value),
        (Kind::Text, ValueRef::Text(text)) => {
            Value::Text(String::from_utf8_lossy(text).into_owned())
        }
        _ => return None,
    })
}

fn damaged(store: &Store, column: &Column, stored: ValueRef<'_>) -> Error {
    Error::Store(store::Error::Damaged {
        path: store.path().to_path_buf(),
        what: format!(
            "the column {} holds {} where {:?} belongs",
            column.name,
            stored.data_type(),
            column.kind
        ),
    })
}

fn outputs(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    let mut written = 0;
    for day in store.days()? {
        if !(first..=last).contains(&day.day) {
            continue;
        }
        for block in store.outputs(day.day)? {
            for sats in block.sats {
                sink.row(&[
                    Value::Date(day.day),
                    Value::Integer(i64::from(block.height)),
                    Value::Time(i64::from(block.time)),
                    Value::Integer(i64::try_from(sats).unwrap_or(i64::MAX)), // outputs count below 10^13
                ])?;
                written += 1;
            }
        }
    }
    Ok(written)
}
