//! The pictures: SVG.

use super::database::{DAY, HOSTILE, WEEKS, WITHOUT, of_many_days};
use super::support::Place;

/// Fails unless the text is one well-formed element without anything that is fetched or run.
#[track_caller]
fn check(svg: &str) {
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
    assert!(svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("http").count(), 1, "the name space alone");
    for forbidden in [
        "<script",
        "href",
        "url(",
        "@import",
        "<image",
        "foreignObject",
        "NaN",
        "inf\"",
    ] {
        assert!(!svg.contains(forbidden), "{forbidden}");
    }
    assert!(
        svg.contains("<title")
            && svg.contains("<desc")
            && svg.contains("prefers-color-scheme: dark")
    );
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some((text, after)) = rest.split_once('<') {
        assert!(
            !text.contains('>') || open.last() == Some(&"style"),
            "{text}"
        );
        for entity in text.split('&').skip(1) {
            assert!(
                ["amp;", "lt;", "gt;", "quot;", "#39;"]
                    .iter()
                    .any(|known| entity.starts_with(known)),
                "{entity}"
            );
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed in order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        rest = after;
    }
    assert!(open.is_empty(), "{open:?} not closed");
}

#[test]
fn pictures_are_well_formed() {
    for args in [
        &["--svg"][..],
        &["--svg", DAY],
        &["--svg", WITHOUT],
        &["--svg", "2023-12-09..2023-12-09"],
        &["--svg", "2023-12-14..2023-12-21"],
    ] {
        check(
            &WEEKS
                .run([&["report", "-o", "-"], args].concat())
                .expect(0)
                .stdout,
        );
    }
    let place = Place::new();
    of_many_days(&place.db(), 6_000, true);
    let svg = place.run(["report", "--svg", "-o", "-"]).expect(0).stdout;
    check(&svg);
    assert!(!svg.contains(HOSTILE));
    assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
}

#[test]
fn a_picture_of_a_day_marks_the_round_amounts_and_says_the_price() {
    let svg = WEEKS
        .run(["report", DAY, "--svg", "-o", "-"])
        .expect(0)
        .stdout;
    let usd: f64 = WEEKS
        .open_db()
        .query_row(
            "SELECT usd FROM daily_price WHERE engine = 'path' AND day = ?1",
            [DAY],
            |row| row.get(0),
        )
        .unwrap();
    let digits = format!("{usd:.0}");
    let (thousands, rest) = digits.split_at(digits.len() - 3);
    assert!(
        svg.contains(&format!("laid on the price found: ${thousands},{rest}")),
        "{usd}"
    );
    for amount in ["$10<", "$20<", "$50<", "$100<", "$200<"] {
        assert!(svg.contains(&format!(">{amount}")), "{amount}");
    }
    let bars = |class: &str| {
        let (_, path) = svg
            .split_once(&format!("<path class=\"{class}\" d=\""))
            .unwrap();
        path.split_once('"').unwrap().0.matches('M').count()
    };
    assert!(bars("round") > 10 && bars("bar") > 50);
    assert!(bars("left-out") >= bars("round") + bars("bar"));
}

#[test]
fn days_without_a_price_interrupt_the_line() {
    let svg = WEEKS.run(["report", "--svg", "-o", "-"]).expect(0).stdout;
    // One day has no price, one is not stored: three stretches.
    assert_eq!(svg.matches("class=\"price\"").count(), 3);
    assert!(svg.contains("1 without price") && svg.contains("1 not stored"));
}
