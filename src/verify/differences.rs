//! What is stored of a day against what follows from its blocks.

use rustc_hash::FxHashMap;

use crate::scan::Warning;
use crate::scan::decode::DecodedDay;
use crate::store::codec::Decoder;
use crate::store::{BlockRow, DayRow};

/// What is wrong with the blocks themselves.
pub(super) fn damages(fresh: &DecodedDay) -> impl Iterator<Item = String> {
    fresh.lost.iter().filter_map(|lost| match lost {
        Warning::Damaged {
            height,
            path,
            place,
            why,
        } => Some(format!(
            "block {height} at offset {} of {} is damaged: {why}",
            place.offset,
            path.display()
        )),
        _ => None,
    })
}

/// In what the stored rows differ from those that follow from the blocks.
pub(super) fn differences(stored: &DayRow, fresh: &DecodedDay) -> Vec<String> {
    let mut told = Vec::new();
    let by_height: FxHashMap<u32, &BlockRow> =
        fresh.row.blocks.iter().map(|b| (b.height, b)).collect();
    for block in &stored.blocks {
        let Some(found) = by_height.get(&block.height) else {
            continue;
        };
        let fields = [
            ("time", block.time, found.time),
            ("nBits", block.bits, found.bits),
            ("size", block.size, found.size),
            (
                "number of transactions",
                block.transactions,
                found.transactions,
            ),
        ];
        for (what, stored, found) in fields.into_iter().filter(|(_, a, b)| a != b) {
            told.push(format!(
                "block {}: {what} is stored as {stored}, and is {found} in the block files",
                block.height
            ));
        }
    }
    // A block that cannot be read may have coins that others of its day spend: then nothing more can be told.
    if fresh.lost.is_empty() {
        told.extend(parents(stored, &fresh.row));
        told.extend(outputs(stored, &fresh.row));
        if stored.bins != fresh.row.bins {
            told.push("its bins are not those that follow from its blocks".to_string());
        }
    }
    told
}

fn parents(stored: &DayRow, fresh: &DayRow) -> Vec<String> {
    let pairs = stored.blocks.iter().zip(&fresh.blocks);
    pairs
        .filter(|(stored, fresh)| stored.prev != fresh.prev)
        .map(|(stored, _)| {
            format!(
                "block {}: its parent is not the one in its header",
                stored.height
            )
        })
        .collect()
}

/// Compares the outputs block by block, up to the first block that cannot be read back.
fn outputs(stored: &DayRow, fresh: &DayRow) -> Vec<String> {
    let mut told = Vec::new();
    let mut pair = [&stored.data, &fresh.data].map(|data| Decoder::new(data));
    for block in &stored.blocks {
        let mut sats = [Vec::new(), Vec::new()];
        for (decoder, sats) in pair.iter_mut().zip(&mut sats) {
            if decoder.next_block(sats).is_err() {
                return told; // told already, as the database does not agree with itself
            }
        }
        let [stored, fresh] = sats;
        if stored != fresh {
            told.push(format!(
                "block {}: its {} stored outputs are not the {} that follow from the block files",
                block.height,
                stored.len(),
                fresh.len()
            ));
        }
    }
    told
}
