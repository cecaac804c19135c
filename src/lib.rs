//! blkprice.
pub mod blockfile;
pub mod chain;
pub mod dates;
pub mod filter;
pub mod price;
pub mod scan;
pub mod store;
pub mod synth;
