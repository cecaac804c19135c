//! Writing blocks into `blkNNNNN.dat` files as Bitcoin Core does, with everything that makes reading them hard.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bitcoin::BlockHash;

use super::append::end_of_data;
use super::shuffle::Shuffle;
use super::{RawBlock, Rng};

/// Message start bytes of the main chain.
pub const MAINNET_MAGIC: [u8; 4] = [0xf9, 0xbe, 0xb4, 0xd9];
/// Message start bytes of testnet3.
pub const TESTNET3_MAGIC: [u8; 4] = [0x0b, 0x11, 0x09, 0x07];
/// Message start bytes of testnet4.
pub const TESTNET4_MAGIC: [u8; 4] = [0x1c, 0x16, 0x3f, 0x28];
/// Message start bytes of signet with its default challenge.
pub const SIGNET_MAGIC: [u8; 4] = [0x0a, 0x03, 0xcf, 0x40];
/// Message start bytes of regtest.
pub const REGTEST_MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

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
    dir: PathBuf,
    magic: [u8; 4],
    xor: Xor,
    max_bytes: u64,
    max_blocks: usize,
    first_file: u32,
    tail: Tail,
    shuffle: usize,
    seed: u64,
    missing: BTreeSet<u32>,
}

/// Where a whole block was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The N of `blkNNNNN.dat`.
    pub file: u32,
    /// Offset of the block's first byte: 8 past its record's magic.
    pub offset: u64,
    /// Length of the block in bytes.
    pub size: usize,
    /// The block.
    pub hash: BlockHash,
}

/// What [`Writer::finish`] gives: the folder as it now is.
#[derive(Clone, Debug)]
pub struct Written {
    /// The folder.
    pub dir: PathBuf,
    /// The blocks in the order of the files; those of missing files are left out.
    pub places: Vec<Place>,
    /// The files written, in order.
    pub files: Vec<PathBuf>,
}

impl BlockFiles {
    /// Main-chain magic, no XOR, files of at most 128 MiB from number 0 on, no tail, blocks in the order given.
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
        let mut writer = Writer::new(self, key);
        writer.number = last;
        writer.offset = offset;
        writer.blocks = blocks;
        writer.open = Some(Some(file));
        writer.written.files.push(path);
        Ok(writer)
    }
}

/// Writes records one after the other; made by [`BlockFiles::create`] or [`BlockFiles::append`].
#[derive(Debug)]
pub struct Writer {
    spec: BlockFiles,
    key: [u8; 8],
    number: u32,
    offset: u64,
    blocks: usize,
    /// The file being written; `Some(None)` where it is to be missing.
    open: Option<Option<File>>,
    scratch: Vec<u8>,
    shuffle: Shuffle,
    written: Written,
}

impl Writer {
    fn new(spec: BlockFiles, key: [u8; 8]) -> Self {
        Self {
            number: spec.first_file,
            shuffle: Shuffle::new(spec.seed, spec.shuffle),
            written: Written {
                dir: spec.dir.clone(),
                places: Vec::new(),
                files: Vec::new(),
            },
            spec,
            key,
            offset: 0,
            blocks: 0,
            open: None,
            scratch: Vec::new(),
        }
    }

    /// Writes a block's record, or holds it back for its shuffled turn.
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn block(&mut self, block: &RawBlock) -> io::Result<()> {
        if self.shuffle.is_off() {
            return self.record(block);
        }
        match self.shuffle.push(block.clone()) {
            Some(ready) => self.record(&ready),
            None => Ok(()),
        }
    }

    /// Writes these bytes as they are (XORed as everything is), where a record would begin. Blocks held back for
    /// shuffling are written first.
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn garbage(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.raw(bytes)
    }

    /// Writes a record that ends after `keep` bytes of its block, as a crash leaves it; the length field says the whole.
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn torn(&mut self, block: &RawBlock, keep: usize) -> io::Result<()> {
        self.flush()?;
        let mut record = self.frame(block)?.to_vec();
        record.extend_from_slice(&block.bytes[..keep.min(block.bytes.len())]);
        self.raw(&record)
    }

    /// Ends the file; what comes next goes to one with the next number.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn new_file(&mut self) -> io::Result<()> {
        self.flush()?;
        self.roll()
    }

    /// Writes what is held back and the tail.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self) -> io::Result<Written> {
        self.flush()?;
        if let (Some(Some(file)), Tail::Last(step) | Tail::Every(step)) =
            (self.open.take(), self.spec.tail)
        {
            preallocate(&file, self.offset, step)?;
        }
        Ok(self.written)
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(block) = self.shuffle.pop() {
            self.record(&block)?;
        }
        Ok(())
    }

    fn frame(&self, block: &RawBlock) -> io::Result<[u8; 8]> {
        let len = u32::try_from(block.bytes.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a block of 4 GiB or more"))?;
        let mut frame = [0; 8];
        frame[..4].copy_from_slice(&self.spec.magic);
        frame[4..].copy_from_slice(&len.to_le_bytes());
        Ok(frame)
    }

    fn record(&mut self, block: &RawBlock) -> io::Result<()> {
        let frame = self.frame(block)?;
        let full = self.offset + 8 + block.bytes.len() as u64 >= self.spec.max_bytes;
        if self.blocks >= self.spec.max_blocks || (full && self.offset > 0) {
            self.roll()?;
        }
        self.raw(&frame)?;
        if !self.spec.missing.contains(&self.number) {
            let place = Place {
                file: self.number,
                offset: self.offset,
                size: block.bytes.len(),
                hash: block.hash,
            };
            self.written.places.push(place);
        }
        self.raw(&block.bytes)?;
        self.blocks += 1;
        Ok(())
    }

    /// Ends the file. Core cuts the preallocated tail off when it rolls over to the next.
    fn roll(&mut self) -> io::Result<()> {
        if let Some(Some(file)) = self.open.take() {
            match self.spec.tail {
                Tail::Every(step) => preallocate(&file, self.offset, step)?,
                Tail::None | Tail::Last(_) => file.set_len(self.offset)?,
            }
        }
        self.number += 1;
        self.offset = 0;
        self.blocks = 0;
        Ok(())
    }

    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.open.is_none() {
            let file = if self.spec.missing.contains(&self.number) {
                None
            } else {
                let path = file_path(&self.spec.dir, self.number);
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&path)?;
                self.written.files.push(path);
                Some(file)
            };
            self.open = Some(file);
        }
        if let Some(Some(file)) = &mut self.open {
            self.scratch.clear();
            self.scratch.extend_from_slice(bytes);
            xor(&mut self.scratch, self.key, self.offset);
            file.write_all(&self.scratch)?;
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// Lengthens the file with zeros to the next multiple of `step` behind `used` bytes; never shortens it.
fn preallocate(file: &File, used: u64, step: u64) -> io::Result<()> {
    let len = used.div_ceil(step.max(1)) * step.max(1);
    if len > file.metadata()?.len() {
        file.set_len(len)
    } else {
        Ok(())
    }
}

/// XORs `bytes`, which stand at `offset` of their file, with the repeated key.
pub(crate) fn xor(bytes: &mut [u8], mut key: [u8; 8], offset: u64) {
    key.rotate_left((offset % 8) as usize); // below 8
    let word = u64::from_ne_bytes(key);
    if word == 0 {
        return;
    }
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut w = [0; 8];
        w.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(w) ^ word).to_ne_bytes());
    }
    for (byte, k) in chunks.into_remainder().iter_mut().zip(key) {
        *byte ^= k;
    }
}

fn file_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("blk{number:05}.dat"))
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
