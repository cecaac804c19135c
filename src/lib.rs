//! blkprice.
pub mod blockfile;
pub mod chain;
pub mod cli;
pub mod dates;
pub mod export;
pub mod filter;
pub mod price;
pub mod pricing;
pub mod scan;
pub mod store;
pub mod synth;
