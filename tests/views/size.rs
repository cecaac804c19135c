//! Bytes an output, everything included.

use std::fs;

use blkprice::synth::{ChainSpec, Mix};

use super::database::make;

/// Makes a chain of `days` with about `outputs` qualifying outputs a block, and gives what the database and all beside it
/// take, in bytes an output.
fn bytes_an_output(days: u32, outputs: f64) -> f64 {
    let database = make(ChainSpec {
        days,
        transactions_per_day: outputs / 2.0 * 144.0,
        mix: Mix::ALL_QUALIFY,
        ..ChainSpec::default()
    });
    let bytes: u64 = fs::read_dir(database.path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    let blocks = database.blocks.len();
    let count: u64 = database.days.values().map(|day| day.outputs).sum();
    let each = bytes as f64 / count as f64;
    println!(
        "{blocks} blocks of {:.0} outputs: {bytes} bytes, {each:.2} an output",
        count as f64 / blocks as f64
    );
    each
}

#[test]
fn five_days_of_200_to_300_outputs_a_block_take_at_most_4_bytes_an_output() {
    assert!(bytes_an_output(5, 230.0) <= 4.0);
}

/// The least the promise covers: two days, and hardly more than 200 outputs a block.
#[test]
fn two_days_of_hardly_more_than_200_outputs_a_block_take_at_most_4_bytes_an_output() {
    assert!(bytes_an_output(2, 206.0) <= 4.0);
}

#[test]
fn three_days_of_2000_outputs_a_block_take_at_most_4_bytes_an_output() {
    assert!(bytes_an_output(3, 2_050.0) <= 4.0);
}
