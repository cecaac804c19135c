//! Databases that hold little: pages still open, and say what is not there.

use blkprice::synth::ChainSpec;
use serde_json::json;

use super::browser::{Browser, saved};
use super::png::size_of_a_drawing;
use super::support::{Place, active};

fn spec() -> ChainSpec {
    ChainSpec {
        days: 3,
        blocks_per_day: 12.0,
        transactions_per_day: 300.0,
        ..ChainSpec::default()
    }
}

#[track_caller]
fn opens(browser: &Browser, place: &Place, days: &[&str]) {
    place
        .run([&["report", "-o", "page.html"], days].concat())
        .expect(0);
    browser.open(&place.dir().join("page.html"));
    for button in ["in", "out", "left", "right", "reset"] {
        if browser.run(&format!(
            "return document.querySelector('[data-do={button}]').checkVisibility()"
        )) == json!(true)
        {
            browser.click(&format!("[data-do={button}]"));
        }
    }
    browser.run("for (const at of [0, 1, 5]) charts.go(at)");
    assert_eq!(browser.errors(), [""; 0], "{days:?}");
    assert_eq!(browser.run("return document.body.innerText.includes('NaN') || document.body.innerText.includes('undefined')"), json!(false));
}

#[track_caller]
fn saves(browser: &Browser, name: &str) -> Vec<u8> {
    let downloads = browser.downloads();
    browser.click("[data-do=png]");
    saved(&downloads, name)
}

#[test]
fn pages_open_where_there_is_next_to_nothing_to_show() {
    let Some(browser) = Browser::start(
        "pages_open_where_there_is_next_to_nothing_to_show",
        1280,
        900,
    ) else {
        return;
    };
    // Scanned and not priced.
    let unpriced = Place::with(&active(spec().blocks()));
    unpriced.scan(&[]).expect(0);
    opens(&browser, &unpriced, &[]);
    assert_eq!(
        browser
            .text("return document.querySelector('.legend [data-state=unpriced]').dataset.count"),
        "3"
    );
    let shown = |selector: &str| {
        browser.run(&format!(
            "return document.querySelector('{selector}').checkVisibility()"
        ))
    };
    let words = || browser.text("return document.querySelector('main').innerText");
    assert!(words().contains("No day has a price yet; blkprice price makes the prices."));
    for empty in ["#price", "#confidence", "[data-do=scale]"] {
        assert_eq!(shown(empty), json!(false), "{empty}");
    }
    assert_eq!(shown("#calendar"), json!(true));
    size_of_a_drawing(&saves(&browser, "blkprice-2024-02-01..2024-02-03.png"));

    opens(&browser, &unpriced, &["2024-02-02"]);
    assert!(
        browser
            .text("return document.querySelector('.sub').textContent")
            .contains("no price yet; `blkprice price` makes it")
    );
    for empty in ["#path", "[data-do=cloud]", "[data-do=csv]", "#try"] {
        assert_eq!(shown(empty), json!(false), "{empty}");
    }
    assert_eq!(shown("#amounts"), json!(true));
    assert!(!words().contains("Why this price"));
    assert!(words().contains("There is no price to explain yet."));
    for (from, to) in [(1e3, 1e9), (1.0, 1e14), (1e4, 3e5), (1e5, 2e5)] {
        let apart = browser.run(&format!(
            "amountCharts.zoom({from}, {to}); const u = amountCharts.main, a = u.axes[0]; u.ctx.font = '12px sans-serif'; \
             const ends = a._splits.map((sats, i) => [u.valToPos(sats, 'x'), u.ctx.measureText(a._values[i]).width / 2]); \
             return ends.length > 1 && ends.every(([x, half], i) => i === 0 || x - half > ends[i - 1][0] + ends[i - 1][1])"
        ));
        assert_eq!(apart, json!(true), "labels from {from} to {to}");
    }
    size_of_a_drawing(&saves(&browser, "blkprice-2024-02-02.png"));

    // Priced by an engine of before.
    unpriced.backfill(&[]).expect(0);
    let db = unpriced.open_db();
    db.execute("UPDATE path_evidence SET version = 0", [])
        .unwrap();
    opens(&browser, &unpriced, &["2024-02-02"]);
    let why = browser.text("return document.body.textContent");
    assert!(why.contains("of an older version of the engine; `blkprice price` makes it"));
    assert!(!why.contains("No price was found"));

    // A single day of a range.
    opens(&browser, &unpriced, &["2024-02-03..2024-12-31"]);

    // Nobody paid anybody.
    let idle = Place::with(&active(
        ChainSpec {
            transactions_per_day: 0.0,
            ..spec()
        }
        .blocks(),
    ));
    idle.backfill(&[]).expect(0);
    opens(&browser, &idle, &[]);
    opens(&browser, &idle, &["2024-02-02"]);
    assert_eq!(shown("#amounts"), json!(false));
    assert_eq!(shown("[data-do=png]"), json!(false));
    idle.run(["report", "--svg", "2024-02-02", "-o", "-"])
        .expect(0);

    // One block.
    let mut blocks = active(spec().blocks());
    blocks.truncate(1);
    let one = Place::with(&blocks);
    one.backfill(&[]).expect(0);
    opens(&browser, &one, &[]);
    opens(&browser, &one, &["2024-02-01"]);
}
