//! The files that exports write: whole or not there, folders by month, and Parquet.

// Measured figures are printed.
#![allow(clippy::print_stdout)]

mod database;
mod filled;
mod folders;
mod interrupted;
mod memory;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod whole;
