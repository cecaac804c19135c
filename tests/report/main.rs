//! `blkprice report`: pages driven in a real browser, pages and pictures read as text, and the command itself.

// A skipped test says so, and times are printed where they are measured.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../support/mod.rs"]
#[allow(dead_code)]
mod support;

mod browser;
mod command;
mod database;
mod day_page;
mod few_days;
mod many_days;
mod odd_days;
mod pictures;
mod png;
mod range_page;
mod self_contained;
