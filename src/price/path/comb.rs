//! The comb: the dollar amounts people round to.
//!
//! The leading digits of a round amount matter and its decade does not: what is "round" at $20 is round
//! at $2,000. Weights are therefore the same in every decade; weights learned from today's habits (most
//! at $50 to $200) would pull an old price up by ten.

use super::grid::{
    AMOUNTS, BINS_PER_DECADE, LOG10_SATS_PER_BTC, MIN_LOG10_SATS, MIN_LOG10_USD, PRICES,
};

/// Leading digits of round amounts and their weights, ascending. The weights follow the spikes seen over
/// all eras of real blocks: 1, 2 and 5 heavy (about twice their neighbourhood or more), 3 next, the halves
/// and 4 about half of that, the rest slight.
pub(super) const MANTISSAS: [(f64, f64); 10] = [
    (1.0, 1.2),
    (1.5, 0.5),
    (2.0, 1.0),
    (2.5, 0.5),
    (3.0, 0.7),
    (4.0, 0.5),
    (5.0, 1.0),
    (6.0, 0.3),
    (7.0, 0.3),
    (8.0, 0.3),
];

/// Decades the comb covers, as powers of ten of a dollar: $0.1 to $80,000.
const DECADES: std::ops::RangeInclusive<i32> = -1..=4;

/// One tooth: a round amount in USD and its weight.
#[derive(Clone, Copy)]
pub(super) struct Tooth {
    pub(super) usd: f64,
    pub(super) weight: f64,
}

/// All teeth, ascending by amount.
pub(super) fn teeth() -> impl Iterator<Item = Tooth> {
    DECADES.flat_map(|e| {
        MANTISSAS.iter().map(move |&(m, weight)| Tooth {
            usd: m * 10f64.powi(e),
            weight,
        })
    })
}

/// Where a tooth falls on the amount axis for price bin `price`: the (fractional) amount bin, counted from
/// bin centres, of the amount in sats that is worth `usd` dollars.
pub(super) fn amount_position(usd: f64, price: usize) -> f64 {
    let origin = usd.log10() + LOG10_SATS_PER_BTC - MIN_LOG10_SATS - MIN_LOG10_USD;
    // Bin centres of both axes stand half a bin in, so the two halves make one whole bin.
    origin * BINS_PER_DECADE as f64 - price as f64 - 1.0
}

/// Correlates whitened amounts (`AMOUNTS` long) with the comb: one score for each price bin.
pub(super) fn correlate(whitened: &[f32]) -> Vec<f32> {
    let mut score = vec![0f32; PRICES];
    for tooth in teeth() {
        let start = amount_position(tooth.usd, 0);
        let base = start.floor();
        let upper = (start - base) as f32;
        let weight = tooth.weight as f32;
        // At most 10^4.9 USD x 10^10 sats: far inside i64.
        let base = base as i64;
        for (i, s) in score.iter_mut().enumerate() {
            let k = base - i as i64;
            if k < 0 {
                break;
            }
            let k = k as usize;
            if k + 1 < AMOUNTS {
                *s += weight * ((1.0 - upper) * whitened[k] + upper * whitened[k + 1]);
            }
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::path::grid::{amount_bin, price_bin};

    #[test]
    fn a_tooth_falls_on_the_bin_of_its_amount() {
        let price = price_bin(60_000.0);
        let sats = (50.0 / 60_000.0 * 1e8) as u64;
        let at = amount_position(50.0, price);
        assert!((at - amount_bin(sats).unwrap() as f64).abs() <= 1.0);
    }
}
