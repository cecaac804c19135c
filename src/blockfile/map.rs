//! A block's bytes, memory-mapped or read.
//!
//! The only `unsafe` of the crate is here. A mapped page whose file was cut short under the map raises
//! SIGBUS. Core cuts a block file only behind its last record (when it moves on to the next file) and
//! removes pruned files by unlinking, which leaves a map intact; and only whole records, found by plain
//! reads in the header pass, are ever asked for here. What remains is a disk that fails or is unmounted
//! under the map; [`Access::Read`] (`--no-mmap`) turns that into an ordinary error too.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

use super::files::{open, read_at};
use super::obfuscation::XorKey;

/// How block files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Map the file; where that fails (some network file systems), read.
    #[default]
    Map,
    /// Positioned reads into a buffer that is used again.
    Read,
}

enum Bytes {
    Mapped(Mmap),
    Plain(File),
}

/// One open block file that hands out whole blocks.
pub struct BlockSource {
    bytes: Bytes,
    key: XorKey,
}

impl BlockSource {
    /// Opens `path`.
    ///
    /// # Errors
    /// The file cannot be opened or is not a regular file.
    pub fn open(path: &Path, access: Access, key: XorKey) -> io::Result<BlockSource> {
        let (file, _) = open(path)?;
        let mapped = match access {
            Access::Map => map(&file).ok(),
            Access::Read => None,
        };
        let bytes = match mapped {
            Some(map) => Bytes::Mapped(map),
            None => Bytes::Plain(file),
        };
        Ok(BlockSource { bytes, key })
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
                if self.key.is_clear() {
                    return Ok(raw);
                }
                buffer.clear();
                self.key.copy(offset, raw, buffer);
            }
            Bytes::Plain(file) => {
                buffer.resize(size, 0);
                if read_at(file, offset, buffer)? < size {
                    return Err(cut_short());
                }
                self.key.apply(offset, buffer);
            }
        }
        Ok(buffer)
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
