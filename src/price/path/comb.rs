//! The comb: the dollar amounts people round to.
//!
//! The leading digits of a round amount matter and its decade does not: what is "round" at $20 is round
//! at $2,000. The comb is the same in every decade and without end, so its score repeats every factor
//! of ten in price and is kept for one decade only; which decade it is, is not its business (see `level`).
//! Weights learned from today's habits (most at $50 to $200), or a comb with a first and a last tooth,
//! would decide the decade by accident.

use super::grid::{AMOUNTS, BINS_PER_DECADE, LOG10_SATS_PER_BTC, MIN_LOG10_SATS, MIN_LOG10_USD};

/// Leading digits of round amounts and their weights, ascending. The weights are the mean standardised
/// excess of each digit over all decades in 130 real blocks of 2014-2026, rounded; the order 1, 5, 2, 3, 1.5
/// and the rest is the same in 2014-15, 2016-18 and 2019-26. Other digits (1.25, 3.5, 4.5, 7.5, 9) show none.
pub(super) const MANTISSAS: [(f64, f64); 10] = [
    (1.0, 1.4),
    (1.5, 0.5),
    (2.0, 1.0),
    (2.5, 0.35),
    (3.0, 0.7),
    (4.0, 0.4),
    (5.0, 1.0),
    (6.0, 0.35),
    (7.0, 0.2),
    (8.0, 0.2),
];

/// Where a round amount falls on the amount axis for price bin `price`: the (fractional) amount bin, counted
/// from bin centres, of the amount in sats that is worth `usd` dollars.
pub(super) fn amount_position(usd: f64, price: usize) -> f64 {
    let origin = usd.log10() + LOG10_SATS_PER_BTC - MIN_LOG10_SATS - MIN_LOG10_USD;
    // Bin centres of both axes stand half a bin in, so the two halves make one whole bin.
    origin * BINS_PER_DECADE as f64 - price as f64 - 1.0
}

/// Correlates whitened amounts (`AMOUNTS` long) with the comb: the score of each price bin of the lowest
/// decade, and so of the bins 400, 800, ... above it.
pub(super) fn correlate(whitened: &[f32]) -> Vec<f32> {
    let mut folded = vec![0f64; BINS_PER_DECADE];
    for (i, z) in whitened.iter().enumerate().take(AMOUNTS) {
        folded[i % BINS_PER_DECADE] += f64::from(*z);
    }
    let period = BINS_PER_DECADE as i64;
    (0..BINS_PER_DECADE)
        .map(|price| {
            let teeth = MANTISSAS.iter().map(|&(mantissa, weight)| {
                let at = amount_position(mantissa, price);
                // A few thousand bins at most, far inside i64; the remainder is never negative.
                let below = (at.floor() as i64).rem_euclid(period) as usize;
                let above = (below + 1) % BINS_PER_DECADE;
                let part = at - at.floor();
                weight * ((1.0 - part) * folded[below] + part * folded[above])
            });
            teeth.sum::<f64>() as f32
        })
        .collect()
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
