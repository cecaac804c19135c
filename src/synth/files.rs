//! Writing blocks into `blkNNNNN.dat` files as Bitcoin Core does, with everything that makes reading them hard.

use crate::blockfile::Chain;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::append::end_of_data;
use super::undo::Undo;
use super::writer::{Writer, Written, file_path};
use super::{RawBlock, Rng};

/// Message start bytes of the main chain.
pub const MAINNET_MAGIC: [u8; 4] = Chain::Main.magic();
/// Message start bytes of testnet3.
pub const TESTNET3_MAGIC: [u8; 4] = Chain::Test.magic();
/// Message start bytes of testnet4.
pub const TESTNET4_MAGIC: [u8; 4] = Chain::Testnet4.magic();
/// Message start bytes of signet with its default challenge.
pub const SIGNET_MAGIC: [u8; 4] = Chain::Signet.magic();
/// Message start bytes of regtest.
pub const REGTEST_MAGIC: [u8; 4] = Chain::Regtest.magic();

/// How a block folder is obfuscated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Xor {
    /// No `xor.dat`: a node older than v28.
    #[default]
    None,
    /// A `xor.dat` of zeros: a node upgraded to v28 or later.
    Zero,
    /// A `xor.dat` with this key.
    Key([u8; 8]),
    /// A `xor.dat` with a key drawn from this seed.
    Random(u64),
}

/// Which files keep their preallocated tail of raw zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// No file: as if copied by hand.
    #[default]
    None,
    /// The last file, padded to a multiple of this many bytes, as a node leaves its folder (Core's step is 16 MiB).
    Last(u64),
    /// Every file, as after crashes and with two files growing in turns.
    Every(u64),
}

/// How a block folder is to be written. The folder is the one that holds `blkNNNNN.dat`, and nothing outside of it is
/// touched; existing files are never overwritten, except by [`BlockFiles::append`].
#[derive(Clone, Debug)]
pub struct BlockFiles {
    pub(super) dir: PathBuf,
    pub(super) magic: [u8; 4],
    xor: Xor,
    pub(super) max_bytes: u64,
    pub(super) max_blocks: usize,
    pub(super) first_file: u32,
    pub(super) tail: Tail,
    pub(super) shuffle: usize,
    pub(super) seed: u64,
    pub(super) missing: BTreeSet<u32>,
    pub(super) undo: Undo,
}

impl BlockFiles {
    /// Main-chain magic, no XOR, files of at most 128 MiB from number 0 on, no tail, blocks in the order given, no undo files.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            magic: MAINNET_MAGIC,
            xor: Xor::None,
            max_bytes: 128 << 20,
            max_blocks: usize::MAX,
            first_file: 0,
            tail: Tail::None,
            shuffle: 0,
            seed: 0,
            missing: BTreeSet::new(),
            undo: Undo::None,
        }
    }

    /// Sets the chain's magic.
    pub fn magic(mut self, magic: [u8; 4]) -> Self {
        self.magic = magic;
        self
    }

    /// Sets the obfuscation. [`BlockFiles::append`] ignores it and obeys the folder's own `xor.dat`.
    pub fn xor(mut self, xor: Xor) -> Self {
        self.xor = xor;
        self
    }

    /// Starts a new file before one would reach this size in bytes (a single larger block gets its own).
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Starts a new file after this many blocks.
    pub fn blocks_per_file(mut self, blocks: usize) -> Self {
        self.max_blocks = blocks.max(1);
        self
    }

    /// Sets the number of the first file: not 0 on a pruned node.
    pub fn first_file(mut self, number: u32) -> Self {
        self.first_file = number;
        self
    }

    /// Sets which files get a tail of zeros.
    pub fn tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// Writes each block at most `places` places from its turn, at random by `seed`, so that children stand before their
    /// parents. The first block keeps its place. That many blocks are held in memory.
    pub fn shuffle(mut self, seed: u64, places: usize) -> Self {
        self.shuffle = places;
        self.seed = seed;
        self
    }

    /// Leaves out the files of these numbers: their blocks are lost, the numbering of the rest stays.
    pub fn missing(mut self, files: impl IntoIterator<Item = u32>) -> Self {
        self.missing = files.into_iter().collect();
        self
    }

    /// Sets which undo files are written. Every block given is taken to have been connected.
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = undo;
        self
    }

    /// Makes the folder and its `xor.dat`, and starts writing.
    ///
    /// # Errors
    /// When the folder cannot be made, or holds such files already.
    pub fn create(self) -> io::Result<Writer> {
        fs::create_dir_all(&self.dir)?;
        let key = match self.xor {
            Xor::None => None,
            Xor::Zero => Some([0; 8]),
            Xor::Key(key) => Some(key),
            Xor::Random(seed) => Some(Rng::new(seed).next_u64().to_le_bytes()),
        };
        if let Some(key) = key {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(self.dir.join("xor.dat"))?
                .write_all(&key)?;
        }
        Ok(Writer::new(self, key.unwrap_or_default()))
    }

    /// Makes the folder and writes all of `blocks`.
    ///
    /// # Errors
    /// As [`BlockFiles::create`], and when the disk is full.
    pub fn write<B: std::borrow::Borrow<RawBlock>>(
        self,
        blocks: impl IntoIterator<Item = B>,
    ) -> io::Result<Written> {
        let mut writer = self.create()?;
        for block in blocks {
            writer.block(block.borrow())?;
        }
        writer.finish()
    }

    /// Goes on in an existing folder as a restarted node does: behind the last whole record of the last file,
    /// over its zeros or over a torn record. Whatever lies further on stays, as Core leaves it.
    ///
    /// # Errors
    /// When the folder cannot be read, holds no block file, or has a `xor.dat` that is not 8 bytes long.
    pub fn append(self) -> io::Result<Writer> {
        let key = match fs::read(self.dir.join("xor.dat")) {
            Ok(bytes) => <[u8; 8]>::try_from(bytes.as_slice()).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "xor.dat is not 8 bytes long")
            })?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => [0; 8],
            Err(e) => return Err(e),
        };
        let last = last_file(&self.dir)?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "no blkNNNNN.dat to append to")
        })?;
        let path = file_path(&self.dir, last);
        let (offset, blocks) = end_of_data(&fs::read(&path)?, key, self.magic);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Writer::resume(self, key, file, last, offset, blocks))
    }
}

fn last_file(dir: &Path) -> io::Result<Option<u32>> {
    let mut last = None;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|n| {
            n.strip_prefix("blk")?
                .strip_suffix(".dat")?
                .parse::<u32>()
                .ok()
        });
        last = last.max(number);
    }
    Ok(last)
}
