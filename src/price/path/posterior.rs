//! Pass 2: all windows as one path.
//!
//! A hidden Markov model over the coarse grid. Forward messages run from the first window; a window's
//! posterior joins them with backward messages from the next [`LAG`] windows only, so nothing later can
//! change it. The work is done in chunks: forward in order, then the windows of a chunk in parallel.

use super::evidence::{DayEvidence, field};
use super::grid::{BINS_PER_DECADE, PRICES, log10_price};
use super::level;
use super::transition::Step;
use super::window_posterior::DayPosterior;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// How many later windows (days that have blocks) a window's price may depend on.
pub const LAG: usize = 14;
/// Nats per weighted standard deviation of the comb score. Below one because the teeth are correlated and
/// the excess is not Gaussian; the confidence table tests it.
const TEMPERATURE: f64 = 0.5;
/// Scale of a step in decades: a floor for the window's own spread, and a mean absolute move of 3.7 % a
/// day, about bitcoin's average over its history, growing with the root of time.
const STEP_FLOOR: f64 = 0.004;
const STEP_PER_ROOT_DAY: f64 = 0.012;
/// One step in twenty is five times wider (fat tails), one in a million goes anywhere.
const WIDE_SHARE: f64 = 0.05;
const WIDE_FACTOR: f64 = 5.0;
const JUMP: f64 = 1e-6;
/// Standard deviation of an anchor in decades (5 %): a price someone remembers for a day.
const ANCHOR_SD: f64 = 0.02;
/// Windows decoded together.
const CHUNK: usize = 128;

/// A price known from elsewhere, given by the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// Days since 1970-01-01.
    pub day: i32,
    /// USD per BTC.
    pub usd: f64,
}

/// Where decoding can be taken up again: everything the windows up to `day` say about later ones.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardState {
    /// The last window included, days since 1970-01-01.
    pub day: i32,
    /// Middle of that window, UTC seconds.
    time: f64,
    /// Middle of the last window that had outputs, UTC seconds; NaN before the first.
    level_time: f64,
    /// Normalised forward message, one probability a price bin.
    message: Vec<f64>,
}

/// The result of pass 2.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// One posterior for each window given, in order.
    pub days: Vec<DayPosterior>,
    /// The state after the last window that is final (has [`LAG`] later ones); the state given if none is.
    pub resume: Option<ForwardState>,
}

/// One factor of the chain: a window, or an anchor on a day without one.
struct Factor {
    day: i32,
    time: f64,
    /// Index of the window, none for an anchor alone.
    window: Option<usize>,
    likelihood: Vec<f64>,
}

/// Pass 2: decodes `days` (ascending) jointly. `anchors` may be in any order.
/// With `resume`, `days` must start after `resume.day`, and the result equals, bit for bit, that of decoding
/// everything from the first window with the same anchors. The first `settled` of `days` will not change any more (the
/// last day of the chain still grows): only windows with [`LAG`] settled later ones are taken for final.
pub fn decode(
    days: &[DayEvidence],
    settled: usize,
    anchors: &[Anchor],
    resume: Option<&ForwardState>,
) -> Decoded {
    decode_from(days, settled, anchors, resume, i32::MIN)
}

/// The same with the beliefs of the windows from day `wanted` on only, which saves nearly all of the work on those before:
/// what later windows say about each.
pub fn decode_from(
    days: &[DayEvidence],
    settled: usize,
    anchors: &[Anchor],
    resume: Option<&ForwardState>,
    wanted: i32,
) -> Decoded {
    let plan = plan(days, anchors, resume);
    let mut state = resume.cloned();
    let mut resume_at = resume.cloned();
    let mut out: Vec<DayPosterior> = Vec::with_capacity(days.len());
    let last_final = settled.min(days.len()).checked_sub(LAG + 1);
    for first in (0..plan.len()).step_by(CHUNK) {
        let chunk = first..(first + CHUNK).min(plan.len());
        // A window needs the factors up to the LAG-th window after it.
        let mut reach = chunk.end;
        let mut later = 0;
        while reach < plan.len() && later < LAG {
            later += usize::from(plan[reach].window.is_some());
            reach += 1;
        }
        let before = state.as_ref().map(|s| s.level_time);
        let factors = build(days, anchors, &plan[first..reach], before);
        let mut predicted = Vec::with_capacity(chunk.len());
        for factor in &factors[..chunk.len()] {
            let prior = predict(state.as_ref(), factor.time);
            let mut message: Vec<f64> = prior
                .iter()
                .zip(&factor.likelihood)
                .map(|(p, l)| p * l)
                .collect();
            normalise(&mut message);
            predicted.push(prior);
            let level_time = match factor.window {
                Some(w) if days[w].points > 0 => factor.time,
                _ => state.as_ref().map_or(f64::NAN, |s| s.level_time),
            };
            let next = ForwardState {
                day: factor.day,
                time: factor.time,
                level_time,
                message,
            };
            if factor.window.is_some() && factor.window == last_final {
                resume_at = Some(next.clone());
            }
            state = Some(next);
        }
        let posteriors: Vec<Option<DayPosterior>> = predicted
            .par_iter()
            .enumerate()
            .map(|(k, prior)| {
                let window = factors[k].window.filter(|_| factors[k].day >= wanted)?;
                let backward = backward(&factors, k, anchors);
                let cavity: Vec<f64> = prior.iter().zip(&backward).map(|(p, b)| p * b).collect();
                Some(DayPosterior::new(
                    &days[window],
                    &cavity,
                    &factors[k].likelihood,
                ))
            })
            .collect();
        out.extend(posteriors.into_iter().flatten());
    }
    Decoded {
        days: out,
        resume: resume_at,
    }
}

/// A factor before its likelihood is worked out.
struct Planned {
    day: i32,
    time: f64,
    window: Option<usize>,
}

/// Windows and lone anchors in the order of days.
fn plan(days: &[DayEvidence], anchors: &[Anchor], resume: Option<&ForwardState>) -> Vec<Planned> {
    let mut plan: Vec<Planned> = days
        .iter()
        .enumerate()
        .map(|(i, d)| Planned {
            day: d.day,
            time: 0.5 * (d.start as f64 + d.end as f64),
            window: Some(i),
        })
        .collect();
    for a in anchors {
        let past = resume.is_some_and(|s| a.day <= s.day);
        if !past && !plan.iter().any(|p| p.day == a.day) {
            plan.push(Planned {
                day: a.day,
                time: noon(a.day),
                window: None,
            });
        }
    }
    plan.sort_by_key(|p| p.day);
    plan
}

/// Noon of a day, UTC seconds: the time of a price given for the day.
fn noon(day: i32) -> f64 {
    (f64::from(day) + 0.5) * 86_400.0
}

/// Log factor of an anchor at price bin `i`.
fn anchor_log_factor(anchor: &Anchor, i: usize) -> f64 {
    let off = (log10_price(i) - anchor.usd.log10()) / ANCHOR_SD;
    -0.5 * off * off
}

/// Likelihoods of a run of factors, scaled so that the best price has 1.
fn build(
    days: &[DayEvidence],
    anchors: &[Anchor],
    plan: &[Planned],
    level_time: Option<f64>,
) -> Vec<Factor> {
    // The gap to the window before decides how much of the level is news; so the gaps come first, in order.
    let mut previous = level_time.unwrap_or(f64::NAN);
    let gaps: Vec<f64> = plan
        .iter()
        .map(|p| {
            let gap = (p.time - previous) / 86_400.0;
            if p.window.is_some_and(|w| days[w].points > 0) {
                previous = p.time;
            }
            if gap.is_nan() { f64::INFINITY } else { gap }
        })
        .collect();
    plan.par_iter()
        .zip(gaps)
        .map(|(p, gap)| {
            let mut log = vec![0f64; PRICES];
            if let Some(w) = p.window {
                let window = &days[w];
                for (l, s) in log.iter_mut().zip(window.score.iter().cycle()) {
                    *l = TEMPERATURE * f64::from(*s);
                }
                for (l, v) in log
                    .iter_mut()
                    .zip(level::log_prior(window, gap).unwrap_or_default())
                {
                    *l += v;
                }
            }
            for a in anchors.iter().filter(|a| a.day == p.day && a.usd > 0.0) {
                for (i, l) in log.iter_mut().enumerate() {
                    *l += anchor_log_factor(a, i);
                }
            }
            let best = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Factor {
                day: p.day,
                time: p.time,
                window: p.window,
                likelihood: log.into_iter().map(|l| (l - best).exp()).collect(),
            }
        })
        .collect()
}

/// The price at `time` (UTC seconds) before its own factor: every price alike at the start of the chain.
fn predict(state: Option<&ForwardState>, time: f64) -> Vec<f64> {
    let Some(state) = state else {
        return vec![1.0 / PRICES as f64; PRICES];
    };
    let mut to = Vec::new();
    step(time - state.time).apply(&state.message, &mut to);
    to
}

/// The step over `seconds`.
fn step(seconds: f64) -> Step {
    let days = seconds.max(0.0) / 86_400.0;
    Step {
        scale: (STEP_FLOOR + STEP_PER_ROOT_DAY * days.sqrt()) * BINS_PER_DECADE as f64,
        wide_share: WIDE_SHARE,
        wide_factor: WIDE_FACTOR,
        jump: JUMP,
    }
}

/// What the next `LAG` windows after factor `k` say about it, and the first anchor beyond them: anchors are
/// known from the start, so they may reach back further than blocks (over time alone, without the windows
/// between).
fn backward(factors: &[Factor], k: usize, anchors: &[Anchor]) -> Vec<f64> {
    let mut windows = 0;
    let mut end = k;
    while end + 1 < factors.len() && windows < LAG {
        end += 1;
        windows += usize::from(factors[end].window.is_some());
    }
    let mut message = vec![1.0; PRICES];
    let mut to = Vec::new();
    let beyond = anchors
        .iter()
        .filter(|a| a.usd > 0.0 && a.day > factors[end].day);
    if let Some(anchor) = beyond.min_by_key(|a| a.day) {
        for (i, m) in message.iter_mut().enumerate() {
            *m = anchor_log_factor(anchor, i).exp();
        }
        step(noon(anchor.day) - factors[end].time).apply(&message, &mut to);
        std::mem::swap(&mut message, &mut to);
        normalise(&mut message);
    }
    for j in (k + 1..=end).rev() {
        for (m, l) in message.iter_mut().zip(&factors[j].likelihood) {
            *m *= l;
        }
        step(factors[j].time - factors[j - 1].time).apply(&message, &mut to);
        std::mem::swap(&mut message, &mut to);
        normalise(&mut message);
    }
    message
}

/// Scales to a sum of one; all alike if there is nothing left.
pub(super) fn normalise(p: &mut [f64]) {
    let sum: f64 = p.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        p.iter_mut().for_each(|x| *x /= sum);
    } else {
        let even = 1.0 / p.len() as f64;
        p.fill(even);
    }
}

/// First bytes of a serialised state; the last is the layout's version.
const MAGIC: [u8; 4] = *b"PFS\x02";
const HEADER: usize = 4 + 4 + 8 + 8;
/// Bytes of SHA-256 behind it.
const CHECKSUM: usize = 8;

impl ForwardState {
    /// Little-endian bytes (29 KB) with a checksum, to be kept beside the rows. Only the same `ENGINE_VERSION` may read them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + 8 * self.message.len() + CHECKSUM);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.day.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.level_time.to_le_bytes());
        for p in &self.message {
            out.extend_from_slice(&p.to_le_bytes());
        }
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum[..CHECKSUM]);
        out
    }

    /// The state back from [`ForwardState::to_bytes`]; `None` if the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bytes, sum) = bytes.split_at_checked(HEADER + 8 * PRICES)?;
        // All later days follow from it: a damaged one would be believed for ever.
        if !bytes.starts_with(&MAGIC) || sum != &Sha256::digest(bytes)[..CHECKSUM] {
            return None;
        }
        Some(Self {
            day: i32::from_le_bytes(field(bytes, 4)?),
            time: f64::from_le_bytes(field(bytes, 8)?),
            level_time: f64::from_le_bytes(field(bytes, 16)?),
            message: bytes[HEADER..]
                .as_chunks::<8>()
                .0
                .iter()
                .map(|c| f64::from_le_bytes(*c))
                .collect(),
        })
    }
}
