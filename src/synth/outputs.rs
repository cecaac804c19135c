//! The same chain without its transactions: only the amounts, for benchmarks of price engines over whole histories.

use super::timeline::Timeline;
use super::{ChainSpec, DayTruth};

/// The qualifying outputs of one block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutputsBlock {
    /// Height.
    pub height: u32,
    /// Header time, UTC seconds.
    pub time: u32,
    /// UTC day in whose window the block lies, days since 1970-01-01.
    pub window: i32,
    /// True price when the block was found, USD per BTC.
    pub price_usd: f64,
    /// Amounts in sats, payment and change by turns.
    pub sats: Vec<u64>,
}

/// Iterator over the blocks of [`ChainSpec::outputs_only`].
#[derive(Clone, Debug)]
pub struct OutputsOnly {
    timeline: Timeline,
    share: f64,
}

impl OutputsOnly {
    pub(crate) fn new(spec: ChainSpec) -> Self {
        Self {
            share: spec.mix.qualifying(),
            timeline: Timeline::new(spec),
        }
    }

    /// As `next`, into a block whose memory is used again; false at the end.
    pub fn next_into(&mut self, block: &mut OutputsBlock) -> bool {
        let Some(mut plan) = self.timeline.next() else {
            return false;
        };
        block.height = plan.height;
        block.time = plan.time;
        block.window = plan.window;
        block.price_usd = plan.price;
        block.sats.clear();
        let payments = (plan.transactions as f64 * self.share + plan.rng.unit()) as usize; // rounds at random
        for _ in 0..payments {
            let price = self.timeline.price_paid(plan.found, &mut plan.rng);
            let (payment, change) = plan.habits.payment(price, &mut plan.rng);
            block.sats.extend(
                [payment, change]
                    .into_iter()
                    .filter(|s| super::chain::COUNTED.contains(s)),
            );
        }
        true
    }

    /// The true prices of the days begun since the last call; all days, if called once at the end.
    pub fn take_truths(&mut self) -> Vec<DayTruth> {
        self.timeline.take_truths()
    }
}

impl Iterator for OutputsOnly {
    type Item = OutputsBlock;

    fn next(&mut self) -> Option<OutputsBlock> {
        let mut block = OutputsBlock::default();
        self.next_into(&mut block).then_some(block)
    }
}
