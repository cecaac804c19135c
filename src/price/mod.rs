//! The price engines.
