//! A block header and its proof of work.

use std::fmt;

use bitcoin::hashes::{Hash as _, HashEngine, sha256d};
use bitcoin::{BlockHash, CompactTarget, Target, Work};
use byteorder::{ByteOrder, LittleEndian};

use crate::blockfile::records::HEADER_BYTES;

/// A block hash as hashed: shown, it is reversed and in hex (Core's display order).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The parent of a genesis block.
    pub const ZERO: Hash = Hash([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .rev()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the block file.
    pub file: u32,
    /// Offset of the block's first byte in it.
    pub offset: u64,
}

impl Place {
    /// The file number of blocks that are stored and stand in no file of the folder; no block file has it.
    pub const NO_FILE: u32 = u32::MAX;

    /// The place of such a block: another for each height.
    pub fn nowhere(height: u32) -> Place {
        Place {
            file: Place::NO_FILE,
            offset: u64::from(height),
        }
    }

    /// Whether it is the place of such a block.
    pub fn is_nowhere(self) -> bool {
        self.file == Place::NO_FILE
    }
}

/// What the chain stage knows of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its hash.
    pub hash: Hash,
    /// Its parent's hash.
    pub prev: Hash,
    /// Version field.
    pub version: i32,
    /// Header time, UTC seconds.
    pub time: u32,
    /// Target in compact form (nBits).
    pub bits: u32,
    /// Where the block is.
    pub place: Place,
    /// Length of the block in bytes.
    pub size: u32,
    /// The height, where it is known beforehand (from the store).
    pub height: Option<u32>,
}

impl Header {
    /// Reads the fields of a serialized header.
    pub fn parse(bytes: &[u8; HEADER_BYTES], place: Place, size: u32) -> Header {
        let mut prev = [0; 32];
        prev.copy_from_slice(&bytes[4..36]);
        Header {
            hash: hash_of(bytes),
            prev: Hash(prev),
            version: LittleEndian::read_i32(&bytes[..4]),
            time: LittleEndian::read_u32(&bytes[68..72]),
            bits: LittleEndian::read_u32(&bytes[72..76]),
            place,
            size,
            height: None,
        }
    }

    /// The expected number of hashes behind this header; none if its target is no target.
    pub fn work(&self) -> Option<Work> {
        target(self.bits).map(Target::to_work)
    }
}

/// Whether the header's hash meets the target that its own nBits state: what every block shows, whatever
/// its chain, and random bytes do not.
pub fn proves_work(bytes: &[u8; HEADER_BYTES]) -> bool {
    let bits = LittleEndian::read_u32(&bytes[72..76]);
    target(bits)
        .is_some_and(|target| target.is_met_by(BlockHash::from_byte_array(hash_of(bytes).0)))
}

fn hash_of(bytes: &[u8; HEADER_BYTES]) -> Hash {
    let mut engine = sha256d::Hash::engine();
    engine.input(bytes);
    Hash(sha256d::Hash::from_engine(engine).to_byte_array())
}

/// The target of nBits; none where Core calls it negative, zero or over 256 bits (`arith_uint256`,
/// `SetCompact`).
fn target(bits: u32) -> Option<Target> {
    let size = bits >> 24;
    let word = bits & 0x007f_ffff;
    let negative = bits & 0x0080_0000 != 0;
    let overflow = size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32);
    if word == 0 || negative || overflow {
        return None;
    }
    let target = Target::from_compact(CompactTarget::from_consensus(bits));
    (target != Target::ZERO).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_core_calls_invalid_prove_nothing() {
        for bits in [
            0,
            0x0080_0001,
            0x0480_0001,
            0xff12_3456,
            0x2300_0001,
            0x2201_0000,
            0x2100_ffff + 1,
            0x0000_0001,
        ] {
            assert_eq!(target(bits), None, "{bits:08x}");
        }
        for bits in [0x1d00_ffff, 0x207f_ffff, 0x1b04_04cb, 0x2100_00ff] {
            assert!(target(bits).is_some(), "{bits:08x}");
        }
    }

    #[test]
    fn the_main_genesis_header_proves_its_work_and_shows_its_hash() {
        let block = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin);
        let bytes: [u8; 80] = bitcoin::consensus::serialize(&block.header)
            .try_into()
            .unwrap();
        assert!(proves_work(&bytes));
        let header = Header::parse(&bytes, Place { file: 0, offset: 8 }, 285);
        assert_eq!(header.hash.to_string(), block.block_hash().to_string());
        assert_eq!(header.prev, Hash::ZERO);
        assert_eq!(
            (header.time, header.bits, header.version),
            (1_231_006_505, 0x1d00_ffff, 1)
        );
        let mut other = bytes;
        other[76] ^= 1;
        assert!(!proves_work(&other));
    }
}
