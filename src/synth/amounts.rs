//! What people pay, in sats, when the price is known.
//!
//! The shapes and constants below were read off the outputs of 243 real blocks of 2011–2026 (those of transactions
//! with two outputs, few inputs and no OP_RETURN), priced by the exchange rate of their day, and nothing in `price`
//! is used here: an engine tested on its own assumptions would prove nothing. `tests/synth.rs` holds them against
//! the real blocks. What was seen, as shares of all outputs:
//!
//! | price | round USD | ≤ 3 significant digits of BTC | median, USD |
//! |---|---|---|---|
//! | $250–600 (2014–16) | 3–4 % | 21–25 % | 25–30 |
//! | $7,000–11,000 (2018–20) | 3–6 % | 11–15 % | 100–130 |
//! | $27,000–110,000 (2021–25) | 6–9 % | 10–14 % | 110–200 |

use std::f64::consts::LN_10;

use super::Rng;

const SATS: f64 = 1e8;
/// Leading digits of round USD amounts with their weights.
const USD_DIGITS: [(f64, f64); 14] = [
    (1.0, 1.0),
    (1.2, 0.1),
    (1.5, 0.3),
    (2.0, 0.65),
    (2.5, 0.25),
    (3.0, 0.5),
    (3.5, 0.06),
    (4.0, 0.22),
    (5.0, 0.7),
    (6.0, 0.18),
    (7.0, 0.09),
    (7.5, 0.08),
    (8.0, 0.11),
    (9.0, 0.05),
];
/// Exchange rate of a second currency in which some people pay round amounts.
const OTHER_CURRENCY_USD: f64 = 1.09;

/// Departures from what real blocks show, for tests of what a reader of amounts can stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taste {
    /// Everything people spend, shifted by this many decades of USD.
    pub level_shift: f64,
    /// Factor on the share of round USD amounts; 0 leaves none.
    pub round_usd: f64,
    /// Factor on the share of round BTC amounts.
    pub round_btc: f64,
    /// Factor on the scatter of round USD amounts around the price.
    pub scatter: f64,
}

impl Default for Taste {
    fn default() -> Self {
        Self {
            level_shift: 0.0,
            round_usd: 1.0,
            round_btc: 1.0,
            scatter: 1.0,
        }
    }
}

/// How people pay at one price level. Cheap enough to be made for every block.
#[derive(Clone, Debug)]
pub struct Habits {
    /// log10 of the median output in sats.
    level: f64,
    usd_share: f64,
    btc_share: f64,
    core_mean: f64,
    core_sd: f64,
    heavy_share: f64,
    scatter: f64,
    /// Round USD amounts and their cumulated probability.
    usd: Vec<(f64, f64)>,
    /// Amounts that some service pays again and again, in sats.
    favoured: [u64; 4],
}

impl Habits {
    /// Habits at `price` (USD per BTC). `rng` draws how far this block is off the ordinary.
    pub fn at(price: f64, taste: Taste, rng: &mut Rng) -> Self {
        let p = price.log10();
        let usd_level = usd_level(p) + taste.level_shift;
        // The medians of single blocks scatter by 0.15 to 0.35 decades, a part of which is chance.
        let off = 0.17 * rng.normal();
        // From 1 at $500 to 0 at $30,000: exchanges drew together and wallets' rates with them; large hot wallets grew.
        let early = ((4.5 - p) / 1.8).clamp(0.0, 1.0);
        let usd_share = (0.050 + 0.016 * (p - 2.7)).min(0.09)
            * ((p - 0.5) / 1.9).clamp(0.1, 1.0)
            * (0.25 * rng.normal()).exp();
        let btc_share =
            (0.215 * 10f64.powf(-0.18 * (p - 2.6))).clamp(0.115, 0.5) * (0.15 * rng.normal()).exp();
        let level = usd_level + off - p + 8.0;
        Self {
            level,
            usd_share: (2.0 * usd_share * taste.round_usd).min(0.5),
            btc_share: (2.0 * btc_share * taste.round_btc).min(0.8),
            core_mean: 0.08 - 0.25 * (p - 4.3).clamp(0.0, 1.0),
            core_sd: 1.05 + 0.22 * early,
            heavy_share: 0.15 - 0.10 * early,
            scatter: (0.0005 + 0.0006 * early) * taste.scatter,
            usd: usd_table(usd_level - 0.35),
            favoured: favoured(p, taste),
        }
    }

    /// One payment's amount and its change, in sats, agreed on at `price` (USD per BTC).
    #[inline]
    pub fn payment(&self, price: f64, rng: &mut Rng) -> (u64, u64) {
        let kind = rng.unit();
        let amount = if kind < self.usd_share {
            self.round_usd(price, rng)
        } else if kind < self.usd_share + self.btc_share {
            self.round_btc(rng)
        } else if kind < self.usd_share + self.btc_share + 0.012 {
            self.favoured[rng.below(self.favoured.len())]
        } else {
            self.any(rng)
        };
        (amount, self.any(rng))
    }

    /// An amount that is round in no unit: change, sweeps, goods at odd prices.
    #[inline]
    fn any(&self, rng: &mut Rng) -> u64 {
        let heavy = rng.chance(self.heavy_share);
        let (mean, sd) = if heavy {
            (1.7, 1.25)
        } else {
            (self.core_mean, self.core_sd)
        };
        to_sats((LN_10 * (self.level + mean + sd * rng.normal() - 8.0)).exp())
    }

    fn round_usd(&self, price: f64, rng: &mut Rng) -> u64 {
        let x = rng.unit();
        let at = self
            .usd
            .partition_point(|&(_, cumulated)| cumulated < x)
            .min(self.usd.len() - 1);
        let mut usd = self.usd[at].0;
        if rng.chance(0.06) {
            usd *= OTHER_CURRENCY_USD;
        }
        // Nine in ten pay at a rate close to the market's, the others at a shop's or broker's, or less a fee.
        let off = if rng.chance(0.88) {
            self.scatter * rng.normal()
        } else {
            0.005 * rng.laplace() - 0.001
        };
        to_sats(usd / (price * (1.0 + off.max(-0.5))))
    }

    fn round_btc(&self, rng: &mut Rng) -> u64 {
        // Shares of the digits among amounts of at most three: one 45 %, two 21 %, three 34 %.
        let kind = rng.unit();
        let digits = if kind < 0.45 {
            const ONE: [f64; 20] = [
                1., 1., 1., 1., 1., 1., 1., 1., 5., 5., 5., 2., 2., 2., 3., 3., 4., 6., 7., 8.,
            ];
            if rng.chance(0.04) {
                9.0
            } else {
                ONE[rng.below(ONE.len())]
            }
        } else if kind < 0.66 {
            const TWO: [f64; 8] = [1.5, 1.5, 2.5, 1.2, 1.1, 3.5, 4.5, 1.8];
            if rng.chance(0.5) {
                TWO[rng.below(TWO.len())]
            } else {
                (10 + rng.below(90)) as f64 / 10.0
            }
        } else {
            let any = 10f64.powf(rng.unit() + 2.0).floor(); // 100…999, the low ones more often
            if rng.chance(0.3) {
                (any / 5.0).floor() / 20.0
            } else {
                any / 100.0
            }
        };
        let decade = (self.level - 0.45 + 1.05 * rng.normal())
            .clamp(3.0, 12.0)
            .floor();
        to_sats(digits * 10f64.powf(decade) / SATS)
    }
}

/// log10 of the median output in USD at a price of 10^`p`: it grows about as price^0.38.
fn usd_level(p: f64) -> f64 {
    1.43 + 0.38 * (p - 2.5)
}

/// Amounts in sats that some service asks for again and again, fixed while the price stays in its third of a decade.
fn favoured(p: f64, taste: Taste) -> [u64; 4] {
    let third = (p * 3.0).floor().clamp(-30.0, 60.0);
    let mut rng = Rng::derive(17, (third + 30.0) as u64); // from 0 to 90
    let p = third / 3.0;
    std::array::from_fn(|_| {
        to_sats(10f64.powf(usd_level(p) + taste.level_shift - p - 0.5 + 0.8 * rng.normal()))
    })
}

/// Round USD amounts of nine decades around 10^`centre` USD, with cumulated probabilities.
fn usd_table(centre: f64) -> Vec<(f64, f64)> {
    let first = centre.floor() - 4.0;
    let mut table = Vec::with_capacity(9 * USD_DIGITS.len());
    let mut sum = 0.0;
    for decade in 0..9 {
        let unit = 10f64.powf(first + f64::from(decade));
        for (digits, weight) in USD_DIGITS {
            let z = ((unit * digits).log10() - centre) / 0.75;
            sum += weight * (-0.5 * z * z).exp();
            table.push((unit * digits, sum));
        }
    }
    for (_, cumulated) in &mut table {
        *cumulated /= sum;
    }
    table
}

/// Whole sats, not below the dust limit and not above 50,000 BTC.
#[inline]
fn to_sats(btc: f64) -> u64 {
    (btc * SATS).round().clamp(546.0, 5e12) as u64 // the bounds fit
}
