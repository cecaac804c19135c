//! The coarse price grid, shared by evidence and decoding.
//!
//! Prices and amounts are handled as decimal logarithms with 400 bins a decade (0.58 % a bin): fine
//! enough that two neighbouring bins are never two different hypotheses, coarse enough that sixteen
//! years of days fit in memory.

/// Bins in a decade, for amounts and for prices.
pub(super) const BINS_PER_DECADE: usize = 400;
/// log10 of the lowest price on the grid, USD per BTC ($0.01).
pub(super) const MIN_LOG10_USD: f64 = -2.0;
/// Nine decades: $0.01 to $10,000,000.
pub(super) const PRICES: usize = 9 * BINS_PER_DECADE;
/// log10 of the lowest amount counted, sats (the filter's bound of 1e-5 BTC).
pub(super) const MIN_LOG10_SATS: f64 = 3.0;
/// Ten decades of amounts: 1,000 sats to 100,000 BTC.
pub(super) const AMOUNTS: usize = 10 * BINS_PER_DECADE;
/// log10 of the sats in one bitcoin.
pub(super) const LOG10_SATS_PER_BTC: f64 = 8.0;

/// log10 of the price (USD per BTC) at the centre of price bin `i`.
pub(super) fn log10_price(i: usize) -> f64 {
    MIN_LOG10_USD + (i as f64 + 0.5) / BINS_PER_DECADE as f64
}

/// The price bin that holds a price in USD per BTC, clamped to the grid.
pub(super) fn price_bin(usd: f64) -> usize {
    let x = (usd.log10() - MIN_LOG10_USD) * BINS_PER_DECADE as f64;
    // A float-to-integer cast saturates, so a price below the grid (or NaN) gives bin 0.
    (x as usize).min(PRICES - 1)
}

/// The amount bin of an amount in sats, or `None` outside the ten decades.
pub(super) fn amount_bin(sats: u64) -> Option<usize> {
    let x = ((sats as f64).log10() - MIN_LOG10_SATS) * BINS_PER_DECADE as f64;
    (x >= 0.0 && x < AMOUNTS as f64).then_some(x as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_own_centre() {
        for i in [0, 1, 1799, PRICES - 1] {
            assert_eq!(price_bin(10f64.powf(log10_price(i))), i);
        }
        assert_eq!(price_bin(1e-9), 0);
        assert_eq!(price_bin(1e12), PRICES - 1);
    }

    #[test]
    fn amounts_outside_the_filter_have_no_bin() {
        assert_eq!(amount_bin(0), None);
        assert_eq!(amount_bin(999), None);
        assert_eq!(amount_bin(1_000), Some(0));
        assert_eq!(amount_bin(10_000_000_000_000), None);
    }
}
