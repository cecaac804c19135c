//! What is read back from a database that somebody else may have written: outputs, evidence of days, states.

use blkprice::filter::Window;
use blkprice::price::path::{DayEvidence, ForwardState};
use blkprice::store::codec::{Decoder, encode_block};

use super::counting::held;
use super::real;

/// Stored bytes; the same as amounts to be stored.
pub(crate) fn check(input: &[u8]) {
    decode(input);
    encode(input);
    for back in [
        DayEvidence::from_bytes(input).map(|day| day.to_bytes()),
        ForwardState::from_bytes(input).map(|state| state.to_bytes()),
    ] {
        assert!(back.is_none_or(|back| back == input));
    }
}

/// All blocks of the bytes, if all are as written.
fn blocks(bytes: &[u8]) -> Option<Vec<Vec<u64>>> {
    let mut decoder = Decoder::new(bytes);
    let mut blocks = Vec::new();
    while !decoder.is_at_end() {
        let mut sats = Vec::new();
        decoder.next_block(&mut sats).ok()?;
        blocks.push(sats);
    }
    Some(blocks)
}

fn decode(bytes: &[u8]) {
    let mut decoder = Decoder::new(bytes);
    let mut sats = Vec::new();
    let (_, cost) = held(|| while !decoder.is_at_end() && decoder.next_block(&mut sats).is_ok() {});
    // An amount takes a bit at least, and eight bytes when it is read; a list that grows is twice there.
    assert!(cost <= 1_024 + 8 * 8 * 3 * bytes.len(), "{cost} bytes");
    let Some(read) = blocks(bytes) else { return };
    let mut again = Vec::new();
    for sats in &read {
        assert!(sats.is_sorted());
        encode_block(sats, &mut again);
    }
    // The shortest form of the counts is not asked for, so the bytes may be fewer.
    assert!(again.len() <= bytes.len());
    assert_eq!(blocks(&again).as_ref(), Some(&read));
}

fn encode(bytes: &[u8]) {
    // The low bits of the first byte say how large amounts can get: to 2^43, the supply's 2^50 and beyond.
    let Some((&width, rest)) = bytes.split_first() else {
        return;
    };
    let mask = u64::MAX >> (14 + width % 50);
    let mut written = Vec::new();
    let mut stored = Vec::new();
    for block in rest.chunks(400) {
        let mut sats: Vec<u64> = block
            .chunks_exact(8)
            .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()) & mask)
            .collect();
        sats.sort_unstable();
        encode_block(&sats, &mut stored);
        written.push(sats);
    }
    let read = blocks(&stored);
    // Beyond 2^44, where no output counts, a jump may not be read back; it must not be read as another.
    if mask < 1 << 44 {
        assert_eq!(read.as_ref(), Some(&written));
    } else if let Some(read) = read {
        assert_eq!(read, written);
    }
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut several = Vec::new();
    for block in real::blocks() {
        let sats = Window::new().add(&block).unwrap().sats;
        let mut bytes = Vec::new();
        encode_block(&sats, &mut bytes);
        seeds.push(bytes);
        let few: Vec<u64> = sats.into_iter().step_by(20).collect();
        encode_block(&few, &mut several);
        seeds.push(several.clone());
    }
    seeds
}
