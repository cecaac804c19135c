//! The page of a range, in a browser.

use serde_json::json;

use super::browser::{Browser, saved};
use super::database::{DAYS, FIRST_DAY, NOT_STORED, WEEKS, WITHOUT, of_many_days};
use super::png::size_of_a_drawing;
use super::support::Place;
use blkprice::dates;
use blkprice::export::report::{EVER, served_range_page};
use blkprice::store::Store;

const ARROW_LEFT: &str = "\u{e012}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

fn page(name: &str) -> std::path::PathBuf {
    WEEKS.run(["report", "-o", name]).expect(0);
    WEEKS.dir().join(name)
}

/// A column of `daily_price` by the path engine, as the page should show it: None where it is NULL.
fn stored(column: &str, day: &str) -> Option<f64> {
    let sql = format!("SELECT {column} FROM daily_price WHERE engine = 'path' AND day = ?1");
    WEEKS
        .open_db()
        .query_row(&sql, [day], |row| row.get(0))
        .unwrap()
}

fn number(text: Option<String>) -> Option<f64> {
    text.map(|text| text.parse().unwrap())
}

#[test]
fn the_value_under_the_mouse_is_that_of_the_database() {
    let Some(browser) = Browser::start(
        "the_value_under_the_mouse_is_that_of_the_database",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page("hover.html"));
    for place in [2, 8, 17, 20] {
        browser.hover("#price .u-over", f64::from(place) / f64::from(DAYS - 1));
        let day = dates::show(FIRST_DAY + place);
        assert_eq!(
            browser.field("readout", "day").as_deref(),
            Some(day.as_str())
        );
        for column in ["usd", "open", "high", "low", "close", "confidence"] {
            assert_eq!(
                number(browser.field("readout", column)),
                stored(column, &day),
                "{column} of {day}"
            );
            assert!(stored(column, &day).is_some());
        }
        let band =
            [stored("low68", &day), stored("high68", &day)].map(|end| end.unwrap().to_string());
        assert_eq!(
            browser.field("readout", "interval68"),
            Some(band.join(".."))
        );
        let band =
            [stored("low95", &day), stored("high95", &day)].map(|end| end.unwrap().to_string());
        assert_eq!(
            browser.field("readout", "interval95"),
            Some(band.join(".."))
        );
    }
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn days_without_a_price_and_days_that_are_not_stored_leave_gaps() {
    let Some(browser) = Browser::start(
        "days_without_a_price_and_days_that_are_not_stored_leave_gaps",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page("gaps.html"));
    for (day, status) in [(WITHOUT, "none"), (NOT_STORED, "missing")] {
        let place = dates::parse(day).unwrap() - FIRST_DAY;
        browser.hover("#price .u-over", f64::from(place) / f64::from(DAYS - 1));
        assert_eq!(browser.field("readout", "day").as_deref(), Some(day));
        assert_eq!(browser.field("readout", "usd"), None, "no zero for {day}");
        assert_eq!(browser.field("readout", "status").as_deref(), Some(status));
        let drawn = format!(
            "return charts.plots.map(({{ plot }}) => plot.data.slice(1).map((values) => values[{place}]))"
        );
        for value in browser
            .run(&drawn)
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|v| v.as_array().unwrap())
        {
            assert_eq!(*value, json!(null), "{day}");
        }
    }
}

#[test]
fn the_calendar_counts_what_the_database_holds() {
    let Some(browser) = Browser::start("the_calendar_counts_what_the_database_holds", 1280, 900)
    else {
        return;
    };
    browser.open(&page("calendar.html"));
    for (button, engine) in [("calendarPath", "path"), ("calendarV91", "v9.1")] {
        browser.click(&format!("[data-do={button}]"));
        let counted = |state: &str| {
            let script = format!(
                "return document.querySelector('.legend [data-state={state}]').dataset.count"
            );
            browser.text(&script).parse::<u32>().unwrap()
        };
        for state in ["ok", "weak", "partial", "none", "unsupported"] {
            let count: u32 = WEEKS
                .open_db()
                .query_row(
                    "SELECT count(*) FROM daily_price WHERE engine = ?1 AND status = ?2",
                    [engine, state],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(counted(state), count, "{state} by {engine}");
        }
        assert_eq!((counted("missing"), counted("unpriced")), (1, 0));
        let label =
            browser.text("return document.getElementById('calendar').getAttribute('aria-label')");
        assert!(label.contains("1 not stored"), "{label}");
    }
    // A day is clicked in the calendar, and read.
    browser.run("document.getElementById('calendar').scrollIntoView({ block: 'center' })");
    browser.run(
        "const c = document.getElementById('calendar'), r = c.getBoundingClientRect(); \
         c.dispatchEvent(new MouseEvent('click', { clientX: r.left + 62 + 26 * 22.5, clientY: r.top + 18 + 8 }))",
    );
    assert_eq!(
        browser.field("readout", "day").as_deref(),
        Some("2023-12-23")
    );
}

#[test]
fn the_copied_csv_is_the_export() {
    let Some(browser) = Browser::start("the_copied_csv_is_the_export", 1280, 900) else {
        return;
    };
    browser.open(&page("csv.html"));
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    browser.click("[data-do=csv]");
    browser.wait("return typeof window.copied === 'string'");
    let exported = WEEKS.run(["export", "prices"]).expect(0).stdout;
    assert_eq!(browser.text("return window.copied"), exported);
    browser.wait("return document.getElementById('said').textContent === 'Copied 20 days as CSV'");

    // What is in view.
    browser.run("charts.zoom(data.last * DAY - 3 * DAY, data.last * DAY); window.copied = null");
    browser.wait("return charts.view()[0] === data.last * DAY - 4 * DAY || charts.view()[0] === data.last * DAY - 3 * DAY");
    let first = browser.text("return dayText(Math.ceil(charts.view()[0] / DAY))");
    browser.click("[data-do=csv]");
    browser.wait("return typeof window.copied === 'string'");
    let exported = WEEKS
        .run(["export", "prices", "--from", &first])
        .expect(0)
        .stdout;
    assert_eq!(browser.text("return window.copied"), exported);

    // Where a browser refuses to copy, a file is saved.
    let downloads = browser.downloads();
    browser.run(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); document.execCommand = () => false; \
         charts.reset()",
    );
    browser.click("[data-do=csv]");
    let name = format!(
        "blkprice-{}..{}.csv",
        dates::show(FIRST_DAY),
        dates::show(FIRST_DAY + DAYS as i32 - 1)
    );
    let file = String::from_utf8(saved(&downloads, &name)).unwrap();
    assert_eq!(file, WEEKS.run(["export", "prices"]).expect(0).stdout);
}

#[test]
fn the_keyboard_moves_zooms_and_resets() {
    let Some(browser) = Browser::start("the_keyboard_moves_zooms_and_resets", 1280, 900) else {
        return;
    };
    browser.open(&page("keys.html"));
    for _ in 0..40 {
        browser.press(&[TAB]);
        if browser.run("return document.activeElement.id") == "charts" {
            break;
        }
    }
    assert_eq!(
        browser.run("return document.activeElement.id"),
        "charts",
        "reached by Tab"
    );
    let outline = browser.text("return getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "focus is seen");
    let day = |place: i32| Some(dates::show(FIRST_DAY + place));
    browser.press(&["\u{e010}"]); // End
    assert_eq!(browser.field("readout", "day"), day(20));
    browser.press(&[ARROW_LEFT, ARROW_LEFT, ARROW_LEFT]);
    assert_eq!(browser.field("readout", "day"), day(17));
    browser.press(&["\u{e011}"]); // Home
    assert_eq!(browser.field("readout", "day"), day(0));
    let view = || {
        browser.run("return charts.plots.map(({ plot }) => [plot.scales.x.min, plot.scales.x.max])")
    };
    let whole = view();
    let said = || browser.text("return document.getElementById('span').textContent");
    assert_eq!(said(), "2023-12-09 to 2023-12-29");
    browser.press(&["+"]);
    browser
        .wait("return document.getElementById('span').textContent !== '2023-12-09 to 2023-12-29'");
    let closer = view();
    assert_ne!(closer, whole);
    assert_eq!(closer[0], closer[1], "all charts show the same days");
    assert_eq!(closer[0], closer[2]);
    browser.press(&[ESCAPE]);
    assert_eq!(view(), whole);

    // Zooming and moving on keep the day, whether it is first, last or between, and say the one that is read.
    let spoken = || browser.text("return document.getElementById('spoken').textContent");
    for (keys, place) in [
        (vec!["\u{e010}", "+", "+"], 20),
        (vec![ESCAPE, "\u{e011}", "+"], 0),
        (vec!["\u{e010}"], 20), // out of view before
        (vec![ESCAPE, ARROW_LEFT, ARROW_LEFT, "+", "+"], 18),
    ] {
        browser.press(&keys);
        assert_eq!(browser.field("readout", "day"), day(place), "{keys:?}");
        assert!(spoken().starts_with(&day(place).unwrap()), "{}", spoken());
        let [from, to] = [0, 1].map(|end| view()[0][end].as_f64().unwrap() / 86_400.0);
        let at = f64::from(FIRST_DAY + place);
        assert!(from <= at && at <= to, "{at} is not in {from} to {to}");
        let under = browser
            .run("return Math.round(charts.main.posToVal(charts.main.cursor.left, 'x') / DAY)");
        assert_eq!(under, json!(FIRST_DAY + place), "{keys:?}");
    }
    browser.press(&[ESCAPE, "\u{e010}"]);
    browser.click("[data-do=in]");
    assert_eq!(
        view()[0][1],
        whole[0][1],
        "the button zooms around the newest day"
    );

    // The price axis fits what is in view.
    browser.run("charts.zoom(times[0], times[4])");
    browser.wait("return charts.view()[1] === times[4]");
    let axis = browser.run("const { y } = charts.main.scales; return [y.min, y.max]");
    let prices = || (0..5).filter_map(|place| stored("usd", &dates::show(FIRST_DAY + place)));
    let (low, high) = (
        prices().reduce(f64::min).unwrap(),
        prices().reduce(f64::max).unwrap(),
    );
    let (from, to) = (axis[0].as_f64().unwrap(), axis[1].as_f64().unwrap());
    assert!(from < low && from > low * 0.9, "{from} for {low}");
    assert!(to > high && to < high * 1.1, "{to} for {high}");
}

#[test]
fn a_range_is_drawn_light_and_dark_and_fits_a_phone() {
    let Some(browser) = Browser::start(
        "a_range_is_drawn_light_and_dark_and_fits_a_phone",
        1280,
        900,
    ) else {
        return;
    };
    let page = page("looks.html");
    browser.open(&page);
    let background = || browser.text("return getComputedStyle(document.body).backgroundColor");
    let light = background();
    assert_eq!(size_of_a_drawing(&browser.screenshot()).0, 1280);
    browser.prefer_dark();
    browser.open(&page);
    let dark = background();
    assert_ne!(dark, light);
    size_of_a_drawing(&browser.screenshot());
    browser.click("#theme");
    assert_eq!(background(), light, "the button switches");
    browser.click("#theme");
    assert_eq!(background(), dark);

    browser.be_a_phone();
    browser.open(&page);
    let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(wide, json!([360, 360]), "nothing sticks out");
    size_of_a_drawing(&browser.screenshot());

    // The labels of prices above $100,000 have room.
    let place = Place::new();
    of_many_days(&place.db(), 6_000, false);
    place
        .open_db()
        .execute("UPDATE price SET usd = usd * 4", [])
        .unwrap();
    place.run(["report", "-o", "high.html"]).expect(0);
    browser.open(&place.dir().join("high.html"));
    browser.run("charts.zoom(data.last * DAY - 90 * DAY, data.last * DAY)");
    let labels = "const { axes: [, y], ctx } = charts.main; ctx.font = '12px sans-serif'; \
                  return y._values.map((label) => [label, ctx.measureText(label).width + y.gap < y._size])";
    let labels = browser.run(labels);
    let labels = labels.as_array().unwrap();
    assert!(labels.len() > 2);
    for label in labels {
        let text = label[0].as_str().unwrap();
        assert!(text.starts_with('$') && text.ends_with('k'), "{text}");
        assert_eq!(label[1], json!(true), "{text}");
    }
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn a_served_page_links_to_its_days_and_a_file_links_nowhere() {
    let Some(browser) = Browser::start(
        "a_served_page_links_to_its_days_and_a_file_links_nowhere",
        1280,
        900,
    ) else {
        return;
    };
    let link =
        || browser.run("charts.go(2); return document.getElementById('link').getAttribute('href')");
    let words = || browser.text("return document.getElementById('link').textContent");
    browser.open(&page("file.html"));
    assert_eq!(link(), json!(null));
    assert_eq!(words(), "blkprice report 2023-12-11");
    let store = Store::read(&WEEKS.db()).unwrap();
    let served = served_range_page(&store, *EVER.start(), *EVER.end(), "/days/{day}.html").unwrap();
    let file = WEEKS.dir().join("served.html");
    std::fs::write(&file, served).unwrap();
    browser.open(&file);
    assert_eq!(
        link(),
        json!(format!("/days/{}.html", dates::show(FIRST_DAY + 2)))
    );
    assert_eq!(words(), "page of 2023-12-11");
    browser.run("charts.go(11)");
    assert_eq!(words(), "–", "it is not stored");
}

#[test]
fn the_picture_of_a_range_is_saved() {
    let Some(browser) = Browser::start("the_picture_of_a_range_is_saved", 1000, 800) else {
        return;
    };
    browser.open(&page("png.html"));
    let downloads = browser.downloads();
    browser.click("[data-do=png]");
    let name = format!(
        "blkprice-{}..{}.png",
        dates::show(FIRST_DAY),
        dates::show(FIRST_DAY + DAYS as i32 - 1)
    );
    let (width, height) = size_of_a_drawing(&saved(&downloads, &name));
    assert!(width > 600 && height > 500, "{width} x {height}");
}
