//! The range in figures: what stands above the charts, and a table for those who cannot see or run them.

use std::fmt::Write;

use super::range::Range;
use super::text::{dollars, escape};
use crate::chain::WindowDay;
use crate::dates;
use crate::store::PriceRow;

/// A stretch of days in figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    /// A year or a month, as its days begin.
    pub(super) name: String,
    /// Stored days.
    pub(super) days: usize,
    /// Those with a price.
    pub(super) priced: usize,
    /// Open of the first priced day and close of the last, or their prices; USD per BTC.
    pub(super) ends: Option<(f64, f64)>,
    /// Lowest low and highest high, or prices; USD per BTC.
    pub(super) extremes: Option<(f64, f64)>,
    /// Median confidence of the priced days.
    pub(super) confidence: Option<f64>,
}

/// Up to so many days are told by month, more by year.
const BY_MONTH: u32 = 800;

impl Range {
    /// The stored days in figures, by month or by year.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let letters = if self.span() <= BY_MONTH { 7 } else { 4 };
        let name = |day: WindowDay| dates::show(day).chars().take(letters).collect::<String>();
        let mut stretches = Vec::new();
        for days in self.days.chunk_by(|a, b| name(a.day) == name(b.day)) {
            let (Some(first), Some(last)) = (days.first(), days.last()) else {
                continue;
            };
            let from = self.path.partition_point(|row| row.day < first.day);
            let to = self.path.partition_point(|row| row.day <= last.day);
            stretches.push(stretch(name(first.day), days.len(), &self.path[from..to]));
        }
        stretches
    }

    /// All of it in figures.
    pub(super) fn whole(&self) -> Stretch {
        stretch(String::new(), self.days.len(), &self.path)
    }

    /// The newest priced day.
    pub(super) fn newest(&self) -> Option<(&PriceRow, f64)> {
        let mut rows = self.path.iter().rev();
        rows.find_map(|row| row.usd.map(|usd| (row, usd)))
    }

    /// Median of |v9.1 / path - 1| where both have a price, and how many such days there are.
    pub(super) fn agreement(&self) -> Option<(f64, usize)> {
        let mut off: Vec<f64> = self
            .v91
            .iter()
            .filter_map(|theirs| {
                let at = self
                    .path
                    .binary_search_by_key(&theirs.day, |row| row.day)
                    .ok()?;
                Some((theirs.usd? / self.path[at].usd? - 1.0).abs())
            })
            .collect();
        let days = off.len();
        median(&mut off).map(|median| (median, days))
    }
}

fn stretch(name: String, days: usize, rows: &[PriceRow]) -> Stretch {
    let priced: Vec<(&PriceRow, f64)> = rows
        .iter()
        .filter_map(|row| row.usd.map(|usd| (row, usd)))
        .collect();
    let ends = priced.first().zip(priced.last());
    let lows = priced.iter().map(|(row, usd)| row.low.unwrap_or(*usd));
    let highs = priced.iter().map(|(row, usd)| row.high.unwrap_or(*usd));
    let mut confidences: Vec<f64> = priced
        .iter()
        .filter_map(|(row, _)| row.confidence)
        .collect();
    Stretch {
        name,
        days,
        priced: priced.len(),
        ends: ends.map(|((first, usd), (last, end))| {
            (first.open.unwrap_or(*usd), last.close.unwrap_or(*end))
        }),
        extremes: lows.reduce(f64::min).zip(highs.reduce(f64::max)),
        confidence: median(&mut confidences),
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// The table of the stretches, the newest first.
pub(super) fn table(range: &Range) -> String {
    let mut rows = String::new();
    for s in range.stretches().iter().rev() {
        let pair = |pair: Option<(f64, f64)>| {
            pair.map_or(["–".to_string(), "–".to_string()], |(a, b)| {
                [dollars(a), dollars(b)]
            })
        };
        let ([open, close], [low, high]) = (pair(s.ends), pair(s.extremes));
        let confidence = s.confidence.map_or("–".to_string(), |c| format!("{c:.2}"));
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{open}</td><td>{low}</td><td>{high}</td><td>{close}</td><td>{confidence}</td></tr>",
            escape(&s.name),
            s.days,
            s.priced,
        );
    }
    format!(
        "<table><caption>Prices by the path engine, USD per BTC</caption><thead><tr><th scope=\"col\">UTC</th>\
         <th scope=\"col\">days</th><th scope=\"col\">priced</th><th scope=\"col\">open</th><th scope=\"col\">low</th>\
         <th scope=\"col\">high</th><th scope=\"col\">close</th><th scope=\"col\">confidence</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>"
    )
}
