//! A price that moves like one: minute by minute, its volatility wandering, with fat tails and rare jumps.

use std::collections::VecDeque;

use super::Rng;

/// Seconds of a UTC day.
pub(crate) const DAY: i64 = 86_400;
const MINUTES: usize = 1440;

/// How the true price moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriceModel {
    /// Price at the start, USD per BTC.
    pub start_usd: f64,
    /// Typical standard deviation of a day's log return; 0.03 is usual for bitcoin.
    pub daily_volatility: f64,
    /// Mean of a day's log return.
    pub daily_drift: f64,
}

impl Default for PriceModel {
    fn default() -> Self {
        Self {
            start_usd: 60_000.0,
            daily_volatility: 0.03,
            daily_drift: 0.0,
        }
    }
}

/// The true price of one UTC day, midnight to midnight, in USD per BTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayTruth {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Price at its first moment.
    pub open: f64,
    /// Highest of its minutes.
    pub high: f64,
    /// Lowest of its minutes.
    pub low: f64,
    /// Price at its end.
    pub close: f64,
    /// Time-weighted mean.
    pub mean: f64,
}

/// The minutes of the last days, extended as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct PricePath {
    model: PriceModel,
    rng: Rng,
    log_volatility: f64,
    /// Day of the first of `minutes`.
    first_day: i64,
    /// Prices at whole minutes, of at most `KEEP` days and their end.
    minutes: VecDeque<f64>,
    truths: Vec<DayTruth>,
}

/// Days whose minutes are kept: payments in a block can be a day old.
const KEEP: usize = 3;

impl PricePath {
    pub(crate) fn new(model: PriceModel, first_day: i32, seed: u64) -> Self {
        Self {
            model,
            rng: Rng::derive(seed, 1),
            log_volatility: 0.0,
            first_day: first_day.into(),
            minutes: VecDeque::from([model.start_usd.clamp(0.01, 1e7)]),
            truths: Vec::new(),
        }
    }

    /// Price at `time` (UTC seconds), made up as far as needed; before what is kept, the earliest price kept.
    pub(crate) fn at(&mut self, time: f64) -> f64 {
        let end = |path: &Self| path.first_day * DAY + (path.minutes.len() as i64 - 1) * 60;
        while time >= end(self) as f64 {
            self.extend();
        }
        let minute = ((time - (self.first_day * DAY) as f64) / 60.0).max(0.0);
        let last = self.minutes.len() - 1; // there is always one
        let i = (minute as usize).min(last);
        let (a, b) = (self.minutes[i], self.minutes[(i + 1).min(last)]);
        a + (minute - i as f64).min(1.0) * (b - a)
    }

    /// Truths of the days made so far, taken out.
    pub(crate) fn take_truths(&mut self) -> Vec<DayTruth> {
        std::mem::take(&mut self.truths)
    }

    /// Adds a day.
    fn extend(&mut self) {
        let rng = &mut self.rng;
        self.log_volatility = 0.9 * self.log_volatility + 0.16 * rng.normal();
        let volatility = self.model.daily_volatility * (self.log_volatility - 0.07).exp();
        let step = volatility / (MINUTES as f64).sqrt();
        let drift = self.model.daily_drift / MINUTES as f64;
        // News: about once in three weeks the price moves by a day's worth within minutes.
        let jump_at = if rng.chance(0.05) {
            rng.below(MINUTES)
        } else {
            MINUTES
        };
        let jump = 1.2 * volatility * rng.fat_tailed() / 8.0;
        let open = self.minutes.back().copied().unwrap_or(self.model.start_usd);
        let (mut price, mut high, mut low, mut sum) = (open, open, open, 0.0);
        for minute in 0..MINUTES {
            let mut change = drift + step * rng.fat_tailed();
            if (jump_at..jump_at + 8).contains(&minute) {
                change += jump;
            }
            let next = (price * change.exp()).clamp(0.01, 1e7);
            sum += 0.5 * (price + next);
            price = next;
            high = high.max(price);
            low = low.min(price);
            self.minutes.push_back(price);
        }
        let day = self.first_day + (self.minutes.len() as i64 - 1) / MINUTES as i64 - 1;
        self.truths.push(DayTruth {
            day: day as i32, // days of an i32 start
            open,
            high,
            low,
            close: price,
            mean: sum / MINUTES as f64,
        });
        if self.minutes.len() > KEEP * MINUTES + 1 {
            self.minutes.drain(..MINUTES);
            self.first_day += 1;
        }
    }
}
