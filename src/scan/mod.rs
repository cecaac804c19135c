//! The scan: block files in, days of outputs in the store out.
//!
//! Stages 1 to 4 in a row: [`survey`] reads the headers and chooses the chain (where blocks were only added, knowing no more of it than its
//! end: `tail`), [`plan`] compares its days with those
//! stored, [`decode`] reads the days that differ in parallel (each thread by a [`reader`]), and [`run`] stores them in order, one writer, at most
//! a few days in memory: first those that replace stored ones, in one transaction with what follows from them ([`run_and`]).
//! [`poll`] tells when there is something to scan.

mod close;
pub mod decode;
mod history;
pub mod plan;
pub mod poll;
pub mod reader;
mod replaced;
mod rounds;
mod store_days;
pub mod survey;
mod surveyed;
mod tail;
pub mod warning;

pub(crate) use history::check_found;
pub use rounds::{run, run_and};
pub use survey::{Known, Survey};
pub use warning::Warning;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::blockfile::{self, Access, Chain};
use crate::chain::WindowDay;
use crate::store;

/// Where the blocks come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder with the block files.
    pub blocks_dir: PathBuf,
    /// The chain they are of.
    pub chain: Chain,
    /// How they are read.
    pub access: Access,
}

impl Source {
    /// The files of a folder, mapped where that pays.
    pub fn mapped(blocks_dir: impl Into<PathBuf>, chain: Chain) -> Source {
        Source {
            blocks_dir: blocks_dir.into(),
            chain,
            access: Access::Map,
        }
    }
}

/// What to scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Look only at files that have changed since the last scan.
    pub since_last: bool,
    /// First day to store; else the first stored, or the first there is.
    pub from: Option<WindowDay>,
    /// Last day to store.
    pub to: Option<WindowDay>,
    /// Leave the node's undo files aside.
    pub no_undo: bool,
    /// Recompute the merkle root of every block read.
    pub check: bool,
}

/// What a scan did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Tip of the chain: height and hash in display order.
    pub tip: Option<(u32, String)>,
    /// Days read and stored.
    pub days: usize,
    /// Blocks read and stored.
    pub blocks: u64,
    /// Qualifying outputs stored.
    pub outputs: u64,
    /// Bytes of blocks read.
    pub bytes: u64,
    /// Records that are not on the chain.
    pub stale: usize,
    /// Heights are missing inside the range, or blocks have none.
    pub incomplete: bool,
    /// Nothing had changed.
    pub nothing_new: bool,
}

/// Why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The block files.
    #[error(transparent)]
    BlockFile(#[from] blockfile::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There are no block files.
    #[error("{}: there are no blk*.dat files in it\n  hint: is its disk mounted, and is it the right folder?", .0.display())]
    NoFiles(PathBuf),
    /// There are files, and none can be read.
    #[error("{}: none of its block files can be read\n  hint: run this as a user who may read them, as the node's own", .0.display())]
    NoneReadable(PathBuf),
    /// There are files but no chain in them.
    #[error("{}: no block of chain {chain} was found in its {files} block files\n  hint: is this the right folder, and is the xor.dat beside the files their own?", .dir.display())]
    NoBlocks {
        /// The folder.
        dir: PathBuf,
        /// The chain asked for.
        chain: Chain,
        /// Number of block files.
        files: usize,
    },
    /// Blocks, but none that can be given a height.
    #[error("{}: none of its blocks can be given a height: there is no genesis block, and the coinbases state no heights\n  hint: the folder must begin with blk00000.dat, or hold blocks from 227,931 on", .0.display())]
    NoHeights(PathBuf),
    /// The database was made from another chain of the same kind.
    #[error("{}: holds another chain (its block {height} is {stored}) than {} (there it is {found})\n  hint: name another database with --db", .database.display(), .dir.display())]
    OtherHistory {
        /// The database.
        database: PathBuf,
        /// The folder.
        dir: PathBuf,
        /// A height at which they differ.
        height: u32,
        /// The hash stored.
        stored: String,
        /// The hash found.
        found: String,
    },
    /// The user, or the system, asked to stop.
    #[error("interrupted; what was stored is kept, and the same command goes on from there")]
    Interrupted,
}

/// What is done to the store in each transaction that replaces stored days, behind the replacement: what follows from the days is
/// to change with them.
pub type Then<'a> = dyn Fn(&mut store::Store) -> Result<(), Error> + 'a;

/// What [`Progress`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Block files.
    Files,
    /// Bytes of blocks.
    Bytes,
    /// Days.
    Days,
}

/// Something that shows how far a run has come. Called from many threads.
pub trait Progress: Sync {
    /// A phase begins that has `total` of `unit` to do.
    fn start(&self, what: &str, total: u64, unit: Unit);
    /// So many more are done.
    fn advance(&self, count: u64);
    /// The phase is over.
    fn finish(&self);
    /// Something a person should know.
    fn warn(&self, warning: &Warning);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str, _: u64, _: Unit) {}
    fn advance(&self, _: u64) {}
    fn finish(&self) {}
    fn warn(&self, _: &Warning) {}
}

/// Progress, and the wish to stop.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Where progress is shown.
    pub progress: &'a dyn Progress,
    /// Set from outside to end the run.
    pub stop: &'a AtomicBool,
}

impl Watch<'static> {
    /// Nobody watches, and nobody stops it.
    pub fn silent() -> Watch<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Watch {
            progress: &Silent,
            stop: &NEVER,
        }
    }
}

impl Watch<'_> {
    /// Whether to go on.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the stop was asked for.
    pub fn check(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}
