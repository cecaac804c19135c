//! The path engine on real outputs, through the program, scored against exchange candles by `blkprice score`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use bitcoin::BlockHash;
use bitcoin::hashes::Hash;
use blkprice::synth::{BlockBuilder, BlockFiles};
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{Month, add_outputs, append_blocks, blkprice, program, read_month, shared_data};

/// What `score` says of the database, printed and as JSON.
fn score(what: &str, engine: &str, truth: &Path, db: &Path) -> Value {
    let args = [
        "score",
        "--engine",
        engine,
        "--truth",
        truth.to_str().unwrap(),
    ];
    println!("\n{what}, {engine}:\n{}", blkprice(&args, db));
    let json = [&args[..], &["--json"]].concat();
    serde_json::from_str(&blkprice(&json, db)).unwrap()
}

/// A number of the report, as a share.
fn share(report: &Value, row: &str, what: &str) -> f64 {
    report["errors"][row][what]
        .as_f64()
        .unwrap_or_else(|| panic!("no {what} of {row} in {report}"))
}

/// Share of the days of some years within 5 % of the exchange's range; a day without a price is a miss.
fn near(report: &Value, years: std::ops::RangeInclusive<u32>) -> f64 {
    let (mut near, mut days) = (0.0, 0.0);
    for year in years {
        let row = format!("usd {year}");
        let count = share(report, &row, "days");
        near += count
            * report["errors"][&row]["within_5_of_range"]
                .as_f64()
                .unwrap_or(0.0);
        days += count;
    }
    near / days
}

#[test]
fn ninety_real_days_lie_within_the_targets_of_their_candles() {
    let test = "ninety_real_days_lie_within_the_targets_of_their_candles";
    let Some(folder) = shared_data::folder("real-days", test) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let blocks = dir.path().join("blocks");
    let db = dir.path().join("days.db");
    // One pruned folder that lacks the files between the months.
    for (number, name) in [(3_900, "2024-02"), (4_200, "2024-08"), (4_700, "2025-03")] {
        let month: Month = read_month(&folder.join(format!("{name}.csv.gz")));
        let part = dir.path().join(name);
        append_blocks(
            &month,
            BlockFiles::new(&part).first_file(number).create().unwrap(),
        );
        std::fs::create_dir_all(&blocks).unwrap();
        for file in std::fs::read_dir(&part).unwrap() {
            let file = file.unwrap();
            std::fs::rename(file.path(), blocks.join(file.file_name())).unwrap();
        }
    }
    // The heights between the months are missing.
    let blocks = blocks.to_str().unwrap();
    program::run(&["backfill", "--blocks-dir", blocks], &db, 3);

    let truth = folder.with_file_name("exchange-daily-ohlc.csv");
    let report = score("90 real days", "path", &truth, &db);
    score("90 real days", "v9.1", &truth, &db);
    // The targets the engine was built to; measured when this was written: a third to two thirds of them.
    let targets = [
        ("open", 0.0007, 0.005),
        ("high", 0.0020, 0.006),
        ("low", 0.0020, 0.007),
        ("close", 0.0011, 0.004),
    ];
    for (name, median, rmse) in targets {
        assert!(share(&report, name, "median") <= median, "{name}: median");
        assert!(share(&report, name, "rmse") <= rmse, "{name}: RMSE");
        assert!(share(&report, name, "worst") <= 0.04, "{name}: worst");
    }
    // A 91st day holds empty blocks alone, and has no price.
    assert_eq!(share(&report, "usd", "priced"), 90.0);
    assert_eq!(share(&report, "usd", "inside_range"), 1.0);
}

/// Block times and qualifying outputs of the real blocks.
fn read_real_blocks(path: PathBuf) -> BTreeMap<u32, Vec<u64>> {
    let mut blocks: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for row in csv::Reader::from_reader(GzDecoder::new(File::open(path).unwrap())).records() {
        let row = row.unwrap();
        let sats = blocks.entry(row[0].parse().unwrap()).or_default();
        if &row[2] == "1" {
            sats.push(row[1].parse().unwrap());
        }
    }
    blocks
}

#[test]
fn real_blocks_of_fifteen_years_are_priced_without_an_anchor() {
    let test = "real_blocks_of_fifteen_years_are_priced_without_an_anchor";
    let Some(folder) = shared_data::folder("real-days", test) else {
        return;
    };
    let real = read_real_blocks(folder.with_file_name("real-blocks-outputs.csv.gz"));
    let dir = tempfile::tempdir().unwrap();
    let blocks = dir.path().join("blocks");
    let db = dir.path().join("blocks.db");
    let mut files = BlockFiles::new(&blocks).create().unwrap();
    let mut parent = BlockHash::all_zeros();
    for (height, (time, sats)) in (0u32..).zip(&real) {
        let mut builder = BlockBuilder::new(parent, height, *time);
        add_outputs(&mut builder, sats);
        let block = builder.finish();
        files.block(&block).unwrap();
        parent = block.hash;
    }
    files.finish().unwrap();
    let scan = |more: &[&str]| {
        let args = [
            &["backfill", "--blocks-dir", blocks.to_str().unwrap()],
            more,
        ]
        .concat();
        blkprice(&args, &db);
    };
    let truth = folder.with_file_name("exchange-daily-ohlc.csv");
    scan(&["--force"]);
    let report = score("243 real blocks, one a day", "path", &truth, &db);
    score("243 real blocks, one a day", "v9.1", &truth, &db);
    // The targets, but for 2016 to 2018, where 98 % is not reached: docs/path-limits.md shows the three misses.
    for (years, least) in [
        (2014..=2014, 0.87),
        (2015..=2015, 0.92),
        (2016..=2018, 0.95),
        (2019..=2026, 0.98),
    ] {
        let near = near(&report, years.clone());
        assert!(near >= least, "{years:?}: {near}");
    }
    scan(&["--anchor", "2014-10-01=387"]);
    let report = score(
        "243 real blocks, one a day, one anchor",
        "path",
        &truth,
        &db,
    );
    for year in [2014, 2015] {
        let near = near(&report, year..=year);
        assert!(near >= 0.93, "{year} with an anchor: {near}");
    }
}
