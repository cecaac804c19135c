//! The rough price: where along the curve the stencil fits best.

use super::stencil::{SPIKES, STENCIL, smooth};
use crate::price::histogram::{BINS, edge_btc};
use std::sync::LazyLock;

const FIRST_SLIDE: isize = -141;
const LAST_SLIDE: isize = 200;
const SLIDES: usize = (LAST_SLIDE - FIRST_SLIDE + 1) as usize;

/// The smooth part counts only in slides below this one, that is at prices above about $17,800.
const FIRST_SPIKES_ONLY: isize = 150;
const SMOOTH_SLIDES: usize = (FIRST_SPIKES_ONLY - FIRST_SLIDE) as usize;
const SMOOTH_WEIGHT: f64 = 0.65;

/// At slide 0 the stencil begins at this bin, and 100 USD are the amount of bin [`HUNDRED_USD`].
const STENCIL_BIN: isize = 199;
const HUNDRED_USD: isize = 601;

static SMOOTH: LazyLock<[f64; STENCIL]> = LazyLock::new(|| std::array::from_fn(smooth));

/// The rough price in whole USD per BTC, between 9,900 and 515,000; `None` if no slide scores above
/// 0.
pub(super) fn rough_price(curve: &[f64; BINS]) -> Option<f64> {
    let scores = scores(curve);
    let mut best = None;
    let mut best_score = 0.0;
    for (slide, &score) in (FIRST_SLIDE..).zip(&scores) {
        if score > best_score {
            best = Some(slide);
            best_score = score;
        }
    }
    let best = best?;

    let (below, above) = (spike_score(curve, best - 1), spike_score(curve, best + 1));
    let (second, second_score) = match below > above {
        true => (best - 1, below),
        false => (best + 1, above),
    };

    let average = scores.iter().sum::<f64>() / SLIDES as f64;
    let best_weight = best_score - average;
    let second_weight = (second_score - average).abs();
    let rough = ((best_weight * price_at(best) + second_weight * price_at(second))
        / (best_weight + second_weight))
        .trunc();
    // 0/0, if every slide scored the same.
    rough.is_finite().then_some(rough)
}

/// The price, USD per BTC, that slide `slide` stands for.
fn price_at(slide: isize) -> f64 {
    100.0 / edge_btc((HUNDRED_USD + slide) as usize)
}

/// The score of each slide, from [`FIRST_SLIDE`] on.
fn scores(curve: &[f64; BINS]) -> [f64; SLIDES] {
    // The places of the stencil in the outer loop: each slide still sums in the order of the
    // places, as the method does, and the slides of the inner loop do not wait for each other.
    let mut smooth = [0.0; SMOOTH_SLIDES];
    let first_bin = (STENCIL_BIN + FIRST_SLIDE) as usize;
    for (place, weight) in SMOOTH.iter().enumerate() {
        let bins = &curve[first_bin + place..][..SMOOTH_SLIDES];
        for (sum, share) in smooth.iter_mut().zip(bins) {
            *sum += share * weight;
        }
    }
    std::array::from_fn(|nth| {
        let spikes = spike_score(curve, FIRST_SLIDE + nth as isize);
        match smooth.get(nth) {
            Some(sum) => spikes + SMOOTH_WEIGHT * sum,
            None => spikes,
        }
    })
}

fn spike_score(curve: &[f64; BINS], slide: isize) -> f64 {
    let start = (STENCIL_BIN + slide) as usize;
    SPIKES
        .iter()
        .map(|(place, weight)| curve[start + place] * weight)
        .sum()
}
