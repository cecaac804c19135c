//! The price engines.
pub mod path;
