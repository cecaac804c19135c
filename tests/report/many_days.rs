//! Six thousand days at once, and a database that lies.

use std::time::Instant;

use serde_json::json;

use super::browser::Browser;
use super::database::{HOSTILE, of_many_days};
use super::support::Place;

#[test]
fn six_thousand_days_open_at_once() {
    let place = Place::new();
    of_many_days(&place.db(), 6_000, false);
    let started = Instant::now();
    place.run(["report", "-o", "all.html"]).expect(0);
    let made = started.elapsed();
    let page = place.dir().join("all.html");
    let bytes = std::fs::metadata(&page).unwrap().len();
    println!("6,000 days: made in {made:.2?}, {bytes} bytes");
    assert!(bytes < 4_000_000, "{bytes} bytes");
    let Some(browser) = Browser::start("six_thousand_days_open_at_once", 1280, 900) else {
        return;
    };
    browser.open(&page);
    // Drawn: two frames behind the scripts.
    browser.run("requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = performance.now(); }))");
    browser.wait("return window.drawn > 0");
    let times = browser.run(
        "const n = performance.getEntriesByType('navigation')[0]; \
         return [document.documentElement.dataset.ready, Math.round(n.domContentLoadedEventEnd), Math.round(n.loadEventEnd)]",
    );
    println!("6,000 days: scripts done, parsed, loaded after {times} ms");
    let ready: f64 = times[0].as_str().unwrap().parse().unwrap();
    // A second is promised; a machine that is busy with other tests gets more.
    assert!(ready < 5_000.0, "{ready} ms");
    assert_eq!(browser.run("return SPAN"), json!(6_000));
    let counted =
        browser.text("return document.querySelector('.legend [data-state=missing]').dataset.count");
    assert_eq!(
        counted,
        (0..6_000).filter(|i| i % 97 == 50).count().to_string()
    );
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn what_a_hostile_database_says_is_shown_and_not_obeyed() {
    let place = Place::new();
    of_many_days(&place.db(), 60, true);
    place.run(["report", "-o", "lies.html"]).expect(0);
    let page = place.dir().join("lies.html");
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(!text.contains("<script>document.title"), "it broke out");
    assert!(!text.contains("<img"), "it broke out");
    let Some(browser) = Browser::start(
        "what_a_hostile_database_says_is_shown_and_not_obeyed",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page);
    assert!(
        browser
            .text("return document.title")
            .starts_with("Bitcoin price")
    );
    assert_eq!(
        browser.run("return document.images.length + document.querySelectorAll('script').length"),
        json!(7)
    );
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    browser.click("[data-do=csv]");
    browser.wait("return typeof window.copied === 'string'");
    let exported = place.run(["export", "prices"]).expect(0).stdout;
    assert!(exported.contains(&HOSTILE.replace('"', "\"\"")));
    assert_eq!(browser.text("return window.copied"), exported);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn prices_that_cannot_be_are_gaps() {
    let place = Place::new();
    of_many_days(&place.db(), 30, false);
    let db = place.open_db();
    for (nth, usd) in [(7, "9e999"), (9, "-5"), (11, "0")] {
        let change = format!(
            "UPDATE price SET usd = {usd}, low68 = {usd}, high95 = {usd} WHERE engine = 'path' AND day = {}",
            18_970 + nth
        );
        assert_eq!(db.execute(&change, []).unwrap(), 1);
    }
    drop(db);
    let svg = place.run(["report", "--svg", "-o", "-"]).expect(0).stdout;
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    place.run(["report", "-o", "odd.html"]).expect(0);
    let Some(browser) = Browser::start("prices_that_cannot_be_are_gaps", 1280, 900) else {
        return;
    };
    browser.open(&place.dir().join("odd.html"));
    assert_eq!(
        browser.run("return [7, 9, 11].map((i) => column.usd[i])"),
        json!([null, null, null])
    );
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn the_page_forbids_itself_the_network() {
    let place = Place::new();
    of_many_days(&place.db(), 10, false);
    place.run(["report", "-o", "alone.html"]).expect(0);
    let Some(browser) = Browser::start("the_page_forbids_itself_the_network", 1280, 900) else {
        return;
    };
    browser.open(&place.dir().join("alone.html"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    browser.run(&format!(
        "window.blocked = []; \
         document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective)); \
         fetch('http://{address}/').catch(() => 0); \
         document.body.append(Object.assign(new Image(), {{ src: 'http://{address}/a.png' }})); \
         document.body.append(Object.assign(document.createElement('script'), {{ textContent: 'window.ran = 1' }}))"
    ));
    browser.wait("return blocked.length >= 3");
    let mut blocked: Vec<String> = serde_json::from_value(browser.run("return blocked")).unwrap();
    blocked.sort();
    assert_eq!(blocked, ["connect-src", "img-src", "script-src-elem"]);
    assert_eq!(browser.run("return window.ran ?? null"), json!(null));
    assert!(listener.accept().is_err(), "nobody called");
}
