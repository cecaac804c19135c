//! CSV and JSON of the views, and the outputs as rows.

use std::collections::BTreeMap;

use blkprice::export::csv::Csv;
use blkprice::export::json::Json;
use blkprice::export::{Column, Kind, Sink, Value};
use rusqlite::types::ValueRef;
use serde_json::Value as JsonValue;

use super::database::{DATABASE, DAYS};

/// Header and rows of CSV text.
fn csv_rows(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let fields = |record: &csv::StringRecord| record.iter().map(str::to_string).collect();
    let header = fields(reader.headers().unwrap());
    let rows = reader
        .records()
        .map(|record| fields(&record.unwrap()))
        .collect();
    (header, rows)
}

/// Rows of a query, as CSV should show them.
fn shown(query: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let store = DATABASE.open();
    let mut statement = store.connection().prepare(query).unwrap();
    let names: Vec<String> = statement
        .column_names()
        .iter()
        .map(ToString::to_string)
        .collect();
    let rows = statement
        .query_map([], |row| {
            (0..names.len())
                .map(|at| {
                    Ok(match row.get_ref(at)? {
                        ValueRef::Null => String::new(),
                        ValueRef::Integer(value) => value.to_string(),
                        ValueRef::Real(value) => value.to_string(),
                        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                        ValueRef::Blob(_) => panic!("no view has blobs"),
                    })
                })
                .collect()
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    (names, rows)
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut parts = digits.splitn(2, '.');
    parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_text(column: &str) -> bool {
    ["day", "engine", "status", "anchors"].contains(&column)
}

#[test]
fn csv_is_the_view_with_its_column_names_plain_numbers_and_empty_nulls() {
    for (what, view) in [
        (
            &["prices", "--engine", "v9.1"][..],
            "daily_price WHERE engine = 'v9.1'",
        ),
        (
            &["prices", "--engine", "path"],
            "daily_price WHERE engine = 'path'",
        ),
        (&["activity"], "daily_activity"),
    ] {
        let (header, rows) =
            csv_rows(&DATABASE.run(&[&["export", "--format", "csv"], what].concat()));
        let expected = shown(&format!("SELECT * FROM {view} ORDER BY day"));
        let what = what.concat();
        assert_eq!(header, expected.0, "{what}");
        assert_eq!(rows, expected.1, "{what}");
        assert_eq!(rows.len(), DAYS as usize);
        for (name, field) in rows.iter().flat_map(|row| header.iter().zip(row)) {
            let text = is_text(name);
            assert!(
                text || field.is_empty() || is_plain_number(field),
                "{what}: {name} is {field:?}"
            );
        }
    }
}

#[test]
fn block_prices_are_the_view_with_the_day_of_each_block() {
    let (header, rows) = csv_rows(&DATABASE.run(&["export", "block-prices"]));
    let expected = shown(
        "SELECT b.day, p.* FROM block_price AS p JOIN block AS b ON b.height = p.height ORDER BY p.height",
    );
    assert_eq!((&header, &rows), (&expected.0, &expected.1));
    assert_eq!(rows.len(), DATABASE.blocks.len());
    let one_day = DATABASE.run(&[
        "export",
        "block-prices",
        "--from",
        "2024-01-03",
        "--to",
        "2024-01-03",
    ]);
    let of_that_day: Vec<Vec<String>> = rows
        .into_iter()
        .filter(|row| row[0] == "2024-01-03")
        .collect();
    assert_eq!(csv_rows(&one_day).1, of_that_day);
}

#[test]
fn the_columns_are_those_promised() {
    let header = |what| csv_rows(&DATABASE.run(&["export", what])).0.join(",");
    // More may follow; these stay.
    assert!(header("prices").starts_with(
        "day,engine,usd,open,high,low,close,confidence,status,outputs,points,engine_version"
    ));
    assert_eq!(
        header("activity"),
        "day,first_height,last_height,blocks,transactions,outputs,sats,complete"
    );
    assert_eq!(header("block-prices"), "day,height,time,usd,low,high");
    assert_eq!(header("outputs"), "day,height,time,sats");
    let (histogram, _) = shown("SELECT * FROM day_histogram LIMIT 0");
    assert_eq!(histogram.join(","), "day,bin,low_sats,high_sats,outputs");
    let (block, _) = shown("SELECT * FROM block LIMIT 0");
    assert_eq!(
        block.join(","),
        "height,hash,time,day,file,offset,size,transactions,outputs"
    );
}

#[test]
fn unsupported_days_have_an_empty_price_in_csv_and_null_in_json() {
    let (header, rows) =
        csv_rows(&DATABASE.run(&["export", "prices", "--engine", "v9.1", "--to", "2023-12-14"]));
    let usd = header.iter().position(|name| name == "usd").unwrap();
    let status = header.iter().position(|name| name == "status").unwrap();
    assert_eq!(rows.len(), 5);
    assert!(
        rows.iter()
            .all(|row| row[usd].is_empty() && row[status] == "unsupported")
    );
    let text = DATABASE.run(&[
        "export",
        "prices",
        "--engine",
        "v9.1",
        "--format",
        "json",
        "--to",
        "2023-12-14",
    ]);
    let json: Vec<BTreeMap<String, JsonValue>> = serde_json::from_str(&text).unwrap();
    assert_eq!(json.len(), 5);
    assert!(json.iter().all(|row| row["usd"].is_null()));
}

#[test]
fn json_says_what_csv_says() {
    for args in [
        &["export", "prices", "--engine", "v9.1"][..],
        &["export", "prices", "--engine", "path"],
        &["export", "activity"],
        &["export", "block-prices"],
        &[
            "export",
            "outputs",
            "--from",
            "2024-01-03",
            "--to",
            "2024-01-04",
        ],
    ] {
        let (header, rows) = csv_rows(&DATABASE.run(&[args, &["--format", "csv"]].concat()));
        let text = DATABASE.run(&[args, &["--format", "json"]].concat());
        let json: Vec<BTreeMap<String, JsonValue>> = serde_json::from_str(&text).unwrap();
        assert_eq!(json.len(), rows.len());
        assert!(!rows.is_empty());
        // One row a line, between the brackets.
        let lines = text.lines().skip(1);
        for ((object, row), line) in json.iter().zip(&rows).zip(lines) {
            assert_eq!(object.len(), header.len());
            for (name, field) in header.iter().zip(row) {
                match &object[name] {
                    JsonValue::Null => assert_eq!(field, ""),
                    JsonValue::String(text) => assert_eq!(field, text),
                    JsonValue::Number(_) => {
                        // To the digit.
                        let [comma, end] =
                            [",", "}"].map(|end| format!("\"{name}\": {field}{end}"));
                        assert!(
                            line.contains(&comma) || line.contains(&end),
                            "{comma} {line}"
                        );
                        assert!(!is_text(name), "{name} is text");
                    }
                    other => panic!("{name} is {other}"),
                }
            }
        }
    }
}

#[test]
fn a_range_outside_of_the_chain_gives_a_header_and_an_empty_array() {
    let range = ["--from", "2030-01-01"];
    for what in ["prices", "activity", "block-prices", "outputs"] {
        let (header, rows) = csv_rows(&DATABASE.run(&[&["export", what][..], &range].concat()));
        assert!(!header.is_empty() && rows.is_empty());
        let json = DATABASE.run(&[&["export", what, "--format", "json"][..], &range].concat());
        assert_eq!(
            serde_json::from_str::<Vec<JsonValue>>(&json).unwrap(),
            Vec::<JsonValue>::new()
        );
    }
}

#[test]
fn an_export_into_a_file_is_the_one_to_stdout() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("activity.csv");
    let printed = DATABASE.run(&["export", "activity", "-o", file.to_str().unwrap()]);
    assert_eq!(printed, "");
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        DATABASE.run(&["export", "activity"])
    );
}

#[test]
fn exported_outputs_are_those_of_the_chain_and_add_up_to_its_activity() {
    let (_, rows) = csv_rows(&DATABASE.run(&["export", "outputs"]));
    let mut days: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut blocks: BTreeMap<u32, u64> = BTreeMap::new();
    let mut amounts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for row in &rows {
        let height: u32 = row[1].parse().unwrap();
        let sats: u64 = row[3].parse().unwrap();
        let (day, time, _) = &DATABASE.blocks[height as usize];
        assert_eq!((&row[0], &row[2]), (day, &time.to_string()));
        let entry = days.entry(&row[0]).or_default();
        entry.0 += 1;
        entry.1 += sats;
        *blocks.entry(height).or_default() += 1;
        amounts.entry(&row[0]).or_default().push(sats);
    }
    for (day, known) in &DATABASE.days {
        assert_eq!(days[day.as_str()], (known.outputs, known.sats), "{day}");
        let mut truth = DATABASE.sats[day].clone();
        truth.sort();
        let found = amounts.get_mut(day.as_str()).unwrap();
        found.sort();
        assert_eq!(*found, truth, "{day}");
    }
    let (header, activity) = csv_rows(&DATABASE.run(&["export", "activity"]));
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    assert_eq!(activity.len(), days.len());
    for row in &activity {
        let (outputs, sats) = days[row[at("day")].as_str()];
        assert_eq!(row[at("outputs")], outputs.to_string());
        assert_eq!(row[at("sats")], sats.to_string());
        let known = DATABASE.days[&row[at("day")]];
        assert_eq!(row[at("blocks")], known.blocks.to_string());
        assert_eq!(row[at("transactions")], known.transactions.to_string());
    }
    let (_, counted) = shown("SELECT height, outputs FROM block WHERE outputs > 0 ORDER BY height");
    let exported: Vec<Vec<String>> = blocks
        .iter()
        .map(|(height, count)| vec![height.to_string(), count.to_string()])
        .collect();
    assert_eq!(exported, counted);
}

/// One row of awkward values.
fn written(sink: &mut dyn Sink) {
    sink.columns(&[
        Column::nullable("a", Kind::Real),
        Column::new("b \"q\"", Kind::Text),
        Column::new("c", Kind::Real),
        Column::new("d", Kind::Usd),
        Column::new("e", Kind::Integer),
    ])
    .unwrap();
    sink.row(&[
        Value::Null,
        Value::Text("x, \"y\"\nz".to_string()),
        Value::Real(1e-7),
        Value::Real(1e21),
        Value::Integer(i64::MIN),
    ])
    .unwrap();
    sink.row(&[
        Value::Real(f64::NAN),
        Value::Text(String::new()),
        Value::Real(-0.5),
        Value::Real(60_123.0),
        Value::Integer(0),
    ])
    .unwrap();
    sink.finish().unwrap();
}

#[test]
fn numbers_have_no_exponents_and_text_is_quoted() {
    let mut out = Vec::new();
    written(&mut Csv::new(&mut out));
    let text = String::from_utf8(out).unwrap();
    let (header, rows) = csv_rows(&text);
    assert_eq!(header, ["a", "b \"q\"", "c", "d", "e"]);
    assert_eq!(
        rows,
        [
            [
                "",
                "x, \"y\"\nz",
                "0.0000001",
                "1000000000000000000000",
                "-9223372036854775808"
            ],
            ["", "", "-0.5", "60123", "0"],
        ]
    );

    let mut out = Vec::new();
    written(&mut Json::new(&mut out));
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("\"c\": 0.0000001, \"d\": 1000000000000000000000,"));
    let rows: Vec<JsonValue> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows[0]["b \"q\""], "x, \"y\"\nz");
    assert_eq!(rows[0]["a"], JsonValue::Null);
    assert_eq!(rows[0]["e"], i64::MIN);
    assert_eq!(rows[1]["a"], JsonValue::Null, "JSON knows no NaN");
}
