//! The `path` engine: the price of every window of the chain, decoded as one path.
//!
//! A *window* is a run of blocks, usually a UTC day. People pay round dollar amounts, so the amounts of a
//! window, in sats, pile up where they are round at the window's price. One window alone often cannot tell
//! a price from its half, double or tenth; all windows together can, because the price moves like a price.
//!
//! # The model
//!
//! State: log10 of the price on a grid of 400 bins a decade, $0.01 to $10M (`grid`). For window *t*:
//!
//! * **Likelihood, comb** (`evidence`, `comb`). Amounts round in bitcoin and repetitions within a block are
//!   dropped (`amounts`), the rest is counted in log bins and smoothed over ±1 %: *n*. With *E* the mean over the
//!   neighbourhood (±15 % and ±41 %), the standardised excess is (n - E) / sqrt(var E + 0.5 + (0.1 E)²), beyond two
//!   growing only by its logarithm. The score of a price is the weighted sum of the excess at all amounts
//!   that are round in dollars at that price; the log likelihood is one half of the score. This is the score
//!   test of "more payments than the neighbourhood at round amounts", made robust: it needs no model of
//!   the background but smoothness. Bins next to 1, 2 and 5 times a power of ten of bitcoin are left out.
//!   The comb has no first or last tooth, so the score is periodic in decades.
//! * **Prior, level** (`level`). The decade comes only from what people typically spend: log10 of the median
//!   payment in USD is normal around 1.53 + 0.34 (log10 P - 2.5), with the variance of an era (0.17²), of single
//!   blocks (0.27²/blocks) and of the median itself, with a Huber bend at 2 sd. Deviations last for months, so a
//!   window is new information only by tanh(Δt/120 days). Both numbers were read off real blocks of 2014-2026.
//! * **Transitions** (`transition`). Steps of log10 P are Laplace with scale 0.004 + 0.012 √days (3.7 % mean
//!   absolute move a day), one in twenty of them five times wider, one in a million to anywhere.
//! * **Anchors**, if given: a normal factor of 5 % at that day. They are known from the start, so they reach
//!   back further than the lag.
//!
//! Forward-backward gives each window's posterior (`posterior`); the winner is the ±12 % neighbourhood with most
//! of it, not the single best path, because that is what confidence speaks of.
//!
//! # The lag
//!
//! Window *t* uses the forward message of all windows up to *t* and backward messages of the next [`LAG`] = 14
//! windows only (windows that exist: a gap of months does not use up the lag). So it is final once 14 later
//! windows exist, and decoding can resume from a [`ForwardState`] with bit-identical results. 14 is the smallest
//! lag tried (0, 3, 7, 14, 30, 60) with the accuracy of the longest, on 243 real blocks taken as windows: the
//! share within 5 % in 2014 / 2015 / 2016-18 is 65 / 97 / 84 % at lag 0, 78 / 97 / 88 % at 3, 91 / 98 / 92 % at 7,
//! and 96 / 98 / 96 % at 14, 30 and 60. Whole days carry a hundred times the outputs and need less.
//!
//! # Within a window
//!
//! `intraday` runs the same model block by block on a grid of 0.05 % over ±20 % around the winner. A block's
//! likelihood (`likelihood`) is, for each amount near a round one, the mixture of a flat background and a Laplace
//! kernel of 0.2 %; its log, halved because amounts of a block are not independent, adds up to a
//! convolution of the block's histogram. A block may be idle (2 %): no single block can move the path alone.
//! Steps scale with √time; their size is chosen among three volatilities by the window's likelihood.
//! Payments are priced on average one block interval (600 s) before the block that holds them. Blocks of
//! the two hours on both sides of the window are used too, so opening and closing prices are interpolated.
//! High and low are the path's extremes plus the expected excursion between samples (`day_price`).
//!
//! # Confidence
//!
//! P(|usd/truth - 1| ≤ 2 %) = share of the winner × P(error below 2 % within it), the latter a fat-tailed law
//! (Student, 4 degrees) with the variance of the path's mean over the window, of what no block saw (a
//! random walk), of exchanges' differences (0.2 %) and of what "the price of a day" means (`confidence`).
//!
//! # What is approximated
//!
//! * The comb's teeth and neighbouring amounts are taken as independent up to the factor one half.
//! * Era deviations of the level are weighted by time, not carried as a state.
//! * The coarse pass takes the price as constant within a window; moves beyond ±20 % within one are not followed.
//! * The fine pass starts from the coarse posterior, which has seen the same outputs (coarsely).
//!
//! # Use
//!
//! [`evidence`] once a window, in any order and on any thread; [`decode`] once over all; [`refine`] once a
//! window, on any thread. No pass does I/O, reads a clock or depends on the number of threads.
mod amounts;
mod comb;
mod confidence;
mod day_price;
mod evidence;
mod explain;
mod grid;
mod intraday;
mod level;
mod likelihood;
mod picture;
mod posterior;
mod transition;
mod window_posterior;

pub use day_price::{BlockPrice, DayPrice, Span, Status, refine};
pub use evidence::{DayEvidence, evidence};
pub use explain::{Explanation, RoundAmount, RunnerUp, explain};
pub use picture::{Amounts, ROUND_USD, amounts, price_points};
pub use posterior::{Anchor, Decoded, ForwardState, LAG, decode, decode_from};
pub use window_posterior::{DayPosterior, Peak};

/// The engine's name in rows and on the command line.
pub const ENGINE: &str = "path";
/// Bumped whenever a computed price changes.
pub const ENGINE_VERSION: u32 = 2;

/// The prices the engine can tell, USD per BTC.
pub const PRICE_RANGE_USD: std::ops::RangeInclusive<f64> = 0.01..=10_000_000.0;

/// One block's qualifying outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutputs {
    /// Height in the chain.
    pub height: u32,
    /// Header time, UTC seconds.
    pub time: i64,
    /// Amounts in sats, in any order (fastest ascending).
    pub sats: Vec<u64>,
}
