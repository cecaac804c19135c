//! Positioned reads of a file with a little kept in memory.

use std::fs::File;
use std::io;

use super::XorKey;
use super::files::read_at;
use super::records::{HEADER_BYTES, PREAMBLE_BYTES};

/// A stretch of the file in memory, raw as on disk.
pub(super) struct Window<'f> {
    file: &'f File,
    pub(super) length: u64,
    pub(super) key: XorKey,
    start: u64,
    bytes: Vec<u8>,
    /// How much to read at once where the next bytes are not in memory.
    ahead: usize,
    /// Whether to give up.
    stop: &'f dyn Fn() -> bool,
}

/// Bytes looked through at once, in the long run …
pub(super) const SEARCH_BYTES: usize = 256 << 10;
/// … and at first: what is looked for is often near, and a file can be made so that it is looked for every hundred bytes.
pub(super) const FIRST_SEARCH_BYTES: usize = 8 << 10;

impl<'f> Window<'f> {
    pub(super) fn new(
        file: &'f File,
        length: u64,
        key: XorKey,
        stop: &'f dyn Fn() -> bool,
    ) -> Window<'f> {
        Window {
            file,
            length,
            key,
            start: 0,
            bytes: Vec::new(),
            ahead: 0,
            stop,
        }
    }

    fn go_on(&self) -> io::Result<()> {
        if (self.stop)() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "asked to stop"));
        }
        Ok(())
    }

    pub(super) fn key(&self) -> XorKey {
        self.key
    }

    /// Small blocks (the first years) come many to a page: then reading on beats hopping.
    pub(super) fn expect_next(&mut self, size: u32) {
        const SMALL: u32 = 4 << 10;
        self.ahead = if size < SMALL { 64 << 10 } else { 0 };
    }

    /// Up to `count` raw bytes at `at`; fewer only at the end of the file.
    pub(super) fn raw(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let inside = at >= self.start && at + count as u64 <= self.start + self.bytes.len() as u64;
        if !inside {
            let wanted = count
                .max(self.ahead)
                .max(PREAMBLE_BYTES as usize + HEADER_BYTES);
            self.fill(at, wanted)?;
        }
        // Inside the window, so both fit usize.
        let from = (at - self.start) as usize;
        let to = (from + count).min(self.bytes.len());
        Ok(&self.bytes[from..to])
    }

    fn fill(&mut self, at: u64, wanted: usize) -> io::Result<()> {
        self.go_on()?;
        let left = self.length.saturating_sub(at);
        let wanted = usize::try_from(left).map_or(wanted, |left| wanted.min(left));
        self.bytes.resize(wanted, 0);
        let got = read_at(self.file, at, &mut self.bytes)?;
        self.bytes.truncate(got);
        if got < wanted {
            // The node cut the file short since its length was asked for (it does so at roll-over).
            self.length = at + got as u64;
        }
        self.start = at;
        Ok(())
    }

    /// A piece of the file for a search, in the clear, apart from the window; larger than the one that `clear` holds, up to
    /// a limit. Says whether the file may go on behind it.
    pub(super) fn chunk(&self, at: u64, clear: &mut Vec<u8>) -> io::Result<bool> {
        self.go_on()?;
        let wanted = (clear.len() * 4).clamp(FIRST_SEARCH_BYTES, SEARCH_BYTES);
        clear.resize(wanted, 0);
        let got = read_at(self.file, at, clear)?;
        clear.truncate(got);
        self.key.apply(at, clear);
        Ok(got == wanted)
    }

    /// The first byte at or after `from` that is not zero on disk.
    pub(super) fn first_nonzero(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        while at < self.length {
            self.fill(at, SEARCH_BYTES)?;
            if let Some(found) = first_nonzero(&self.bytes) {
                return Ok(Some(at + found as u64));
            }
            if self.bytes.is_empty() {
                break;
            }
            at += self.bytes.len() as u64;
        }
        Ok(None)
    }

    /// One past the last byte at or after `from` that is not zero on disk; `from` where there is none.
    pub(super) fn last_nonzero(&mut self, from: u64) -> io::Result<u64> {
        let mut end = from;
        let mut at = from;
        while at < self.length {
            self.fill(at, SEARCH_BYTES)?;
            if let Some(found) = self.bytes.iter().rposition(|&byte| byte != 0) {
                end = at + found as u64 + 1;
            }
            if self.bytes.is_empty() {
                break;
            }
            at += self.bytes.len() as u64;
        }
        Ok(end)
    }
}

/// Many zeros at a time: a file can be gigabytes of them.
fn first_nonzero(bytes: &[u8]) -> Option<usize> {
    const STEP: usize = 64;
    let steps = bytes.chunks_exact(STEP);
    let skip = STEP * steps.take_while(|step| **step == [0; STEP]).count();
    let found = bytes[skip..].iter().position(|&byte| byte != 0)?;
    Some(skip + found)
}
