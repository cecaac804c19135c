//! Headers of any bytes, and chains of any shape.

use bitcoin::Target;
use bitcoin::hashes::Hash as _;
use blkprice::blockfile::records::HEADER_BYTES;
use blkprice::chain::header::proves_work;
use blkprice::chain::heights::{PREFIX_BYTES, stated_height};
use blkprice::chain::{ActiveChain, Evidence, Hash, Header, Place, days};

use super::counting::held;
use super::real;

/// Bytes that describe one block of a chain.
const NODE: usize = 8;

/// A block's first bytes; then, from the end of a header on, a chain of blocks.
pub(crate) fn check(input: &[u8]) {
    header(input);
    if let Some(nodes) = input.get(HEADER_BYTES..) {
        chain(nodes);
    }
}

fn header(block: &[u8]) {
    let stated = stated_height(block);
    let prefix = &block[..block.len().min(PREFIX_BYTES)];
    assert_eq!(
        stated_height(prefix),
        stated,
        "the first bytes say as much as all"
    );
    if let Ok(block) = bitcoin::consensus::deserialize::<bitcoin::Block>(block) {
        let input = block.coinbase().and_then(|tx| tx.input.first());
        // Consensus limits the coinbase's script; the crate asks neither for that nor whether it is a coinbase.
        let is_coinbase = input
            .is_some_and(|input| input.previous_output.is_null() && input.script_sig.len() <= 100);
        if let Ok(height) = block.bip34_block_height() {
            assert_eq!(stated, is_coinbase.then_some(height as u32));
        }
    }
    let Some(bytes) = block.first_chunk::<HEADER_BYTES>() else {
        return;
    };
    let place = Place { file: 3, offset: 8 };
    let ours = Header::parse(bytes, place, 80);
    let theirs: bitcoin::block::Header = bitcoin::consensus::deserialize(bytes).unwrap();
    assert_eq!(ours.hash.0, theirs.block_hash().to_byte_array());
    assert_eq!(ours.hash.to_string(), theirs.block_hash().to_string());
    assert_eq!(ours.prev.0, theirs.prev_blockhash.to_byte_array());
    assert_eq!(ours.version, theirs.version.to_consensus());
    assert_eq!(
        (ours.time, ours.bits),
        (theirs.time, theirs.bits.to_consensus())
    );
    let target = theirs.target();
    if proves_work(bytes) {
        assert!(theirs.validate_pow(target).is_ok());
        assert_eq!(ours.work(), Some(theirs.work()));
    }
    if ours.work().is_some() {
        assert_ne!(target, Target::ZERO);
        assert_eq!(proves_work(bytes), theirs.validate_pow(target).is_ok());
    }
}

/// A hash of the block made as number `number`.
fn hash(number: usize) -> Hash {
    let mut bytes = [0x5a; 32];
    // A byte, not four: many share the eight bytes that an index looks at.
    bytes[31] = number as u8;
    bytes[0] = number as u8 & 3;
    Hash(bytes)
}

/// The headers that the bytes describe, in file order. A block's parent is made before it, as hashes have it; where it
/// stands is another matter.
fn forest(nodes: &[u8]) -> Vec<(Header, Option<u32>)> {
    let mut headers: Vec<(Header, Option<u32>)> = Vec::new();
    for (number, node) in nodes.chunks_exact(NODE).take(200).enumerate() {
        let [parent, bits, file, place, gap, height, stated, flags] = *node.first_chunk().unwrap();
        let before = usize::from(parent);
        let prev = match parent {
            0 => Hash::ZERO,
            _ if before <= number => hash(number - before),
            // A parent that was pruned.
            _ => Hash([parent; 32]),
        };
        let size = 80 + u32::from(gap) * 40;
        let header = Header {
            hash: hash(number),
            prev,
            version: 4,
            time: u32::from(stated) << 12 | u32::from(flags) << 24,
            // From the easiest target to the hardest a chain will see for long.
            bits: (0x20 - u32::from(bits % 12)) << 24 | 0x7f_ffff,
            place: Place {
                file: u32::from(file % 4),
                offset: 8,
            },
            size,
            height: (flags & 3 == 3).then_some(u32::from(height)),
        };
        let states = match flags >> 2 & 3 {
            0 => None,
            1 => Some(u32::MAX - u32::from(stated % 3)),
            _ => Some(u32::from(stated)),
        };
        let at = usize::from(place) * headers.len() / 255;
        headers.insert(at.min(headers.len()), (header, states));
    }
    headers.sort_by_key(|(header, _)| header.place.file);
    let mut end = (0, 8);
    for (header, _) in &mut headers {
        if end.0 != header.place.file {
            end = (header.place.file, 8);
        }
        header.place.offset = end.1;
        end.1 += u64::from(header.size) + 8 + u64::from(header.time % 3) * 100;
    }
    headers
}

fn chain(nodes: &[u8]) {
    let made = forest(nodes);
    let headers: Vec<Header> = made.iter().map(|(header, _)| *header).collect();
    let evidence = Evidence {
        damaged_files: nodes.iter().take(1).map(|n| u32::from(n % 8)).collect(),
        last_file: headers.last().map_or(0, |header| header.place.file),
    };
    let stated = |header: &Header| {
        made.iter()
            .find(|(other, _)| other.hash == header.hash)
            .and_then(|(_, states)| *states)
    };
    let (chain, cost) = held(|| ActiveChain::choose(&headers, &evidence, stated));
    assert!(cost <= 8_192 + 1_000 * headers.len(), "{cost} bytes");
    let mut gaps = Vec::new();
    for pair in chain.blocks.windows(2) {
        let ((below, parent), (above, child)) = (pair[0], pair[1]);
        assert!(below < above, "heights ascend");
        if below + 1 < above {
            gaps.push(below + 1..=above - 1);
        } else {
            assert_eq!(headers[child].prev, headers[parent].hash);
        }
    }
    assert_eq!(chain.missing, gaps);
    let mut used: Vec<usize> = chain.blocks.iter().map(|&(_, at)| at).collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), chain.blocks.len(), "each block once");
    let cut = days::cut(
        chain
            .blocks
            .iter()
            .map(|&(height, at)| (height, headers[at].time)),
    );
    for pair in cut.windows(2) {
        assert!(pair[0].day < pair[1].day && pair[0].last < pair[1].first);
    }
    let first = chain.blocks.first().map(|&(height, _)| height);
    let last = chain.blocks.last().map(|&(height, _)| height);
    assert_eq!(cut.first().map(|day| day.first), first);
    assert_eq!(cut.last().map(|day| day.last), last);
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = real::small_blocks()
        .into_iter()
        .map(|block| block[..block.len().min(400)].to_vec())
        .collect();
    let straight: Vec<u8> = (0..40u8)
        .flat_map(|i| [u8::from(i > 0), 0, 0, 255, 10, i, i, 8])
        .collect();
    let parts: Vec<u8> = (0..40u8)
        .flat_map(|i| {
            let parent = if i % 13 == 0 { 250 } else { 1 + i / 30 };
            [parent, i % 3, i / 20, 200, i, i, 3 * i, 8]
        })
        .collect();
    for nodes in [straight, parts] {
        seeds.push([&[0; HEADER_BYTES], nodes.as_slice()].concat());
    }
    seeds
}
