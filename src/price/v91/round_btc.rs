//! Amounts that are round in BTC: their payer did not think in dollars, so they are no price
//! points.

use super::sats_range::SatsRange;
use crate::price::histogram::{CELLS, cell_of};
use std::sync::LazyLock;

/// Start, end and step, BTC.
const LISTS: [(f64, f64, f64); 5] = [
    (5e-5, 1e-4, 1e-5),
    (1e-4, 1e-3, 1e-5),
    (1e-3, 1e-2, 1e-4),
    (1e-2, 0.1, 1e-3),
    (0.1, 1.0, 1e-2),
];

/// How near to a round amount is too near.
const SHARE: f64 = 0.0001;

/// All amounts that are too near to a round one.
pub(super) struct RoundBtc {
    /// Round amounts stand 1 % apart or more and a cell is at most 0.78 % wide: one range a cell is
    /// enough.
    ranges: Vec<SatsRange>,
    cell_range: [u16; CELLS],
}

pub(super) static ROUND_BTC: LazyLock<RoundBtc> = LazyLock::new(RoundBtc::new);

impl RoundBtc {
    fn new() -> Self {
        // A list can end a rounding error below its end, the start of the next one: join what
        // overlaps.
        let mut ranges = vec![SatsRange::EMPTY];
        for amount in round_amounts() {
            let range = SatsRange::within(amount, SHARE);
            match ranges.last_mut() {
                Some(last) if range.first <= last.last => last.last = last.last.max(range.last),
                _ => ranges.push(range),
            }
        }
        let mut cell_range = [0; CELLS];
        for (nth, range) in (0u16..).zip(&ranges).skip(1) {
            cell_range[cell_of(range.first)..=cell_of(range.last)].fill(nth);
        }
        Self { ranges, cell_range }
    }

    /// Whether `sats`, an amount of cell `cell`, is too near to a round amount.
    #[inline]
    pub(super) fn contains(&self, cell: usize, sats: u64) -> bool {
        self.ranges[usize::from(self.cell_range[cell])].contains(sats)
    }
}

/// The round amounts, BTC, ascending. By repeated addition, as the method has them: a product would
/// differ in the last bit, and would not have the terms just under an end.
fn round_amounts() -> Vec<f64> {
    let mut amounts = Vec::new();
    for (start, end, step) in LISTS {
        let mut amount = start;
        while amount < end {
            amounts.push(amount);
            amount += step;
        }
    }
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lookup_agrees_with_the_lists_around_every_round_amount() {
        let amounts = round_amounts();
        let literal = |sats: u64| {
            let btc = sats as f64 / 1e8;
            amounts
                .iter()
                .any(|r| r - SHARE * r < btc && btc < r + SHARE * r)
        };
        for &amount in &amounts {
            let range = SatsRange::within(amount, SHARE);
            for end in [range.first, range.last] {
                for sats in end - 3..=end + 3 {
                    assert_eq!(
                        ROUND_BTC.contains(cell_of(sats), sats),
                        literal(sats),
                        "{sats} sats"
                    );
                }
            }
        }
        for sats in (1..120_000).chain((120_000..200_000_000).step_by(997)) {
            assert_eq!(
                ROUND_BTC.contains(cell_of(sats), sats),
                literal(sats),
                "{sats} sats"
            );
        }
    }
}
