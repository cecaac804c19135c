//! The page of a day, in a browser.

use serde_json::json;

use super::browser::{Browser, saved};
use super::database::{DAY, WEEKS, WITHOUT};
use super::png::size_of_a_drawing;

fn page(day: &str, name: &str) -> std::path::PathBuf {
    WEEKS.run(["report", day, "-o", name]).expect(0);
    WEEKS.dir().join(name)
}

/// Height, time, USD, low and high of the day's blocks, as `block_price` has them.
fn block_prices() -> Vec<(u32, u32, f64, f64, f64)> {
    let db = WEEKS.open_db();
    let mut statement = db
        .prepare("SELECT p.* FROM block_price AS p JOIN block AS b USING (height) WHERE b.day = ?1 ORDER BY height")
        .unwrap();
    let rows = statement.query_map([DAY], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_block_under_the_mouse_has_its_price_and_band() {
    let Some(browser) = Browser::start(
        "the_block_under_the_mouse_has_its_price_and_band",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page(DAY, "hover.html"));
    let blocks = block_prices();
    assert!(blocks.len() > 10);
    browser.click("[data-do=height]"); // blocks are evenly far apart by height
    for place in [1, blocks.len() / 2, blocks.len() - 2] {
        // The axis begins a block before the first.
        browser.hover("#path .u-over", (place as f64 + 1.0) / blocks.len() as f64);
        let (height, time, usd, low, high) = blocks[place];
        let read = |field: &str| browser.field("readout", field).unwrap();
        assert_eq!(read("height"), height.to_string());
        assert_eq!(read("time"), time.to_string());
        assert_eq!(read("usd").parse::<f64>().unwrap(), usd);
        assert_eq!(read("interval68"), format!("{low}..{high}"));
    }
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn the_cloud_and_the_histogram_hold_the_outputs_of_the_day() {
    let Some(browser) = Browser::start(
        "the_cloud_and_the_histogram_hold_the_outputs_of_the_day",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page(DAY, "outputs.html"));
    let outputs: u32 = WEEKS
        .open_db()
        .query_row(
            "SELECT outputs FROM daily_activity WHERE day = ?1",
            [DAY],
            |row| row.get(0),
        )
        .unwrap();
    let sum = |script: &str| {
        let sum = browser.run(&format!("return {script}.reduce((a, b) => a + b, 0)"));
        u32::try_from(sum.as_u64().unwrap()).unwrap()
    };
    assert_eq!(sum("data.amounts.all"), outputs);
    assert_eq!(sum("data.blocks.outputs"), outputs);
    let counted = sum("data.amounts.counted");
    assert!(
        counted < outputs && counted > outputs / 2,
        "{counted} of {outputs}"
    );
    // Each point is a round dollar amount divided by an amount of its block.
    let exported = WEEKS
        .run(["export", "outputs", "--from", DAY, "--to", DAY])
        .expect(0)
        .stdout;
    let amounts: Vec<(u32, f64)> = exported
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (
                fields[1].parse().unwrap(),
                fields[3].parse::<f64>().unwrap(),
            )
        })
        .collect();
    let points = browser.run(
        "const c = data.cloud; return data.blocks.height.map((h, i) => c.points[i].map((s) => [h, c.low + (c.high - c.low) * s / c.steps])).flat()",
    );
    let points = points.as_array().unwrap();
    assert!(points.len() > 100, "{} points", points.len());
    for point in points.iter().step_by(37) {
        let (height, usd) = (
            point[0].as_u64().unwrap() as u32,
            point[1].as_f64().unwrap(),
        );
        let stands = amounts
            .iter()
            .filter(|(at, _)| *at == height)
            .any(|(_, sats)| {
                let worth = sats / 1e8 * usd;
                let digits = worth / 10f64.powf(worth.log10().floor());
                [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0]
                    .iter()
                    .any(|round| (digits / round - 1.0).abs() < 1e-4)
            });
        assert!(stands, "{usd} in block {height} stands for no amount");
    }
    assert!(
        browser
            .text("return document.body.innerText")
            .contains("points are drawn")
    );
}

#[test]
fn another_price_can_be_laid_on_and_fits_worse() {
    let Some(browser) = Browser::start("another_price_can_be_laid_on_and_fits_worse", 1280, 900)
    else {
        return;
    };
    browser.open(&page(DAY, "laid.html"));
    let laid = || {
        browser
            .text("return document.getElementById('laid-at').dataset.value")
            .parse::<f64>()
            .unwrap()
    };
    let round = || {
        browser
            .run("return atTeeth().reduce((sum, near, i) => sum + (near ? counted[i] : 0), 0)")
            .as_f64()
            .unwrap()
    };
    let usd: f64 = WEEKS
        .open_db()
        .query_row(
            "SELECT usd FROM daily_price WHERE engine = 'path' AND day = ?1",
            [DAY],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(laid(), usd);
    let found = round();
    for _ in 0..2 {
        browser.click("[data-do=step][data-by='1.03']");
    }
    assert!((laid() / usd - 1.03f64.powi(2)).abs() < 1e-9);
    assert!(
        round() < found * 0.9,
        "{} at another price, {found} at the price found",
        round()
    );
    browser.click("[data-do=half]");
    assert_eq!(laid(), usd / 2.0);
    browser.run("document.getElementById('laid').focus()");
    browser.press(&["\u{e014}"]); // an arrow to the right
    assert!(laid() > usd / 2.0);
    browser.click("[data-do=found]");
    assert_eq!(laid(), usd);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn the_keyboard_moves_through_blocks_and_bins() {
    let Some(browser) = Browser::start("the_keyboard_moves_through_blocks_and_bins", 1280, 900)
    else {
        return;
    };
    browser.open(&page(DAY, "keys.html"));
    let blocks = block_prices();
    browser.run("document.getElementById('charts').focus()");
    browser.press(&["\u{e011}", "\u{e014}", "\u{e014}"]); // Home, right, right
    assert_eq!(
        browser.field("readout", "height"),
        Some(blocks[2].0.to_string())
    );
    let view = |charts: &str| browser.run(&format!("return {charts}.view()"));
    for charts in ["charts", "amountCharts"] {
        browser.run(&format!("{charts}.host.focus(); {charts}.reset()"));
        let whole = view(charts);
        browser.press(&["+", "+"]);
        assert_ne!(view(charts), whole, "{charts}");
        browser.press(&["\u{e00c}"]); // Escape
        assert_eq!(view(charts), whole, "{charts}");
    }
    let bin = || {
        browser
            .field("amount-readout", "btc")
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    browser.press(&["\u{e011}"]); // Home
    let first = bin();
    browser.press(&["\u{e014}"]);
    assert!(
        (bin() / first / 10f64.powf(1.0 / 200.0) - 1.0).abs() < 1e-3,
        "the next bin"
    );
}

#[test]
fn the_csv_of_a_day_is_its_block_prices_and_its_picture_is_saved() {
    let Some(browser) = Browser::start(
        "the_csv_of_a_day_is_its_block_prices_and_its_picture_is_saved",
        1000,
        800,
    ) else {
        return;
    };
    browser.open(&page(DAY, "csv.html"));
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    browser.click("[data-do=csv]");
    browser.wait("return typeof window.copied === 'string'");
    let mut expected = "height,time,usd,low,high\n".to_string();
    for (height, time, usd, low, high) in block_prices() {
        expected += &format!("{height},{time},{usd},{low},{high}\n");
    }
    assert_eq!(browser.text("return window.copied"), expected);
    let downloads = browser.downloads();
    browser.click("[data-do=png]");
    size_of_a_drawing(&saved(&downloads, &format!("blkprice-{DAY}.png")));
}

#[test]
fn a_day_is_drawn_light_and_dark_and_fits_a_phone() {
    let Some(browser) = Browser::start("a_day_is_drawn_light_and_dark_and_fits_a_phone", 1280, 900)
    else {
        return;
    };
    let page = page(DAY, "looks.html");
    browser.open(&page);
    let background = || browser.text("return getComputedStyle(document.body).backgroundColor");
    let light = background();
    size_of_a_drawing(&browser.screenshot());
    browser.prefer_dark();
    browser.open(&page);
    assert_ne!(background(), light);
    size_of_a_drawing(&browser.screenshot());
    browser.be_a_phone();
    browser.open(&page);
    let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
    assert_eq!(wide, json!([360, 360]), "nothing sticks out");
    size_of_a_drawing(&browser.screenshot());
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn a_day_without_a_price_says_so_and_shows_its_amounts() {
    let Some(browser) = Browser::start(
        "a_day_without_a_price_says_so_and_shows_its_amounts",
        1280,
        900,
    ) else {
        return;
    };
    browser.open(&page(WITHOUT, "without.html"));
    assert!(
        browser
            .text("return document.querySelector('h1').textContent")
            .ends_with("no price")
    );
    assert_eq!(
        browser.run("return document.getElementById('try').hidden"),
        json!(true)
    );
    assert_eq!(browser.field("amount-readout", "worth"), None);
    assert!(
        browser
            .run("return data.amounts.all.length")
            .as_u64()
            .unwrap()
            > 10
    );
    size_of_a_drawing(&browser.screenshot());
    assert_eq!(browser.errors(), [""; 0]);
}
