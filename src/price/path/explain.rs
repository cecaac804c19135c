//! Why a window was decoded as it was.

use super::BlockOutputs;
use super::comb::{MANTISSAS, amount_position};
use super::evidence::{evidence, spectrum};
use super::grid::{AMOUNTS, BINS_PER_DECADE, log10_price, price_bin};
use super::window_posterior::{DayPosterior, Peak};

/// Round amounts listed at most.
const LISTED: usize = 12;
/// Powers of ten of a dollar that are looked through for round amounts.
const DECADES: std::ops::RangeInclusive<i32> = -3..=6;

/// A round dollar amount that spoke for the winning price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundAmount {
    /// USD.
    pub usd: f64,
    /// What it is worth at the winning price, sats.
    pub sats: u64,
    /// Amounts found there, within about one per cent (weighted by distance).
    pub found: f64,
    /// Amounts expected there if nobody rounded.
    pub expected: f64,
    /// Its part of the comb score, in weighted standard deviations.
    pub score: f64,
}

/// The next best price and how far behind it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunnerUp {
    /// The peak itself.
    pub peak: Peak,
    /// Its price over the winner's: 0.5 is half, 10 is ten-fold.
    pub ratio: f64,
    /// Log of the winner's share over its share, nats.
    pub nats_behind: f64,
    /// How much more the window's own outputs say for the winner, comb score; negative when only the
    /// neighbouring windows or the level of spending decided.
    pub score_behind: f64,
}

/// The reasons for one window's price.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Peaks of the posterior, the most probable first, with their shares.
    pub peaks: Vec<Peak>,
    /// The round amounts that carried the winner, the strongest first.
    pub carried_by: Vec<RoundAmount>,
    /// The second peak, if there is one.
    pub runner_up: Option<RunnerUp>,
    /// The score curve over the decade around the winner: price (USD per BTC, ascending) and what the window's
    /// own outputs say for it, in weighted standard deviations. It repeats itself in every other decade.
    pub curve: Vec<(f64, f64)>,
}

/// Explains a decoded window from its posterior and its blocks.
pub fn explain(posterior: &DayPosterior, blocks: &[BlockOutputs]) -> Explanation {
    let winner = posterior.winner();
    let second = posterior.peaks.get(1);
    Explanation {
        day: posterior.day,
        peaks: posterior.peaks.clone(),
        carried_by: winner.map_or_else(Vec::new, |w| carried_by(w.usd, blocks)),
        runner_up: winner.zip(second).map(|(w, s)| RunnerUp {
            peak: *s,
            ratio: s.usd / w.usd,
            nats_behind: (w.share / s.share).ln(),
            score_behind: w.score - s.score,
        }),
        curve: winner.map_or_else(Vec::new, |w| curve(w.usd, posterior.day, blocks)),
    }
}

fn curve(price: f64, day: i32, blocks: &[BlockOutputs]) -> Vec<(f64, f64)> {
    let score = evidence(day, blocks).score;
    let middle = price_bin(price);
    let first = middle.saturating_sub(BINS_PER_DECADE / 2);
    (first..first + BINS_PER_DECADE)
        .filter_map(|bin| {
            let own = score.get(bin % BINS_PER_DECADE)?;
            Some((10f64.powf(log10_price(bin)), f64::from(*own)))
        })
        .collect()
}

fn carried_by(price: f64, blocks: &[BlockOutputs]) -> Vec<RoundAmount> {
    let spectrum = spectrum(blocks);
    let mut out = Vec::new();
    for decade in DECADES {
        for (mantissa, weight) in MANTISSAS {
            let usd = mantissa * 10f64.powi(decade);
            let at = amount_position(usd, price_bin(price)).round();
            if at < 0.0 || at >= AMOUNTS as f64 {
                continue;
            }
            let i = at as usize;
            let score = weight * f64::from(spectrum.excess[i]);
            if score > 0.0 {
                out.push(RoundAmount {
                    usd,
                    sats: (usd / price * 1e8).round() as u64,
                    found: f64::from(spectrum.near[i]),
                    expected: f64::from(spectrum.expected[i]),
                    score,
                });
            }
        }
    }
    // A stable sort: equal scores stay in the order of amounts.
    out.sort_by(|a, b| b.score.total_cmp(&a.score));
    out.truncate(LISTED);
    out
}
