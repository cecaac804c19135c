//! What a picture of a window is drawn from: the teeth of the comb, the amounts, and the prices they stand for.

use super::BlockOutputs;
use super::amounts::for_each_distinct;
use super::comb::MANTISSAS;
use crate::price::histogram::{BINS, SATS_PER_BTC, bin_of};

/// The leading digits of the dollar amounts that people round to, and how much each counts, ascending. They are the same in
/// every decade.
pub const ROUND_USD: [(f64, f64); 10] = MANTISSAS;

/// The amounts of a window in the bins of [`crate::price::histogram`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// All outputs.
    pub all: Vec<u32>,
    /// Those the engine looks at: neither round in bitcoin nor a repetition within a block.
    pub counted: Vec<u32>,
}

/// Counts the amounts of a window.
pub fn amounts(blocks: &[BlockOutputs]) -> Amounts {
    let mut amounts = Amounts {
        all: vec![0; BINS],
        counted: vec![0; BINS],
    };
    for block in blocks {
        for &sats in &block.sats {
            amounts.all[bin_of(sats)] += 1;
        }
        for_each_distinct(&block.sats, |sats| amounts.counted[bin_of(sats)] += 1);
    }
    amounts
}

/// The prices within `share` of `usd` (USD per BTC) at which an amount of a block would be a round dollar amount, for each
/// block in the order given, and within a block in the order of amounts.
pub fn price_points(blocks: &[BlockOutputs], usd: f64, share: f64) -> Vec<Vec<f64>> {
    let reach = (1.0 + share).log10();
    let teeth = ROUND_USD.map(|(mantissa, _)| mantissa.log10());
    let origin = usd.log10() - SATS_PER_BTC.log10();
    let of_block = |block: &BlockOutputs| {
        let mut points = Vec::new();
        for_each_distinct(&block.sats, |sats| {
            // No output is of so many sats that a digit would be lost.
            let worth = (sats as f64).log10() + origin;
            for tooth in teeth {
                let off = tooth - worth;
                let off = off - off.round();
                if off.abs() < reach {
                    points.push(usd * 10f64.powf(off));
                }
            }
        });
        points
    };
    blocks.iter().map(of_block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(sats: &[u64]) -> BlockOutputs {
        BlockOutputs {
            height: 0,
            time: 0,
            sats: sats.to_vec(),
        }
    }

    #[test]
    fn a_round_amount_stands_for_the_price_it_was_made_at() {
        // $20 at $50,400 and $1,000 at $49,700; 39,000 sats are round in bitcoin; $22 stand for no price near.
        let points = price_points(
            &[block(&[39_000, 39_683, 44_000, 2_012_072])],
            50_000.0,
            0.05,
        );
        let [near] = points.as_slice() else { panic!() };
        assert_eq!(near.len(), 2, "{near:?}");
        assert!((near[0] / 50_400.0 - 1.0).abs() < 1e-4, "{near:?}");
        assert!((near[1] / 49_700.0 - 1.0).abs() < 1e-4, "{near:?}");
    }

    #[test]
    fn amounts_that_say_nothing_are_among_all_but_not_among_the_counted() {
        let amounts = amounts(&[block(&[39_683, 39_683, 100_000]), block(&[39_683])]);
        let bin = bin_of(39_683);
        assert_eq!((amounts.all[bin], amounts.counted[bin]), (3, 2));
        let bin = bin_of(100_000);
        assert_eq!((amounts.all[bin], amounts.counted[bin]), (1, 0));
    }
}
