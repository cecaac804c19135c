//! The command line: arguments to options, and all printing.
//!
//! Data goes to stdout; progress, warnings and summaries to stderr.

mod backfill;
mod day;
mod demo;
mod examples;
mod exit;
mod explain;
mod export;
mod folder;
mod follow;
mod generate;
mod hook;
mod output;
mod price;
mod priced;
mod printer;
mod progress;
mod recent;
mod report;
mod scan;
mod score;
#[cfg(feature = "serve")]
mod serve;
mod sparing;
mod status;
mod verify;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Bitcoin's daily USD price history, decoded from your own node's block files.
///
/// Reads Bitcoin Core's blk*.dat files directly (no RPC, no network), keeps the price-bearing outputs of every UTC day in
/// one SQLite file, and decodes the BTC/USD price of each day from them.
#[derive(Debug, Parser)]
#[command(name = "blkprice", version, max_term_width = 100, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  blkprice demo                                 see it work, without a node
  blkprice backfill                             the whole history, from the node's default folder
  blkprice backfill --datadir /srv/bitcoin --since-last
  blkprice watch                                beside a running node: a line a block
  blkprice price 2025-10-23
  blkprice export prices --format csv -o prices.csv
  blkprice report 2025-10-23                    a page that shows the day, and why this price

`blkprice help COMMAND` shows the flags of a command, and examples.

Exit codes:
  0    ok; `watch` was told to stop
  1    error
  2    usage
  3    heights are missing inside the range, or files could not be read; all else is stored
  4    the database is being written by another
  5    `verify` found something wrong
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Backfill(backfill::Backfill),
    Watch(watch::Watch),
    Scan(scan::Scan),
    Price(price::Price),
    Export(export::Export),
    Report(report::Report),
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    Status(status::Status),
    Verify(verify::Verify),
    Score(score::Score),
    Demo(demo::Demo),
    Completions(generate::Completions),
    Man(generate::Man),
}

/// Where the database is.
#[derive(Args, Clone, Debug)]
struct Database {
    /// The database file
    #[arg(long, value_name = "FILE", default_value = "blkprice.db")]
    db: PathBuf,
}

/// How a command that ended without an error ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Heights are missing inside the range.
    Incomplete,
    /// Something stored does not follow from the block files, or does not fit together.
    Differs,
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        let (name, result) = match self.command {
            Command::Backfill(command) => ("backfill", command.run()),
            Command::Watch(command) => ("watch", command.run()),
            Command::Scan(command) => ("scan", command.run()),
            Command::Price(command) => ("price", command.run()),
            Command::Export(command) => ("export", command.run()),
            Command::Report(command) => ("report", command.run()),
            #[cfg(feature = "serve")]
            Command::Serve(command) => ("serve", command.run()),
            Command::Status(command) => ("status", command.run()),
            Command::Verify(command) => ("verify", command.run()),
            Command::Score(command) => ("score", command.run()),
            Command::Demo(command) => ("demo", command.run()),
            Command::Completions(command) => ("completions", command.run()),
            Command::Man(command) => ("man", command.run()),
        };
        exit::code(name, result)
    }
}
