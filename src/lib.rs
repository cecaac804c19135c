//! blkprice.
pub mod price;
pub mod synth;
