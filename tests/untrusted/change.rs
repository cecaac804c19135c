//! Changes to bytes: what a bad disk does, and what somebody with intent does.

use proptest::prelude::*;

/// A change to bytes, its place being a share of their length.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Flip(prop::sample::Index, u8),
    /// A value that lengths and flags are made of.
    Put(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
}

/// Changes, more often than not ones that lengths, counts and flags feel.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    let telling = prop::sample::select(vec![0, 1, 2, 0x6a, 0xfc, 0xfd, 0xfe, 0xff]);
    prop_oneof![
        4 => (place(), 1u8..).prop_map(|(at, mask)| Change::Flip(at, mask)),
        4 => (place(), telling).prop_map(|(at, byte)| Change::Put(at, byte)),
        1 => place().prop_map(Change::Cut),
        1 => (place(), 1usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (place(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
    ]
}

/// Makes the change.
pub(crate) fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Flip(at, mask) => bytes[at.index(length)] ^= mask,
        Change::Put(at, byte) => bytes[at.index(length)] = *byte,
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Remove(at, count) => {
            let from = at.index(length);
            bytes.drain(from..length.min(from + count));
        }
        Change::Insert(at, new) => {
            let from = at.index(length);
            bytes.splice(from..from, new.iter().copied());
        }
    }
}
