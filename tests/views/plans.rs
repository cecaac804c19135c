//! How SQLite finds its way through a long chain.

use std::time::Instant;

use blkprice::blockfile;
use blkprice::chain::{Hash, Place};
use blkprice::filter::RULES_VERSION;
use blkprice::price::histogram::steps;
use blkprice::store::codec::encode_block;
use blkprice::store::{BlockRow, DayRow, PriceRow, Store};
use rusqlite::StatementStatus;
use tempfile::TempDir;

const BLOCKS: u32 = 200_000;
const BLOCKS_A_DAY: u32 = 144;
/// 2020-01-01.
const FIRST_DAY: i32 = 18_262;

/// A chain of 200,000 blocks with two outputs each, stored as the scan stores days.
fn long_chain() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("long.db"), blockfile::Chain::Main).unwrap();
    store.set_bin_steps(steps()).unwrap();
    let heights: Vec<u32> = (0..BLOCKS).collect();
    let mut days = Vec::new();
    let mut prices = Vec::new();
    for (day, heights) in (FIRST_DAY..).zip(heights.chunks(BLOCKS_A_DAY as usize)) {
        let mut row = DayRow {
            day,
            first: heights[0],
            last: heights[heights.len() - 1],
            complete: true,
            sats: 130_000 * heights.len() as u64,
            bins: (600..900).map(|bin| (bin, 1)).collect(),
            ..DayRow::default()
        };
        for &height in heights {
            encode_block(&[50_000, 80_000], &mut row.data);
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&height.to_le_bytes());
            row.blocks.push(BlockRow {
                undo: None,
                height,
                hash: Hash(hash),
                prev: None,
                time: day as u32 * 86_400 + (height - row.first) * 600,
                bits: 0x1703_4219,
                place: Place {
                    file: height / 100,
                    offset: u64::from(height % 100) << 20,
                },
                size: 1_000_000,
                transactions: 3_000,
                outputs: 2,
            });
        }
        days.push(row);
        prices.push(PriceRow {
            usd: Some(40_000.0),
            status: "ok".to_string(),
            ..PriceRow::empty(day, "v9.1", 1)
        });
    }
    store.replace_days(&[], &days, &[], RULES_VERSION).unwrap();
    store.put_prices(&prices).unwrap();
    (dir, store)
}

/// Rows, the plan, and the steps of SQLite's machine that a query takes.
fn look(store: &Store, query: &str) -> (usize, Vec<String>, i32) {
    let db = store.connection();
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let plan = explain
        .query_map([], |row| row.get("detail"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut statement = db.prepare(query).unwrap();
    let started = Instant::now();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while rows.next().unwrap().is_some() {
        count += 1;
    }
    drop(rows);
    let steps = statement.get_status(StatementStatus::VmStep);
    println!(
        "{:8.2} ms, {count} rows, {steps} steps: {query}",
        started.elapsed().as_secs_f64() * 1e3
    );
    (count, plan, steps)
}

#[test]
fn days_and_heights_of_200000_blocks_are_found_by_index() {
    let (_dir, store) = long_chain();
    let day = 144;
    for (query, expected) in [
        ("SELECT * FROM block WHERE day = '2022-05-06'", day),
        (
            "SELECT * FROM block WHERE day BETWEEN '2022-05-01' AND '2022-05-31'",
            31 * day,
        ),
        ("SELECT * FROM block WHERE height = 150000", 1),
        (
            "SELECT * FROM block WHERE height BETWEEN 150000 AND 150143",
            day,
        ),
        ("SELECT * FROM block WHERE height >= 199900", 100),
        ("SELECT * FROM daily_activity WHERE day = '2022-05-06'", 1),
        ("SELECT * FROM daily_price WHERE day = '2022-05-06'", 1),
        (
            "SELECT * FROM daily_price WHERE engine = 'v9.1' AND day BETWEEN '2022-05-01' AND '2022-05-31'",
            31,
        ),
        ("SELECT * FROM day_histogram WHERE day = '2022-05-06'", 300),
    ] {
        let (rows, plan, steps) = look(&store, query);
        assert_eq!(rows, expected, "{query}");
        assert!(
            plan.iter()
                .all(|step| step.starts_with("SEARCH") || step.contains("VIRTUAL TABLE")),
            "{query}: {plan:?}"
        );
        assert!(
            steps < 100 + 60 * expected as i32,
            "{query}: work in proportion to the rows, {steps} steps"
        );
    }
    // The last blocks are read from the end, not sorted out of all.
    let (rows, plan, steps) = look(&store, "SELECT * FROM block ORDER BY height DESC LIMIT 10");
    assert_eq!(rows, 10);
    assert!(steps < 1_000, "{plan:?}");
}

#[test]
fn joining_each_of_200000_blocks_with_its_parent_takes_work_in_proportion() {
    let (_dir, store) = long_chain();
    let query = "SELECT c.height FROM block AS c JOIN block AS p ON p.height = c.height - 1 WHERE c.time >= p.time";
    let (rows, plan, steps) = look(&store, query);
    assert_eq!(rows, BLOCKS as usize - 1);
    assert!(
        plan.iter().filter(|step| step.starts_with("SCAN")).count() <= 1,
        "one pass: {plan:?}"
    );
    assert!(steps < 40 * BLOCKS as i32, "{steps} steps");
}
