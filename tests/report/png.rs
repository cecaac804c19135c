//! Enough of a PNG reader to know that a picture is one and shows something.

use std::collections::HashSet;
use std::io::Read;

/// Width and height of a PNG, if its scan lines hold more than a few different pixels.
#[track_caller]
pub(crate) fn size_of_a_drawing(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "no PNG");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let (width, height) = (number(16), number(20));
    let (mut at, mut packed) = (8, Vec::new());
    while at + 8 <= png.len() {
        let length = number(at) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += length + 12;
    }
    let mut pixels = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice())
        .read_to_end(&mut pixels)
        .unwrap();
    // Filtered bytes, not colours; of one colour alone they would be all but alike.
    let different: HashSet<&[u8]> = pixels.chunks_exact(4).collect();
    assert!(
        different.len() > 100,
        "{} different places",
        different.len()
    );
    (width, height)
}
