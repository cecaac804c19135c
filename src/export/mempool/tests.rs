//! The rates of small databases written by hand.

use super::*;
use crate::blockfile::Chain;
use crate::chain::header::{Hash, Place};
use crate::store::{BlockPriceRow, BlockRow, DayRow, PriceRow};

const DAY: WindowDay = 19_754; // 2024-02-01
const MIDNIGHT: u32 = DAY as u32 * SECONDS;

/// A block: seconds after midnight of [`DAY`], and its price.
type Block = (i64, Option<f64>);

/// A database with these days from [`DAY`] on: the day's price and its blocks.
fn database(days: &[(Option<f64>, &[Block])]) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("rates.db"), Chain::Main).unwrap();
    let mut height = 100;
    for (day, &(usd, blocks)) in (DAY..).zip(days) {
        if blocks.is_empty() {
            continue; // not stored at all
        }
        let mut row = DayRow {
            day,
            first: height,
            complete: true,
            ..DayRow::default()
        };
        let mut prices = Vec::new();
        for &(time, usd) in blocks {
            row.blocks.push(BlockRow {
                height,
                hash: Hash([height as u8; 32]),
                prev: None,
                time: u32::try_from(i64::from(MIDNIGHT) + time).unwrap(),
                bits: 0,
                place: Place { file: 0, offset: 8 },
                size: 100,
                transactions: 1,
                outputs: 0,
                undo: None,
            });
            prices.extend(usd.map(|usd| BlockPriceRow {
                height,
                usd,
                low: usd - 1.0,
                high: usd + 1.0,
            }));
            row.last = height;
            height += 1;
        }
        store.replace_days(&[], &[row], &[], 1).unwrap();
        let price = |engine, usd: Option<f64>| PriceRow {
            usd,
            close: usd.map(|usd| usd + 0.5),
            status: if usd.is_some() { "weak" } else { "none" }.to_string(),
            ..PriceRow::empty(day, engine, 1)
        };
        store.put_prices(&[price("v9.1", Some(7.0))]).unwrap();
        store
            .put_path_prices(&[(price(ENGINE, usd), prices)])
            .unwrap();
    }
    (dir, store)
}

fn rate(after_midnight: i64, usd: f64) -> Rate {
    let time = u32::try_from(i64::from(MIDNIGHT) + after_midnight).unwrap();
    Rate { time, usd }
}

const H: i64 = 3_600;
const D: i64 = 86_400;

/// Two days with blocks, of which the second day's first go back before midnight; one without a price; one with a price
/// of its own only; one not stored; one more day.
fn all_kinds() -> (tempfile::TempDir, Store) {
    database(&[
        (
            Some(100.0),
            &[
                (0, Some(90.0)),
                (5 * H + 1, Some(104.0)),
                (5 * H + 1800, Some(106.0)),
            ],
        ),
        (
            Some(200.0),
            &[
                (D + 5, Some(190.0)),
                (D - 5, Some(196.0)),
                (D + 600, Some(192.0)),
            ],
        ),
        (None, &[(2 * D + 60, None), (2 * D + 120, None)]),
        (Some(400.0), &[(3 * D + 60, None), (3 * D + 90, None)]),
        (None, &[]),
        (
            Some(600.0),
            &[(5 * D + 7 * H, Some(610.0)), (5 * D + 6 * H, None)],
        ),
    ])
}

#[test]
fn a_day_gives_one_rate_where_it_has_a_price() {
    let (_dir, store) = all_kinds();
    let rates = history(&store, Every::Day, DAY - 50, DAY + 50).unwrap();
    let expected = [
        rate(0, 100.0),
        rate(D, 200.0),
        rate(3 * D, 400.0),
        rate(5 * D, 600.0),
    ];
    assert_eq!(rates, expected);
    let rates = history(&store, Every::Day, DAY + 1, DAY + 3).unwrap();
    assert_eq!(rates, expected[1..3]);
}

#[test]
fn an_hour_gives_the_mean_of_its_blocks_and_a_day_without_block_prices_one_rate() {
    let (_dir, store) = all_kinds();
    let expected = [
        rate(0, 90.0),
        rate(5 * H, 105.0),
        rate(23 * H, 196.0), // by a block of the next day
        rate(D, 191.0),
        rate(3 * D, 400.0),
        rate(5 * D + 7 * H, 610.0),
    ];
    assert_eq!(history(&store, Every::Hour, 0, DAY + 50).unwrap(), expected);
    // Day by day it is the same.
    let mut joined = Vec::new();
    for day in DAY - 1..DAY + 8 {
        joined.extend(history(&store, Every::Hour, day, day).unwrap());
    }
    assert_eq!(joined, expected);
}

#[test]
fn the_rate_at_a_time_is_the_newest_of_the_history_up_to_it() {
    let (_dir, store) = all_kinds();
    for every in [Every::Hour, Every::Day] {
        let all = history(&store, every, 0, WindowDay::MAX).unwrap();
        let hours = (-30..24 * 9).flat_map(|hour| [hour * H - 1, hour * H, hour * H + 1]);
        for time in hours.map(|time| u32::try_from(i64::from(MIDNIGHT) + time).unwrap()) {
            let newest = all.iter().rfind(|rate| rate.time <= time).copied();
            assert_eq!(at(&store, every, time).unwrap(), newest, "{every:?} {time}");
        }
        assert_eq!(at(&store, every, 0).unwrap(), None);
        assert_eq!(at(&store, every, u32::MAX).unwrap(), all.last().copied());
    }
}

#[test]
fn the_latest_rate_is_that_of_the_highest_block_with_a_price() {
    let (_dir, store) = all_kinds();
    assert_eq!(latest(&store).unwrap(), Some(rate(5 * D + 7 * H, 610.0)));
    let (_dir, store) = database(&[(Some(100.0), &[(0, None), (60, None)])]);
    assert_eq!(
        latest(&store).unwrap(),
        Some(rate(60, 100.5)),
        "the day's close"
    );
    let (_dir, store) = database(&[(None, &[(0, None)])]);
    assert_eq!(latest(&store).unwrap(), None);
}

#[test]
fn a_rate_long_after_the_last_price_is_found_without_reading_all() {
    let days: Vec<(Option<f64>, Vec<Block>)> = (0..3_000)
        .map(|day| {
            (
                (day < 10).then_some(50.0),
                vec![(day * D, (day < 10).then_some(50.0))],
            )
        })
        .collect();
    let days: Vec<_> = days
        .iter()
        .map(|(usd, blocks)| (*usd, blocks.as_slice()))
        .collect();
    let (_dir, store) = database(&days);
    for query in [
        "SELECT day FROM price WHERE engine = 'path' AND day < 30000 AND usd IS NOT NULL ORDER BY day DESC LIMIT 1",
        "SELECT c.time / 3600 AS hour, avg(p.usd) FROM chain_block AS c CROSS JOIN path_block AS p ON p.height = c.height \
         WHERE c.day BETWEEN 20000 AND 20001 GROUP BY hour ORDER BY hour",
    ] {
        let plan: Vec<String> = store
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
            .unwrap()
            .query_map([], |row| row.get("detail"))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let searched = plan
            .iter()
            .all(|step| step.starts_with("SEARCH") || step.contains("B-TREE"));
        assert!(searched, "{query}: {plan:?}");
    }
    let found = at(&store, Every::Hour, MIDNIGHT + 2_990 * SECONDS).unwrap();
    assert_eq!(found, Some(rate(9 * D, 50.0)));
}
