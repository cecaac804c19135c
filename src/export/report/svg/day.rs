//! The picture of a day: its amounts, with the comb of round dollar amounts laid on at the price found.

use std::fmt::Write;

use super::scale::{Scale, round_numbers};
use super::{line, picture, text};
use crate::dates;
use crate::export::report::day::{Day, edge};
use crate::export::report::text::{dollars, grouped};
use crate::price::histogram::SATS_PER_BTC;
use crate::price::path::ROUND_USD;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 66.0;
/// Leading digits of the amounts that are labelled; the others have too little room.
const LABELLED: [f64; 3] = [1.0, 2.0, 5.0];

/// A bin of the histogram.
struct Bar {
    /// USD, or BTC where there is no price.
    from: f64,
    to: f64,
    all: u32,
    counted: u32,
}

/// The picture: SVG.
pub(in crate::export::report) fn day(day: &Day) -> String {
    let usd = day.usd();
    let worth = usd.unwrap_or(1.0) / SATS_PER_BTC;
    let bars = bars(day, worth);
    let (low, high) = day.shown();
    let (low, high) = (low * worth, high * worth);
    let top = height(&bars, low, high);
    let x = Scale::log(low, high, LEFT, WIDTH - RIGHT);
    let y = Scale::linear(0.0, top, HEIGHT - BOTTOM, TOP);
    let teeth = if usd.is_some() {
        teeth(low, high)
    } else {
        Vec::new()
    };

    let date = dates::show(day.day);
    let heading = match usd {
        Some(usd) => format!(
            "The payments of {date}, laid on the price found: {}",
            dollars(usd)
        ),
        None => format!("The payments of {date}: no price was found"),
    };
    let mut body = text("title", LEFT, 32.0, &heading) + &text("muted", LEFT, 53.0, &remark(day));
    for count in round_numbers(0.0, top, 4.0)
        .iter()
        .filter(|n| n.fract() == 0.0)
    {
        body += &line("grid", (LEFT, y.at(*count)), (WIDTH - RIGHT, y.at(*count)));
        body += &text(
            "muted end",
            LEFT - 8.0,
            y.at(*count) + 4.5,
            &grouped(*count),
        );
    }
    let wide = day.wide();
    for &(amount, digit) in &teeth {
        let weight = ROUND_USD
            .iter()
            .find(|(d, _)| *d == digit)
            .map_or(0.0, |d| d.1);
        let opacity = (weight / 1.2).clamp(0.3, 1.0);
        let (from, to) = (x.at(amount * wide.0), x.at(amount * wide.1));
        let _ = writeln!(
            body,
            "<g opacity=\"{opacity:.2}\"><rect class=\"reach\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"/>{}</g>",
            to - from,
            HEIGHT - BOTTOM - TOP,
            line(
                "tooth",
                (x.at(amount), TOP),
                (x.at(amount), HEIGHT - BOTTOM)
            )
            .trim_end()
        );
    }
    let within = |bar: &&Bar| bar.from >= low && bar.to <= high;
    let round = |bar: &&Bar| {
        let mut teeth = teeth.iter();
        teeth.any(|(amount, _)| bar.from <= amount * wide.1 && bar.to >= amount * wide.0)
    };
    let columns = |class: &str, bars: &mut dyn Iterator<Item = (&Bar, u32)>| {
        let bars = bars.filter(|(_, count)| *count > 0);
        let shape = bars.map(|(bar, count)| column(bar, f64::from(count).min(top), &x, &y));
        format!(
            "<path class=\"{class}\" d=\"{}\"/>\n",
            shape.collect::<String>()
        )
    };
    let shown = || bars.iter().filter(within);
    body += &columns("left-out", &mut shown().map(|bar| (bar, bar.all)));
    body += &columns(
        "bar",
        &mut shown()
            .filter(|bar| !round(bar))
            .map(|bar| (bar, bar.counted)),
    );
    body += &columns(
        "round",
        &mut shown().filter(round).map(|bar| (bar, bar.counted)),
    );
    body += &line(
        "axis",
        (LEFT, HEIGHT - BOTTOM),
        (WIDTH - RIGHT, HEIGHT - BOTTOM),
    );
    for (amount, digit) in labels(usd.is_some(), low, high) {
        if LABELLED.contains(&digit) {
            let label = if usd.is_some() {
                dollars(amount)
            } else {
                format!("{amount} BTC")
            };
            body += &text("middle", x.at(amount), HEIGHT - BOTTOM + 20.0, &label);
        }
    }
    body += &key(usd.is_some());
    picture(
        WIDTH,
        HEIGHT,
        &heading,
        &super::super::html::why(day),
        &body,
    )
}

/// The bins that hold something, at what a sat is worth.
fn bars(day: &Day, worth: f64) -> Vec<Bar> {
    let (first, end) = day.filled();
    let worth = |bin: usize| edge(bin) * worth;
    (first.max(1)..end) // bin 0 begins at nothing, which a logarithm has no place for
        .map(|bin| Bar {
            from: worth(bin),
            to: worth(bin + 1),
            all: day.amounts.all[bin],
            counted: day.amounts.counted[bin],
        })
        .collect()
}

/// The spikes round in bitcoin may be cut off; the amounts that count are not.
fn height(bars: &[Bar], low: f64, high: f64) -> f64 {
    let within = bars.iter().filter(|bar| bar.from >= low && bar.to <= high);
    let tallest = within
        .map(|bar| bar.all.min(bar.counted * 3 / 2).max(bar.counted))
        .max();
    f64::from(tallest.unwrap_or(0).max(1)) * 1.04
}

/// The round amounts from `low` to `high`, with their leading digit.
fn teeth(low: f64, high: f64) -> Vec<(f64, f64)> {
    // At most some twenty decades.
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    powers
        .flat_map(|power| ROUND_USD.map(|(digit, _)| (digit * 10f64.powi(power), digit)))
        .filter(|(amount, _)| (low..=high).contains(amount))
        .collect()
}

fn labels(priced: bool, low: f64, high: f64) -> Vec<(f64, f64)> {
    let mut labels = teeth(low, high);
    if !priced {
        labels.retain(|(_, digit)| *digit == 1.0);
    }
    labels
}

/// A bar as a part of a path.
fn column(bar: &Bar, count: f64, x: &Scale, y: &Scale) -> String {
    let (from, to) = (x.at(bar.from), x.at(bar.to));
    format!(
        "M{from:.1} {:.1}V{:.1}h{:.2}V{0:.1}",
        y.at(0.0),
        y.at(count),
        (to - from - 0.3).max(0.5)
    )
}

fn remark(day: &Day) -> String {
    let row = day.path.as_ref();
    match row.and_then(|row| row.interval68.zip(row.confidence)) {
        Some(((low, high), confidence)) => format!(
            "68 % interval {} to {}, confidence {confidence:.2}; amounts pile up on round dollars only where the price is right",
            dollars(low),
            dollars(high)
        ),
        None => "outputs by value in BTC".to_string(),
    }
}

fn key(priced: bool) -> String {
    let mut out = String::new();
    let mut x = LEFT;
    let named = [
        ("round", "at a round dollar amount"),
        ("bar", "other amounts"),
        ("left-out", "left out: round in bitcoin, or repeated"),
    ];
    for (class, name) in named.into_iter().skip(usize::from(!priced)) {
        let y = HEIGHT - 26.0;
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" rx=\"2\"/>"
        );
        out += &text("muted", x + 18.0, y + 10.5, name);
        x += 42.0 + 6.7 * name.len() as f64;
    }
    out
}
