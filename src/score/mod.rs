//! How good prices are: stored prices against a file of prices known from elsewhere.
//!
//! [`truth`] reads the file, [`measure`] sums errors up. The truth is for scoring only: no engine sees it.

pub mod measure;
pub mod truth;

pub use measure::{Errors, Reliability, errors, reliability};
pub use truth::{Candle, Truth};

use crate::chain::WindowDay;
use crate::dates;
use crate::store::PriceRow;

/// Which price of a day is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// `usd` against the candle's mean, or against the only price there is.
    Mean,
    /// `open` against `open`.
    Open,
    /// `high` against `high`.
    High,
    /// `low` against `low`.
    Low,
    /// `close` against `close`.
    Close,
}

impl Measure {
    /// All of them.
    pub const ALL: [Measure; 5] = [
        Measure::Mean,
        Measure::Open,
        Measure::High,
        Measure::Low,
        Measure::Close,
    ];

    /// The column it speaks of.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Mean => "usd",
            Measure::Open => "open",
            Measure::High => "high",
            Measure::Low => "low",
            Measure::Close => "close",
        }
    }

    fn found(self, row: &PriceRow) -> Option<f64> {
        match self {
            Measure::Mean => row.usd,
            Measure::Open => row.open,
            Measure::High => row.high,
            Measure::Low => row.low,
            Measure::Close => row.close,
        }
    }

    fn known(self, candle: &Candle) -> Option<f64> {
        match self {
            Measure::Mean => Some(candle.mean),
            Measure::Open => candle.open,
            Measure::High => candle.high,
            Measure::Low => candle.low,
            Measure::Close => candle.close,
        }
    }
}

/// A day that has both a stored row and a truth.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// What was found.
    pub row: &'a PriceRow,
    /// What is known.
    pub candle: &'a Candle,
}

impl Pair<'_> {
    /// The year of the day.
    pub fn year(&self) -> String {
        year_of(self.row.day)
    }
}

fn year_of(day: WindowDay) -> String {
    dates::show(day).chars().take(4).collect()
}

/// The days that can be scored, and how many rows have no truth.
pub fn pair<'a>(rows: &'a [PriceRow], truth: &'a Truth) -> (Vec<Pair<'a>>, usize) {
    let pairs: Vec<Pair<'_>> = rows
        .iter()
        .filter_map(|row| {
            Some(Pair {
                row,
                candle: truth.get(row.day)?,
            })
        })
        .collect();
    let without = rows.len() - pairs.len();
    (pairs, without)
}
