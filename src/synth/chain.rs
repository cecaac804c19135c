//! A whole chain of payments at a known price, block by block.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, Txid};

use super::mix::Mix;
use super::timeline::{Plan, Timeline};
use super::{BlockBuilder, DayTruth, OutputsOnly, PriceModel, RawBlock, Rng, Taste, TxSpec};

/// Amounts that count for the price, in sats: strictly between 1e-5 and 1e5 BTC.
pub(crate) const COUNTED: RangeInclusive<u64> = 1_001..=9_999_999_999_999;

/// What chain to make. The same spec gives the same blocks, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainSpec {
    /// Everything random follows from it.
    pub seed: u64,
    /// First UTC day, days since 1970-01-01.
    pub first_day: i32,
    /// Number of days.
    pub days: u32,
    /// Mean number of blocks a day; gaps between them are exponential.
    pub blocks_per_day: f64,
    /// Mean number of transactions a day, those that do not qualify included.
    pub transactions_per_day: f64,
    /// How the price moves.
    pub price: PriceModel,
    /// How people pay.
    pub taste: Taste,
    /// What kinds of transactions there are.
    pub mix: Mix,
    /// Height of the first block. At 0 it is a genesis block, else its parent is one that is nowhere.
    pub first_height: u32,
    /// Probability that a block is followed by a stale branch of one or two blocks, always of less work.
    pub stale_share: f64,
}

impl Default for ChainSpec {
    /// A week from 2024-02-01 near $60,000, 144 blocks and 30,000 transactions a day, no stale blocks.
    fn default() -> Self {
        Self {
            seed: 1,
            first_day: 19_754,
            days: 7,
            blocks_per_day: 144.0,
            transactions_per_day: 30_000.0,
            price: PriceModel::default(),
            taste: Taste::default(),
            mix: Mix::default(),
            first_height: 0,
            stale_share: 0.0,
        }
    }
}

impl ChainSpec {
    /// The blocks, one after the other.
    pub fn blocks(self) -> Chain {
        Chain::new(self)
    }

    /// The same model without blocks: the qualifying amounts alone. Not the same amounts as in [`ChainSpec::blocks`].
    pub fn outputs_only(self) -> OutputsOnly {
        OutputsOnly::new(self)
    }

    /// The true price of each day, without making a block.
    pub fn truths(self) -> Vec<DayTruth> {
        let mut timeline = Timeline::new(ChainSpec {
            transactions_per_day: 0.0,
            ..self
        });
        while timeline.next().is_some() {}
        timeline.take_truths()
    }
}

/// A block and the truth about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainBlock {
    /// The block.
    pub block: RawBlock,
    /// True if the block is of a branch that lost.
    pub stale: bool,
    /// UTC day in whose window the block lies, days since 1970-01-01: the latest day of any header so far.
    pub window: i32,
    /// True price when the block was found, USD per BTC.
    pub price_usd: f64,
    /// The amounts in it that qualify, in sats and in chain order; none in a stale block.
    pub qualifying: Vec<u64>,
}

/// Iterator over the blocks of [`ChainSpec::blocks`]. A stale block comes after its rival.
#[derive(Debug)]
pub struct Chain {
    spec: ChainSpec,
    timeline: Timeline,
    /// The last blocks of the active chain without their bytes, the tip last.
    tips: VecDeque<RawBlock>,
    stale: VecDeque<ChainBlock>,
    window: i32,
    /// Height of the first block of the window.
    first: u32,
    today: Vec<(Txid, u32)>,
    yesterday: Vec<(Txid, u32)>,
}

impl Chain {
    fn new(spec: ChainSpec) -> Self {
        Self {
            timeline: Timeline::new(spec),
            tips: VecDeque::new(),
            stale: VecDeque::new(),
            window: spec.first_day,
            first: spec.first_height,
            today: Vec::new(),
            yesterday: Vec::new(),
            spec,
        }
    }

    /// The true prices of the days begun since the last call; all days, if called once at the end.
    pub fn take_truths(&mut self) -> Vec<DayTruth> {
        self.timeline.take_truths()
    }

    fn build(&mut self, mut plan: Plan) -> ChainBlock {
        if plan.window != self.window {
            self.window = plan.window;
            self.first = plan.height;
            std::mem::swap(&mut self.today, &mut self.yesterday);
            self.today.clear();
        }
        let prev = match self.tips.back() {
            Some(tip) => tip.hash,
            None if plan.height == 0 => BlockHash::all_zeros(),
            None => BlockHash::hash(&self.spec.seed.to_le_bytes()),
        };
        let mut builder = BlockBuilder::new(prev, plan.height, plan.time).seed(self.spec.seed);
        let mut qualifying = Vec::new();
        let mut tx = TxSpec::new();
        for _ in 0..plan.transactions {
            let price = self.timeline.price_paid(plan.found, &mut plan.rng);
            let mut amounts = plan.habits.payment(price, &mut plan.rng);
            if plan.rng.chance(0.5) {
                amounts = (amounts.1, amounts.0); // wallets put the change first as often as last
            }
            let kind = self.spec.mix.draw(&mut plan.rng);
            let sources = Sources {
                today: &self.today,
                yesterday: &self.yesterday,
                // Of a chain that begins here nothing is older: the height is left unknown.
                before: self.first.saturating_sub(1),
            };
            let qualifies = kind.fill(&mut tx, amounts, &plan.habits, &sources, &mut plan.rng);
            let txid = builder.add(&tx);
            remember(&mut self.today, (txid, plan.height), &mut plan.rng);
            if qualifies {
                qualifying.extend(
                    [amounts.0, amounts.1]
                        .into_iter()
                        .filter(|s| COUNTED.contains(s)),
                );
            }
        }
        let block = builder.finish();
        self.tips.push_back(RawBlock {
            bytes: Vec::new(),
            undo: Vec::new(),
            ..block
        });
        if self.tips.len() > 4 {
            self.tips.pop_front();
        }
        if plan.rng.chance(self.spec.stale_share) {
            self.fork(&mut plan);
        }
        ChainBlock {
            block,
            stale: false,
            window: plan.window,
            price_usd: plan.price,
            qualifying,
        }
    }

    /// Queues a branch that ends one block below the tip.
    fn fork(&mut self, plan: &mut Plan) {
        let length = if plan.rng.chance(0.9) { 1 } else { 2 };
        let Some(parent) = self
            .tips
            .len()
            .checked_sub(length + 2)
            .and_then(|i| self.tips.get(i))
        else {
            return;
        };
        let mut parent = parent.clone();
        for _ in 0..length {
            let mut builder = parent
                .next(1 + plan.rng.below(900) as u32)
                .seed(plan.rng.next_u64()); // below 900
            for _ in 0..plan.transactions.min(20) {
                let amounts = plan.habits.payment(plan.price, &mut plan.rng);
                builder.add(&super::payment(amounts.0, amounts.1));
            }
            let block = builder.finish();
            parent = RawBlock {
                bytes: Vec::new(),
                undo: Vec::new(),
                ..block
            };
            self.stale.push_back(ChainBlock {
                block,
                stale: true,
                window: plan.window,
                price_usd: plan.price,
                qualifying: Vec::new(),
            });
        }
    }
}

impl Iterator for Chain {
    type Item = ChainBlock;

    fn next(&mut self) -> Option<ChainBlock> {
        if let Some(stale) = self.stale.pop_front() {
            return Some(stale);
        }
        let plan = self.timeline.next()?;
        Some(self.build(plan))
    }
}

/// Real txids that inputs can refer to, each with its height.
pub(crate) struct Sources<'a> {
    /// Of the window so far: spending one disqualifies.
    pub(crate) today: &'a [(Txid, u32)],
    /// Of the window before: spending one does not.
    pub(crate) yesterday: &'a [(Txid, u32)],
    /// Where the coins of the distant past were created.
    pub(crate) before: u32,
}

/// Keeps a sample of the day's txids: all of the first 4,096, then the later ones in place of random others.
fn remember(txids: &mut Vec<(Txid, u32)>, txid: (Txid, u32), rng: &mut Rng) {
    if txids.len() < 4096 {
        txids.push(txid);
    } else if rng.chance(0.5) {
        let at = rng.below(txids.len());
        txids[at] = txid;
    }
}
