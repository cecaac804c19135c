//! What the fuzz targets found, one test each, and what was found by reading when they were written.

use std::fs;
use std::io::Write;

use blkprice::blockfile::records::frame;
use blkprice::blockfile::{Chain, UndoFile, XorKey, conf};
use blkprice::chain::heights::stated_height;
use blkprice::score::Truth;

use super::counting::held;
use super::{headers, scratch, undo};

/// What `work` gives, and the bytes this thread read meanwhile, where the system counts them.
fn bytes_read<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    let count = || -> Option<u64> {
        let counters = fs::read_to_string("/proc/thread-self/io").ok()?;
        counters
            .lines()
            .next()?
            .strip_prefix("rchar: ")?
            .parse()
            .ok()
    };
    let before = count();
    let given = work();
    let read = count().zip(before).map(|(after, before)| after - before);
    if read.is_none() {
        eprintln!("SKIPPED: how often bytes are read: the system does not count");
    }
    (given, read)
}

/// A coinbase script of more than 252 bytes has a length of three, of which the first was taken for the whole.
#[test]
fn a_coinbase_script_longer_than_consensus_allows_states_no_height() {
    let input = include_bytes!("found/headers-long-coinbase-script");
    assert_eq!(stated_height(input), None);
    headers::check(input);
}

/// The second opinion took any first transaction for a coinbase; only the check was at fault.
#[test]
fn a_first_transaction_that_spends_a_coin_states_no_height() {
    let input = include_bytes!("found/headers-first-transaction-no-coinbase");
    assert_eq!(stated_height(input), None);
    headers::check(input);
}

/// One was added to a count of transactions of 2^64 - 1.
#[test]
fn undo_data_of_as_many_transactions_as_can_be_written_does_not_overflow() {
    undo::check(include_bytes!("found/undo-count-of-u64-max"));
}

/// Each time the file was read and kept again: 300,000 times 4 MiB.
#[test]
fn a_bitcoin_conf_that_includes_itself_again_and_again_is_read_twice() {
    let text: String = (0..10_000)
        .map(|i| format!("includeconf={}bitcoin.conf\n", "./".repeat(i % 30)))
        .collect();
    scratch::file(
        "bitcoin.conf",
        (text.clone() + "datadir=/moved\n").as_bytes(),
    );
    let (read, cost) = held(|| conf::read(&scratch::folder(), Chain::Main).unwrap());
    assert_eq!(read.datadir.unwrap().to_str(), Some("/moved"));
    assert!(cost < 12 * text.len(), "{cost} bytes for {}", text.len());
}

/// Each setting had a copy of its section's name.
#[test]
fn a_long_section_name_over_many_settings_is_not_copied_to_each() {
    let text = format!("[{}]\n{}", "x".repeat(100_000), "a=b\n".repeat(50_000));
    scratch::file("bitcoin.conf", text.as_bytes());
    let (read, cost) = held(|| conf::read(&scratch::folder(), Chain::Main).unwrap());
    assert_eq!(read, conf::Conf::default());
    assert!(cost < 8 * text.len(), "{cost} bytes for {}", text.len());
}

/// A quarter of a mebibyte was searched again for each of them.
#[test]
fn an_undo_file_of_nothing_but_magics_is_indexed_in_one_go() {
    let magics = Chain::Main.magic().repeat(20_000);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&magics).unwrap();
    let open = || UndoFile::open(file.path(), XorKey::default(), Chain::Main).unwrap();
    let (mut undo, read) = bytes_read(open);
    assert_eq!(undo.find(&[0; 32], 1, 300), None);
    // Once to search, and at each magic what a record begins with.
    assert!(
        read.is_none_or(|read| read < 30 * magics.len() as u64),
        "{read:?}"
    );
}

/// The same in a block file whose records all lie about their lengths.
#[test]
fn records_within_records_are_found_without_searching_a_piece_for_each() {
    const COUNT: usize = 20_000;
    const LENGTH: u32 = 1_000_000;
    let mut bytes = Vec::new();
    for _ in 0..COUNT {
        bytes.extend(Chain::Main.magic());
        bytes.extend(LENGTH.to_le_bytes());
        bytes.extend([7; 80]);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let (length, key) = (bytes.len() as u64, XorKey::default());
    let framed = || {
        frame(file.as_file(), length, key, Chain::Main, |_| true, &|| {
            false
        })
        .unwrap()
    };
    let (framing, read) = bytes_read(framed);
    // Those that do not reach beyond the end of the file, save the few at the very end of one's reach.
    assert_eq!(framing.records.len(), COUNT - LENGTH as usize / 88);
    // A small piece for each.
    assert!(read.is_none_or(|read| read < 200 * length), "{read:?}");
}

/// The sum of the four was infinite, and with it the mean.
#[test]
fn the_mean_of_four_prices_near_the_largest_number_is_a_number() {
    let text = "date,open,high,low,close\n2024-01-01,1e308,1e308,1e308,1e308\n";
    let truth = Truth::read(text.as_bytes()).unwrap();
    assert_eq!(
        truth.days().next().map(|(_, candle)| candle.mean),
        Some(1e308)
    );
}
