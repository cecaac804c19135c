//! The cloud of a day: for each amount near a round dollar amount, the price at which it would be exactly that.

use crate::price::path::{BlockOutputs, price_points};

/// More points than this make a page slow and show nothing more.
const MOST: usize = 60_000;
/// Steps between the lowest and the highest price of the cloud: finer than a pixel.
const STEPS: f64 = 4_000.0;
/// The cloud reaches at least this far to both sides of the day's price, and at most that far.
const REACH: (f64, f64) = (0.05, 0.20);
/// Room beyond the day's highest and lowest price.
const ROOM: f64 = 0.025;

/// The points of a day.
#[derive(Debug)]
pub(super) struct Cloud {
    /// Lowest and highest price shown, USD per BTC.
    pub(super) low: f64,
    pub(super) high: f64,
    /// For each block, where its points lie between the two, 0 to [`Cloud::steps`].
    pub(super) points: Vec<Vec<u16>>,
    /// How many points there were before some were left out.
    pub(super) total: usize,
}

impl Cloud {
    /// The cloud around `usd`; `extremes` are the lowest and highest price the path takes.
    pub(super) fn around(usd: f64, extremes: (f64, f64), blocks: &[BlockOutputs]) -> Cloud {
        let way = (extremes.1 / usd).max(usd / extremes.0) - 1.0 + ROOM;
        let reach = way.clamp(REACH.0, REACH.1);
        let (low, high) = (usd / (1.0 + reach), usd * (1.0 + reach));
        let found = price_points(blocks, usd, reach);
        let total: usize = found.iter().map(Vec::len).sum();
        let shown = total.min(MOST);
        let mut seen = 0;
        let points = found.iter().map(|block| {
            // Every so-manieth point: they come by block and amount, so each kind keeps its share.
            let kept = block.iter().filter(|_| {
                let before = seen * shown / total;
                seen += 1;
                seen * shown / total > before
            });
            // Between 0 and STEPS, far below 2^16.
            kept.map(|usd| {
                ((usd - low) / (high - low) * STEPS)
                    .round()
                    .clamp(0.0, STEPS) as u16
            })
            .collect()
        });
        Cloud {
            low,
            high,
            points: points.collect(),
            total,
        }
    }

    /// Steps between [`Cloud::low`] and [`Cloud::high`].
    pub(super) fn steps(&self) -> u32 {
        STEPS as u32
    }

    /// How many points are left.
    pub(super) fn shown(&self) -> usize {
        self.points.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_cloud_is_thinned_evenly_and_a_small_one_is_whole() {
        let blocks = |blocks: u32, each: u64| -> Vec<BlockOutputs> {
            (0..blocks)
                .map(|height| BlockOutputs {
                    height,
                    time: 0,
                    // $20 at a little above $50,000, none of them round.
                    sats: (0..each)
                        .map(|i| 39_001 + i % 800 + i / 800 * 100_000_000)
                        .collect(),
                })
                .collect()
        };
        let small = Cloud::around(50_000.0, (49_000.0, 51_000.0), &blocks(3, 100));
        assert_eq!((small.shown(), small.total), (300, 300));
        let large = Cloud::around(50_000.0, (49_000.0, 51_000.0), &blocks(100, 800));
        assert_eq!(large.shown(), MOST);
        assert!(large.total > MOST);
        let counts: Vec<usize> = large.points.iter().map(Vec::len).collect();
        let (least, most) = (counts.iter().min(), counts.iter().max());
        assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
    }
}
