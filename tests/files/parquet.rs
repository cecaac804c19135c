//! Parquet, read back by the reader of the crate that wrote it; `scripts/examples.sh` reads it with other programs.

use std::fs::File;
use std::io;
use std::path::Path;

use blkprice::dates;
use blkprice::export::parquet::{GROUP_ROWS, Parquet, USD_SCALE};
use blkprice::export::{Column, Kind, Sink, Value};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::printer::print_schema;

use crate::place::{export, ok};

type Rows = Vec<Vec<(String, Field)>>;

fn read(path: &Path) -> (String, Rows) {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let mut schema = Vec::new();
    print_schema(&mut schema, reader.metadata().file_metadata().schema());
    let rows = reader.get_row_iter(None).unwrap();
    let rows = rows.map(|row| row.unwrap().into_columns()).collect();
    (String::from_utf8(schema).unwrap(), rows)
}

/// Exports into both formats and gives the CSV's header and rows, and what Parquet holds.
fn both(args: &[&str]) -> (Vec<String>, Vec<Vec<String>>, String, Rows) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("table.parquet");
    let csv = ok(export(args));
    let more = ["--format", "parquet", "-o", file.to_str().unwrap()];
    ok(export([args, &more].concat()));
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let header = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_string)
        .collect();
    let fields = |row: csv::StringRecord| row.iter().map(str::to_string).collect();
    let rows = reader.records().map(|row| fields(row.unwrap())).collect();
    let (schema, typed) = read(&file);
    (header, rows, schema, typed)
}

/// USD of a CSV field in units of 10^-8.
fn units(text: &str) -> i64 {
    (text.parse::<f64>().unwrap() * 1e8).round() as i64
}

fn same(text: &str, field: &Field) -> bool {
    match field {
        Field::Null => text.is_empty(),
        Field::Date(day) => text == dates::show(*day),
        Field::TimestampMicros(micros) => text == (micros / 1_000_000).to_string(),
        Field::Long(value) => text == value.to_string(),
        Field::Double(value) => text.parse() == Ok(*value),
        Field::Bool(value) => text == if *value { "1" } else { "0" },
        Field::Str(value) => text == value,
        Field::Decimal(value) => {
            let found = i64::from_be_bytes(value.data().try_into().unwrap());
            value.scale() == USD_SCALE as i32 && found == units(text)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_table_is_its_csv_row_by_row() {
    for args in [
        &["prices", "--engine", "path"][..],
        &["prices", "--engine", "v9.1"],
        &["activity"],
        &["block-prices"],
        &["outputs"],
        &["outputs", "--from", "2024-01-03", "--to", "2024-01-04"],
    ] {
        let (header, rows, _, typed) = both(args);
        assert!(!rows.is_empty());
        assert_eq!(rows.len(), typed.len(), "{args:?}");
        for (row, typed) in rows.iter().zip(&typed) {
            let names: Vec<&String> = typed.iter().map(|(name, _)| name).collect();
            assert_eq!(names, header.iter().collect::<Vec<_>>());
            for (text, (name, field)) in row.iter().zip(typed) {
                assert!(
                    same(text, field),
                    "{args:?}: {name} is {text} and {field:?}"
                );
            }
        }
    }
}

#[test]
fn the_types_are_those_that_readers_take_for_dates_times_and_decimals() {
    let (_, _, schema, _) = both(&["block-prices"]);
    assert_eq!(
        schema,
        "message schema {\n  \
         REQUIRED INT32 day (DATE);\n  \
         REQUIRED INT64 height;\n  \
         REQUIRED INT64 time (TIMESTAMP(MICROS,true));\n  \
         REQUIRED INT64 usd (DECIMAL(18,8));\n  \
         REQUIRED INT64 low (DECIMAL(18,8));\n  \
         REQUIRED INT64 high (DECIMAL(18,8));\n\
         }\n"
    );
    let (_, _, schema, _) = both(&["prices"]);
    for line in [
        "REQUIRED BYTE_ARRAY engine (STRING);",
        "OPTIONAL INT64 usd (DECIMAL(18,8));",
        "OPTIONAL DOUBLE confidence;",
        "REQUIRED BOOLEAN final;",
        "OPTIONAL BYTE_ARRAY anchors (STRING);",
    ] {
        assert!(schema.contains(line), "{line} in {schema}");
    }
    let (_, _, schema, _) = both(&["outputs"]);
    assert!(schema.contains("REQUIRED INT64 sats;"), "{schema}");
}

#[test]
fn a_day_without_a_price_has_null() {
    let (_, _, _, rows) = both(&["prices", "--engine", "v9.1", "--to", "2023-12-14"]);
    assert_eq!(rows.len(), 5);
    for row in rows {
        let of = |name| &row.iter().find(|(found, _)| found == name).unwrap().1;
        assert_eq!(of("usd"), &Field::Null);
        assert_eq!(of("status"), &Field::Str("unsupported".to_string()));
    }
}

#[test]
fn a_range_without_rows_is_a_table_without_rows() {
    let (header, rows, schema, typed) = both(&["prices", "--from", "2030-01-01"]);
    assert!(!header.is_empty() && rows.is_empty() && typed.is_empty());
    assert!(schema.contains("usd"));
}

#[test]
fn row_groups_are_bounded_and_their_rows_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.parquet");
    let mut sink = Parquet::new(File::create(&path).unwrap());
    sink.columns(&[Column::new("sats", Kind::Integer)]).unwrap();
    let rows = 2 * GROUP_ROWS as i64 + 1;
    // Too many different values for a dictionary, and the ends of the range among them.
    let value = |row: i64| match row {
        0 => i64::MIN,
        1 => i64::MAX,
        row => row * row * if row % 2 == 0 { 1 } else { -1 },
    };
    for row in 0..rows {
        sink.row(&[Value::Integer(value(row))]).unwrap();
    }
    sink.finish().unwrap();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let groups = reader.metadata().row_groups();
    let sizes: Vec<i64> = groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!(sizes, [GROUP_ROWS as i64, GROUP_ROWS as i64, 1]);
    for (row, found) in (0..rows).zip(reader.get_row_iter(None).unwrap()) {
        let found = found.unwrap().into_columns();
        assert_eq!(found[0].1, Field::Long(value(row)), "row {row}");
    }
}

#[test]
fn prices_are_rounded_to_the_eighth_digit_and_refused_beyond_ten_digits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("usd.parquet");
    let mut sink = Parquet::new(File::create(&path).unwrap());
    let columns = [Column::nullable("usd", Kind::Usd)];
    sink.columns(&columns).unwrap();
    let prices = [110_123.45, 0.123_456_785, 9_999_999_999.0, f64::NAN, -0.5];
    for usd in prices {
        sink.row(&[Value::Real(usd)]).unwrap();
    }
    let error = sink.row(&[Value::Real(1e10)]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("usd"), "{error}");
    sink.finish().unwrap();
    let found: Vec<Option<i64>> = read(&path)
        .1
        .iter()
        .map(|row| match &row[0].1 {
            Field::Decimal(value) => Some(i64::from_be_bytes(value.data().try_into().unwrap())),
            _ => None,
        })
        .collect();
    let expected = [
        Some(11_012_345_000_000),
        Some(12_345_679),
        Some(999_999_999_900_000_000),
        None,
        Some(-50_000_000),
    ];
    assert_eq!(found, expected);
}

#[test]
fn values_that_are_not_of_their_column_are_refused() {
    for (column, value) in [
        (Column::new("day", Kind::Date), Value::Integer(1)),
        (Column::new("height", Kind::Integer), Value::Null),
        (Column::new("usd", Kind::Usd), Value::Real(f64::INFINITY)),
        (Column::new("time", Kind::Time), Value::Time(i64::MAX)),
        (Column::new("status", Kind::Text), Value::Boolean(true)),
    ] {
        let mut sink = Parquet::new(Vec::new());
        sink.columns(&[column]).unwrap();
        let error = sink.row(std::slice::from_ref(&value)).unwrap_err();
        let named = error.to_string().contains(column.name);
        assert!(named, "{value:?} in {column:?}: {error}");
    }
}

#[test]
fn a_broken_pipe_is_known_as_one() {
    struct Broken;
    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let mut sink = Parquet::new(Broken);
    sink.columns(&[Column::new("sats", Kind::Integer)]).unwrap();
    sink.row(&[Value::Integer(1)]).unwrap();
    assert_eq!(sink.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
