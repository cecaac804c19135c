//! Days, blocks, status: what the database says, over HTTP.

use serde_json::Value;

use crate::serving::Serving;
use crate::support::Place;
use crate::{priced, rich_chain};

/// What the program prints as JSON.
fn printed(place: &Place, args: &[&str]) -> Value {
    serde_json::from_str(&place.run(args).expect(0).stdout).unwrap()
}

#[test]
fn days_are_what_the_price_command_prints() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let day = printed(&place, &["price", "2024-02-02", "--json"]);
    assert!(day["price"].as_f64().unwrap() > 1_000.0, "{day}");
    assert_eq!(serving.json("/api/v1/days/2024-02-02"), day);
    assert_eq!(serving.json("/api/v1/days/2024-02-02?engine=path"), day);
    let days = printed(&place, &["price", "2024-02-01..2024-02-03", "--json"]);
    assert_eq!(serving.json("/api/v1/days"), days);
    assert_eq!(
        serving.json("/api/v1/days?from=2024-02-01&to=2024-02-03"),
        days
    );
    assert_eq!(
        serving.json("/api/v1/days?from=2023-12-25&to=2024-03-01"),
        days
    );
    assert_eq!(
        serving.json("/api/v1/days?from=2024-02-02&to=2024-02-02"),
        Value::from(vec![day])
    );
    // Before and after what there is.
    assert_eq!(
        serving.json("/api/v1/days?to=2020-01-01"),
        Value::from(vec![0; 0])
    );
    assert_eq!(
        serving.json("/api/v1/days?from=2025-01-01"),
        Value::from(vec![0; 0])
    );
    let error = serving.get("/api/v1/days/2024-02-09").expect(404).error();
    assert_eq!(
        error,
        "2024-02-09 is not in the database: it has 2024-02-01 to 2024-02-03"
    );
}

#[test]
fn blocks_are_those_of_the_chain_with_the_views_prices() {
    let place = priced();
    let chain = rich_chain(3, 80);
    let serving = Serving::start(&place, &[]);
    let blocks = serving.json("/api/v1/blocks?from=0");
    let blocks = blocks.as_array().unwrap();
    assert_eq!(blocks.len(), chain.len());
    let mut priced = 0;
    for (row, block) in blocks.iter().zip(&chain) {
        assert_eq!(row["height"], block.height);
        assert_eq!(row["hash"], block.hash.to_string());
        assert_eq!(row["time"], block.time);
        let query = format!(
            "SELECT usd, low, high FROM block_price WHERE height = {}",
            block.height
        );
        if let Some(stored) = place.query(&query).pop() {
            priced += 1;
            for (name, stored) in ["usd", "low", "high"].iter().zip(stored.split(' ')) {
                let (shown, stored) = (row[name].as_f64().unwrap(), stored.parse::<f64>().unwrap());
                assert!((shown / stored - 1.0).abs() < 1e-12, "{row} {stored}");
            }
        } else {
            assert!(row["usd"].is_null(), "{row}");
        }
    }
    assert!(priced > 40, "{priced}");
    let newest = serving.json("/api/v1/blocks");
    assert_eq!(newest.as_array().unwrap().last(), blocks.last());
    let two = serving.json("/api/v1/blocks?from=5&to=6");
    assert_eq!(two.as_array().unwrap()[..], blocks[5..7]);
    assert_eq!(
        serving.json("/api/v1/blocks?from=4000000000"),
        Value::from(vec![0; 0])
    );
}

#[test]
fn a_day_without_outputs_enough_has_a_row_and_no_price() {
    let place = Place::with(&crate::support::small_chain(2, 7));
    place.scan(&[]).expect(0);
    let serving = Serving::start(&place, &[]);
    let error = serving.get("/api/v1/days/2024-02-01").expect(404).error();
    assert_eq!(error, "2024-02-01 has no price by the path engine yet");
    place.run(["price", "--engine", "v9.1"]).expect(0);
    serving.get("/api/v1/days/2024-02-01").expect(404);
    let none = serving.json("/api/v1/prices");
    assert_eq!(
        (&none["time"], &none["USD"]),
        (&Value::from(0), &Value::from(-1))
    );
    place.run(["price"]).expect(0);
    let day = serving.json("/api/v1/days/2024-02-01");
    assert_eq!(day["engine"], "path");
    assert_eq!(day["price"].is_null(), day["status"] == "none", "{day}");
}

#[test]
fn the_status_tells_what_there_is_and_not_where() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let reply = serving.get("/api/v1/status").expect(200);
    assert!(!reply.text().contains(place.dir().to_str().unwrap()));
    let status = reply.json();
    assert_eq!(status["days"], 3);
    assert_eq!(status["last_day"], "2024-02-03");
    assert_eq!(
        status["tip_height"],
        rich_chain(3, 80).last().unwrap().height
    );
    let health = serving.json("/health");
    assert_eq!(health["status"], "ok");
    assert_eq!(health["tip_height"], status["tip_height"]);
    assert_eq!(health["tip_hash"], status["tip_hash"]);
    assert_eq!(health["following"], false);
    let page = serving.get("/").expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text().contains("<!doctype html>"), "{}", page.text());
    let day = serving.get("/days/2024-02-02").expect(200);
    assert!(day.text().contains("Why this price"), "{}", day.text());
    for (path, status) in [("/days/2024-03-02", 404), ("/days/second", 400)] {
        let error = serving.get(path).expect(status).error();
        assert!(!error.contains(place.dir().to_str().unwrap()), "{error}");
    }
}

#[test]
fn only_the_path_engine_is_served() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    for path in [
        "/api/v1/days?engine=v9.1",
        "/api/v1/days/2024-02-02?engine=v9.1",
        "/api/v1/blocks?engine=v9.1",
    ] {
        let error = serving.get(path).expect(400).error();
        assert_eq!(error, "only prices of the path engine are served");
    }
    // Nothing of the other engine's prices is in any answer.
    let other =
        place.query("SELECT usd FROM daily_price WHERE engine = 'v9.1' AND usd IS NOT NULL");
    assert_eq!(other.len(), 3);
    for path in [
        "/",
        "/days/2024-02-02",
        "/api/v1/status",
        "/api/v1/prices",
        "/api/v1/historical-price",
        "/api/v1/days",
        "/api/v1/blocks",
    ] {
        let text = serving.get(path).expect(200).text();
        for usd in &other {
            assert!(!text.contains(usd.as_str()), "{path} has {usd}");
        }
    }
}
