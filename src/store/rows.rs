//! The rows that go into the store and come out of it.

use crate::chain::WindowDay;
use crate::chain::header::{Hash, Place};

/// A block of the active chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: Hash,
    /// Its parent's hash, where the parent is not the block one height below in the same day.
    pub prev: Option<Hash>,
    /// Header time, UTC seconds.
    pub time: u32,
    /// nBits.
    pub bits: u32,
    /// Where it is.
    pub place: Place,
    /// Bytes.
    pub size: u32,
    /// Number of transactions.
    pub transactions: u32,
    /// Number of qualifying outputs.
    pub outputs: u32,
    /// What told which inputs spend coins of the same day: the node's undo data, or the day's txids. None where there is
    /// nothing to tell: a block with a coinbase only.
    pub undo: Option<bool>,
}

/// A decoded day, ready to be stored.
#[derive(Clone, Debug, Default)]
pub struct DayRow {
    /// Days since 1970-01-01.
    pub day: WindowDay,
    /// First height of the day.
    pub first: u32,
    /// Last height of the day.
    pub last: u32,
    /// Whether every block is there.
    pub complete: bool,
    /// Sum of the qualifying outputs, sats.
    pub sats: u64,
    /// The blocks, ascending.
    pub blocks: Vec<BlockRow>,
    /// Their outputs, as [`super::codec`] writes them.
    pub data: Vec<u8>,
    /// Bin and number of outputs, for the bins that have any, ascending.
    pub bins: Vec<(u16, u32)>,
    /// Its blocks that could not be had: noted with the day, so that a run that ends early does not forget them.
    pub missing: Vec<Missing>,
}

/// What the store knows of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredDay {
    /// Days since 1970-01-01.
    pub day: WindowDay,
    /// First height of the day.
    pub first: u32,
    /// Last height of the day.
    pub last: u32,
    /// Blocks stored.
    pub blocks: u32,
    /// Qualifying outputs.
    pub outputs: u64,
    /// Whether every block is there.
    pub complete: bool,
    /// Version of the rules that chose its outputs.
    pub rules_version: u32,
}

/// A block file as the last finished scan saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Number of the file.
    pub file: u32,
    /// Bytes.
    pub size: u64,
    /// Time of last change in nanoseconds since 1970; 0 where it was too fresh to be trusted.
    pub mtime_ns: i64,
    /// Something in it is no whole record.
    pub damaged: bool,
}

impl FileState {
    /// Whether a file of this size and time of change is as it was seen.
    pub fn is_as_seen(&self, size: u64, mtime_ns: i64) -> bool {
        self.mtime_ns != 0 && self.mtime_ns == mtime_ns && self.size == size
    }
}

/// Heights that no readable block is at hand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// First height.
    pub first: u32,
    /// Last height.
    pub last: u32,
    /// Why.
    pub reason: String,
}

/// A price of a day by one engine.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceRow {
    /// Days since 1970-01-01.
    pub day: WindowDay,
    /// Name of the engine.
    pub engine: String,
    /// USD per BTC.
    pub usd: Option<f64>,
    /// USD per BTC at the start of the day.
    pub open: Option<f64>,
    /// Highest USD per BTC.
    pub high: Option<f64>,
    /// Lowest USD per BTC.
    pub low: Option<f64>,
    /// USD per BTC at the end of the day.
    pub close: Option<f64>,
    /// Probability that `usd` is within 2 % of the truth.
    pub confidence: Option<f64>,
    /// ok, weak, partial, none or unsupported.
    pub status: String,
    /// Qualifying outputs of the day.
    pub outputs: u64,
    /// Estimates the price rests on.
    pub points: u64,
    /// Version of the engine.
    pub engine_version: u32,
    /// 68 % interval of `usd`, from and to.
    pub interval68: Option<(f64, f64)>,
    /// 95 % interval of `usd`, from and to.
    pub interval95: Option<(f64, f64)>,
    /// Whether later blocks change it no more.
    pub is_final: bool,
    /// The known prices the engine was given.
    pub anchors: Option<String>,
}

impl PriceRow {
    /// A row without a price.
    pub fn empty(day: WindowDay, engine: &str, engine_version: u32) -> PriceRow {
        PriceRow {
            day,
            engine: engine.to_string(),
            usd: None,
            open: None,
            high: None,
            low: None,
            close: None,
            confidence: None,
            status: String::new(),
            outputs: 0,
            points: 0,
            engine_version,
            interval68: None,
            interval95: None,
            is_final: true,
            anchors: None,
        }
    }
}

/// The price of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockPriceRow {
    /// Its height.
    pub height: u32,
    /// USD per BTC.
    pub usd: f64,
    /// 16th percentile, USD per BTC.
    pub low: f64,
    /// 84th percentile, USD per BTC.
    pub high: f64,
}
