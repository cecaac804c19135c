//! A synthetic chain that the published script priced: its days, counts, sats and prices.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Place, shared_data};

/// The engine that the published script is.
const V91: &[&str] = &["--engine", "v9.1"];

fn expected(golden: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(golden.join("expected.json")).unwrap()).unwrap()
}

#[test]
fn every_golden_day_has_its_heights_outputs_sats_and_price() {
    let Some(data) = shared_data("the golden days") else {
        return;
    };
    let golden = data.join("golden-v91");
    let place = Place::at(golden.join("blocks"));
    let expected = expected(&golden);
    place.backfill(V91).expect(0).says(&format!(
        "tip {} {}",
        expected["height"],
        expected["tip"].as_str().unwrap()
    ));
    let db = place.open_db();
    let days = expected["days"].as_object().unwrap();
    let last = days.keys().next_back().unwrap();
    for (day, truth) in days {
        let found = db
            .query_row(
                "SELECT first_height, last_height, a.outputs, sats, complete, usd, p.outputs, status \
                 FROM daily_activity a JOIN daily_price p USING (day) WHERE day = ?1",
                [day],
                |row| {
                    let price: Option<f64> = row.get(5)?;
                    let (of_day, of_price): (i64, i64) = (row.get(2)?, row.get(6)?);
                    assert_eq!(of_price, of_day, "outputs of a price are those of its day");
                    let facts = json!({
                        "first_height": row.get::<_, i64>(0)?,
                        "last_height": row.get::<_, i64>(1)?,
                        "qualifying_outputs": of_day,
                        "qualifying_sats": row.get::<_, i64>(3)?,
                    });
                    let complete: bool = row.get(4)?;
                    Ok((facts, complete, price, row.get::<_, String>(7)?))
                },
            )
            .unwrap();
        let (facts, complete, price, status) = found;
        for (name, value) in facts.as_object().unwrap() {
            assert_eq!(value, &truth[name], "{name} of {day}");
        }
        assert_eq!(complete, day != last, "{day}");
        if let Some(published) = truth["v91_price"].as_f64() {
            assert_eq!((price, status.as_str()), (Some(published), "ok"), "{day}");
            let line = place
                .run(["price", day, "--engine", "v9.1"])
                .expect(0)
                .stdout;
            let digits: String = line.split_once('$').unwrap().1.replace([',', '\n'], "");
            assert_eq!(digits.parse::<f64>().unwrap(), published);
        } else {
            assert!(status == "partial" || status == "none", "{day} is {status}");
        }
    }
    assert_eq!(
        place.query("SELECT count(*) FROM daily_activity"),
        [days.len().to_string()]
    );
}

#[test]
fn the_last_144_blocks_are_priced_as_the_published_script_does() {
    let Some(data) = shared_data("the golden window of 144 blocks") else {
        return;
    };
    let golden = data.join("golden-v91");
    let expected = expected(&golden);
    let window = |place: &Place, folder: &[&str]| -> Value {
        let mut words = vec![
            "price",
            "--recent-blocks",
            "144",
            "--json",
            "--engine",
            "v9.1",
        ];
        words.extend(folder);
        serde_json::from_str(&place.run(words).expect(0).stdout).unwrap()
    };
    let place = Place::at(golden.join("blocks"));
    let without_database = window(&place, &["--blocks-dir", place.blocks().to_str().unwrap()]);
    place.scan(&[]).expect(0);
    let with_database = window(&place, &[]);
    assert_eq!(without_database, with_database);
    let recent = &expected["recent_144"];
    assert_eq!(with_database["price"], recent["v91_price"]);
    assert_eq!(with_database["first_height"], recent["first"]);
    assert_eq!(with_database["last_height"], recent["last"]);
    assert_eq!(with_database["tip_height"], expected["height"]);
    assert_eq!(with_database["engine"], "v9.1");
    assert_eq!(with_database["status"], "ok");
    assert!(with_database["tip_time"].is_u64() && with_database["engine_version"].is_u64());
}
