//! A table column by column, as compact JSON: what the page draws from and what its CSV button gives back.

use std::io;

use serde_json::{Value as Json, json};

use crate::export::{Column, Kind, Sink, Value};

/// A [`Sink`] that keeps its table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    names: Vec<&'static str>,
    kinds: Vec<Kind>,
    columns: Vec<Vec<Value>>,
}

impl Sink for Columns {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        *self = Columns::of(columns);
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value.clone());
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Columns {
    /// A table that nothing is in.
    pub(super) fn of(columns: &[Column]) -> Columns {
        Columns {
            names: columns.iter().map(|column| column.name).collect(),
            kinds: columns.iter().map(|column| column.kind).collect(),
            columns: vec![Vec::new(); columns.len()],
        }
    }

    /// The names, and the columns each in its shortest form: `{"is": v, "times": n}` where all values are alike, `{"days":
    /// [..]}` for dates as days since 1970-01-01, `{"words": [..], "at": [..]}` for text (-1: null), a plain array else.
    pub(super) fn to_json(&self) -> Json {
        let columns = self
            .kinds
            .iter()
            .zip(&self.columns)
            .map(|(kind, column)| compact(*kind, column));
        json!({ "names": self.names, "columns": columns.collect::<Vec<_>>() })
    }
}

fn compact(kind: Kind, column: &[Value]) -> Json {
    if kind == Kind::Date {
        return json!({ "days": column.iter().map(plain).collect::<Vec<_>>() });
    }
    match column.split_first() {
        Some((first, rest)) if rest.iter().all(|value| value == first) => {
            return json!({ "is": plain(first), "times": column.len() });
        }
        _ => {}
    }
    if !column.iter().any(|value| matches!(value, Value::Text(_))) {
        return Json::Array(column.iter().map(plain).collect());
    }
    let mut words: Vec<&Value> = Vec::new();
    let at: Vec<i64> = column
        .iter()
        .map(|value| match value {
            Value::Null => -1,
            value => {
                let place = words.iter().position(|word| *word == value);
                let place = place.unwrap_or_else(|| {
                    words.push(value);
                    words.len() - 1
                });
                place as i64 // a place in a table
            }
        })
        .collect();
    json!({ "words": words.into_iter().map(plain).collect::<Vec<_>>(), "at": at })
}

/// A value as JSON, yes and no as 1 and 0; whole reals without a fraction, and nothing for what is not finite.
fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Date(day) => json!(day),
        Value::Integer(value) | Value::Time(value) => json!(value),
        Value::Boolean(value) => json!(u8::from(*value)),
        Value::Real(value) => number(*value),
        Value::Text(text) => json!(text),
    }
}

/// A number in its shortest form.
pub(super) fn number(value: f64) -> Json {
    match value.fract() == 0.0 && value.abs() < 9e15 {
        true => json!(value as i64), // whole and below 2^53
        false => json!(value),       // null where it is not finite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_takes_its_shortest_form() {
        let text = |text: &str| Value::Text(text.to_string());
        let mut table = Columns::default();
        let columns = [
            Column::new("day", Kind::Date),
            Column::nullable("usd", Kind::Usd),
            Column::nullable("status", Kind::Text),
            Column::new("engine", Kind::Text),
        ];
        table.columns(&columns).unwrap();
        for row in [
            [Value::Date(1), Value::Real(2.0), text("ok"), text("path")],
            [Value::Date(3), Value::Null, Value::Null, text("path")],
            [Value::Date(4), Value::Real(2.5), text("ok"), text("path")],
        ] {
            table.row(&row).unwrap();
        }
        table.finish().unwrap();
        let columns = &table.to_json()["columns"];
        assert_eq!(columns[0], json!({ "days": [1, 3, 4] }));
        assert_eq!(columns[1].to_string(), "[2,null,2.5]");
        assert_eq!(columns[2], json!({ "words": ["ok"], "at": [0, -1, 0] }));
        assert_eq!(columns[3], json!({ "is": "path", "times": 3 }));
    }
}
