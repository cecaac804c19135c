//! The reference engine: the published UTXOracle v9.1 price of one window, to the dollar.
//!
//! ```text
//! outputs ─► histogram ─► curve ─► rough ─► points ─► central point
//!   sats       counts     shares   ± 1 %    USD/BTC     the price
//! ```
//! A window is priced from nothing but its qualifying outputs: no clock, no earlier price, no
//! order. Where it fails: its slide ends at $10,000 and at $500,000, and low prices inside it tend
//! to be doubled, so it is wrong for most days before [`SUPPORTED_FROM`] (which it prices all the
//! same: refusing them is up to the caller); and on a window with few payments it can lock on half
//! or double the price, with nothing in the [`Quote`] to tell.

mod centre;
mod curve;
mod points;
mod rough;
mod round_btc;
mod sats_range;
mod stencil;

use crate::price::histogram::Histogram;

/// The name of this engine, as stored beside its prices.
pub const ENGINE: &str = "v9.1";

/// Raised whenever a price that this engine computes changes.
pub const ENGINE_VERSION: u32 = 1;

/// The first day the method is meant for, 2023-12-15, in days since 1970-01-01.
pub const SUPPORTED_FROM: i32 = 19_706;

/// The price is sought among the points within this share of the rough price.
const PRICE_SHARE: f64 = 0.05;

/// The deviation is that of the points within this share of the price.
const DEVIATION_SHARE: f64 = 0.10;

/// What the engine says of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// The price, truncated to whole USD per BTC: the figure that is published.
    pub usd: u32,
    /// The price before truncation, USD per BTC: one of the points.
    pub exact: f64,
    /// The rough price that the points were sought around, whole USD per BTC.
    pub rough: f64,
    /// How many points lie strictly within ±5 % of the rough price.
    pub points: usize,
    /// The median absolute deviation of the points within ±10 % of the price, as a share of that
    /// range's width (0.2 · price). 0 if they all agree, 0.25 if they lie evenly and so say
    /// nothing.
    pub deviation: f64,
}

/// Prices a window from its qualifying outputs, in sats and in any order.
///
/// `None` if the outputs hold no price: none of a usable size, or no point near the rough price.
pub fn price(outputs: &[u64]) -> Option<Quote> {
    price_blocks(&[outputs])
}

/// [`price`] for a window whose outputs lie block by block.
pub fn price_blocks<B: AsRef<[u64]>>(blocks: &[B]) -> Option<Quote> {
    let mut histogram = Histogram::new();
    for outputs in blocks {
        histogram.add_all(outputs.as_ref());
    }
    price_counted(&histogram, blocks)
}

/// [`price_blocks`] where the outputs are counted already: `histogram` must hold each output of
/// `blocks` once.
pub fn price_counted<B: AsRef<[u64]>>(histogram: &Histogram, blocks: &[B]) -> Option<Quote> {
    let curve = curve::curve(histogram)?;
    let rough = rough::rough_price(&curve)?;

    let near = points::Points::near(rough);
    let mut points = Vec::new();
    for outputs in blocks {
        near.collect(outputs.as_ref(), &mut points);
    }

    let mut closest = centre::within(&points, rough, PRICE_SHARE);
    let exact = centre::central(&mut closest)?;
    let mut around = centre::within(&points, exact, DEVIATION_SHARE);
    let width = (exact + DEVIATION_SHARE * exact) - (exact - DEVIATION_SHARE * exact);
    Some(Quote {
        // Below 515,000 · 1.05: the cast only truncates.
        usd: exact as u32,
        exact,
        rough,
        points: closest.len(),
        deviation: centre::deviation(&mut around)? / width,
    })
}
