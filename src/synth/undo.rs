//! Writing undo files (`revNNNNN.dat`) beside the block files, as Core does and as it should not.

use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use bitcoin::BlockHash;
use bitcoin::hashes::Hash;

use super::tx::{compact_size, sha256d};
use super::writer::xor;
use super::{RawBlock, Rng};

/// Core's step for allocating undo files ahead, in bytes.
const STEP: u64 = 1 << 20;

/// Which undo files are written beside the block files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undo {
    /// None: a folder of block files alone.
    #[default]
    None,
    /// One record for each block but the genesis block, in the order of the chain, in the file with the block's number.
    Whole,
    /// The same with every trouble at random by this seed: records left out, with a wrong checksum, with counts that are not
    /// their block's, behind the half of a dead record, or after their successor.
    Troubled(u64),
}

/// The undo data of a block whose place may not be known yet.
#[derive(Debug)]
struct Waiting {
    hash: BlockHash,
    prev: BlockHash,
    data: Vec<u8>,
}

/// Writes undo records in the order in which the blocks come, each once its block has been written somewhere.
#[derive(Debug)]
pub(super) struct UndoWriter {
    dir: PathBuf,
    magic: [u8; 4],
    key: [u8; 8],
    troubles: Option<Rng>,
    /// Where blocks were written that still wait for their turn here.
    placed: HashMap<BlockHash, u32>,
    queue: VecDeque<Waiting>,
    /// A record held back to come after its successor.
    late: Option<(u32, Vec<u8>)>,
    open: Option<(u32, File)>,
}

impl UndoWriter {
    /// A writer, if undo files are wanted.
    pub(super) fn new(undo: Undo, dir: PathBuf, magic: [u8; 4], key: [u8; 8]) -> Option<Self> {
        let troubles = match undo {
            Undo::None => return None,
            Undo::Whole => None,
            Undo::Troubled(seed) => Some(Rng::derive(seed, 0x7e5)),
        };
        Some(Self {
            dir,
            magic,
            key,
            troubles,
            placed: HashMap::new(),
            queue: VecDeque::new(),
            late: None,
            open: None,
        })
    }

    /// The next block to be connected.
    pub(super) fn connect(&mut self, block: &RawBlock) {
        if block.prev != BlockHash::all_zeros() && !block.undo.is_empty() {
            self.queue.push_back(Waiting {
                hash: block.hash,
                prev: block.prev,
                data: block.undo.clone(),
            });
        }
    }

    /// A block was written to file `number`.
    pub(super) fn placed(&mut self, hash: BlockHash, number: u32) -> io::Result<()> {
        self.placed.insert(hash, number);
        while let Some(number) = self
            .queue
            .front()
            .and_then(|next| self.placed.remove(&next.hash))
        {
            if let Some(next) = self.queue.pop_front() {
                self.record(number, &next)?;
            }
        }
        Ok(())
    }

    /// Writes what is held back; with `pad`, zeros up to where Core would have allocated.
    pub(super) fn finish(mut self, pad: bool) -> io::Result<()> {
        if let Some((number, bytes)) = self.late.take() {
            self.append(number, &bytes)?;
        }
        match self.open {
            Some((_, file)) if pad => {
                let length = file.metadata()?.len();
                file.set_len(length.div_ceil(STEP) * STEP)
            }
            _ => Ok(()),
        }
    }

    fn record(&mut self, number: u32, block: &Waiting) -> io::Result<()> {
        let trouble = match &mut self.troubles {
            Some(rng) => rng.below(20),
            None => usize::MAX,
        };
        let bytes = match trouble {
            0 => return Ok(()),
            1 => {
                let mut bytes = self.frame(block.prev, &block.data)?;
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                bytes
            }
            2 => self.frame(block.prev, &other_counts(&block.data))?,
            3 => {
                let mut bytes = self.frame(block.prev, &[9; 300])?;
                bytes.truncate(150);
                bytes.extend(self.frame(block.prev, &block.data)?);
                bytes
            }
            4 if self.late.is_none() => {
                self.late = Some((number, self.frame(block.prev, &block.data)?));
                return Ok(());
            }
            _ => self.frame(block.prev, &block.data)?,
        };
        self.append(number, &bytes)?;
        match self.late.take() {
            Some((number, bytes)) => self.append(number, &bytes),
            None => Ok(()),
        }
    }

    fn frame(&self, prev: BlockHash, data: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(data.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "undo data of 4 GiB"))?;
        let mut bytes = Vec::with_capacity(data.len() + 40);
        bytes.extend_from_slice(&self.magic);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&sha256d(&[&prev.to_byte_array(), data]));
        Ok(bytes)
    }

    fn append(&mut self, number: u32, bytes: &[u8]) -> io::Result<()> {
        let mut file = match self.open.take() {
            Some((open, file)) if open == number => file,
            _ => OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(self.dir.join(format!("rev{number:05}.dat")))?,
        };
        let end = file.seek(SeekFrom::End(0))?;
        let mut bytes = bytes.to_vec();
        xor(&mut bytes, self.key, end);
        file.write_all(&bytes)?;
        self.open = Some((number, file));
        Ok(())
    }
}

/// Undo data for as many transactions, the first of them with more inputs than a block here ever has.
fn other_counts(data: &[u8]) -> Vec<u8> {
    let mut other = match data {
        [0xfd, low, high, ..] => vec![0xfd, *low, *high],
        [count, ..] => vec![*count],
        [] => Vec::new(),
    };
    compact_size(300, &mut other);
    other.extend_from_slice(&data[other.len().min(data.len())..]);
    other
}
