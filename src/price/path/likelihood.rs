//! The likelihood of one block on the fine grid.
//!
//! Each amount near a round dollar amount is either one of many that are not round (flat in log price over
//! the grid) or a round payment (a Laplace kernel around the block's price). The log of that mixture is a
//! fixed function of the distance, so a block's log likelihood is its histogram convolved with it.

use super::BlockOutputs;
use super::amounts::for_each_distinct;
use super::comb::MANTISSAS;
use super::evidence::fine_weights;
use super::grid::amount_bin;
use std::f64::consts::LN_10;

/// Step of the fine grid in log price: 0.05 %.
pub(super) const FINE_STEP: f64 = 0.0005;
/// States on each side of the centre: ±20 %, the widest move within a window that is followed.
pub(super) const FINE_HALF: usize = 400;
/// All states.
pub(super) const FINE: usize = 2 * FINE_HALF + 1;

/// Scale of the Laplace kernel in log price: rates of different exchanges at one moment, 0.2 %.
const KERNEL_SCALE: f64 = 0.002;
/// Reach of the kernel in states (±2 %); beyond it the mixture is flat to 0.002 nats.
const KERNEL_REACH: usize = 40;
/// Share of round payments among the amounts within the grid around a round amount of weight 1.
const ROUND_SHARE: f64 = 0.25;
/// Amounts within a block are not independent (batches, one service's habit): count them for half.
const TEMPERATURE: f64 = 0.5;
/// Chance that a block's amounts say nothing (filled by one sender): bounds what one block can claim.
const IDLE_BLOCK: f64 = 0.02;
/// Round amounts looked at: $0.1 up to $80,000, as powers of ten.
const DECADES: (f64, f64) = (-1.0, 5.0);

/// The fine likelihood, tabulated once a window.
pub(super) struct FineLikelihood {
    /// ln of the price (USD per BTC) at the grid's centre.
    centre: f64,
    /// Log mixture at distance k of the kernel, in nats for weight 1, relative to the flat part.
    kernel: Vec<f32>,
    /// For each of `CELLS` parts of a decade, the teeth (ln of leading digits, weight) near it.
    near: Vec<Vec<(f64, f64)>>,
    /// How much an amount of each coarse bin counts.
    weights: Vec<f32>,
}

/// Parts of a decade in the table of near teeth.
const CELLS: usize = 64;

impl FineLikelihood {
    /// For a grid centred on `usd` (USD per BTC) and the blocks it will be asked about.
    pub(super) fn new(usd: f64, blocks: &[&BlockOutputs]) -> Self {
        let width = FINE as f64 * FINE_STEP;
        let kernel = (0..=2 * KERNEL_REACH)
            .map(|k| {
                let off = (k as f64 - KERNEL_REACH as f64) * FINE_STEP;
                let laplace = (-off.abs() / KERNEL_SCALE).exp() / (2.0 * KERNEL_SCALE);
                (TEMPERATURE * (1.0 + ROUND_SHARE / (1.0 - ROUND_SHARE) * width * laplace).ln())
                    as f32
            })
            .collect();
        let reach = FINE_HALF as f64 * FINE_STEP + LN_10 / CELLS as f64;
        let near = (0..CELLS)
            .map(|c| {
                let at = (c as f64 + 0.5) * LN_10 / CELLS as f64;
                (-1..=1)
                    .flat_map(|e| MANTISSAS.map(|(m, w)| (m.ln() + f64::from(e) * LN_10, w)))
                    .filter(|(ln, _)| (ln - at).abs() < reach)
                    .collect()
            })
            .collect();
        Self {
            centre: usd.ln(),
            kernel,
            near,
            weights: fine_weights(blocks.iter().copied()),
        }
    }

    /// ln price at state `i`.
    pub(super) fn ln_price(&self, i: usize) -> f64 {
        self.centre + (i as f64 - FINE_HALF as f64) * FINE_STEP
    }

    /// Likelihood of each state given a block's amounts (sats), bounded by the chance of an idle block and
    /// scaled to a mean of one, and the number of amounts near a round one.
    pub(super) fn of_block(&self, sats: &[u64]) -> (Vec<f64>, u64) {
        let mut histogram = [0f64; FINE];
        let mut points = 0;
        for_each_distinct(sats, |s| {
            let ln_usd = (s as f64 * 1e-8).ln() + self.centre;
            let decades = ln_usd / LN_10;
            if decades < DECADES.0 || decades > DECADES.1 {
                return;
            }
            let decade = decades.floor();
            let within = ln_usd - decade * LN_10;
            // `within` lies in [0, ln 10), so the cast gives 0..CELLS but for rounding at the top.
            let cell = ((within / LN_10 * CELLS as f64) as usize).min(CELLS - 1);
            let share = amount_bin(s).map_or(1.0, |i| f64::from(self.weights[i]));
            let mut counted = false;
            for &(tooth, weight) in &self.near[cell] {
                let state = (tooth - within) / FINE_STEP + FINE_HALF as f64 + 0.5;
                if state >= 0.0 && state < FINE as f64 {
                    histogram[state as usize] += weight * share;
                    counted = true;
                }
            }
            points += u64::from(counted);
        });
        (self.convolve(&histogram), points)
    }

    fn convolve(&self, histogram: &[f64; FINE]) -> Vec<f64> {
        // Single precision: hundreds of nats at most, to a ten-thousandth of one.
        let mut log = vec![0f32; FINE + 2 * KERNEL_REACH];
        for (i, &n) in histogram.iter().enumerate().filter(|(_, n)| **n > 0.0) {
            let n = n as f32;
            for (out, k) in log[i..].iter_mut().zip(&self.kernel) {
                *out += n * k;
            }
        }
        let log = &log[KERNEL_REACH..KERNEL_REACH + FINE];
        let best = log.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut likelihood: Vec<f64> = log.iter().map(|l| f64::from(l - best).exp()).collect();
        let mean = likelihood.iter().sum::<f64>() / FINE as f64;
        for l in &mut likelihood {
            *l = (1.0 - IDLE_BLOCK) * *l / mean + IDLE_BLOCK;
        }
        likelihood
    }
}
