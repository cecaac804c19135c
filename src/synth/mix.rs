//! The kinds of transactions in a block: those that qualify for the price, and one kind for each reason not to.

use super::chain::Sources;
use super::{Habits, Rng, Script, TxSpec, Unlock};

/// Shares of the transactions that do not qualify, by reason; the rest has two outputs and qualifies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// One output only: sweeps.
    pub one_output: f64,
    /// Three outputs or more: batches.
    pub many_outputs: f64,
    /// Two outputs, one of them OP_RETURN.
    pub op_return: f64,
    /// Six inputs or more.
    pub many_inputs: f64,
    /// An input with more than 500 bytes of witness.
    pub big_witness: f64,
    /// An input that spends a transaction of the same UTC day.
    pub same_day: f64,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            one_output: 0.12,
            many_outputs: 0.10,
            op_return: 0.06,
            many_inputs: 0.03,
            big_witness: 0.04,
            same_day: 0.15,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Qualifying,
    OneOutput,
    ManyOutputs,
    OpReturn,
    ManyInputs,
    BigWitness,
    SameDay,
}

impl Mix {
    /// Every transaction qualifies.
    pub const ALL_QUALIFY: Mix = Mix {
        one_output: 0.0,
        many_outputs: 0.0,
        op_return: 0.0,
        many_inputs: 0.0,
        big_witness: 0.0,
        same_day: 0.0,
    };

    fn shares(&self) -> [(f64, Kind); 6] {
        [
            (self.one_output, Kind::OneOutput),
            (self.many_outputs, Kind::ManyOutputs),
            (self.op_return, Kind::OpReturn),
            (self.many_inputs, Kind::ManyInputs),
            (self.big_witness, Kind::BigWitness),
            (self.same_day, Kind::SameDay),
        ]
    }

    /// Share of the transactions that qualify.
    pub fn qualifying(&self) -> f64 {
        (1.0 - self.shares().iter().map(|s| s.0).sum::<f64>()).max(0.0)
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> Kind {
        let mut left = rng.unit();
        for (share, kind) in self.shares() {
            if left < share {
                return kind;
            }
            left -= share;
        }
        Kind::Qualifying
    }
}

impl Kind {
    /// Makes `tx` a transaction of this kind that pays `amounts` (sats, the outputs in order). True if it qualifies.
    pub(crate) fn fill(
        self,
        tx: &mut TxSpec,
        amounts: (u64, u64),
        habits: &Habits,
        sources: &Sources<'_>,
        rng: &mut Rng,
    ) -> bool {
        tx.clear();
        let mut same_day = false;
        let inputs = match self {
            Kind::ManyInputs => 6 + rng.below(20),
            _ if rng.chance(0.75) => 1,
            _ => 2 + rng.below(4), // up to five qualify
        };
        let odd = rng.below(inputs);
        for i in 0..inputs {
            let unlock = match self {
                Kind::BigWitness if i == odd => {
                    witness(501 + if rng.chance(0.1) { 0 } else { rng.below(1500) })
                }
                _ => ordinary(rng),
            };
            let from_today = self == Kind::SameDay && i == odd && !sources.today.is_empty();
            let coin = if from_today {
                same_day = true;
                Some(sources.today[rng.below(sources.today.len())])
            } else if rng.chance(0.2) && !sources.yesterday.is_empty() {
                Some(sources.yesterday[rng.below(sources.yesterday.len())])
            } else {
                None
            };
            tx.push_input(coin.map(|(txid, _)| txid), rng.below(3) as u32, unlock); // below 3
            tx.set_created_at(coin.map_or(sources.before, |(_, height)| height));
        }
        let (first, second) = amounts;
        match self {
            Kind::OneOutput => tx.push_output(first, lock(rng)),
            Kind::OpReturn => {
                tx.push_output(first, lock(rng));
                tx.push_output(0, Script::OpReturn(8 + rng.below(60) as u8)); // below 68
            }
            _ => {
                tx.push_output(first, lock(rng));
                tx.push_output(second, lock(rng));
            }
        }
        if self == Kind::ManyOutputs {
            for _ in 0..=rng.below(12) {
                let more = habits.payment(50_000.0, rng).1;
                tx.push_output(more, lock(rng));
            }
        }
        match self {
            Kind::Qualifying => true,
            Kind::SameDay => !same_day, // the day's first transaction has nothing to spend
            _ => false,
        }
    }
}

fn ordinary(rng: &mut Rng) -> Unlock {
    match rng.below(100) {
        0..50 => Unlock::P2wpkh,
        50..75 => Unlock::Legacy,
        75..92 => Unlock::P2tr,
        92..98 => Unlock::Witness(vec![0, 71, 72, 105]), // two of three keys
        98 => Unlock::Witness(vec![0, 72, 71, 72, 72, 200]),
        _ => witness(500),
    }
}

/// Witness items of `bytes` in all.
fn witness(bytes: usize) -> Unlock {
    Unlock::Witness(vec![64, bytes - 64 - 33, 33])
}

fn lock(rng: &mut Rng) -> Script {
    match rng.below(100) {
        0..45 => Script::P2wpkh,
        45..65 => Script::P2tr,
        65..80 => Script::P2pkh,
        80..93 => Script::P2sh,
        _ => Script::P2wsh,
    }
}
