//! A database with as many outputs as asked for, without block files.

use std::collections::BTreeMap;
use std::path::Path;

use blkprice::blockfile;
use blkprice::chain::{Hash, Place};
use blkprice::filter::RULES_VERSION;
use blkprice::price::histogram::{bin_of, steps};
use blkprice::store::codec::encode_block;
use blkprice::store::{BlockRow, DayRow, Store};
use blkprice::synth::{ChainSpec, OutputsBlock};

/// Stores the outputs of a synthetic chain as a scan does, the last day as incomplete, and gives their number.
pub(crate) fn fill(path: &Path, spec: &ChainSpec) -> u64 {
    let mut store = Store::open(path, blockfile::Chain::Main).unwrap();
    store.set_bin_steps(steps()).unwrap();
    let mut day = DayRow::default();
    let mut bins = BTreeMap::new();
    let mut count = 0;
    let mut blocks = spec.outputs_only();
    let mut block = OutputsBlock::default();
    while blocks.next_into(&mut block) {
        if block.window != day.day {
            put(
                &mut store,
                std::mem::take(&mut day),
                std::mem::take(&mut bins),
            );
            (day.day, day.first) = (block.window, block.height);
        }
        count += block.sats.len() as u64;
        for &sats in &block.sats {
            // There are 2,401.
            *bins.entry(bin_of(sats) as u16).or_default() += 1;
        }
        add(&mut day, &mut block);
    }
    put(&mut store, day, bins);
    count
}

fn add(day: &mut DayRow, block: &mut OutputsBlock) {
    block.sats.sort_unstable();
    encode_block(&block.sats, &mut day.data);
    day.sats += block.sats.iter().sum::<u64>();
    day.last = block.height;
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&block.height.to_le_bytes());
    day.blocks.push(BlockRow {
        height: block.height,
        hash: Hash(hash),
        prev: None,
        time: block.time,
        bits: 0x1703_4219,
        place: Place {
            file: block.height / 100,
            offset: u64::from(block.height % 100) << 20,
        },
        size: 1_000_000,
        transactions: block.sats.len() as u32, // some thousands
        outputs: block.sats.len() as u32,
        undo: None,
    });
}

fn put(store: &mut Store, mut day: DayRow, bins: BTreeMap<u16, u32>) {
    if !day.blocks.is_empty() {
        day.bins = bins.into_iter().collect();
        store.replace_days(&[], &[day], &[], RULES_VERSION).unwrap();
    }
}
