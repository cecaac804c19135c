//! When blocks are found, what their headers say, and how people pay at that time: all but the transactions.

use std::collections::VecDeque;

use super::price_path::{DAY, PricePath};
use super::{ChainSpec, DayTruth, Habits, Rng};

/// One block to be.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) height: u32,
    /// Header time, UTC seconds.
    pub(crate) time: u32,
    /// UTC day in whose window the block lies, days since 1970-01-01.
    pub(crate) window: i32,
    /// When it was really found, UTC seconds.
    pub(crate) found: f64,
    /// True price when it was found, USD per BTC.
    pub(crate) price: f64,
    /// Transactions, without the coinbase.
    pub(crate) transactions: usize,
    pub(crate) habits: Habits,
    /// The block's own random numbers.
    pub(crate) rng: Rng,
}

/// Walks through the blocks of a chain in order.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    spec: ChainSpec,
    rng: Rng,
    path: PricePath,
    found: f64,
    height: u32,
    window: i32,
    /// Header times of the last 11 blocks: a header must be later than their median.
    recent: VecDeque<u32>,
}

impl Timeline {
    pub(crate) fn new(spec: ChainSpec) -> Self {
        let path = PricePath::new(spec.price, spec.first_day, spec.seed);
        Self {
            rng: Rng::derive(spec.seed, 2),
            path,
            found: spec.first_day as f64 * DAY as f64,
            height: spec.first_height,
            window: spec.first_day,
            recent: VecDeque::new(),
            spec,
        }
    }

    /// The next block, or `None` behind the last day.
    pub(crate) fn next(&mut self) -> Option<Plan> {
        let spacing = DAY as f64 / self.spec.blocks_per_day.max(0.01);
        let start = self.spec.first_day as f64 * DAY as f64;
        self.found += spacing * self.rng.exponential();
        let end = start + f64::from(self.spec.days) * DAY as f64;
        if self.found >= end {
            if self.spec.days > 0 {
                self.path.at(end - 1.0); // days without a block have their truth too
            }
            return None;
        }
        // Miners' clocks differ: with this scale about 4 % of headers are earlier than their parent's.
        let said = self.found + 0.055 * spacing * self.rng.laplace();
        let mut sorted: Vec<u32> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let time = (said.max(start) as u32).max(median.saturating_add(1)); // saturates in 2106, as the header does
        if self.recent.len() == 11 {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
        self.window = self.window.max((i64::from(time) / DAY) as i32);
        let price = self.path.at(self.found);
        let mut rng = Rng::derive(self.spec.seed ^ 0x5eed_b10c, self.height.into());
        let empty = rng.chance(0.005);
        let mean = self.spec.transactions_per_day / self.spec.blocks_per_day.max(0.01);
        let transactions = if empty {
            0.0
        } else {
            mean * (0.3 * rng.normal() - 0.045).exp() + rng.unit()
        };
        let plan = Plan {
            height: self.height,
            time,
            window: self.window,
            found: self.found,
            price,
            transactions: transactions as usize, // rounds down; the uniform above keeps the mean
            habits: Habits::at(price, self.spec.taste, &mut rng),
            rng,
        };
        self.height += 1;
        Some(plan)
    }

    /// Price at which a payment confirmed in `plan` was agreed on: some minutes before the block was found.
    #[inline]
    pub(crate) fn price_paid(&mut self, found: f64, rng: &mut Rng) -> f64 {
        let age = if rng.chance(0.95) { 480.0 } else { 5_400.0 } * rng.exponential();
        self.path
            .at((found - age).max(self.spec.first_day as f64 * DAY as f64))
    }

    pub(crate) fn take_truths(&mut self) -> Vec<DayTruth> {
        self.path.take_truths()
    }
}
