//! The decoded belief about one window, small enough to keep for every day.

use super::evidence::DayEvidence;
use super::grid::{BINS_PER_DECADE, PRICES, log10_price};
use super::posterior::normalise;

/// Bins on each side of the winner that belong to it (±12 %): nearer prices are one hypothesis, which the
/// fine pass resolves.
pub(super) const BASIN: usize = 20;
/// How many peaks are kept for the explanation.
const PEAKS: usize = 8;
/// Bins with less than this share of the posterior are dropped.
const NEGLIGIBLE: f64 = 1e-6;

/// One peak of a window's posterior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// USD per BTC.
    pub usd: f64,
    /// Share of the posterior within ±12 % of it.
    pub share: f64,
    /// What the window's own outputs say for it, in weighted standard deviations of the comb score.
    pub score: f64,
}

/// The belief about one window's price after pass 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DayPosterior {
    /// Days since 1970-01-01.
    pub day: i32,
    /// First and latest header time, UTC seconds.
    pub start: i64,
    /// Latest header time, UTC seconds.
    pub end: i64,
    /// Outputs given.
    pub outputs: u64,
    /// Amounts used for the coarse curve.
    pub points: u64,
    /// Peaks, the most probable first; the first is the winner.
    pub peaks: Vec<Peak>,
    /// Coarse bins (index, probability) that are not negligible, ascending.
    pub(super) bins: Vec<(u16, f32)>,
}

impl DayPosterior {
    /// From the belief of the other windows and this window's own likelihood, both on the whole grid.
    pub(super) fn new(window: &DayEvidence, cavity: &[f64], likelihood: &[f64]) -> Self {
        let mut p: Vec<f64> = cavity.iter().zip(likelihood).map(|(c, l)| c * l).collect();
        normalise(&mut p);
        let peaks = peaks(&p, &window.score);
        Self {
            day: window.day,
            start: window.start,
            end: window.end,
            outputs: window.outputs,
            points: window.points,
            peaks: peaks.into_iter().map(|(_, peak)| peak).collect(),
            // PRICES is 3600, below u16's range; single precision is plenty for a share.
            bins: p
                .iter()
                .enumerate()
                .filter(|(_, p)| **p > NEGLIGIBLE)
                .map(|(i, p)| (i as u16, *p as f32))
                .collect(),
        }
    }

    /// The winner: USD per BTC and the probability of its neighbourhood. `None` for a window without outputs.
    pub fn winner(&self) -> Option<Peak> {
        self.peaks.first().copied().filter(|_| self.points > 0)
    }
}

/// The peaks by share of the neighbourhood, best first, with their bins. Neighbourhoods do not overlap.
fn peaks(p: &[f64], score: &[f32]) -> Vec<(usize, Peak)> {
    let mut left = p.to_vec();
    let mut out = Vec::with_capacity(PEAKS);
    for _ in 0..PEAKS {
        let mut prefix = Vec::with_capacity(PRICES + 1);
        let mut sum = 0.0;
        prefix.push(sum);
        for x in &left {
            sum += x;
            prefix.push(sum);
        }
        let range = |i: usize| (i.saturating_sub(BASIN), (i + BASIN + 1).min(PRICES));
        let mut best = (0, 0.0);
        for i in 0..PRICES {
            let (a, b) = range(i);
            if prefix[b] - prefix[a] > best.1 {
                best = (i, prefix[b] - prefix[a]);
            }
        }
        if best.1 <= NEGLIGIBLE {
            break;
        }
        // The centre of mass of the best neighbourhood, then the neighbourhood of that.
        let (a, b) = range(best.0);
        let centre = (a..b).map(|i| i as f64 * left[i]).sum::<f64>() / best.1;
        let bin = (centre.round() as usize).min(PRICES - 1);
        let (a, b) = range(bin);
        let share: f64 = left[a..b].iter().sum();
        let usd = 10f64.powf(log10_price(0) + centre / BINS_PER_DECADE as f64);
        let own = (a..b).filter_map(|i| score.get(i % BINS_PER_DECADE));
        let top = own.copied().fold(f32::NEG_INFINITY, f32::max);
        out.push((
            bin,
            Peak {
                usd,
                share,
                score: f64::from(top),
            },
        ));
        left[a..b].fill(0.0);
    }
    out.sort_by(|x, y| y.1.share.total_cmp(&x.1.share));
    out
}
