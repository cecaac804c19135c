//! A database with prices, made without block files.

use blkprice::blockfile;
use blkprice::chain::{Hash, Place};
use blkprice::filter::RULES_VERSION;
use blkprice::price::histogram::steps;
use blkprice::store::codec::encode_block;
use blkprice::store::{BlockPriceRow, BlockRow, DayRow, PriceRow, Store};

use crate::support;

/// 2025-10-01.
pub(crate) const FIRST_DAY: i32 = 20_362;
pub(crate) const DAYS: i32 = 20;
const BLOCKS_A_DAY: u32 = 48;

/// Twenty days with 48 blocks each, two an hour, in the place's database. Both engines price them all, but for the sixth
/// day, which has no price by either.
pub(crate) fn priced_days() -> support::Place {
    let place = support::Place::new();
    let mut store = Store::open(&place.db(), blockfile::Chain::Main).unwrap();
    store.set_bin_steps(steps()).unwrap();
    let mut days = Vec::new();
    let mut by_v91 = Vec::new();
    let mut by_path = Vec::new();
    for (nth, day) in (FIRST_DAY..).take(DAYS as usize).enumerate() {
        let first = nth as u32 * BLOCKS_A_DAY;
        let mut row = DayRow {
            day,
            first,
            last: first + BLOCKS_A_DAY - 1,
            complete: day + 1 < FIRST_DAY + DAYS,
            sats: 130_000 * u64::from(BLOCKS_A_DAY),
            bins: (600..900).map(|bin| (bin, 1)).collect(),
            ..DayRow::default()
        };
        let usd = (nth != 5).then_some(110_000.123_4 + 17.77 * nth as f64);
        let mut block_prices = Vec::new();
        for height in row.first..=row.last {
            encode_block(&[50_000, 80_000], &mut row.data);
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&height.to_le_bytes());
            row.blocks.push(BlockRow {
                undo: None,
                height,
                hash: Hash(hash),
                prev: None,
                time: day as u32 * 86_400 + (height - first) * 1_800,
                bits: 0x1703_4219,
                place: Place {
                    file: 0,
                    offset: u64::from(height) << 20,
                },
                size: 1_000_000,
                transactions: 3_000,
                outputs: 2,
            });
            if let Some(usd) = usd {
                let usd = usd + f64::from(height % 7);
                block_prices.push(BlockPriceRow {
                    height,
                    usd,
                    low: usd - 10.0,
                    high: usd + 10.0,
                });
            }
        }
        let price = |engine, usd: Option<f64>| PriceRow {
            usd,
            status: if usd.is_some() { "ok" } else { "none" }.to_string(),
            confidence: usd.map(|_| 0.99),
            ..PriceRow::empty(day, engine, 1)
        };
        by_v91.push(price("v9.1", usd.map(|usd| (usd * 1.5).floor())));
        by_path.push((price("path", usd), block_prices));
        days.push(row);
    }
    store.replace_days(&[], &days, &[], RULES_VERSION).unwrap();
    store.put_prices(&by_v91).unwrap();
    store.put_path_prices(&by_path).unwrap();
    drop(store);
    place
}
