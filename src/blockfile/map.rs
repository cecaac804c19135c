//! A block's bytes, memory-mapped or read.
//!
//! Obfuscated files are read whatever was asked for: their bytes must be copied anyway, and a read copies them once into
//! a buffer that stays in the cache, where a map costs the page faults too.
//!
//! Mapped pages are given back every few megabytes, so that a scan holds no more of a file than it is at work on. Only
//! the mapping is given back. The system keeps the pages in its cache as long as it likes; to push them out of there
//! (`POSIX_FADV_DONTNEED`) would take them from a running node as well, which reads the same files.
//!
//! The only `unsafe` of the crate is here and in `fault`. A mapped page whose file was cut short under the map, or whose
//! disk failed, raises SIGBUS; `fault` turns that into zeros and a mark. Bytes behind the new end but on its last page
//! read as zeros without any signal. So a block is never handed out: [`BlockSource::with_block`] lends it to a closure,
//! looks afterwards for the mark and at the file's length, and gives what the closure made of it only if both are as they
//! should be. What is made cannot borrow from the block, so nothing made of a torn one gets further.
//! Where there is no such signal (not Unix), a map keeps its file from being cut short.

#![allow(
    unsafe_code,
    reason = "a map, and what becomes of a fault in it, cannot be had without; each use says why it is sound"
)]

#[cfg(unix)]
mod fault;

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

use super::files::{open, read_at};
use super::obfuscation::XorKey;

/// How block files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Map the file; where that fails (some network file systems) or would not pay (obfuscated files), read.
    #[default]
    Map,
    /// Positioned reads into a buffer that is used again.
    Read,
}

enum Bytes {
    Mapped(Mapped),
    Plain(File),
}

struct Mapped {
    /// Before the map, so that it is dropped first: a range is watched only while it is mapped.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing to watch"))]
    watched: Watch,
    map: Mmap,
    file: File,
}

impl Mapped {
    /// Whether the bytes up to `end` were there all the time.
    fn check(&self, end: u64) -> io::Result<()> {
        if self.file.metadata()?.len() < end {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        #[cfg(unix)]
        if self.watched.is_torn() {
            return Err(io::Error::other(
                "its disk failed while it was read, or it was shorter for a moment",
            ));
        }
        Ok(())
    }
}

/// Bytes handed out of a map between two times that its pages are given back.
const HELD: u64 = 4 << 20;

/// Bytes read at once: they are still in the second-level cache when they are XORed.
const PIECE: usize = 256 << 10;

/// One open block file that hands out whole blocks.
pub struct BlockSource {
    bytes: Bytes,
    key: XorKey,
    /// Bytes handed out since pages were given back.
    held: Cell<u64>,
}

impl BlockSource {
    /// Opens `path`.
    ///
    /// # Errors
    /// The file cannot be opened or is not a regular file.
    pub fn open(path: &Path, access: Access, key: XorKey) -> io::Result<BlockSource> {
        let (file, _) = open(path)?;
        let mapped = match access {
            Access::Map if key.is_clear() => map(&file),
            Access::Map | Access::Read => None,
        };
        let bytes = match mapped {
            Some((map, watched)) => Bytes::Mapped(Mapped { watched, map, file }),
            None => Bytes::Plain(file),
        };
        Ok(BlockSource {
            bytes,
            key,
            held: Cell::new(0),
        })
    }

    /// What `make` makes of the `size` bytes of the block at `offset`, in the clear; `buffer` is used where they must be
    /// copied.
    ///
    /// # Errors
    /// The file ends before the block does, or does so by the time `make` has done, or a read fails.
    pub fn with_block<T>(
        &self,
        offset: u64,
        size: u32,
        buffer: &mut Vec<u8>,
        make: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        let made = make(self.block(offset, size, buffer)?);
        if let Bytes::Mapped(mapped) = &self.bytes {
            mapped.check(offset + u64::from(size))?;
        }
        Ok(made)
    }

    fn block<'a>(
        &'a self,
        offset: u64,
        size: u32,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        let size = size as usize; // u32 to usize: exact on the 32- and 64-bit machines std supports
        match &self.bytes {
            Bytes::Mapped(mapped) => {
                let map = &mapped.map;
                // Spares a fault for each page of what is known to be lost.
                mapped.check(offset.saturating_add(size as u64))?;
                let raw = usize::try_from(offset)
                    .ok()
                    .and_then(|start| map.get(start..start.checked_add(size)?))
                    .ok_or_else(cut_short)?;
                if self.held.get() > HELD {
                    give_back(map);
                    self.held.set(0);
                }
                self.held.set(self.held.get() + size as u64);
                Ok(raw)
            }
            Bytes::Plain(file) => {
                // Only grown: clearing what is about to be overwritten costs as much as reading it.
                if buffer.len() < size {
                    buffer.resize(size, 0);
                }
                let mut at = offset;
                for piece in buffer[..size].chunks_mut(PIECE) {
                    if read_at(file, at, piece)? < piece.len() {
                        return Err(cut_short());
                    }
                    self.key.apply(at, piece);
                    at += piece.len() as u64;
                }
                Ok(&buffer[..size])
            }
        }
    }
}

fn cut_short() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the file ends before the block does",
    )
}

#[cfg(unix)]
type Watch = fault::Watched;
#[cfg(not(unix))]
type Watch = ();

/// Maps a file and has the map watched; none where either cannot be done, so that it is read.
fn map(file: &File) -> Option<(Mmap, Watch)> {
    // SAFETY: the map is read-only and lives no longer than the read of one unit of work. The node
    // appends to the file but does not change the bytes of a record that is complete, and no reference
    // is held to bytes outside such records; the file being cut short is treated in the module's text.
    let map = unsafe { Mmap::map(file) }.ok()?;
    #[cfg(unix)]
    {
        // Advice only: a system that refuses it reads a little less far ahead.
        let _ = map.advise(memmap2::Advice::Sequential);
        let start = map.as_ptr() as usize;
        let watched = fault::Watched::new(start..start + map.len())?;
        Some((map, watched))
    }
    #[cfg(not(unix))]
    Some((map, ()))
}

#[cfg(unix)]
fn give_back(map: &Mmap) {
    // SAFETY: the map is shared and read-only, so a page given back is read from the file again when it is touched, by
    // a slice still held too. Advice only: where it is refused, the pages stay until the file is closed.
    let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
}

#[cfg(not(unix))]
fn give_back(_: &Mmap) {}
