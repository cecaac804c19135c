//! The height a coinbase states (BIP34).
//!
//! Blocks of version 2 or more begin their coinbase script with a push of the height; on the main chain
//! this holds from 227,931 on. Earlier scripts begin with other pushes, which is why version 1 is not
//! believed.

use byteorder::{ByteOrder, LittleEndian};

/// How many bytes of a block are enough to read its height: header, count, and the coinbase up to its
/// script (at most 100 bytes).
pub const PREFIX_BYTES: usize = 80 + 9 + 4 + 2 + 9 + 36 + 9 + LONGEST_SCRIPT;

/// Consensus allows a coinbase script no more bytes (`CheckTransaction`, `consensus/tx_check.cpp`).
const LONGEST_SCRIPT: usize = 100;

/// The height stated at the start of a serialized block, of which the first [`PREFIX_BYTES`] are enough.
pub fn stated_height(block: &[u8]) -> Option<u32> {
    if LittleEndian::read_i32(block.get(..4)?) < 2 {
        return None;
    }
    let rest = skip_compact_size(block.get(80..)?)?;
    let rest = rest.get(4..)?;
    // A coinbase with a witness has the segwit marker and flag before its inputs.
    let rest = rest.strip_prefix(&[0, 1]).unwrap_or(rest);
    let rest = rest.strip_prefix(&[1])?;
    let (outpoint, rest) = rest.split_at_checked(36)?;
    if outpoint[..32] != [0; 32] || outpoint[32..] != [0xff; 4] {
        return None;
    }
    let (&length, script) = rest.split_first()?;
    // A longer one is of no valid block, and its length may not be of one byte.
    let length = usize::from(length);
    number_pushed(script.get(..length).filter(|_| length <= LONGEST_SCRIPT)?)
}

/// The number a script pushes first: OP_0, OP_1…OP_16, or up to four little-endian bytes.
fn number_pushed(script: &[u8]) -> Option<u32> {
    let (&opcode, rest) = script.split_first()?;
    match opcode {
        0x00 => Some(0),
        0x51..=0x60 => Some(u32::from(opcode - 0x50)),
        1..=4 => {
            let bytes = rest.get(..usize::from(opcode))?;
            let negative = bytes.last()? & 0x80 != 0;
            let value = bytes
                .iter()
                .rev()
                .fold(0u32, |value, &byte| value << 8 | u32::from(byte));
            (!negative).then_some(value)
        }
        _ => None,
    }
}

fn skip_compact_size(bytes: &[u8]) -> Option<&[u8]> {
    let width = match bytes.first()? {
        0xfd => 3,
        0xfe => 5,
        0xff => 9,
        _ => 1,
    };
    bytes.get(width..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_scripts_push_them() {
        assert_eq!(number_pushed(&[0x51, 0x00]), Some(1));
        assert_eq!(number_pushed(&[0x60]), Some(16));
        assert_eq!(number_pushed(&[0x01, 0x11]), Some(17));
        assert_eq!(number_pushed(&[0x02, 0x80, 0x00]), Some(128));
        assert_eq!(number_pushed(&[0x03, 0x5b, 0x7a, 0x03]), Some(227_931));
        assert_eq!(number_pushed(&[0x03, 0x5b]), None);
        assert_eq!(number_pushed(&[0x01, 0x81]), None);
        assert_eq!(number_pushed(&[]), None);
    }

    #[test]
    fn a_version_1_coinbase_states_no_height() {
        let block = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin);
        assert_eq!(stated_height(&bitcoin::consensus::serialize(&block)), None);
    }
}
