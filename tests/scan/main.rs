//! The scan, run as a user runs it: the program on block folders, the database looked at through its views.

// Links, permissions, signals and writes at an offset are used the Unix way.
#![cfg(unix)]
// A skipped test says so.
#![allow(clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod core_dirs;
mod database;
mod golden;
mod hostile;
mod incremental;
mod locate;
mod node;
mod resync;
mod same_content;
mod touches_nothing;
mod verify;
mod verify_prices;
