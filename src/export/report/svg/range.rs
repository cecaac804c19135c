//! The picture of a range: the daily price with its bands on a logarithmic scale, the confidence below it, and a strip of
//! the days' status.

use std::fmt::Write;

use super::scale::{Scale, log_numbers};
use super::{line, picture, text};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::report::html::title;
use crate::export::report::range::Range;
use crate::export::report::text::{axis_dollars, grouped};
use crate::store::PriceRow;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 22.0;
/// Upper and lower edges of the three parts.
const PRICE: (f64, f64) = (70.0, 318.0);
const CONFIDENCE: (f64, f64) = (332.0, 376.0);
const STRIP: (f64, f64) = (390.0, 402.0);

/// A day with what is drawn of it.
type Priced<'a> = (&'a PriceRow, f64);

/// The picture: SVG.
pub(in crate::export::report) fn range(range: &Range) -> String {
    // A day is as wide as its part of the strip, and its price stands in its middle.
    let x = Scale::linear(
        f64::from(range.first) - 0.5,
        f64::from(range.last) + 0.5,
        LEFT,
        WIDTH - RIGHT,
    );
    let priced: Vec<Priced<'_>> = range
        .path
        .iter()
        .filter_map(|row| Some((row, row.usd?)))
        .collect();
    let whole = range.whole();
    let remark = format!(
        "USD per BTC with its 68 % and 95 % band; {}",
        match (whole.priced, whole.days) {
            (0, 1) => "the day has no price".to_string(),
            (1, 1) => "one day".to_string(),
            (priced, days) => format!(
                "{} of {} stored days {} a price",
                grouped(priced as f64),
                grouped(days as f64),
                if priced == 1 { "has" } else { "have" }
            ),
        }
    );
    let mut body = text("title", LEFT, 32.0, &title(range)) + &text("muted", LEFT, 53.0, &remark);
    body += &price(&priced, &x);
    body += &confidence(&priced, &x);
    body += &strip(range, &x);
    body += &labels(range, &x);
    picture(WIDTH, HEIGHT, &title(range), &remark, &body)
}

fn price(priced: &[Priced<'_>], x: &Scale) -> String {
    let lows = priced
        .iter()
        .map(|(row, usd)| row.interval95.map_or(*usd, |i| i.0));
    let highs = priced
        .iter()
        .map(|(row, usd)| row.interval95.map_or(*usd, |i| i.1));
    let (Some(low), Some(high)) = (
        lows.filter(|usd| *usd > 0.0).reduce(f64::min),
        highs.reduce(f64::max),
    ) else {
        return text("muted middle", WIDTH / 2.0, 190.0, "no day has a price");
    };
    // A band of a few days that spans decades would flatten the line.
    let usd = |fold: fn(f64, f64) -> f64| priced.iter().map(|(_, usd)| *usd).reduce(fold);
    let low = usd(f64::min).map_or(low, |usd| low.max(usd / 1.6));
    let high = usd(f64::max).map_or(high, |usd| high.min(usd * 1.6));
    let room = (high / low).powf(0.04).max(1.01);
    let (low, high) = (low / room, high * room);
    let y = Scale::log(low, high, PRICE.1, PRICE.0);
    let mut out = String::new();
    for usd in log_numbers(low, high, 8.0) {
        out += &line("grid", (LEFT, y.at(usd)), (WIDTH - RIGHT, y.at(usd)));
        out += &text("muted end", LEFT - 8.0, y.at(usd) + 4.5, &axis_dollars(usd));
    }
    let days = |row: &PriceRow| x.at(f64::from(row.day));
    let (top, bottom) = (PRICE.0, PRICE.1);
    let bar = (0.7 * (x.at(1.0) - x.at(0.0))).clamp(1.5, 9.0);
    for run in priced.chunk_by(follows) {
        for (class, interval) in [
            (
                "band95",
                (|row| row.interval95) as fn(&PriceRow) -> Option<(f64, f64)>,
            ),
            ("band68", |row| row.interval68),
        ] {
            let bounded: Vec<(f64, f64, f64)> = run
                .iter()
                .filter_map(|(row, _)| interval(row).map(|(a, b)| (days(row), a, b)))
                .filter(|(_, a, _)| *a > 0.0)
                .collect();
            // A day without neighbours has a bar.
            if let [(x, a, b)] = bounded[..] {
                let (from, to) = (y.at(b).max(top), y.at(a).min(bottom));
                let height = (to - from).max(1.0);
                let _ = writeln!(
                    out,
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{from:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                    x - bar / 2.0,
                    bar
                );
                continue;
            }
            let upper = bounded.iter().map(|(x, _, b)| (*x, y.at(*b).max(top)));
            let lower = bounded
                .iter()
                .rev()
                .map(|(x, a, _)| (*x, y.at(*a).min(bottom)));
            let _ = writeln!(
                out,
                "<path class=\"{class}\" d=\"{}\"/>",
                joined(upper.chain(lower), "Z")
            );
        }
    }
    for run in priced.chunk_by(follows) {
        if let [(row, usd)] = run {
            let (x, y) = (days(row), y.at(*usd));
            let _ = writeln!(
                out,
                "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>"
            );
            continue;
        }
        let points = run.iter().map(|(row, usd)| (days(row), y.at(*usd)));
        let _ = writeln!(out, "<path class=\"price\" d=\"{}\"/>", joined(points, ""));
    }
    out
}

fn confidence(priced: &[Priced<'_>], x: &Scale) -> String {
    let y = Scale::linear(0.0, 1.0, CONFIDENCE.1, CONFIDENCE.0);
    let mut out = String::new();
    for level in [0.0, 1.0] {
        out += &line("grid", (LEFT, y.at(level)), (WIDTH - RIGHT, y.at(level)));
    }
    let middle = (CONFIDENCE.0 + CONFIDENCE.1) / 2.0;
    out += &text("muted end", LEFT - 8.0, middle - 2.0, "confi-");
    out += &text("muted end", LEFT - 8.0, middle + 13.0, "dence");
    for run in priced.chunk_by(follows) {
        let points = run
            .iter()
            .filter_map(|(row, _)| Some((x.at(f64::from(row.day)), y.at(row.confidence?))));
        let _ = writeln!(
            out,
            "<path class=\"confidence\" d=\"{}\"/>",
            joined(points, "")
        );
    }
    out
}

/// Whether no day lies between.
fn follows(a: &Priced<'_>, b: &Priced<'_>) -> bool {
    a.0.day.checked_add(1) == Some(b.0.day)
}

/// A path through points. Of points in the same quarter of a pixel only the first, the highest, the lowest and the last
/// could be seen: here it is enough to leave out what is nearer than that to the one before. A lone point gets a width.
fn joined(points: impl Iterator<Item = (f64, f64)>, end: &str) -> String {
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    let mut count = 0;
    for (x, y) in points {
        if before.is_some_and(|b| (b.0 - x).abs() < 0.25 && (b.1 - y).abs() < 0.25) {
            continue;
        }
        let _ = write!(path, "{}{x:.1} {y:.1}", if count == 0 { "M" } else { "L" });
        before = Some((x, y));
        count += 1;
    }
    if count == 1 {
        path.push_str("h.01");
    }
    path + end
}

/// The status of every day, those not stored included, in runs of equal ones.
fn strip(range: &Range, x: &Scale) -> String {
    let states: Vec<(WindowDay, &str)> = (range.first..=range.last)
        .map(|day| (day, state(range, day)))
        .collect();
    let at = |day: WindowDay| x.at(f64::from(day) - 0.5);
    let mut out = String::new();
    for run in states.chunk_by(|a, b| a.1 == b.1) {
        let ([(day, state), ..], [.., (last, _)]) = (run, run) else {
            continue; // runs are not empty
        };
        let _ = writeln!(
            out,
            "<rect class=\"{state}\" x=\"{:.2}\" y=\"{}\" width=\"{:.2}\" height=\"{}\"/>",
            at(*day),
            STRIP.0,
            (at(last + 1) - at(*day)).max(0.6),
            STRIP.1 - STRIP.0
        );
    }
    out += &text("muted end", LEFT - 8.0, STRIP.1 - 1.5, "days");
    let mut key = LEFT;
    for (class, name) in STATES {
        let days = states.iter().filter(|(_, state)| *state == class).count();
        if days > 0 {
            let words = format!("{} {name}", grouped(days as f64));
            let _ = writeln!(
                out,
                "<rect class=\"{class}\" x=\"{key:.1}\" y=\"432\" width=\"12\" height=\"12\" rx=\"2\"/>"
            );
            out += &text("muted", key + 18.0, 442.5, &words);
            key += 40.0 + 7.2 * words.len() as f64;
        }
    }
    out
}

/// What a day can be, as classes and in words.
const STATES: [(&str, &str); 7] = [
    ("ok", "ok"),
    ("weak", "weak"),
    ("partial", "partial"),
    ("none", "without price"),
    ("unsupported", "unsupported"),
    ("unpriced", "not priced yet"),
    ("missing", "not stored"),
];

fn state(range: &Range, day: WindowDay) -> &'static str {
    if range
        .days
        .binary_search_by_key(&day, |stored| stored.day)
        .is_err()
    {
        return "missing";
    }
    let Ok(at) = range.path.binary_search_by_key(&day, |row| row.day) else {
        return "unpriced";
    };
    let status = range.path[at].status.as_str();
    STATES
        .iter()
        .find(|(class, _)| *class == status)
        .map_or("none", |(class, _)| class)
}

/// Dates below the strip.
fn labels(range: &Range, x: &Scale) -> String {
    let date = |day: WindowDay| dates::show(day);
    // What a label is made of: years, months or days, whichever are about ten.
    let letters = match range.span() {
        0..=70 => 10,
        71..=1100 => 7,
        _ => 4,
    };
    let starts: Vec<WindowDay> = (range.first..=range.last)
        .filter(|day| match letters {
            4 => date(*day).ends_with("-01-01"),
            7 => date(*day).ends_with("-01"),
            _ => true,
        })
        .collect();
    let every = starts
        .len()
        .div_ceil(if letters == 10 { 8 } else { 12 })
        .max(1);
    let mut out = String::new();
    for day in starts.into_iter().step_by(every) {
        let label: String = date(day).chars().take(letters).collect();
        let at = x
            .at(f64::from(day))
            .clamp(LEFT + 12.0, WIDTH - RIGHT - 30.0);
        out += &text("muted middle", at, STRIP.1 + 18.0, &label);
    }
    out
}
