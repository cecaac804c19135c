//! The flags that say where the blocks are.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::blockfile::{Access, Chain, Request, locate};
use crate::scan::Source;
use crate::store::Store;

/// Not `next_help_heading`: that would take in the flags of whoever flattens these as well.
const HEADING: &str = "Where the blocks are";

/// A chain by Core's name for it, or by another that people use.
fn chain_named(name: &str) -> Result<Chain, String> {
    match name.to_ascii_lowercase().as_str() {
        "mainnet" | "bitcoin" => Ok(Chain::Main),
        "testnet" | "testnet3" => Ok(Chain::Test),
        lower => lower.parse(),
    }
}

/// Where the blocks are
#[derive(Args, Clone, Debug)]
pub(super) struct Folder {
    /// The folder that holds the blk*.dat files
    #[arg(long, value_name = "DIR", help_heading = HEADING)]
    blocks_dir: Option<PathBuf>,

    /// The node's data folder; its bitcoin.conf is heeded [default: where the database was made from, or the platform's,
    /// ~/.bitcoin on Linux]
    #[arg(long, value_name = "DIR", conflicts_with = "blocks_dir", help_heading = HEADING)]
    datadir: Option<PathBuf>,

    /// main, test, testnet4, signet or regtest [default: the database's own, or main]
    #[arg(long, value_name = "CHAIN", value_parser = chain_named, help_heading = HEADING)]
    pub(super) chain: Option<Chain>,

    /// Read block files instead of mapping them into memory
    #[arg(long, help_heading = HEADING)]
    no_mmap: bool,
}

impl Folder {
    /// The flags given that say where and how block files are read.
    pub(super) fn reading_flags(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            ("--blocks-dir", self.blocks_dir.is_some()),
            ("--datadir", self.datadir.is_some()),
            ("--no-mmap", self.no_mmap),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, given)| given.then_some(flag))
    }

    /// Whether the flags name it.
    pub(super) fn is_named(&self) -> bool {
        self.blocks_dir.is_some() || self.datadir.is_some()
    }

    /// The folder the flags name, or the one the database was made from, or the platform's default.
    pub(super) fn source(&self, store: Option<&Store>) -> anyhow::Result<Source> {
        let known = match store {
            Some(store) => store.chain()?,
            None => None,
        };
        let known = known
            .map(|name| name.parse::<Chain>())
            .transpose()
            .map_err(anyhow::Error::msg)?;
        let chain = self.chain.or(known).unwrap_or(Chain::Main);
        let before = match store {
            Some(store) if !self.is_named() && known == Some(chain) => store.meta("blocks_dir")?,
            _ => None,
        };
        if let Some(dir) = before.map(PathBuf::from) {
            std::fs::read_dir(&dir).with_context(|| {
                format!(
                    "{}: the folder the database was made from cannot be read\n  hint: name it with --blocks-dir",
                    dir.display()
                )
            })?;
            return Ok(self.at(dir, chain));
        }
        let blocks_dir = locate(&Request {
            blocks_dir: self.blocks_dir.clone(),
            datadir: self.datadir.clone(),
            chain,
        })?;
        Ok(self.at(blocks_dir, chain))
    }

    fn at(&self, blocks_dir: PathBuf, chain: Chain) -> Source {
        let access = if self.no_mmap {
            Access::Read
        } else {
            Access::Map
        };
        Source {
            blocks_dir,
            chain,
            access,
        }
    }
}
