//! SHA-256d of a message in three pieces, straight on the compression function.
//!
//! A transaction is a few hundred bytes, so what a general hasher spends on buffering, finishing and starting anew counts.
//! Here whole blocks of a piece are compressed where they stand, and only the seams and the end are copied.

use sha2::block_api::compress256;

/// The initial state (FIPS 180-4, 5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Bytes of a block.
const BLOCK: usize = 64;
/// Where in the last block the message's length in bits stands.
const LENGTH: usize = 56;

/// SHA-256d of the pieces, as if joined.
pub fn sha256d(pieces: [&[u8]; 3]) -> [u8; 32] {
    let mut state = START;
    // The end of the message takes one block, or two where its length does not fit the first.
    let mut end = [[0; BLOCK]; 2];
    let mut filled = 0;
    let mut length = 0;
    for mut piece in pieces {
        length += piece.len() as u64;
        if filled > 0 {
            let (now, later) = piece.split_at(piece.len().min(BLOCK - filled));
            end[0][filled..filled + now.len()].copy_from_slice(now);
            filled += now.len();
            if filled < BLOCK {
                continue;
            }
            compress256(&mut state, &end[..1]);
            piece = later;
        }
        let (whole, rest) = piece.as_chunks();
        if !whole.is_empty() {
            compress256(&mut state, whole);
        }
        end[0][..rest.len()].copy_from_slice(rest);
        filled = rest.len();
    }
    end[0][filled] = 0x80;
    end[0][filled + 1..].fill(0);
    let last = usize::from(filled >= LENGTH);
    end[last][LENGTH..].copy_from_slice(&(8 * length).to_be_bytes());
    compress256(&mut state, &end[..=last]);

    let mut second = [0; BLOCK];
    second[..32].copy_from_slice(&bytes_of(state));
    second[32] = 0x80;
    second[LENGTH..].copy_from_slice(&(8 * 32u64).to_be_bytes());
    let mut state = START;
    compress256(&mut state, &[second]);
    bytes_of(state)
}

#[inline]
fn bytes_of(state: [u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (four, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *four = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn it_is_sha256_twice_however_the_message_is_cut() {
        let message: Vec<u8> = (0..400u32).map(|i| (i * 37) as u8).collect();
        for length in 0..message.len() {
            let message = &message[..length];
            let expected: [u8; 32] = Sha256::digest(Sha256::digest(message)).into();
            assert_eq!(sha256d([message, &[], &[]]), expected, "{length}");
            for first in [0, 1, 4, 63, 64, 65] {
                for last in [0, 4, 60, 70] {
                    if first + last > length {
                        continue;
                    }
                    let (head, rest) = message.split_at(first);
                    let (body, tail) = rest.split_at(rest.len() - last);
                    assert_eq!(sha256d([head, body, tail]), expected);
                }
            }
        }
    }
}
