//! A block file of any bytes, framed: what is found is there, nothing is counted twice or passed over, and the
//! blocks read back as the file has them.

use std::fs::File;

use blkprice::blockfile::records::{HEADER_BYTES, MAX_BLOCK_BYTES, Oddity, frame};
use blkprice::blockfile::{Access, BlockSource, Chain, XorKey};
use blkprice::chain::header::proves_work;

use super::counting::held;
use super::{real, scratch};

/// Flags and key before the bytes of the file.
const CONTROL: usize = 9;
/// The file is obfuscated.
const XOR: u8 = 1;
/// A header counts by its work; otherwise by a sum that changes hit more often.
const WORK: u8 = 2;

/// Magic, length and header.
const START: usize = 8 + HEADER_BYTES;

/// Headers that begin and end alike.
fn alike(header: &[u8; HEADER_BYTES]) -> bool {
    header[0] == header[HEADER_BYTES - 1]
}

/// Whether a whole record stands at `at` of `plain`.
fn stands(plain: &[u8], at: usize, believable: fn(&[u8; HEADER_BYTES]) -> bool) -> bool {
    let Some(start) = plain.get(at..at + START) else {
        return false;
    };
    let size = u32::from_le_bytes(start[4..8].try_into().unwrap());
    start[..4] == Chain::Main.magic()
        && (HEADER_BYTES as u32..=MAX_BLOCK_BYTES).contains(&size)
        && believable(start[8..].try_into().unwrap())
        && plain.len() >= at + 8 + size as usize
}

/// Flags, key, file.
pub(crate) fn check(input: &[u8]) {
    let Some((control, body)) = input.split_at_checked(CONTROL) else {
        return;
    };
    let key = match control[0] & XOR {
        0 => [0; 8],
        _ => control[1..].try_into().unwrap(),
    };
    let believable = if control[0] & WORK == 0 {
        alike
    } else {
        proves_work
    };
    let key = XorKey::new(key);
    let mut raw = body.to_vec();
    key.apply(0, &mut raw);
    // The space that Core allocates ahead is not obfuscated.
    raw.resize(raw.len() + usize::from(control[0] >> 4) * 50, 0);
    let mut plain = raw.clone();
    key.apply(0, &mut plain);

    let path = scratch::file("blk00000.dat", &raw);
    let file = File::open(&path).unwrap();
    let length = raw.len() as u64;
    let (framing, cost) =
        held(|| frame(&file, length, key, Chain::Main, believable, &|| false).unwrap());
    // Two pieces to search in; a record is remembered in little more than the 88 bytes it has at least.
    assert!(
        cost <= (600 << 10) + 5 * raw.len(),
        "{cost} bytes to frame {}",
        raw.len()
    );

    let mut spans = Vec::new();
    let mut before = 0;
    let mapped = BlockSource::open(&path, Access::Map, key).unwrap();
    let read = BlockSource::open(&path, Access::Read, key).unwrap();
    let mut buffer = Vec::new();
    for record in &framing.records {
        assert!(record.offset > before, "in file order, each once");
        before = record.offset;
        let from = record.offset as usize;
        assert!(stands(&plain, from - 8, believable));
        let block = &plain[from..from + record.size as usize];
        assert_eq!(record.header[..], block[..HEADER_BYTES]);
        spans.push((from - 8, from + block.len()));
        if spans.len() < 20 {
            for source in [&mapped, &read] {
                let same =
                    source.with_block(record.offset, record.size, &mut buffer, |b| b == block);
                assert!(same.unwrap());
                // One byte more than there is, and a place beyond all files.
                assert!(source.with_block(length, 1, &mut buffer, |_| ()).is_err());
                assert!(
                    source
                        .with_block(u64::MAX - 3, 80, &mut buffer, |_| ())
                        .is_err()
                );
            }
        }
    }
    let mut hidden = spans.clone();
    for oddity in &framing.oddities {
        let (start, end) = match *oddity {
            Oddity::Garbage { start, end } | Oddity::ZeroTail { start, end } => (start, end),
            Oddity::Torn {
                start,
                declared,
                present,
            } => {
                assert!(present < declared && start + present == length);
                hidden.push((start as usize, start as usize + START));
                (start, length)
            }
        };
        assert!(start < end && end <= length, "{oddity:?}");
        spans.push((start as usize, end as usize));
    }
    // Every byte is of a record or accounted for.
    spans.sort_unstable();
    let mut reached = 0;
    for (start, end) in spans {
        assert!(
            start <= reached,
            "bytes from {reached} to {start} are in nothing"
        );
        reached = reached.max(end);
    }
    assert_eq!(reached, raw.len());
    // And no whole record was passed over, save inside another.
    for at in memchr::memmem::find_iter(&plain, &Chain::Main.magic()) {
        // A key that begins as a record does leaves zeros on disk, which are free space.
        let zeros = raw[at..].iter().take(8).all(|&byte| byte == 0);
        if stands(&plain, at, believable) && !zeros {
            assert!(
                hidden.iter().any(|&(start, end)| start <= at && at < end),
                "the record at {at} was passed over"
            );
        }
    }
}

/// A record of so many bytes that [`alike`] believes.
fn record(mark: u8, size: u32) -> Vec<u8> {
    let mut bytes = Chain::Main.magic().to_vec();
    bytes.extend(size.to_le_bytes());
    bytes.extend(std::iter::repeat_n(mark, size as usize));
    bytes
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let key = [0x9c, 0x6c, 0xb8, 0x60, 0x1f, 0xa6, 0x75, 0x87];
    let mut torn = record(7, 4_000);
    torn.truncate(150);
    let mut lying = record(8, 90);
    lying[4..8].copy_from_slice(&200u32.to_le_bytes());
    let mut files = vec![
        [record(1, 80), record(2, 300)].concat(),
        [record(1, 90), vec![0xa5; 30], record(2, 80), torn].concat(),
        [lying, record(2, 90), record(3, 81), record(4, 90)].concat(),
    ];
    let mut of_blocks = Vec::new();
    for block in real::small_blocks().iter().take(24) {
        of_blocks.extend(Chain::Main.magic());
        of_blocks.extend((block.len() as u32).to_le_bytes());
        of_blocks.extend(block);
        if of_blocks.len() > 6_000 {
            files.push(std::mem::take(&mut of_blocks));
        }
    }
    let mut seeds = Vec::new();
    for file in files {
        for flags in [0, XOR | 0x10, WORK, XOR | WORK | 0x20] {
            seeds.push([&[flags], &key[..], &file].concat());
        }
    }
    seeds
}
