//! Pass 3, second half: from the path within a window to its row.

use super::BlockOutputs;
use super::confidence::{confidence, mean_sd, quantile};
use super::intraday::{self, Path};
use super::window_posterior::DayPosterior;

/// A price below this confidence is marked weak.
const WEAK_BELOW: f64 = 0.5;
/// Below this share of the posterior the odds are worse than three to two against the winner: a guess, and no price is
/// given. On the real blocks all five windows below it would have been wrong.
const GUESS_BELOW: f64 = 0.4;
/// Expected excess of a continuous walk's maximum over that of its samples, in standard deviations of one
/// sampling step: -zeta(1/2)/sqrt(2 pi) (Broadie, Glasserman and Kou 1997).
const SAMPLED_EXTREME: f64 = 0.5826;
/// Moments at which the mean over time is taken.
const MOMENTS: usize = 288;

/// Whether a window has a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A price to be used.
    Ok,
    /// A price with a confidence below one half.
    Weak,
    /// Too little signal: no price.
    None,
}

/// The price at one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockPrice {
    /// Height in the chain.
    pub height: u32,
    /// Header time, UTC seconds.
    pub time: i64,
    /// USD per BTC.
    pub usd: f64,
    /// 16th percentile, USD per BTC, given the day's neighbourhood.
    pub low: f64,
    /// 84th percentile, USD per BTC.
    pub high: f64,
}

/// One window's row. Prices in USD per BTC; all of them `None` together, when `status` is [`Status::None`].
#[derive(Clone, Debug, PartialEq)]
pub struct DayPrice {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Time-weighted mean over the window.
    pub usd: Option<f64>,
    /// Price at the window's start.
    pub open: Option<f64>,
    /// Highest price, with the expected excursion between blocks.
    pub high: Option<f64>,
    /// Lowest price, likewise.
    pub low: Option<f64>,
    /// Price at the window's end.
    pub close: Option<f64>,
    /// 68 % interval of `usd`, lower end.
    pub low68: Option<f64>,
    /// 68 % interval of `usd`, upper end.
    pub high68: Option<f64>,
    /// 95 % interval of `usd`, lower end.
    pub low95: Option<f64>,
    /// 95 % interval of `usd`, upper end.
    pub high95: Option<f64>,
    /// Probability that `usd` is within 2 % of the truth.
    pub confidence: Option<f64>,
    /// Whether there is a price, and whether to lean on it.
    pub status: Status,
    /// Qualifying outputs.
    pub outputs: u64,
    /// Outputs near a round dollar amount at this price.
    pub points: u64,
    /// The path, one price a block.
    pub blocks: Vec<BlockPrice>,
}

/// The window a row speaks for, UTC seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First second.
    pub start: i64,
    /// First second after it.
    pub end: i64,
}

impl Span {
    /// The UTC day `day` (days since 1970-01-01).
    pub fn of_day(day: i32) -> Self {
        let start = i64::from(day) * 86_400;
        Self {
            start,
            end: start + 86_400,
        }
    }
}

/// Pass 3: the row of one window from its posterior and its blocks (ascending by height). `before` and
/// `after` are the blocks of the two hours next to it, if there are any: the payments that were priced
/// around midnight stand in blocks on both sides of it. They may be empty.
pub fn refine(
    posterior: &DayPosterior,
    span: Span,
    before: &[BlockOutputs],
    blocks: &[BlockOutputs],
    after: &[BlockOutputs],
) -> DayPrice {
    let Some(winner) = posterior.winner().filter(|w| w.share >= GUESS_BELOW) else {
        return unpriced(posterior);
    };
    let all: Vec<&BlockOutputs> = before.iter().chain(blocks).chain(after).collect();
    let path = intraday::decode(posterior, winner.usd, &all);
    let own = before.len()..before.len() + blocks.len();
    let points: u64 = path.points[own.clone()].iter().map(|p| p.points).sum();
    if points == 0 {
        return unpriced(posterior);
    }
    let bounds = (span.start as f64, span.end as f64);
    let open = ln_at(&path, bounds.0);
    let close = ln_at(&path, bounds.1);
    let inside = path
        .points
        .iter()
        .filter(|p| p.time > bounds.0 && p.time < bounds.1);
    let (mut low, mut high) = (open.min(close), open.max(close));
    for p in inside {
        low = low.min(p.ln);
        high = high.max(p.ln);
    }
    let moments =
        (0..MOMENTS).map(|m| bounds.0 + (m as f64 + 0.5) / MOMENTS as f64 * (bounds.1 - bounds.0));
    let mean = moments.map(|t| ln_at(&path, t).exp()).sum::<f64>() / MOMENTS as f64;
    let excursion = excursion(&path, bounds);
    let sd = mean_sd(&path, bounds, high - low);
    let confidence = confidence(winner.share, sd);
    let ln_mean = mean.ln();
    let interval = |q| Some(quantile(posterior, winner.usd.log10(), ln_mean, sd, q));
    DayPrice {
        day: posterior.day,
        usd: Some(mean),
        open: Some(open.exp()),
        high: Some((high + excursion).exp()),
        low: Some((low - excursion).exp()),
        close: Some(close.exp()),
        low68: interval(0.16),
        high68: interval(0.84),
        low95: interval(0.025),
        high95: interval(0.975),
        confidence: Some(confidence),
        status: if confidence < WEAK_BELOW {
            Status::Weak
        } else {
            Status::Ok
        },
        outputs: posterior.outputs,
        points,
        blocks: path.points[own]
            .iter()
            .zip(blocks)
            .map(|(p, b)| BlockPrice {
                height: b.height,
                time: b.time,
                usd: p.ln.exp(),
                low: p.low.exp(),
                high: p.high.exp(),
            })
            .collect(),
    }
}

fn unpriced(posterior: &DayPosterior) -> DayPrice {
    DayPrice {
        day: posterior.day,
        usd: None,
        open: None,
        high: None,
        low: None,
        close: None,
        low68: None,
        high68: None,
        low95: None,
        high95: None,
        confidence: None,
        status: Status::None,
        outputs: posterior.outputs,
        points: 0,
        blocks: Vec::new(),
    }
}

/// ln price at `time`: linear between blocks, flat beyond the ends.
fn ln_at(path: &Path, time: f64) -> f64 {
    let next = path.points.partition_point(|p| p.time < time);
    match (
        next.checked_sub(1).map(|i| &path.points[i]),
        path.points.get(next),
    ) {
        (Some(a), Some(b)) if b.time > a.time => {
            a.ln + (b.ln - a.ln) * (time - a.time) / (b.time - a.time)
        }
        (Some(a), _) => a.ln,
        (None, Some(b)) => b.ln,
        (None, None) => f64::NAN,
    }
}

/// How far the price is expected to have gone beyond the path's extremes (in log price): a path sampled
/// every so often and smoothed misses the excursions between its samples.
fn excursion(path: &Path, bounds: (f64, f64)) -> f64 {
    const HOUR: f64 = 3600.0;
    let inside: Vec<_> = path
        .points
        .iter()
        .filter(|p| p.time > bounds.0 && p.time < bounds.1)
        .collect();
    if inside.len() < 2 {
        return 0.0;
    }
    let steps = ((bounds.1 - bounds.0) / HOUR) as usize;
    if steps == 0 {
        return 0.0;
    }
    let mut square = 0.0;
    for k in 0..steps {
        let t = bounds.0 + k as f64 * HOUR;
        square += (ln_at(path, t + HOUR) - ln_at(path, t)).powi(2);
    }
    let hourly = (square / steps as f64).sqrt();
    // The time one sample stands for: a block interval, and the spread of the ages of its payments before
    // and after their mean (an exponential law's standard deviation is its mean).
    let interval = (bounds.1 - bounds.0) / inside.len() as f64;
    let age = intraday::PAYMENT_AGE as f64;
    let resolution = (interval + 2.0 * age) / HOUR;
    SAMPLED_EXTREME * hourly * resolution.sqrt()
}
