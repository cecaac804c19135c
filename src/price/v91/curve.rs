//! From counts to the curve the stencil is laid on.

use crate::price::histogram::{BINS, Histogram};

/// The bins used: 1,000 sats to 100 BTC.
const FIRST: usize = 201;
const LAST: usize = 1_600;

/// The bins of round amounts of BTC (1, 2, 3, 5 …, from 1,000 sats to 1 BTC): people pay those too,
/// and their spikes say nothing of the price. The list and its order are the published method's.
const ROUND_BTC: [usize; 18] = [
    201, 401, 461, 496, 540, 601, 661, 696, 740, 801, 861, 896, 940, 1001, 1061, 1096, 1140, 1201,
];

/// No bin may weigh more than this: one service paying one amount all day is not a price.
const CAP: f64 = 0.008;

/// The share of each bin in the window, round-BTC spikes levelled and capped; `None` if no amount
/// lies in the bins used.
pub(super) fn curve(histogram: &Histogram) -> Option<Box<[f64; BINS]>> {
    let mut curve = Box::new([0.0; BINS]);
    for (share, &count) in curve[FIRST..=LAST]
        .iter_mut()
        .zip(&histogram.counts()[FIRST..=LAST])
    {
        // Exact: no chain has 2^53 outputs.
        *share = count as f64;
    }
    for bin in ROUND_BTC {
        curve[bin] = 0.5 * (curve[bin - 1] + curve[bin + 1]);
    }
    let sum: f64 = curve[FIRST..=LAST].iter().sum();
    if sum <= 0.0 {
        return None;
    }
    for share in &mut curve[FIRST..=LAST] {
        *share = (*share / sum).min(CAP);
    }
    Some(curve)
}
