//! Ranges of BTC as ranges of whole sats, decided once so that an output costs two integer
//! comparisons.

use crate::price::histogram::SATS_PER_BTC;

/// The whole amounts `first..=last`, sats; empty if `first > last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SatsRange {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl SatsRange {
    pub(super) const EMPTY: Self = Self { first: 1, last: 0 };

    /// The amounts strictly within `share` (0.25 for ±25 %) of `btc`.
    ///
    /// The method compares BTC floats; the ends here are those at which that very comparison turns.
    pub(super) fn within(btc: f64, share: f64) -> Self {
        let (low, high) = (btc - share * btc, btc + share * btc);
        let mut first = ((low * SATS_PER_BTC).floor() as u64).saturating_sub(1);
        while to_btc(first) <= low {
            first += 1;
        }
        let mut last = (high * SATS_PER_BTC).ceil() as u64 + 1;
        while last > 0 && to_btc(last) >= high {
            last -= 1;
        }
        Self { first, last }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
        }
    }

    #[inline]
    pub(super) fn contains(self, sats: u64) -> bool {
        self.first <= sats && sats <= self.last
    }
}

/// An amount of sats in BTC. Exact up to 2^53 sats, four times the supply, then one rounded
/// division.
#[inline]
pub(super) fn to_btc(sats: u64) -> f64 {
    sats as f64 / SATS_PER_BTC
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ends_are_where_the_float_comparison_turns(
            sats in 1u64..100_000_000_000,
            share in prop::sample::select(vec![0.0001, 0.05, 0.25]),
            usd in prop::option::of(5_000.0..500_000.0f64),
        ) {
            let btc = usd.map_or(to_btc(sats), |rough| 100.0 / rough);
            let range = SatsRange::within(btc, share);
            let literal = |sats: u64| {
                let amount = sats as f64 / 1e8;
                btc - share * btc < amount && amount < btc + share * btc
            };
            for end in [range.first, range.last] {
                for near in end.saturating_sub(2)..=end + 2 {
                    prop_assert_eq!(range.contains(near), literal(near), "{} sats", near);
                }
            }
        }
    }
}
