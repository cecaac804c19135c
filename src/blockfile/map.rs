//! A block's bytes, memory-mapped or read.
//!
//! Obfuscated files are read whatever was asked for: their bytes must be copied anyway, and a read copies them once into
//! a buffer that stays in the cache, where a map costs the page faults too.
//!
//! Mapped pages are given back every few megabytes, so that a scan holds no more of a file than it is at work on. Only
//! the mapping is given back. The system keeps the pages in its cache as long as it likes; to push them out of there
//! (`POSIX_FADV_DONTNEED`) would take them from a running node as well, which reads the same files.
//!
//! The only `unsafe` of the crate is here. A mapped page whose file was cut short under the map raises
//! SIGBUS. Core cuts a block file only behind its last record (when it moves on to the next file) and
//! removes pruned files by unlinking, which leaves a map intact; and only whole records, found by plain
//! reads in the header pass, are ever asked for here. What remains is a disk that fails or is unmounted
//! under the map; [`Access::Read`] (`--no-mmap`) turns that into an ordinary error too.

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
    Mapped(Mmap),
    Plain(File),
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
            Access::Map if key.is_clear() => map(&file).ok(),
            Access::Map | Access::Read => None,
        };
        let bytes = match mapped {
            Some(map) => Bytes::Mapped(map),
            None => Bytes::Plain(file),
        };
        Ok(BlockSource {
            bytes,
            key,
            held: Cell::new(0),
        })
    }

    /// The `size` bytes of the block at `offset`, in the clear; `buffer` is used where they must be copied.
    ///
    /// # Errors
    /// The file ends before the block does, or a read fails.
    pub fn block<'a>(
        &'a self,
        offset: u64,
        size: u32,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        let size = size as usize; // u32 to usize: exact on the 32- and 64-bit machines std supports
        match &self.bytes {
            Bytes::Mapped(map) => {
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

fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read-only and lives no longer than the read of one unit of work. The node
    // appends to the file but does not change the bytes of a record that is complete, and no reference
    // is held to bytes outside such records; the file being cut short is treated in the module's text.
    let map = unsafe { Mmap::map(file)? };
    #[cfg(unix)]
    // Advice only: a system that refuses it reads a little less far ahead.
    let _ = map.advise(memmap2::Advice::Sequential);
    Ok(map)
}

#[cfg(unix)]
fn give_back(map: &Mmap) {
    // SAFETY: the map is shared and read-only, so a page given back is read from the file again when it is touched, by
    // a slice still held too. Advice only: where it is refused, the pages stay until the file is closed.
    let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
}

#[cfg(not(unix))]
fn give_back(_: &Mmap) {}
