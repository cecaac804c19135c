//! `score` against the kinds of CSV that people have.

use std::fs;

use serde_json::Value;

use crate::support::{Place, small_chain};

/// A place with priced days, and day and price of each that has one.
fn priced() -> (Place, Vec<(String, f64)>) {
    let place = Place::with(&small_chain(4, 930));
    place.backfill(&[]).expect(0);
    let rows = place.query(
        "SELECT day, usd FROM daily_price WHERE engine = 'path' AND usd IS NOT NULL ORDER BY day",
    );
    let days: Vec<(String, f64)> = rows
        .iter()
        .map(|row| {
            let (day, usd) = row.split_once(' ').unwrap();
            (day.to_string(), usd.parse().unwrap())
        })
        .collect();
    assert!(days.len() > 2);
    (place, days)
}

/// The errors of `usd` against a CSV with this first line, and `row` of each day.
fn errors(
    place: &Place,
    days: &[(String, f64)],
    first_line: &str,
    row: impl Fn(&str, f64) -> String,
) -> Value {
    let mut text = format!("{first_line}\n");
    for (day, usd) in days {
        text += &row(day, *usd);
        text.push('\n');
    }
    fs::write(place.dir().join("truth.csv"), text).unwrap();
    let ran = place.run(["score", "--truth", "truth.csv", "--json"]);
    let value: Value = serde_json::from_str(&ran.expect(0).stdout).unwrap();
    value["errors"]["usd"].clone()
}

#[track_caller]
fn near(value: &Value, wanted: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-6, "{found}, not {wanted}");
}

#[test]
fn the_price_of_the_day_counts_before_the_candle_and_the_candle_before_its_close() {
    let (place, days) = priced();
    // Beside a candle that is ten times as high, under each of its names.
    for name in ["price", "price_usd", "USD", "Mean"] {
        let found = errors(
            &place,
            &days,
            &format!("open,high,low,close,date,{name}"),
            |day, usd| {
                let far = 10.0 * usd;
                format!("{far},{far},{far},{far},{day},{usd}")
            },
        );
        near(&found["worst"], 0.0);
        near(&found["inside_range"], 0.0);
    }
    // Where it is left empty, the mean of the four.
    let found = errors(
        &place,
        &days,
        "date,open,high,low,close,price",
        |day, usd| format!("{day},{usd},{},{},{usd},", usd * 1.5, usd * 0.5),
    );
    near(&found["worst"], 0.0);
    near(&found["inside_range"], 1.0);
    // Of a candle with holes, and of no candle, the close.
    for columns in ["date,open,high,low,close", "time,volume,x,y,close"] {
        let found = errors(&place, &days, columns, |day, usd| {
            format!("{day}T00:00:00Z,,,,{usd}")
        });
        near(&found["worst"], 0.0);
        assert_eq!(found["priced"], days.len());
        assert_eq!(found["inside_range"], Value::Null);
    }
}

#[test]
fn a_candle_without_a_close_and_without_a_price_of_the_day_is_refused() {
    let (place, days) = priced();
    fs::write(
        place.dir().join("truth.csv"),
        format!("date,open,high,low\n{},1,2,1\n", days[0].0),
    )
    .unwrap();
    place
        .run(["score", "--truth", "truth.csv"])
        .expect(1)
        .says("no price column");
}
