//! Undo data and undo files of any bytes.

use bitcoin::hashes::{Hash, sha256d};
use blkprice::blockfile::{Chain, Spent, UndoFile, XorKey};
use blkprice::filter::Extract;
use blkprice::synth::ChainSpec;

use super::counting::held;
use super::{real, scratch};

/// The heights of the coins, transaction by transaction, and whether all bytes were read.
type Walked = (Vec<Vec<u32>>, bool);

/// The walk, to its end.
fn walked(data: &[u8]) -> Option<Walked> {
    let mut spent = Spent::new(data).ok()?;
    let mut all = Vec::new();
    for _ in 0..spent.transactions() {
        let inputs = spent.inputs().ok()?;
        let mut heights = Vec::new();
        for _ in 0..inputs {
            heights.push(spent.coin_height().ok()?);
        }
        all.push(heights);
    }
    Some((all, spent.is_at_end()))
}

/// The format, word by word, with numbers too wide to overflow.
struct Words<'d>(&'d [u8]);

impl Words<'_> {
    fn take(&mut self, count: u128) -> Option<&[u8]> {
        let count = usize::try_from(count)
            .ok()
            .filter(|&count| count <= self.0.len())?;
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(taken)
    }

    fn compact_size(&mut self) -> Option<u64> {
        let first = self.take(1)?[0];
        let width = match first {
            ..=0xfc => return Some(u64::from(first)),
            0xfd => 2,
            0xfe => 4,
            0xff => 8,
        };
        let bytes = self.take(width)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |all, &byte| all << 8 | u64::from(byte)),
        )
    }

    fn varint(&mut self) -> Option<u128> {
        let mut value = 0u128;
        loop {
            let byte = self.take(1)?[0];
            value = value * 128 + u128::from(byte & 127);
            if byte < 128 {
                return (value <= u128::from(u64::MAX)).then_some(value);
            }
            value += 1;
            if value > u128::from(u64::MAX) {
                return None;
            }
        }
    }

    fn walked(mut self) -> Option<Walked> {
        let mut all = Vec::new();
        for _ in 0..self.compact_size()? {
            let mut heights = Vec::new();
            for _ in 0..self.compact_size()? {
                let height = u32::try_from(self.varint()? / 2).ok()?;
                if height != 0 {
                    self.varint()?;
                }
                self.varint()?;
                let script = match self.varint()? {
                    0 | 1 => 20,
                    2..=5 => 32,
                    n => n - 6,
                };
                self.take(script)?;
                heights.push(height);
            }
            all.push(heights);
        }
        Some((all, self.0.is_empty()))
    }
}

/// A record of an undo file.
fn record(parent: &[u8; 32], data: &[u8]) -> Vec<u8> {
    let checksum = sha256d::Hash::hash(&[parent, data].concat());
    let mut bytes = Chain::Main.magic().to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.extend(checksum.to_byte_array());
    bytes
}

/// A flag, how many bytes are dead ones before the record, those, and undo data. The whole is also taken for a block and its
/// undo data.
pub(crate) fn check(input: &[u8]) {
    let Some((&[flag, dead], rest)) = input.split_first_chunk() else {
        return;
    };
    let (dead, data) = rest.split_at(usize::from(dead).min(rest.len()));

    let (ours, cost) = held(|| walked(data));
    assert_eq!(ours, Words(data).walked());
    // A transaction without inputs takes a byte, and here an empty list.
    assert!(cost <= 1_024 + 100 * data.len(), "{cost} bytes");

    let (_, cost) = held(|| Extract::by_heights(rest, data, u32::from(flag)));
    assert!(cost <= 4_096 + 100 * input.len(), "{cost} bytes");

    let parent = [flag; 32];
    let mut raw = [dead, &record(&parent, data), dead].concat();
    let key = XorKey::new(if flag & 1 == 0 {
        [0; 8]
    } else {
        [flag, 2, 3, 4, 5, 6, 7, 8]
    });
    key.apply(0, &mut raw);
    let path = scratch::file("rev00000.dat", &raw);
    let (undo, cost) = held(|| UndoFile::open(&path, key, Chain::Main));
    // The window and a piece to search in.
    assert!(cost <= (600 << 10) + 8 * raw.len(), "{cost} bytes");
    let mut undo = undo.unwrap();
    let count = Spent::new(data)
        .ok()
        .and_then(|spent| u32::try_from(spent.transactions()).ok());
    let no_magic = memchr::memmem::find(dead, &Chain::Main.magic()).is_none()
        // Its last bytes could begin a magic that the record's own completes.
        && dead.last() != Some(&Chain::Main.magic()[0]);
    for transactions in [0, 1, 2, count.unwrap_or(3)] {
        let (found, cost) = held(|| undo.find(&parent, transactions, 1_000).map(<[u8]>::to_vec));
        assert!(cost <= 1_024 + 4 * raw.len(), "{cost} bytes");
        if let Some(found) = &found {
            assert_eq!(found, data, "nothing else has this checksum");
        }
        if Some(transactions) == count && no_magic && data.len() < 50_000 {
            assert!(found.is_some(), "the record is there");
        }
        assert_eq!(undo.find(&[!flag; 32], transactions, 1_000), None);
    }
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let spec = ChainSpec {
        days: 1,
        blocks_per_day: 12.0,
        transactions_per_day: 120.0,
        first_height: 500_000,
        ..ChainSpec::default()
    };
    let mut data: Vec<Vec<u8>> = spec.blocks().map(|block| block.block.undo).collect();
    // Core's own records: magic, length, data, checksum.
    let file = real::written_by_core("bd-xor0", "rev00000.dat");
    let mut at = 0;
    while let Some(length) = file.get(at + 4..at + 8) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let Some(record) = file.get(at + 8..at + 8 + length) else {
            break;
        };
        if length > 30 {
            data.push(record.to_vec());
        }
        at += 8 + length + 32;
    }
    data.sort();
    data.dedup();
    data.truncate(60);
    let mut seeds = Vec::new();
    for (i, data) in data.iter().enumerate() {
        let dead = vec![0xee; i % 7 * 5];
        seeds.push([&[i as u8, dead.len() as u8], dead.as_slice(), data].concat());
    }
    seeds
}
