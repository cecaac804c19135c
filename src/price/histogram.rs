//! The log histogram of payment amounts that both engines start from.
//!
//! Bin 0 is [0, 1e-6) BTC. From there each decade up to 10^6 BTC has 200 bins, 1.16 % wide, with
//! lower edges 10^(e + b/200) BTC. An amount goes to the last edge at or below it; the last bin has
//! no upper end.

use std::sync::LazyLock;

/// Bins of a histogram.
pub const BINS: usize = 2_401;

const BINS_PER_DECADE: usize = 200;
const FIRST_DECADE: f64 = -6.0;
pub(crate) const SATS_PER_BTC: f64 = 1e8;

/// The lower edge of `bin`, BTC.
///
/// # Panics
/// If `bin` is not below [`BINS`].
pub fn edge_btc(bin: usize) -> f64 {
    TABLES.edges[bin]
}

/// The lower edge of `bin`, sats; rarely a whole number.
///
/// # Panics
/// If `bin` is not below [`BINS`].
pub fn edge_sats(bin: usize) -> f64 {
    edge_btc(bin) * SATS_PER_BTC
}

/// The lower edges of the bins of a decade, from 1 BTC on: each decade has the same, times a power of ten.
pub fn steps() -> impl Iterator<Item = f64> {
    let one_btc = bin_of(100_000_000);
    (one_btc..one_btc + BINS_PER_DECADE).map(edge_btc)
}

/// The bin that an amount of `sats` falls in, always below [`BINS`].
pub fn bin_of(sats: u64) -> usize {
    TABLES.bin_of(sats)
}

/// How many amounts fell in each bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64; BINS]>,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self {
            counts: Box::new([0; BINS]),
        }
    }

    /// The number of amounts in each bin, [`BINS`] of them.
    pub fn counts(&self) -> &[u64; BINS] {
        &self.counts
    }

    /// The number of amounts in all bins.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Counts one amount, in sats.
    pub fn add(&mut self, sats: u64) {
        self.counts[bin_of(sats)] += 1;
    }

    /// Counts many amounts, in sats.
    pub fn add_all(&mut self, outputs: &[u64]) {
        let tables = &*TABLES;
        for &sats in outputs {
            self.counts[tables.bin_of(sats)] += 1;
        }
    }

    /// Adds the counts of `other`, as if its amounts had been added here.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts.iter()) {
            *count += more;
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

// A cell is a finer, cheaper log scale: the exponent and the first 7 mantissa bits of the amount as
// an f64. A cell is at most 1/128 (0.78 %) wide, a bin 1.16 %, so a cell never holds more than one
// edge.
const CELL_SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - 7;
/// Cells start at 2^6 sats, the power of two below the first edge (100 sats).
const FIRST_CELL: u64 = 64f64.to_bits() >> CELL_SHIFT;
/// The last edge, 10^13.995 sats, lies between 2^46 and 2^47; larger amounts share its bin.
const LARGEST: u64 = (1 << 47) - 1;
pub(crate) const CELLS: usize = (47 - 6) << 7;

/// The cell of an amount in sats, always below [`CELLS`] and never falling as the amount grows.
#[inline]
pub(crate) fn cell_of(sats: u64) -> usize {
    // Below 2^47 both casts are exact; by way of i64, since x86 converts that in one instruction.
    let bits = (sats.min(LARGEST) as i64 as f64).to_bits();
    (bits >> CELL_SHIFT).saturating_sub(FIRST_CELL) as usize
}

/// The smallest whole amount of a cell, sats.
fn first_sats_of_cell(cell: usize) -> u64 {
    match cell {
        0 => 0,
        _ => f64::from_bits((cell as u64 + FIRST_CELL) << CELL_SHIFT).ceil() as u64,
    }
}

struct Tables {
    /// Lower edges, BTC.
    edges: [f64; BINS],
    /// The smallest whole amount of each bin, and one no amount reaches, so that every bin has a
    /// next.
    first_sats: [u64; BINS + 1],
    /// The bin of the smallest amount of each cell: right for the whole cell, or one short behind
    /// an edge.
    cell_bin: [u16; CELLS],
}

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

impl Tables {
    fn new() -> Self {
        let mut edges = [0.0; BINS];
        for (step, edge) in edges[1..].iter_mut().enumerate() {
            let decade = FIRST_DECADE + (step / BINS_PER_DECADE) as f64;
            let part = (step % BINS_PER_DECADE) as f64 / BINS_PER_DECADE as f64;
            *edge = 10f64.powf(decade + part);
        }
        let mut first_sats = [u64::MAX; BINS + 1];
        for (first, &edge) in first_sats.iter_mut().zip(&edges) {
            *first = first_sats_at_or_above(edge);
        }
        let mut cell_bin = [0; CELLS];
        for (cell, bin) in cell_bin.iter_mut().enumerate() {
            let sats = first_sats_of_cell(cell);
            // first_sats[0] is 0, so at least one edge is at or below; bins fit u16 (2,401).
            *bin = (first_sats.partition_point(|&first| first <= sats) - 1) as u16;
        }
        Self {
            edges,
            first_sats,
            cell_bin,
        }
    }

    #[inline]
    fn bin_of(&self, sats: u64) -> usize {
        let bin = usize::from(self.cell_bin[cell_of(sats)]);
        bin + usize::from(sats.min(LARGEST) >= self.first_sats[bin + 1])
    }
}

/// The smallest whole amount whose BTC value, as an f64, is at or above `btc`.
///
/// The method compares BTC floats, so an amount on an edge (1,000 sats, 1e-5 BTC) must be decided
/// by that comparison and not by a rounded product.
fn first_sats_at_or_above(btc: f64) -> u64 {
    let mut sats = ((btc * SATS_PER_BTC).floor() as u64).saturating_sub(1);
    while (sats as f64 / SATS_PER_BTC) < btc {
        sats += 1;
    }
    sats
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: the last edge at or below the amount, compared in BTC.
    fn literal_bin_of(sats: u64) -> usize {
        let btc = sats as f64 / 1e8;
        TABLES.edges.partition_point(|&edge| edge <= btc) - 1
    }

    #[test]
    fn edges_run_from_a_hundred_sats_over_twelve_decades() {
        assert_eq!(edge_btc(0), 0.0);
        assert_eq!(edge_btc(1), 1e-6);
        assert_eq!(edge_btc(201), 1e-5);
        assert_eq!(edge_btc(601), 1e-3);
        assert_eq!(edge_btc(1201), 1.0);
        assert_eq!(edge_btc(BINS - 1), 10f64.powf(5.995));
        assert_eq!(edge_sats(1201), 1e8);
        assert!(TABLES.edges.is_sorted());
    }

    #[test]
    fn whole_decades_open_their_own_bin() {
        for (decade, sats) in (1u32..).zip([100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]) {
            let bin = 1 + 200 * (decade as usize - 1);
            assert_eq!(bin_of(sats), bin);
            assert_eq!(bin_of(sats - 1), bin - 1);
        }
        assert_eq!(bin_of(0), 0);
        assert_eq!(bin_of(99), 0);
    }

    #[test]
    fn the_lookup_agrees_with_a_search_around_every_edge_and_every_cell() {
        let edges = TABLES.first_sats[..BINS].iter().copied();
        let cells = (0..CELLS).map(first_sats_of_cell);
        for centre in edges.chain(cells) {
            for sats in centre.saturating_sub(3)..=centre + 3 {
                assert_eq!(bin_of(sats), literal_bin_of(sats), "{sats} sats");
            }
        }
    }

    #[test]
    fn the_lookup_agrees_with_a_search_on_every_small_amount() {
        for sats in 0..300_000 {
            assert_eq!(bin_of(sats), literal_bin_of(sats), "{sats} sats");
        }
    }

    #[test]
    fn amounts_above_the_last_edge_fall_in_the_last_bin() {
        for sats in [
            100_000_000_000_000,
            1 << 47,
            2_100_000_000_000_000,
            u64::MAX,
        ] {
            assert_eq!(bin_of(sats), BINS - 1);
        }
    }

    #[test]
    fn merging_equals_adding_everything_to_one() {
        let (left, right) = ([1_000, 5_000, 77], [u64::MAX, 5_001]);
        let (mut a, mut b, mut whole) = (Histogram::new(), Histogram::new(), Histogram::new());
        a.add_all(&left);
        b.add_all(&right);
        a.merge(&b);
        left.iter().chain(&right).for_each(|&sats| whole.add(sats));
        assert_eq!(a, whole);
        assert_eq!(a.total(), 5);
    }

    proptest! {
        #[test]
        fn the_lookup_agrees_with_a_search(sats in any::<u64>(), shift in 0u32..64) {
            let sats = sats >> shift;
            prop_assert_eq!(bin_of(sats), literal_bin_of(sats));
        }
    }
}
