//! Pass 3, first half: the path within a window, block by block.
//!
//! The same hidden Markov model as between days, on a grid of 0.05 % around the window's price: blocks are
//! the observations, steps grow with the root of the time between them, and the window starts from what
//! the other windows say. How restless the day was is chosen among a few volatilities by their likelihood.

use super::BlockOutputs;
use super::grid::{BINS_PER_DECADE, PRICES, log10_price};
use super::likelihood::{FINE, FINE_HALF, FINE_STEP, FineLikelihood};
use super::posterior::normalise;
use super::transition::Step;
use super::window_posterior::DayPosterior;
use std::f64::consts::LN_10;

/// A payment's amount is fixed before a block takes it up: by the memorylessness of block arrivals the
/// mean wait is one block interval, seconds.
pub(super) const PAYMENT_AGE: i64 = 600;
/// Laplace scales of a step of one hour, in log price: 1.1, 3.5 and 8.8 % standard
/// deviation a day; the middle one is a mean absolute move of 2.8 %.
const HOURLY_SCALES: [f64; 3] = [0.0012, 0.0038, 0.0095];
/// The volatility taken where a window says nothing about it.
const USUAL_SCALE: usize = 1;
/// A step in ten is three times wider.
const WIDE_SHARE: f64 = 0.1;
const WIDE_FACTOR: f64 = 3.0;
/// Jumps to anywhere on the fine grid.
const JUMP: f64 = 1e-7;
/// Chance that a window starts nowhere near its coarse posterior.
const UNEXPECTED: f64 = 1e-6;

/// The price at one block.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathPoint {
    /// When the block's payments were priced, UTC seconds.
    pub(super) time: f64,
    /// Posterior mean and standard deviation of ln price.
    pub(super) ln: f64,
    pub(super) sd: f64,
    /// 16th and 84th percentile of ln price.
    pub(super) low: f64,
    pub(super) high: f64,
    /// Amounts near a round one.
    pub(super) points: u64,
}

/// The path over a run of blocks.
pub(super) struct Path {
    /// One point a block, in the order given; times never fall.
    pub(super) points: Vec<PathPoint>,
    /// Standard deviation of ln price over one hour under the volatility chosen.
    pub(super) hourly_sd: f64,
}

/// Decodes `blocks` (ascending by height) around the winner of `day`.
pub(super) fn decode(day: &DayPosterior, usd: f64, blocks: &[&BlockOutputs]) -> Path {
    let model = FineLikelihood::new(usd, blocks);
    // Header times may step back by two hours; the chain's order does not.
    let mut latest = i64::MIN;
    let times: Vec<f64> = blocks
        .iter()
        .map(|b| {
            latest = latest.max(b.time);
            (latest - PAYMENT_AGE) as f64
        })
        .collect();
    let (likelihoods, counts): (Vec<Vec<f64>>, Vec<u64>) =
        blocks.iter().map(|b| model.of_block(&b.sats)).unzip();
    let prior = prior(day, &model);
    let mut best = (f64::NEG_INFINITY, USUAL_SCALE, Vec::new());
    for (i, &scale) in HOURLY_SCALES.iter().enumerate() {
        let (evidence, forward) = forward(&prior, &likelihoods, &times, scale);
        // Ties (a single block) go to the usual volatility.
        let evidence = evidence + if i == USUAL_SCALE { 1e-6 } else { 0.0 };
        if evidence > best.0 {
            best = (evidence, i, forward);
        }
    }
    let (_, chosen, forward) = best;
    let scale = HOURLY_SCALES[chosen];
    let mut points = smooth(&model, &forward, &likelihoods, &times, scale);
    for (p, n) in points.iter_mut().zip(counts) {
        p.points = n;
    }
    // A Laplace law's variance is twice its squared scale.
    let mixture = 1.0 - WIDE_SHARE + WIDE_SHARE * WIDE_FACTOR * WIDE_FACTOR;
    Path {
        points,
        hourly_sd: scale * (2.0 * mixture).sqrt(),
    }
}

/// Belief about the first block before any block of the window is looked at closely: the coarse posterior,
/// widened by the way from a window's middle to its start. The window's outputs count twice in it, once
/// coarsely; what that adds is the decision between neighbouring coarse peaks, and no more.
fn prior(day: &DayPosterior, model: &FineLikelihood) -> Vec<f64> {
    let mut coarse = vec![0f64; PRICES];
    for &(i, p) in &day.bins {
        coarse[usize::from(i)] = f64::from(p);
    }
    let from: Vec<f64> = (0..FINE)
        .map(|i| {
            let bin = (model.ln_price(i) / LN_10 - log10_price(0)) * BINS_PER_DECADE as f64;
            let bin = bin.clamp(0.0, (PRICES - 2) as f64);
            let (k, part) = (bin as usize, bin.fract());
            coarse[k] + part * (coarse[k + 1] - coarse[k])
        })
        .collect();
    // A walk's start is a third of its length away from its mean, in time and so in variance.
    let way = (day.end - day.start) as f64 / 3.0;
    let mut prior = Vec::new();
    let walk = Step {
        jump: UNEXPECTED,
        ..step(way, HOURLY_SCALES[USUAL_SCALE])
    };
    walk.apply(&from, &mut prior);
    normalise(&mut prior);
    prior
}

fn step(seconds: f64, hourly_scale: f64) -> Step {
    let hours = seconds.max(1.0) / 3600.0;
    Step {
        scale: hourly_scale * hours.sqrt() / FINE_STEP,
        wide_share: WIDE_SHARE,
        wide_factor: WIDE_FACTOR,
        jump: JUMP,
    }
}

/// Log evidence and the filtered distributions.
fn forward(
    prior: &[f64],
    likelihoods: &[Vec<f64>],
    times: &[f64],
    scale: f64,
) -> (f64, Vec<Vec<f64>>) {
    let mut evidence = 0.0;
    let mut messages: Vec<Vec<f64>> = Vec::with_capacity(times.len());
    for (k, likelihood) in likelihoods.iter().enumerate() {
        let mut message = Vec::new();
        match k.checked_sub(1) {
            Some(j) => step(times[k] - times[j], scale).apply(&messages[j], &mut message),
            None => message.extend_from_slice(prior),
        }
        for (m, l) in message.iter_mut().zip(likelihood) {
            *m *= l;
        }
        evidence += message.iter().sum::<f64>().max(f64::MIN_POSITIVE).ln();
        normalise(&mut message);
        messages.push(message);
    }
    (evidence, messages)
}

/// Joins the filtered distributions with the messages from later blocks.
fn smooth(
    model: &FineLikelihood,
    forward: &[Vec<f64>],
    likelihoods: &[Vec<f64>],
    times: &[f64],
    scale: f64,
) -> Vec<PathPoint> {
    let mut backward = vec![1.0 / FINE as f64; FINE];
    let mut next = Vec::new();
    let mut points = Vec::with_capacity(times.len());
    for k in (0..times.len()).rev() {
        let mut p: Vec<f64> = forward[k]
            .iter()
            .zip(&backward)
            .map(|(f, b)| f * b)
            .collect();
        normalise(&mut p);
        points.push(summary(model, &p, times[k]));
        if k > 0 {
            for (b, l) in backward.iter_mut().zip(&likelihoods[k]) {
                *b *= l;
            }
            step(times[k] - times[k - 1], scale).apply(&backward, &mut next);
            std::mem::swap(&mut backward, &mut next);
            normalise(&mut backward);
        }
    }
    points.reverse();
    points
}

fn summary(model: &FineLikelihood, p: &[f64], time: f64) -> PathPoint {
    let offset = |i: usize| i as f64 - FINE_HALF as f64;
    let mean: f64 = p.iter().enumerate().map(|(i, p)| p * offset(i)).sum();
    let square: f64 = p
        .iter()
        .enumerate()
        .map(|(i, p)| p * offset(i).powi(2))
        .sum();
    let quantile = |q: f64| {
        let mut below = 0.0;
        for (i, p) in p.iter().enumerate() {
            if below + p >= q {
                return offset(i) - 0.5 + (q - below) / p.max(f64::MIN_POSITIVE);
            }
            below += p;
        }
        offset(p.len() - 1)
    };
    let centre = model.ln_price(FINE_HALF);
    PathPoint {
        time,
        ln: centre + mean * FINE_STEP,
        sd: (square - mean * mean).max(0.0).sqrt() * FINE_STEP,
        low: centre + quantile(0.16) * FINE_STEP,
        high: centre + quantile(0.84) * FINE_STEP,
        points: 0,
    }
}
