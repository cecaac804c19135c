//! From a block file to the headers of its records, hopping over the bodies.
//!
//! A record is magic, length (u32, little-endian), block. Everything is read by position, not through a
//! map: a hop needs 88 bytes of each record, a file may grow or be cut short meanwhile, and a short read
//! is an ordinary result. How the file is gone through is in `framer`.

mod framer;

use std::fs::File;
use std::io;

use framer::Framer;

use super::files::read_at;
use super::window::Window;
use super::{Chain, XorKey};

/// Bytes of a block header.
pub const HEADER_BYTES: usize = 80;
/// Magic and length in front of each block.
pub const PREAMBLE_BYTES: u64 = 8;
/// Core's limit for a serialized block (`consensus/consensus.h`), which its reindex applies to records too.
pub const MAX_BLOCK_BYTES: u32 = 4_000_000;

/// A framed block: where it is, and its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Offset of the block's first byte, behind the preamble (Core's `nDataPos`).
    pub offset: u64,
    /// Length of the block in bytes.
    pub size: u32,
    /// The header, in the clear.
    pub header: [u8; HEADER_BYTES],
    /// No record or end of file follows directly. A node killed while writing leaves such a record with
    /// half a body, so its body must be proved before it is believed.
    pub doubtful: bool,
}

/// Something in a file that is not a whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// Bytes that are no record; the next record, or the end of the file, is at `end`.
    Garbage {
        /// First byte.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// A record whose file ends before it does.
    Torn {
        /// Offset of its magic.
        start: u64,
        /// Bytes the record says it has, preamble included.
        declared: u64,
        /// Bytes that are there.
        present: u64,
    },
    /// Zeros to the end of the file: space that Core allocates ahead.
    ZeroTail {
        /// First zero.
        start: u64,
        /// Length of the file.
        end: u64,
    },
}

/// What the header pass found in one file.
#[derive(Clone, Debug, Default)]
pub struct Framing {
    /// The records, in file order.
    pub records: Vec<Record>,
    /// What else there was, in file order.
    pub oddities: Vec<Oddity>,
}

/// Frames the file of `length` bytes. `believable` decides whether 80 bytes can be a block header of the
/// chain (the header's own proof of work), which keeps stray magic bytes from being taken for records. `stop` is asked
/// now and then whether to give up: a file of zeros or stray magics can take minutes.
///
/// # Errors
/// A read fails, or `stop` said so ([`io::ErrorKind::Interrupted`]).
pub fn frame(
    file: &File,
    length: u64,
    key: XorKey,
    chain: Chain,
    believable: impl Fn(&[u8; HEADER_BYTES]) -> bool,
    stop: &dyn Fn() -> bool,
) -> io::Result<Framing> {
    Framer::new(Window::new(file, length, key, stop), chain, believable).run()
}

/// The four bytes a file starts with, in the clear; `None` where they are zeros or missing.
///
/// # Errors
/// A read fails.
pub fn first_magic(file: &File, key: XorKey) -> io::Result<Option<[u8; 4]>> {
    let mut bytes = [0; 4];
    if read_at(file, 0, &mut bytes)? < 4 || bytes == [0; 4] {
        return Ok(None);
    }
    key.apply(0, &mut bytes);
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::blockfile::window::{FIRST_SEARCH_BYTES, SEARCH_BYTES};

    /// A block whose header begins with `mark`, and its record.
    fn record(mark: u8, size: usize) -> Vec<u8> {
        let mut bytes = Chain::Main.magic().to_vec();
        bytes.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        bytes.extend(std::iter::repeat_n(mark, size));
        bytes
    }

    /// Frames these bytes as they would be on disk: obfuscated with `key`, and zeros behind.
    fn framed(plain: &[u8], zeros: usize, key: [u8; 8]) -> Framing {
        let mut raw = plain.to_vec();
        XorKey::new(key).apply(0, &mut raw);
        raw.resize(raw.len() + zeros, 0);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&raw).unwrap();
        let believable = |header: &[u8; HEADER_BYTES]| header[0] == header[79] && header[0] < 0x80;
        frame(
            &file,
            raw.len() as u64,
            XorKey::new(key),
            Chain::Main,
            believable,
            &|| false,
        )
        .unwrap()
    }

    /// Offset, size, first byte and doubt of each record.
    fn records(framing: &Framing) -> Vec<(u64, u32, u8, bool)> {
        let fields = |r: &Record| (r.offset, r.size, r.header[0], r.doubtful);
        framing.records.iter().map(fields).collect()
    }

    const KEYS: [[u8; 8]; 4] = [
        [0; 8],
        [1, 2, 3, 4, 5, 6, 7, 8],
        // Keys that hide the magic at some offsets: its bytes become zeros on disk.
        [0xf9, 0xbe, 0xb4, 0xd9, 0xf9, 0xbe, 0xb4, 0xd9],
        [0xf9, 0, 0, 0, 0, 0, 0, 0],
    ];

    #[test]
    fn whole_records_are_hopped_over_up_to_the_zeros() {
        for key in KEYS {
            let plain = [record(1, 80), record(2, 6000), record(3, 101)].concat();
            let framing = framed(&plain, 5000, key);
            let start = plain.len() as u64;
            assert_eq!(
                records(&framing),
                [
                    (8, 80, 1, false),
                    (96, 6000, 2, false),
                    (6104, 101, 3, true)
                ],
                "only the last could be half written"
            );
            let end = start + 5000;
            assert_eq!(framing.oddities, [Oddity::ZeroTail { start, end }]);
            assert_eq!(framed(&plain, 0, key).oddities, []);
        }
    }

    #[test]
    fn behind_a_crash_lie_half_a_dead_block_and_dead_blocks() {
        for key in KEYS {
            let mut plain = [record(1, 300), record(2, 300)].concat();
            let half = plain.len() as u64;
            plain.extend_from_slice(&[0x99; 77]);
            let dead = plain.len() as u64;
            plain.extend(record(5, 300));
            plain.extend(record(6, 300));
            let framing = framed(&plain, 900, key);
            let expected = [
                (8, 300, 1, false),
                (316, 300, 2, true),
                (dead + 8, 300, 5, false),
                (dead + 316, 300, 6, true),
            ];
            assert_eq!(records(&framing), expected);
            assert_eq!(
                framing.oddities[0],
                Oddity::Garbage {
                    start: half,
                    end: dead
                }
            );
            assert_eq!(framing.oddities.len(), 2);
        }
    }

    #[test]
    fn a_record_inside_one_that_lies_about_its_length_is_found() {
        let mut lying = record(1, 300);
        lying[4..8].copy_from_slice(&700u32.to_le_bytes());
        let plain = [lying, record(2, 300), record(3, 300), record(4, 300)].concat();
        let framing = framed(&plain, 0, KEYS[1]);
        let found: Vec<u8> = records(&framing).iter().map(|r| r.2).collect();
        assert_eq!(found, [1, 2, 3, 4]);
        assert!(framing.records[0].doubtful);
    }

    #[test]
    fn a_torn_record_says_how_much_of_it_there_is_and_hides_none_behind_it() {
        let mut torn = record(2, 5000);
        torn.truncate(400);
        let framing = framed(&[record(1, 300), torn.clone()].concat(), 0, KEYS[1]);
        let expected = Oddity::Torn {
            start: 308,
            declared: 5008,
            present: 400,
        };
        assert_eq!(framing.oddities, [expected]);
        let framing = framed(&[record(1, 300), torn, record(3, 300)].concat(), 0, KEYS[1]);
        assert_eq!(records(&framing).last(), Some(&(716, 300, 3, false)));
    }

    #[test]
    fn no_length_and_no_place_of_the_garbage_hides_the_next_record() {
        let pieces = [FIRST_SEARCH_BYTES, 5 * FIRST_SEARCH_BYTES, SEARCH_BYTES];
        for length in (1..40).chain(pieces.into_iter().flat_map(|n| n - 8..n + 2)) {
            let plain = [record(1, 90), vec![0xa5; length], record(2, 90)].concat();
            for key in KEYS {
                let framing = framed(&plain, 0, key);
                assert_eq!(framing.records.len(), 2, "{length} bytes, key {key:?}");
                let (start, end) = (98, 98 + length as u64);
                assert_eq!(framing.oddities, [Oddity::Garbage { start, end }]);
            }
        }
    }

    #[test]
    fn impossible_lengths_and_unbelievable_headers_are_garbage() {
        for size in [0u32, 79, MAX_BLOCK_BYTES + 1, u32::MAX] {
            let mut plain = record(1, 300);
            plain[4..8].copy_from_slice(&size.to_le_bytes());
            assert_eq!(framed(&plain, 0, KEYS[0]).records, [], "{size}");
        }
        assert_eq!(framed(&record(0x80, 300), 0, KEYS[0]).records, []);
    }
}
