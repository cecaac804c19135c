//! What users see of the database: the views, the example queries, the exports, and the size.

// Sizes and times are printed where they are measured.
#![allow(clippy::print_stdout)]

mod database;
mod examples;
mod exports;
mod histogram;
mod plans;
#[path = "../support/program.rs"]
mod program;
mod size;
