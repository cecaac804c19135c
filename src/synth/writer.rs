//! Writing records, file after file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bitcoin::BlockHash;

use super::shuffle::Shuffle;
use super::undo::UndoWriter;
use super::{BlockFiles, RawBlock, Tail};

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
    undo: Option<UndoWriter>,
    written: Written,
}

impl Writer {
    pub(super) fn new(spec: BlockFiles, key: [u8; 8]) -> Self {
        Self {
            number: spec.first_file,
            shuffle: Shuffle::new(spec.seed, spec.shuffle),
            undo: UndoWriter::new(spec.undo, spec.dir.clone(), spec.magic, key),
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

    /// Goes on in the open `file` of this `number`, behind `offset` bytes and `blocks` whole records.
    pub(super) fn resume(
        spec: BlockFiles,
        key: [u8; 8],
        file: File,
        number: u32,
        offset: u64,
        blocks: usize,
    ) -> Self {
        let mut writer = Self::new(spec, key);
        writer
            .written
            .files
            .push(file_path(&writer.spec.dir, number));
        Self {
            number,
            offset,
            blocks,
            open: Some(Some(file)),
            ..writer
        }
    }

    /// Writes a block's record, or holds it back for its shuffled turn.
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn block(&mut self, block: &RawBlock) -> io::Result<()> {
        if let Some(undo) = &mut self.undo {
            undo.connect(block);
        }
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
        if let Some(undo) = self.undo.take() {
            undo.finish(self.spec.tail != Tail::None)?;
        }
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
        if let Some(undo) = &mut self.undo {
            undo.placed(block.hash, self.number)?;
        }
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

/// Path of a block file.
pub(super) fn file_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("blk{number:05}.dat"))
}
