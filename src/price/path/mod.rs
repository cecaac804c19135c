//! The `path` engine.
mod amounts;
mod comb;
mod confidence;
mod day_price;
mod evidence;
mod grid;
mod intraday;
mod level;
mod likelihood;
mod posterior;
mod transition;
mod window_posterior;

pub use day_price::{BlockPrice, DayPrice, Span, Status, refine};
pub use evidence::{DayEvidence, evidence};
pub use posterior::{Anchor, Decoded, ForwardState, LAG, decode};
pub use window_posterior::{DayPosterior, Peak};

/// The engine's name in rows and on the command line.
pub const ENGINE: &str = "path";
/// Bumped whenever a computed price changes.
pub const ENGINE_VERSION: u32 = 1;

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
