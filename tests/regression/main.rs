//! What once went wrong, a test each, seen as a user sees it.

// Signals, pipes and writes at an offset are used the Unix way.
#![cfg(unix)]

#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;

mod dead_blocks;
mod interrupted;
mod other_folder;
mod outputs;
mod score;
