//! The page of a range of days.

use super::{Page, figure};
use crate::dates;
use crate::export::report::range::Range;
use crate::export::report::summary::table;
use crate::export::report::text::{dollars, escape, grouped};

const BODY: &str = include_str!("../assets/range.html");
const SCRIPTS: [&str; 3] = [
    include_str!("../assets/daily.js"),
    include_str!("../assets/calendar.js"),
    include_str!("../assets/range.js"),
];

/// The page: HTML.
pub(in crate::export::report) fn range(range: &Range) -> String {
    let title = title(range);
    Page {
        description: format!(
            "Bitcoin's daily price {}, decoded from a node's own block files.",
            match range.span() {
                1 => format!("on {}", dates::show(range.first)),
                _ => format!(
                    "from {} to {}",
                    dates::show(range.first),
                    dates::show(range.last)
                ),
            }
        ),
        body: super::fill(
            BODY,
            &[
                ("title", &escape(&title)),
                ("zoom", super::ZOOM),
                ("sub", &escape(&sub(range))),
                ("figures", &figures(range)),
                ("unpriced", &unpriced(range)),
                ("hidden", super::hidden_unless(range.has_prices())),
                ("table", &table(range)),
            ],
        ),
        title,
        nav: String::new(),
        is_file: range.day_link.is_none(),
        data: range.to_json(),
        scripts: &SCRIPTS,
    }
    .render()
}

pub(in crate::export::report) fn title(range: &Range) -> String {
    let (first, last) = (dates::show(range.first), dates::show(range.last));
    match range.span() {
        1 => format!("Bitcoin price, {first}"),
        _ => format!("Bitcoin price, {first} to {last}"),
    }
}

fn sub(range: &Range) -> String {
    let chain = match range.chain.as_str() {
        "main" | "" => String::new(),
        other => format!(" Chain: {other}."),
    };
    let span = range.span();
    let stored = match range.days.len() {
        _ if span == 1 => "One day is stored.".to_string(),
        days if days as u64 == u64::from(span) => {
            format!("All {} days are stored.", grouped(f64::from(span)))
        }
        days => format!(
            "{} of {} days are stored.",
            grouped(days as f64),
            grouped(f64::from(span))
        ),
    };
    format!(
        "Each day's USD price, read off the round dollar amounts of its payments. {stored}{chain}"
    )
}

/// A paragraph in the place of the charts where they would be empty.
fn unpriced(range: &Range) -> String {
    let words = match (range.has_prices(), range.path.is_empty()) {
        (true, _) => return String::new(),
        (false, true) => "No day has a price yet; <code>blkprice price</code> makes the prices.",
        (false, false) => {
            "No day has a price: none is to be found in its outputs, and none is made up."
        }
    };
    format!("<p class=\"note\">{words}</p>\n")
}

fn figures(range: &Range) -> String {
    let mut out = String::new();
    match range.newest() {
        Some((row, usd)) => {
            out += &figure(
                "Newest price",
                &dollars(usd),
                &format!("{}, {}", dates::show(row.day), row.status),
            );
        }
        None => out += &figure("Newest price", "none", "no day has a price"),
    }
    let whole = range.whole();
    out += &figure(
        "Days with a price",
        &grouped(whole.priced as f64),
        &format!("of {} stored", grouped(whole.days as f64)),
    );
    if let Some((low, high)) = whole.extremes {
        out += &figure("Lowest", &dollars(low), "low of a day");
        out += &figure("Highest", &dollars(high), "high of a day");
    }
    if let Some(confidence) = whole.confidence {
        out += &figure(
            "Confidence",
            &format!("{confidence:.2}"),
            "median chance to be within 2\u{a0}%",
        );
    }
    if let Some((off, days)) = range.agreement() {
        out += &figure(
            "v9.1 differs by",
            &format!("{:.2} %", off * 100.0),
            &match days {
                1 => "on one day".to_string(),
                _ => format!("median of {} days", grouped(days as f64)),
            },
        );
    }
    out
}
