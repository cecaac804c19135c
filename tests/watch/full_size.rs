//! How soon a block on top of a long chain is told.
//!
//! `BLKPRICE_WATCH_BLOCKS` says how long: a million is what the main chain comes to, in 6,000 files as there.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use blkprice::blockfile::Chain;
use blkprice::synth::{BlockBuilder, BlockFiles, RawBlock};

use crate::LATER;
use crate::support::Place;
use crate::watching::Watching;

const BLOCKS: u32 = 10_000;
const BLOCKS_A_FILE: u32 = 167;
/// Seconds between two blocks: a million end before today.
const SPACING: u32 = 550;

/// Appends a record, as the node does.
fn append(place: &Place, file: u32, block: &RawBlock) {
    let mut file = File::options().append(true).open(place.file(file)).unwrap();
    let size = u32::try_from(block.bytes.len()).unwrap().to_le_bytes();
    let record = [&Chain::Main.magic(), &size[..], &block.bytes].concat();
    file.write_all(&record).unwrap();
}

#[test]
#[allow(clippy::print_stderr, reason = "the figures of a long run")]
fn a_block_on_top_of_a_long_chain_is_told_as_soon() {
    // Blocks there are, and new ones that are timed.
    let (blocks, new) = match std::env::var("BLKPRICE_WATCH_BLOCKS") {
        Ok(count) => (count.parse().unwrap(), 40),
        Err(_) => (BLOCKS, 8),
    };
    let place = Place::new();
    let mut tip = BlockBuilder::genesis(1_231_006_505).finish();
    let files = BlockFiles::new(place.blocks()).blocks_per_file(BLOCKS_A_FILE as usize);
    let mut writer = files.create().unwrap();
    writer.block(&tip).unwrap();
    for _ in 1..blocks {
        tip = tip.next(SPACING).finish();
        writer.block(&tip).unwrap();
    }
    writer.finish().unwrap();
    let mut last_file = (blocks - 1) / BLOCKS_A_FILE;
    let start = Instant::now();
    let mut watch = Watching::start(&place, &[]);
    watch.says("watching", Duration::from_secs(1_800));
    let first = start.elapsed();
    let mut delays = Vec::new();
    for n in 0..new {
        // Now and then in a new file.
        if n % 7 == 6 {
            last_file += 1;
            File::create(place.file(last_file)).unwrap();
        }
        tip = tip.next(SPACING).finish();
        let written = Instant::now();
        append(&place, last_file, &tip);
        let line = watch.line(LATER);
        delays.push(written.elapsed().as_secs_f64());
        assert!(line.starts_with(&format!("{} {}", tip.height, tip.hash)));
        // Blocks that follow each other at once are another matter.
        std::thread::sleep(Duration::from_secs(1));
    }
    watch.leave("TERM").expect(0);
    delays.sort_by(f64::total_cmp);
    eprintln!(
        "{blocks} blocks in {} files, first round {:.1} s; {new} new blocks told after: median {:.2} s, most {:.2} s",
        last_file + 1,
        first.as_secs_f64(),
        delays[delays.len() / 2],
        delays[delays.len() - 1]
    );
}
