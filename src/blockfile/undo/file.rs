//! One undo file: an index of its records, and the record that belongs to a block.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem;
use sha2::{Digest, Sha256};

use super::Spent;
use crate::blockfile::files::{open, read_at};
use crate::blockfile::records::PREAMBLE_BYTES;
use crate::blockfile::window::Window;
use crate::blockfile::{Chain, XorKey};

/// Bytes of a checksum, behind the undo data and not counted in the record's length.
const CHECKSUM_BYTES: u64 = 32;

/// What may be spent on finding a record, in bytes hashed beyond those of the block itself.
const PATIENCE: u64 = 64 << 10;

/// What trying a record costs beside its bytes (a read), in the same coin.
const TRY: u64 = 1 << 10;

/// Where a record's undo data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// Transactions it is of.
    transactions: u32,
    /// Bytes of undo data.
    size: u32,
    /// Offset of the undo data in the file.
    offset: u64,
    /// It was some block's already, so it is hardly another's.
    taken: bool,
}

impl Entry {
    fn end(self) -> u64 {
        self.offset + u64::from(self.size) + CHECKSUM_BYTES
    }
}

/// An open undo file with an index of its records.
pub struct UndoFile {
    file: File,
    key: XorKey,
    /// By number of transactions, then by offset.
    entries: Vec<Entry>,
    /// Where the record found last ends: blocks are asked for much as they were connected, so the next is near.
    cursor: u64,
    buffer: Vec<u8>,
}

/// The undo file that belongs to a block file.
pub fn path_beside(block_file: &Path, number: u32) -> PathBuf {
    block_file.with_file_name(format!("rev{number:05}.dat"))
}

impl UndoFile {
    /// Opens `path` and hops over its records.
    ///
    /// # Errors
    /// It is not there, not a regular file, or a read fails.
    pub fn open(path: &Path, key: XorKey, chain: Chain) -> io::Result<UndoFile> {
        let (file, meta) = open(path)?;
        let mut entries = index(&file, meta.len(), key, chain)?;
        entries.sort_unstable_by_key(|entry| (entry.transactions, entry.offset));
        Ok(UndoFile {
            file,
            key,
            entries,
            cursor: 0,
            buffer: Vec::new(),
        })
    }

    /// The undo data of the block of `size` bytes whose parent is `parent` and that has so many `transactions` beside the
    /// coinbase, its checksum proved.
    ///
    /// Records of as many transactions are tried, from the one found last outwards. Once as many bytes have been hashed in
    /// vain as the block has (and a few), hashing the block itself is the shorter way and there is none.
    pub fn find(&mut self, parent: &[u8; 32], transactions: u32, size: u32) -> Option<&[u8]> {
        let start = self
            .entries
            .partition_point(|entry| entry.transactions < transactions);
        let end = self
            .entries
            .partition_point(|entry| entry.transactions <= transactions);
        let alike = &mut self.entries[start..end];
        let next = alike.partition_point(|entry| entry.offset < self.cursor);
        let mut left = u64::from(size) + PATIENCE;
        for taken in [false, true] {
            for at in outwards(next, alike.len()) {
                let entry = alike[at];
                if entry.taken != taken {
                    continue;
                }
                left = left.checked_sub(u64::from(entry.size).saturating_add(TRY))?;
                if holds(&self.file, self.key, entry, parent, &mut self.buffer) {
                    alike[at].taken = true;
                    self.cursor = entry.end();
                    return self.buffer.get(..entry.size as usize); // as u32 to usize elsewhere: exact
                }
            }
        }
        None
    }
}

/// All of 0..length, those next to `from` first: from, from - 1, from + 1, from - 2, …
fn outwards(from: usize, length: usize) -> impl Iterator<Item = usize> {
    let mut above = from..length;
    let mut below = (0..from.min(length)).rev();
    let mut up = false;
    std::iter::from_fn(move || {
        up = !up;
        if up {
            above.next().or_else(|| below.next())
        } else {
            below.next().or_else(|| above.next())
        }
    })
}

/// Reads a record into `buffer` and checks its checksum. What cannot be read does not hold.
fn holds(file: &File, key: XorKey, entry: Entry, parent: &[u8; 32], buffer: &mut Vec<u8>) -> bool {
    let size = entry.size as usize;
    let whole = size + CHECKSUM_BYTES as usize;
    // Only grown: clearing what the read overwrites costs as much as the read.
    if buffer.len() < whole {
        buffer.resize(whole, 0);
    }
    let bytes = &mut buffer[..whole];
    if !matches!(read_at(file, entry.offset, bytes), Ok(got) if got == whole) {
        return false;
    }
    key.apply(entry.offset, bytes);
    let (data, checksum) = bytes.split_at(size);
    let mut hasher = Sha256::new();
    hasher.update(parent);
    hasher.update(data);
    Sha256::digest(hasher.finalize())[..] == *checksum
}

fn index(file: &File, length: u64, key: XorKey, chain: Chain) -> io::Result<Vec<Entry>> {
    let mut window = Window::new(file, length, key, &|| false);
    let mut entries = Vec::new();
    let mut at = 0;
    while at + PREAMBLE_BYTES < length {
        let entry = match entry_at(&mut window, at, length, chain)? {
            Some(entry) => entry,
            // Dead bytes, or zeros to the end.
            None => match next_entry(&mut window, at + 1, length, chain)? {
                Some(entry) => entry,
                None => break,
            },
        };
        window.expect_next(entry.size);
        at = entry.end();
        entries.push(entry);
    }
    Ok(entries)
}

/// The first record at or after `from`.
fn next_entry(
    window: &mut Window<'_>,
    from: u64,
    length: u64,
    chain: Chain,
) -> io::Result<Option<Entry>> {
    let magic = chain.magic();
    let finder = memmem::Finder::new(&magic);
    let mut clear = Vec::new();
    let mut at = from;
    loop {
        let goes_on = window.chunk(at, &mut clear)?;
        for found in finder.find_iter(&clear) {
            let entry = entry_at(window, at + found as u64, length, chain)?;
            if entry.is_some() {
                return Ok(entry);
            }
        }
        if !goes_on {
            return Ok(None);
        }
        // The next piece overlaps by a magic less a byte, so that none is cut in two.
        at += (clear.len() - magic.len() + 1) as u64;
    }
}

/// The record at `at`, if there is one that ends within the file.
fn entry_at(
    window: &mut Window<'_>,
    at: u64,
    length: u64,
    chain: Chain,
) -> io::Result<Option<Entry>> {
    // Preamble and the widest count of transactions.
    let mut start = [0; PREAMBLE_BYTES as usize + 9];
    let raw = window.raw(at, start.len())?;
    let got = raw.len();
    start[..got].copy_from_slice(raw);
    window.key().apply(at, &mut start[..got]);
    let [m0, m1, m2, m3, l0, l1, l2, l3, ref count @ ..] = start;
    let size = u32::from_le_bytes([l0, l1, l2, l3]);
    let offset = at + PREAMBLE_BYTES;
    if [m0, m1, m2, m3] != chain.magic() || offset + u64::from(size) + CHECKSUM_BYTES > length {
        return Ok(None);
    }
    let transactions = Spent::new(count).map(|spent| spent.transactions());
    Ok(transactions
        .ok()
        .and_then(|count| u32::try_from(count).ok())
        .map(|transactions| Entry {
            transactions,
            size,
            offset,
            taken: false,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outwards_gives_each_position_once_the_near_ones_first() {
        let order = |from, length| outwards(from, length).collect::<Vec<_>>();
        assert_eq!(order(2, 5), [2, 1, 3, 0, 4]);
        assert_eq!(order(0, 3), [0, 1, 2]);
        assert_eq!(order(3, 3), [2, 1, 0]);
        assert!(order(0, 0).is_empty());
    }
}
