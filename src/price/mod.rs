//! The price engines.
pub mod histogram;
pub mod v91;
