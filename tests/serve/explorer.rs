//! The two paths that a self-hosted mempool reads, in its shapes to the letter.

use serde_json::{Value, json};

use crate::priced;
use crate::serving::Serving;
use crate::support::Place;

const ZERO_RATES: &str =
    r#""exchangeRates":{"USDEUR":0,"USDGBP":0,"USDCAD":0,"USDCHF":0,"USDAUD":0,"USDJPY":0}"#;
const OTHERS: &str = r#""EUR":-1,"GBP":-1,"CAD":-1,"CHF":-1,"AUD":-1,"JPY":-1"#;

/// Time and USD of the rows of an answer.
fn rows(answer: &Value) -> Vec<(i64, f64)> {
    let rows = answer["prices"].as_array().unwrap().iter();
    rows.map(|row| (row["time"].as_i64().unwrap(), row["USD"].as_f64().unwrap()))
        .collect()
}

/// Rows of a query: time and USD.
fn stored(place: &Place, sql: &str) -> Vec<(i64, f64)> {
    let db = place.open_db();
    let mut query = db.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[track_caller]
fn assert_same(shown: &[(i64, f64)], stored: &[(i64, f64)]) {
    assert_eq!(shown.len(), stored.len());
    for (shown, stored) in shown.iter().zip(stored) {
        assert_eq!(shown.0, stored.0);
        assert!(
            (shown.1 - stored.1).abs() < 0.005001,
            "{shown:?} {stored:?}"
        );
    }
}

const HOURS: &str =
    "SELECT time / 3600 * 3600, avg(usd) FROM block_price GROUP BY 1 ORDER BY 1 DESC";

#[test]
fn prices_is_a_flat_object_with_every_currency() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let newest = stored(
        &place,
        "SELECT time, usd FROM block_price ORDER BY height DESC LIMIT 1",
    );
    let text = serving.get("/api/v1/prices").expect(200).text();
    let usd = (newest[0].1 * 100.0).round() / 100.0;
    assert_eq!(
        text,
        format!(r#"{{"time":{},"USD":{usd},{OTHERS}}}"#, newest[0].0)
    );
}

#[test]
fn without_a_timestamp_all_rows_come_newest_first() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let reply = serving
        .get("/api/v1/historical-price?currency=USD")
        .expect(200);
    let text = reply.text();
    assert!(
        text.starts_with(r#"{"prices":[{"time":1"#) && text.ends_with(&format!("],{ZERO_RATES}}}")),
        "{text}"
    );
    let hours = stored(&place, HOURS);
    assert!(hours.len() > 20);
    assert_same(&rows(&reply.json()), &hours);
    let first = &reply.json()["prices"][0];
    assert_eq!(first.as_object().unwrap().len(), 2, "time and USD: {first}");
    // A row has all currencies where none is named.
    let all = serving.json("/api/v1/historical-price");
    assert_same(&rows(&all), &hours);
    let row = all["prices"][0].as_object().unwrap();
    assert_eq!(row.len(), 8);
    assert_eq!(row["JPY"], -1);
    assert_eq!(
        serving.json("/api/v1/historical-price?timestamp=0&currency=USD"),
        reply.json()
    );
    let euros = serving.json("/api/v1/historical-price?currency=EUR");
    assert_same(&rows(&euros), &hours);
    assert!(
        euros["prices"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["EUR"] == -1)
    );
    // One row a day, where the owner likes that better.
    let daily = Serving::start(&place, &["--every", "day"]);
    let days = stored(
        &place,
        "SELECT unixepoch(day), usd FROM daily_price WHERE engine = 'path' AND usd IS NOT NULL ORDER BY day DESC",
    );
    assert_eq!(days.len(), 3);
    assert_same(
        &rows(&daily.json("/api/v1/historical-price?currency=USD")),
        &days,
    );
}

#[test]
fn with_a_timestamp_the_newest_row_at_or_before_it_comes() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let hours = stored(&place, HOURS);
    let (newest, oldest) = (hours[0], hours[hours.len() - 1]);
    for (time, expected) in [
        (newest.0 + 1_000_000, newest),
        (newest.0, newest),
        (newest.0 - 1, hours[1]),
        (oldest.0, oldest),
        (99_999_999_999, newest),
        (9_223_372_036_854_775_807, newest),
    ] {
        let url = format!("/api/v1/historical-price?currency=USD&timestamp={time}");
        assert_same(&rows(&serving.json(&url)), &[expected]);
    }
    let text = |query: &str| {
        let url = format!("/api/v1/historical-price?timestamp={}&{query}", oldest.0);
        serving.get(&url).expect(200).text()
    };
    let usd = (oldest.1 * 100.0).round() / 100.0;
    let time = oldest.0;
    assert_eq!(
        text(""),
        format!(r#"{{"prices":[{{"time":{time},"USD":{usd},{OTHERS}}}],{ZERO_RATES}}}"#)
    );
    assert_eq!(
        text("currency=USD"),
        format!(r#"{{"prices":[{{"time":{time},"USD":{usd}}}],{ZERO_RATES}}}"#)
    );
    assert_eq!(
        text("currency=EUR"),
        format!(r#"{{"prices":[{{"time":{time},"EUR":-1,"USD":{usd}}}],{ZERO_RATES}}}"#)
    );
    // What mempool says of a currency it does not know.
    assert_eq!(text("currency=XYZ"), "null");
}

#[test]
fn before_the_first_row_the_price_is_zero() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let nothing = format!(r#"{{"prices":[{{"time":1279497600,"USD":0}}],{ZERO_RATES}}}"#);
    for time in ["1", "1231006505", "-1", "-9223372036854775808"] {
        let url = format!("/api/v1/historical-price?currency=USD&timestamp={time}");
        assert_eq!(serving.get(&url).expect(200).text(), nothing);
    }
    let url = "/api/v1/historical-price?currency=EUR&timestamp=1";
    let row = &serving.json(url)["prices"][0];
    assert_eq!(*row, json!({ "time": 1_279_497_600, "EUR": 0, "USD": 0 }));
    let row = &serving.json("/api/v1/historical-price?timestamp=1")["prices"][0];
    assert_eq!(row["USD"], 0);
    assert_eq!(row.as_object().unwrap().len(), 8);
}
