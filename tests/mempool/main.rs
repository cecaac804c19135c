//! What a self-hosted mempool is fed with: its SQL in a real MariaDB, and nginx in front of `blkprice serve`.

// Why a test was not run is told on stderr.
#![allow(clippy::print_stderr)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "not every helper is of use here")]
mod support;

mod mariadb;
mod nginx;
mod sql;
mod store;
