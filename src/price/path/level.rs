//! The decade: what people typically spend.
//!
//! Round dollars and round bitcoins both repeat every factor of ten, so the comb alone cannot tell $60
//! from $600. The median payment can: on real blocks of 2013–2026 it grew about as the cube root of the
//! price, log10(median USD) = 1.53 + 0.34 (log10 P - 2.5): $34 at a price of $316, $190 at $50,000.

use super::evidence::DayEvidence;
use super::grid::{LOG10_SATS_PER_BTC, PRICES, log10_price};

/// log10 of the median payment in USD at a price of 10^2.5 USD; least squares on 241 real blocks, round
/// bitcoin amounts left out.
const MEDIAN_AT_PIVOT: f64 = 1.53;
/// Its growth per decade of price; the same fit.
const MEDIAN_SLOPE: f64 = 0.34;
/// log10 of the price at which the law is anchored.
const PIVOT: f64 = 2.5;
/// Spread of an era's habits around the law, decades. Half-year means of real blocks spread by 0.13; widened,
/// for a shift of habits not seen there must cost confidence before it costs the price.
const ERA_SPREAD: f64 = 0.17;
/// Spread of single blocks around their era's mean, decades.
const BLOCK_SPREAD: f64 = 0.27;
/// Spread of single amounts within a window, decades: the sampling error of a median of n is 1.25 of it
/// over the root of n.
const AMOUNT_SPREAD: f64 = 0.9;
/// Beyond this many standard deviations the penalty grows linearly (Huber): windows that break the law
/// altogether, when an exchange empties its wallets, are rare but not as rare as a normal law says.
const BEND: f64 = 2.0;
/// Days over which deviations from the law persist. Windows closer together share one reading.
const PERSISTENCE_DAYS: f64 = 60.0;

/// Log prior (nats) of each price bin from the median payment of a window that follows the previous one
/// after `gap_days` (infinite for the first): the next window is new information only as far as the habits
/// have had time to change.
pub(super) fn log_prior(window: &DayEvidence, gap_days: f64) -> Option<Vec<f64>> {
    if window.points == 0 {
        return None;
    }
    // Readings of an autocorrelated deviation (correlation r over the gap) carry (1 - r)/(1 + r) of what
    // independent ones do; with r = exp(-gap/τ) that is tanh(gap/2τ).
    let news = (gap_days.max(0.0) / PERSISTENCE_DAYS / 2.0).tanh();
    let sampling = 1.25 * AMOUNT_SPREAD;
    let variance = ERA_SPREAD * ERA_SPREAD
        + BLOCK_SPREAD * BLOCK_SPREAD / f64::from(window.blocks.max(1))
        + sampling * sampling / window.points as f64;
    let median_btc = f64::from(window.median_log10_sats) - LOG10_SATS_PER_BTC;
    let prior = (0..PRICES).map(|i| {
        let price = log10_price(i);
        let expected = MEDIAN_AT_PIVOT + MEDIAN_SLOPE * (price - PIVOT);
        let off = median_btc + price - expected;
        let z = off.abs() / variance.sqrt();
        let quadratic = z.min(BEND);
        -news * (0.5 * quadratic * quadratic + BEND * (z - quadratic))
    });
    Some(prior.collect())
}
