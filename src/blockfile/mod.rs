//! Stage 1: from a folder of `blk*.dat` files to framed block records.
//!
//! [`mod@locate`] finds the folder, [`magic`] knows the chains, [`obfuscation`] undoes the XOR of `xor.dat`,
//! [`map`] gives a block's bytes (memory-mapped or read), and [`records`] hops from record to record
//! and finds its way again behind damaged bytes. [`undo`] finds and reads the node's undo records. Nothing here knows what a block contains beyond its
//! 80-byte header, and nothing here ever writes.

pub mod conf;
pub mod files;
pub mod locate;
pub mod magic;
pub mod map;
pub mod obfuscation;
pub mod records;
pub mod undo;
mod window;

pub use files::{BlkFile, list};
pub use locate::{Request, locate};
pub use magic::Chain;
pub use map::{Access, BlockSource};
pub use obfuscation::XorKey;
pub use undo::{Spent, UndoFile};

use std::path::PathBuf;

/// What can go wrong between a path and a framed record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No folder with block files was found.
    #[error("no folder with blk*.dat files for chain {chain} was found; tried:{}\n  hint: {}", list_paths(.tried), hint(.tried))]
    NotFound {
        /// The chain asked for.
        chain: Chain,
        /// Every place looked at, with the reason it would not do.
        tried: Vec<(PathBuf, String)>,
    },
    /// The folder holds another chain.
    #[error("{} holds blocks of chain {found}, not of {wanted}\n  hint: say --chain {found}, or name another folder", .path.display())]
    OtherChain {
        /// The file whose first record was looked at.
        path: PathBuf,
        /// The chain whose magic it starts with.
        found: Chain,
        /// The chain asked for.
        wanted: Chain,
    },
    /// `xor.dat` is there but cannot be a key.
    #[error("{} is {size} bytes long; an obfuscation key is 8 bytes\n  hint: copy the node's own xor.dat beside its block files; without the right key nothing there can be read", .path.display())]
    KeySize {
        /// The key file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// The operating system refused.
    #[error("{}: {source}{}", .path.display(), access_hint(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of bitcoin.conf leads nowhere.
    #[error("{}: {what}", .path.display())]
    Conf {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}

fn list_paths(tried: &[(PathBuf, String)]) -> String {
    tried
        .iter()
        .map(|(path, why)| format!("\n  {}: {why}", path.display()))
        .collect()
}

/// What to do about places that would not do: enter one that is locked, or name another.
fn hint(tried: &[(PathBuf, String)]) -> &'static str {
    let denied = std::io::Error::from_raw_os_error(EACCES).to_string();
    if tried.iter().any(|(_, why)| *why == denied) {
        "run blkprice as the node's user, or give its group the right to enter that folder and to read the files in it; or \
         name another with --blocks-dir or --datadir"
    } else {
        "name it with --blocks-dir, or the node's data folder with --datadir"
    }
}

/// "Permission denied" on Unix.
const EACCES: i32 = 13;

/// Core keeps its block files at mode 0600, so this is the error most users meet first.
fn access_hint(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        "\n  hint: blkprice needs the right to read this file and to enter its folder; run it as the node's user, or give that right to its group"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_may_not_be_entered_has_a_hint_of_its_own() {
        let told = |code| {
            let why = std::io::Error::from_raw_os_error(code).to_string();
            let tried = vec![(PathBuf::from("/srv/blocks"), why)];
            let chain = Chain::Main;
            Error::NotFound { chain, tried }.to_string()
        };
        assert!(told(EACCES).contains("hint: run blkprice as the node's user"));
        assert!(told(2).contains("hint: name it with --blocks-dir"));
    }
}
