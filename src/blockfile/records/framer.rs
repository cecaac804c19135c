//! From one record to the next, and the way back where none stands: byte by byte, as Core's own reindex searches.

use std::io;

use memchr::memmem;

use super::{Framing, HEADER_BYTES, MAX_BLOCK_BYTES, Oddity, PREAMBLE_BYTES, Record};
use crate::blockfile::Chain;
use crate::blockfile::window::Window;

/// A pass over one file.
pub(super) struct Framer<'f, B> {
    window: Window<'f>,
    magic: [u8; 4],
    believable: B,
    found: Framing,
}

/// What stands at a position.
enum At {
    Record(Record),
    /// A believable header whose body would pass the end of the file.
    Torn {
        declared: u64,
    },
    Zeros,
    Other,
}

impl<'f, B: Fn(&[u8; HEADER_BYTES]) -> bool> Framer<'f, B> {
    pub(super) fn new(window: Window<'f>, chain: Chain, believable: B) -> Framer<'f, B> {
        Framer {
            window,
            magic: chain.magic(),
            believable,
            found: Framing::default(),
        }
    }

    /// Goes through the file from its first byte to its last.
    pub(super) fn run(mut self) -> io::Result<Framing> {
        let length = self.window.length;
        let mut at = 0;
        while at < length {
            match self.look(at)? {
                At::Record(record) => {
                    at = record.offset + u64::from(record.size);
                    self.found.records.push(record);
                }
                At::Torn { declared } => {
                    self.found.oddities.push(Oddity::Torn {
                        start: at,
                        declared,
                        present: length - at,
                    });
                    // Its length may be what is wrong with it: whole records can stand in its range.
                    let inside = at + PREAMBLE_BYTES + HEADER_BYTES as u64;
                    at = self.search(inside)?.unwrap_or(length);
                }
                At::Zeros => {
                    self.doubt_last();
                    match self.window.first_nonzero(at)? {
                        None => {
                            self.found.oddities.push(Oddity::ZeroTail {
                                start: at,
                                end: length,
                            });
                            at = length;
                        }
                        // The obfuscated magic may itself begin with zeros, up to seven bytes earlier.
                        Some(other) => at = self.resume(at, at.max(other.saturating_sub(7)))?,
                    }
                }
                At::Other => {
                    self.doubt_last();
                    // If the record before lied about its length, others stand within its range.
                    let from = match self.found.records.last() {
                        Some(last) if last.offset + u64::from(last.size) == at => {
                            last.offset + HEADER_BYTES as u64
                        }
                        _ => at + 1,
                    };
                    at = self.resume(at, from)?;
                }
            }
        }
        Ok(self.found)
    }

    /// Searches on from `from`, notes what lies between `at` and the next record, and gives its place.
    fn resume(&mut self, at: u64, from: u64) -> io::Result<u64> {
        let length = self.window.length;
        let next = self.search(from)?;
        match next {
            Some(next) if next > at => self.found.oddities.push(Oddity::Garbage {
                start: at,
                end: next,
            }),
            Some(_) => {}
            None => {
                let end = self.window.last_nonzero(at)?;
                if end > at {
                    self.found.oddities.push(Oddity::Garbage { start: at, end });
                }
                if end < length {
                    self.found.oddities.push(Oddity::ZeroTail {
                        start: end,
                        end: length,
                    });
                }
            }
        }
        Ok(next.unwrap_or(length))
    }

    fn doubt_last(&mut self) {
        if let Some(last) = self.found.records.last_mut() {
            last.doubtful = true;
        }
    }

    fn look(&mut self, at: u64) -> io::Result<At> {
        let length = self.window.length;
        let raw = self.window.raw(at, PREAMBLE_BYTES as usize)?;
        // The space allocated ahead is zeros on disk, not obfuscated: look for them first.
        if raw.iter().all(|&byte| byte == 0) {
            return Ok(At::Zeros);
        }
        let mut preamble = [0; 8];
        if raw.len() < preamble.len() {
            return Ok(At::Other);
        }
        preamble.copy_from_slice(raw);
        self.window.key.apply(at, &mut preamble);
        let [m0, m1, m2, m3, l0, l1, l2, l3] = preamble;
        let size = u32::from_le_bytes([l0, l1, l2, l3]);
        let plausible = (HEADER_BYTES as u32..=MAX_BLOCK_BYTES).contains(&size);
        if [m0, m1, m2, m3] != self.magic || !plausible {
            return Ok(At::Other);
        }
        let offset = at + PREAMBLE_BYTES;
        let raw = self.window.raw(offset, HEADER_BYTES)?;
        let mut header = [0; HEADER_BYTES];
        if raw.len() < HEADER_BYTES {
            return Ok(At::Other);
        }
        header.copy_from_slice(raw);
        self.window.key.apply(offset, &mut header);
        if !(self.believable)(&header) {
            return Ok(At::Other);
        }
        let end = offset + u64::from(size);
        if end > length {
            let declared = PREAMBLE_BYTES + u64::from(size);
            return Ok(At::Torn { declared });
        }
        self.window.expect_next(size);
        Ok(At::Record(Record {
            offset,
            size,
            header,
            doubtful: false,
        }))
    }

    /// The next place at or after `from` where a whole record stands.
    fn search(&mut self, from: u64) -> io::Result<Option<u64>> {
        let finder = memmem::Finder::new(&self.magic).into_owned();
        let mut clear = Vec::new();
        let mut at = from;
        while at + PREAMBLE_BYTES <= self.window.length {
            let goes_on = self.window.chunk(at, &mut clear)?;
            for found in finder.find_iter(&clear) {
                let candidate = at + found as u64;
                if let At::Record(_) = self.look(candidate)? {
                    return Ok(Some(candidate));
                }
            }
            if !goes_on {
                break;
            }
            // The next piece overlaps by a magic less a byte, so that none is cut in two.
            at += (clear.len() - self.magic.len() + 1) as u64;
        }
        Ok(None)
    }
}
