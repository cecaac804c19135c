//! Finding where a node would go on writing in a block file.

use super::writer::xor;

/// End of the last whole record in a raw block file, and the number of whole records. Walks from record to record, and
/// over anything else byte by byte to the next magic; a record whose body is cut by the end of the file does not count.
pub(crate) fn end_of_data(raw: &[u8], key: [u8; 8], magic: [u8; 4]) -> (u64, usize) {
    let mut plain = raw.to_vec();
    xor(&mut plain, key, 0);
    let (mut at, mut end, mut records) = (0, 0, 0);
    while let Some(frame) = plain.get(at..at + 8) {
        let body_end = if frame[..4] == magic {
            let len = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
            usize::try_from(len)
                .ok()
                .and_then(|len| (at + 8).checked_add(len))
                .filter(|&e| e <= plain.len())
        } else {
            None
        };
        match body_end {
            Some(next) => {
                (at, end, records) = (next, next, records + 1);
            }
            None => match memchr::memmem::find(&plain[at + 1..], &magic) {
                Some(skip) => at += 1 + skip,
                None => break,
            },
        }
    }
    (end as u64, records)
}
