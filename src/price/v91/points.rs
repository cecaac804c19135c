//! Price points: what an output says of the price if it was a payment of a round dollar amount.

use super::round_btc::ROUND_BTC;
use super::sats_range::{SatsRange, to_btc};
use crate::price::histogram::{CELLS, SATS_PER_BTC, cell_of};

/// The round amounts people pay, USD.
const USD: [f64; 14] = [
    5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0,
];

/// An output is read as a round amount if it lies strictly within this share of what that comes to
/// at the rough price.
const SHARE: f64 = 0.25;

/// The prices that can matter, as multiples of the rough price: the price lies within ±5 % of it
/// and the deviation looks ±10 % around that, 0.855 to 1.155. Points farther off are not collected.
const LOWEST: f64 = 0.85;
const HIGHEST: f64 = 1.16;

/// A round amount and the amounts of sats that are read as it.
#[derive(Clone, Copy)]
struct Reading {
    usd: f64,
    range: SatsRange,
}

/// Finds the points near one rough price.
pub(super) struct Points {
    readings: [Reading; USD.len()],
    /// Which of `readings` reach into each cell: from, to (exclusive).
    cell_readings: Box<[[u8; 2]; CELLS]>,
}

impl Points {
    /// `rough`: the rough price, USD per BTC, above 0.
    pub(super) fn near(rough: f64) -> Self {
        let readings = USD.map(|usd| {
            let matters = SatsRange {
                first: (usd / (HIGHEST * rough) * SATS_PER_BTC).floor() as u64,
                last: (usd / (LOWEST * rough) * SATS_PER_BTC).ceil() as u64,
            };
            Reading {
                usd,
                range: SatsRange::within(usd / rough, SHARE).and(matters),
            }
        });
        let mut cell_readings = Box::new([[0, 0]; CELLS]);
        for (nth, Reading { range, .. }) in (0u8..).zip(&readings) {
            for [from, to] in &mut cell_readings[cell_of(range.first)..=cell_of(range.last)] {
                if from == to {
                    *from = nth;
                }
                *to = nth + 1;
            }
        }
        Self {
            readings,
            cell_readings,
        }
    }

    /// Appends the points of `outputs` (sats), in USD per BTC.
    pub(super) fn collect(&self, outputs: &[u64], points: &mut Vec<f64>) {
        let round_btc = &*ROUND_BTC;
        for &sats in outputs {
            let cell = cell_of(sats);
            let [from, to] = self.cell_readings[cell];
            if from == to || round_btc.contains(cell, sats) {
                continue;
            }
            for reading in &self.readings[usize::from(from)..usize::from(to)] {
                if reading.range.contains(sats) {
                    points.push(reading.usd / to_btc(sats));
                }
            }
        }
    }
}
