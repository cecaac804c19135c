//! The price pass: days of outputs from the store through an engine and back into the store.
//!
//! [`daily`] runs the engine that looks at one day at a time, [`joint`] the one that decodes all days as one path, with
//! the [`anchors`] a user gives it; [`window`] prices the newest blocks by the latter. A [`Pass`] runs them all, beside a
//! scan too.

pub mod anchors;
pub mod daily;
pub mod joint;
mod pass;
pub mod window;

pub use pass::Pass;

use crate::chain::WindowDay;
use crate::price::{path, v91};
use crate::scan::{self, Watch};
use crate::store::Store;

/// A price engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The whole history decoded as one path.
    Path,
    /// The published reference method, day by day.
    V91,
}

impl Engine {
    /// Every engine, the default first.
    pub const ALL: [Engine; 2] = [Engine::Path, Engine::V91];

    /// The engine whose prices are shown where none is named.
    pub const DEFAULT: Engine = Engine::ALL[0];

    /// Its name, on the command line and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Path => path::ENGINE,
            Engine::V91 => v91::ENGINE,
        }
    }

    /// Its version; rows of an older version are computed again.
    pub fn version(self) -> u32 {
        match self {
            Engine::Path => path::ENGINE_VERSION,
            Engine::V91 => v91::ENGINE_VERSION,
        }
    }
}

/// How far a price can be trusted, as the `status` column says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A whole day with enough to go by.
    Ok,
    /// A price resting on little.
    Weak,
    /// A price of an incomplete day.
    Partial,
    /// No price is to be found.
    None,
    /// The engine does not cover this day.
    Unsupported,
}

impl Status {
    /// The word in the database.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Weak => "weak",
            Status::Partial => "partial",
            Status::None => "none",
            Status::Unsupported => "unsupported",
        }
    }
}

/// What is to be known beside the outputs.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Let v9.1 price days before its first.
    pub force: bool,
    /// Known prices for the path engine: day and USD per BTC. `None`: those given before, if any.
    pub anchors: Option<Vec<(WindowDay, f64)>>,
}

/// Prices what has no price yet, or whose price may have changed, by `engine`; gives the number of days priced.
///
/// # Errors
/// The database cannot be read or written, or the run was interrupted.
pub fn price_all(
    pool: &rayon::ThreadPool,
    store: &mut Store,
    engine: Engine,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<usize, scan::Error> {
    match engine {
        Engine::Path => joint::price_all(pool, store, options.anchors.as_deref(), watch),
        Engine::V91 => daily::price_all(pool, store, options.force, watch),
    }
}
