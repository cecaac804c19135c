//! Every query of sql/examples.sql, run; some against an answer computed another way.

use std::collections::BTreeMap;

use blkprice::price::histogram::{bin_of, edge_btc};
use blkprice::store::{PriceRow, Store};
use rusqlite::types::Value;

use super::database::{DATABASE, DAYS, FIRST_DAY};

const EXAMPLES: &str = include_str!("../../sql/examples.sql");

/// The queries by the first line of their comment.
fn examples() -> BTreeMap<&'static str, &'static str> {
    EXAMPLES
        .split("\n\n")
        .skip(1) // what the file is
        .map(|example| {
            let title = example.lines().next().unwrap();
            (title.strip_prefix("-- ").unwrap(), example.trim())
        })
        .collect()
}

fn example(start: &str) -> &'static str {
    let mut found = examples()
        .into_iter()
        .filter(|(title, _)| title.starts_with(start));
    let (_, sql) = found.next().unwrap_or_else(|| panic!("no example {start}"));
    assert!(found.next().is_none(), "one example {start}");
    sql
}

fn rows(store: &Store, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = store.connection().prepare(sql).unwrap();
    let columns = statement.column_count();
    statement
        .query_map([], |row| (0..columns).map(|at| row.get(at)).collect())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(value) => *value as f64,
        Value::Real(value) => *value,
        other => panic!("{other:?} is no number"),
    }
}

/// The path engine's prices, straight from the store.
fn prices(store: &Store) -> BTreeMap<String, PriceRow> {
    store
        .prices("path", FIRST_DAY, FIRST_DAY + DAYS as i32)
        .unwrap()
        .into_iter()
        .map(|row| (blkprice::dates::show(row.day), row))
        .collect()
}

#[test]
fn every_example_says_what_it_answers_uses_the_views_only_and_gives_rows() {
    let (_dir, mut store) = DATABASE.copy();
    // A second engine that differs now and then, for those that compare.
    let other: Vec<PriceRow> = prices(&store)
        .into_values()
        .map(|row| PriceRow {
            engine: "other".to_string(),
            usd: row
                .usd
                .map(|usd| if row.day % 7 == 0 { usd * 1.05 } else { usd }),
            ..row
        })
        .collect();
    store.put_prices(&other).unwrap();
    let examples = examples();
    assert_eq!(examples.len(), 16);
    for (title, sql) in examples {
        assert!(title.ends_with('.') || sql.lines().nth(1).unwrap().starts_with("-- "));
        assert!(
            sql.ends_with(';') && sql.matches(';').count() == 1,
            "{title}"
        );
        for table in [
            "utc_day",
            "chain_block",
            "bin_step",
            "day_outputs",
            "price",
            "meta",
            "path_block",
        ] {
            assert!(
                !sql.contains(&format!("FROM {table} "))
                    && !sql.contains(&format!("JOIN {table} ")),
                "{title} looks into {table}"
            );
        }
        let found = rows(&store, sql);
        assert!(!found.is_empty(), "{title}");
    }
    let differing: Vec<_> = rows(&store, example("The days on which two engines differ"))
        .into_iter()
        .filter(|row| (text(&row[1]), text(&row[3])) == ("other", "path"))
        .collect();
    assert!(differing.len() >= 4);
    for row in differing {
        let day = blkprice::dates::parse(text(&row[0])).unwrap();
        assert_eq!(day % 7, 0);
        assert_eq!(number(&row[5]), -4.76);
    }
}

#[test]
fn the_example_prices_of_a_year_are_the_stored_ones() {
    let store = DATABASE.open();
    let found: BTreeMap<String, Option<f64>> = rows(&store, example("The prices of a year"))
        .iter()
        .map(|row| (text(&row[0]).to_string(), Some(number(&row[1]))))
        .collect();
    let expected: BTreeMap<String, Option<f64>> = prices(&store)
        .into_iter()
        .filter(|(day, _)| day.starts_with("2024"))
        .map(|(day, row)| (day, row.usd))
        .collect();
    assert_eq!(found, expected);
    assert!(expected.len() > 15);
}

#[test]
fn the_example_prices_at_a_time_and_at_the_blocks_of_a_day_are_those_of_the_blocks() {
    let store = DATABASE.open();
    let of_blocks = rows(&store, "SELECT height, usd FROM path_block");
    let usd: BTreeMap<u32, f64> = of_blocks
        .iter()
        .map(|row| (number(&row[0]) as u32, number(&row[1])))
        .collect();
    let blocks = || (0u32..).zip(&DATABASE.blocks);

    let found = rows(&store, example("The price at each block of a day"));
    let found: Vec<(u32, f64)> = found
        .iter()
        .map(|row| (number(&row[0]) as u32, number(&row[2])))
        .collect();
    let expected: Vec<(u32, f64)> = blocks()
        .filter(|(_, (day, ..))| day == "2024-01-03")
        .map(|(height, _)| (height, usd[&height]))
        .collect();
    assert_eq!(found, expected);
    assert!(found.len() > 5);

    let noon = 1_704_283_200;
    let (height, _) = blocks()
        .filter(|(_, (_, time, _))| *time <= noon)
        .max_by_key(|(height, (_, time, _))| (*time, *height))
        .unwrap();
    let found = rows(&store, example("The price at a time"));
    let [row] = found.as_slice() else {
        panic!("{} rows", found.len())
    };
    assert_eq!(
        (number(&row[0]) as u32, number(&row[2])),
        (height, usd[&height])
    );
}

#[test]
fn the_example_monthly_median_is_the_middle_price() {
    let store = DATABASE.open();
    let mut months: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (day, row) in prices(&store) {
        months
            .entry(day[..7].to_string())
            .or_default()
            .extend(row.usd);
    }
    let found = rows(&store, example("The median, lowest and highest"));
    assert_eq!(found.len(), months.len());
    for row in found {
        let prices = months.get_mut(text(&row[0])).unwrap();
        prices.sort_by(f64::total_cmp);
        let n = prices.len();
        let median = (prices[(n - 1) / 2] + prices[n / 2]) / 2.0;
        let values: Vec<f64> = row[1..].iter().map(number).collect();
        assert_eq!(values, [n as f64, median, prices[0], prices[n - 1]]);
    }
}

#[test]
fn the_example_moves_over_2_percent_are_those_of_the_prices() {
    let store = DATABASE.open();
    let prices: Vec<(i32, f64)> = prices(&store)
        .values()
        .filter_map(|row| Some((row.day, row.usd?)))
        .collect();
    let mut expected: Vec<(String, f64)> = prices
        .windows(2)
        .filter(|pair| pair[1].0 == pair[0].0 + 1)
        .map(|pair| {
            (
                blkprice::dates::show(pair[1].0),
                pair[1].1 / pair[0].1 - 1.0,
            )
        })
        .filter(|(_, change)| change.abs() > 0.02)
        .collect();
    expected.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let found: Vec<(String, f64)> = rows(&store, example("The days that moved"))
        .iter()
        .map(|row| (text(&row[0]).to_string(), number(&row[3])))
        .collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.0, expected.0);
        assert!((found.1 - 100.0 * expected.1).abs() < 0.006);
    }
}

#[test]
fn the_example_histogram_and_round_share_count_the_amounts_of_the_chain() {
    let store = DATABASE.open();
    let mut bins: BTreeMap<usize, u64> = BTreeMap::new();
    for &sats in &DATABASE.sats["2024-01-03"] {
        *bins.entry(bin_of(sats)).or_default() += 1;
    }
    let found = rows(&store, example("The amounts of a day"));
    assert_eq!(found.len(), bins.len());
    for (row, (bin, count)) in found.iter().zip(&bins) {
        assert_eq!(
            (number(&row[0]), number(&row[3])),
            (*bin as f64, *count as f64)
        );
        // Put together from a step and a power of ten, the edges may differ in the last bits.
        for (edge, at) in [(edge_btc(*bin), 1), (edge_btc(*bin + 1), 2)] {
            assert!((number(&row[at]) / edge - 1.0).abs() < 1e-14, "bin {bin}");
        }
    }
    let percent: f64 = found.iter().map(|row| number(&row[4])).sum();
    assert!((percent - 100.0).abs() < 0.5);

    let held: Vec<usize> = (5..=9)
        .flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10u64.pow(zeros)))
        .filter(|&sats| sats <= 1_000_000_000)
        .map(bin_of)
        .collect();
    let found = rows(&store, example("The share of each day's outputs"));
    let days = DATABASE.sats.keys().filter(|day| day.starts_with("2024"));
    assert_eq!(found.len(), days.count());
    for row in found {
        let amounts = &DATABASE.sats[text(&row[0])];
        let count = amounts
            .iter()
            .filter(|&&sats| held.contains(&bin_of(sats)))
            .count();
        assert_eq!(number(&row[1]), count as f64, "{}", text(&row[0]));
    }
}

#[test]
fn the_example_blocks_of_a_day_and_early_headers_are_those_of_the_chain() {
    let store = DATABASE.open();
    let found: Vec<(f64, String)> = rows(&store, example("The blocks of a day"))
        .iter()
        .map(|row| (number(&row[0]), text(&row[1]).to_string()))
        .collect();
    let expected: Vec<(f64, String)> = (0u32..)
        .zip(&DATABASE.blocks)
        .filter(|(_, (day, ..))| day == "2024-01-03")
        .map(|(height, (_, _, hash))| (f64::from(height), hash.clone()))
        .collect();
    assert_eq!(found, expected);
    assert!(found.len() > 5);

    let mut early: Vec<u32> = (1u32..)
        .zip(DATABASE.blocks.windows(2))
        .filter(|(_, pair)| pair[1].1 < pair[0].1)
        .map(|(height, _)| height)
        .collect();
    let mut found: Vec<u32> = rows(&store, example("The blocks whose header time"))
        .iter()
        .map(|row| number(&row[0]) as u32)
        .collect();
    early.sort();
    found.sort();
    assert_eq!(found, early);
    assert!(!found.is_empty());
}

#[test]
fn the_example_worth_in_usd_is_the_sum_of_the_amounts_at_the_price() {
    let store = DATABASE.open();
    let prices = prices(&store);
    let found = rows(&store, example("What the outputs that count were worth"));
    assert_eq!(
        found.len(),
        prices.values().filter(|row| row.usd.is_some()).count()
    );
    for row in found {
        let day = text(&row[0]);
        let btc = DATABASE.sats[day].iter().sum::<u64>() as f64 / 1e8;
        let worth = btc * prices[day].usd.unwrap();
        assert!((number(&row[3]) - worth).abs() <= 0.51, "{day}");
    }
}
