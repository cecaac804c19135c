//! The command-line program: parse, run, exit code.

use std::process::ExitCode;

use blkprice::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    Cli::parse().run()
}
