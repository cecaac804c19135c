//! The page of a range with few days in view.

use serde_json::json;

use super::browser::Browser;
use super::database::{WEEKS, of_many_days};
use super::support::Place;

/// A range of which one day is stored, the last of all.
const ONE: &str = "2023-12-29..2024-06-30";

/// The words below the price chart.
fn labels(browser: &Browser) -> Vec<String> {
    let labels = browser.run("return charts.main.axes[0]._values");
    serde_json::from_value(labels).unwrap()
}

fn open(browser: &Browser, days: &str) {
    WEEKS.run(["report", days, "-o", "few.html"]).expect(0);
    browser.open(&WEEKS.dir().join("few.html"));
}

#[test]
fn an_axis_of_few_days_has_dates_and_no_hours() {
    let Some(browser) = Browser::start("an_axis_of_few_days_has_dates_and_no_hours", 1280, 900)
    else {
        return;
    };
    // Also where midnight is not that of the reader.
    let zone = json!({ "timezoneId": "America/New_York" });
    browser.tell("Emulation.setTimezoneOverride", zone);
    open(&browser, ONE);
    assert_eq!(labels(&browser), ["29 Dec\n2023"]);
    assert_eq!(
        browser.run("return charts.view().map((end) => end - times[0])"),
        json!([-43_200, 43_200]),
        "the day stands in the middle"
    );
    assert_eq!(
        browser.text("return document.getElementById('span').textContent"),
        "2023-12-29"
    );
    open(&browser, "2023-12-23..2023-12-24");
    assert_eq!(labels(&browser), ["23 Dec\n2023", "24 Dec"]);

    let place = Place::new();
    of_many_days(&place.db(), 6_000, false);
    place.run(["report", "-o", "all.html"]).expect(0);
    browser.open(&place.dir().join("all.html"));
    let years = labels(&browser);
    assert!(years.contains(&"2010".to_string()), "{years:?}");
    browser.run("charts.zoom(data.last * DAY - 4 * DAY, data.last * DAY)");
    assert_eq!(
        labels(&browser),
        ["3 Jan\n2022", "4 Jan", "5 Jan", "6 Jan", "7 Jan"]
    );
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn a_day_without_neighbours_has_its_bands_and_words_of_its_own() {
    let Some(browser) = Browser::start(
        "a_day_without_neighbours_has_its_bands_and_words_of_its_own",
        1280,
        900,
    ) else {
        return;
    };
    // Besides the point itself: above it the bar, beside it nothing.
    let bar = "const i = column.usd.findLastIndex((usd) => usd !== null), u = charts.main; \
               const x = u.valToPos(times[i], 'x', true); \
               const colour = (x, y) => u.ctx.getImageData(Math.round(x), Math.round(y), 1, 1).data.join(); \
               const half = (column.high68[i] + column.usd[i] * 3) / 4, end = (column.high95[i] * 3 + column.high68[i]) / 4; \
               return [half, end].map((usd) => { const y = u.valToPos(usd, 'y', true); return colour(x - 1, y) !== colour(x - 20, y); })";
    open(&browser, ONE);
    assert_eq!(browser.run(bar), json!([true, true]));
    assert_eq!(
        browser.text("return document.title"),
        "Bitcoin price, 2023-12-29"
    );
    let words = browser.text("return document.querySelector('main').innerText");
    assert!(words.contains("One day is stored."), "{words}");
    assert!(words.contains("on one day"), "{words}");
    for wrong in ["of 1 days", "1 of 1", "2023-12-29 to"] {
        assert!(!words.contains(wrong), "{wrong}");
    }

    // The day before it is gone, and the history is longer.
    let place = Place::new();
    of_many_days(&place.db(), 600, false);
    let last = 19_000 - 1;
    for table in ["price", "utc_day"] {
        let gone = format!("DELETE FROM {table} WHERE day = {}", last - 1);
        place.open_db().execute(&gone, []).unwrap();
    }
    place.run(["report", "-o", "long.html"]).expect(0);
    browser.open(&place.dir().join("long.html"));
    browser.run("charts.zoom(times[590], times[599])");
    assert_eq!(browser.run(bar), json!([true, true]));
    assert_eq!(browser.errors(), [""; 0]);

    let svg = WEEKS.run(["report", ONE, "--svg", "-o", "-"]).expect(0);
    for class in ["band68", "band95"] {
        let bar = format!("<rect class=\"{class}\"");
        assert_eq!(svg.stdout.matches(&bar).count(), 1, "{class}");
    }
}
