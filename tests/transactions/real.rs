//! Blocks of the main chain.

use std::fs;

use bitcoin_test_data::blocks::mainnet_702861;
use blkprice::filter::txid::merkle_root_holds;

use super::{assert_same, decode, our_facts, our_outputs, shared_data};

fn check(name: &str, bytes: &[u8]) {
    let block = decode(bytes).unwrap_or_else(|| panic!("{name} is a block"));
    assert_same(bytes, &block);
    assert_eq!(merkle_root_holds(bytes), Ok(true), "{name}");
}

#[test]
fn block_702861_reads_as_the_bitcoin_crate_reads_it() {
    let bytes = mainnet_702861();
    check("702861", bytes);
    let outputs = our_outputs(bytes).unwrap();
    // As a third program, a few lines of Python over the raw bytes, counted them.
    assert_eq!(outputs.transactions, 2_500);
    assert_eq!(outputs.sats.len(), 3_315);
    assert_eq!(outputs.sats.iter().sum::<u64>(), 203_103_673_264);
}

#[test]
fn a_changed_byte_anywhere_a_txid_covers_breaks_the_merkle_root() {
    let bytes = mainnet_702861();
    let coinbase = our_facts(bytes).unwrap()[0].txid;
    // The last byte of the block is the last one of a lock time; the root's first byte is at 36.
    for at in [bytes.len() - 1, 36] {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        assert_eq!(merkle_root_holds(&changed), Ok(false), "byte {at}");
        assert_eq!(our_facts(&changed).unwrap()[0].txid, coinbase);
    }
    // A witness is outside of it: the coinbase's reserved value, just before its lock time.
    let block = decode(bytes).unwrap();
    let end = 80 + 3 + bitcoin::consensus::serialize(&block.txdata[0]).len();
    let mut changed = bytes.to_vec();
    changed[end - 5] ^= 1;
    assert_eq!(merkle_root_holds(&changed), Ok(true));
}

#[test]
fn ten_blocks_of_2012_to_2024_read_as_the_bitcoin_crate_reads_them() {
    let Some(folder) = shared_data::folder(
        "real-blocks",
        "ten_blocks_of_2012_to_2024_read_as_the_bitcoin_crate_reads_them",
    ) else {
        return;
    };
    let mut blocks = 0;
    let mut index = csv::Reader::from_path(folder.join("index.csv")).unwrap();
    for row in index.records() {
        let row = row.unwrap();
        let (height, hash) = (&row[0], &row[1]);
        let bytes = fs::read(folder.join(format!("{height}.raw"))).unwrap();
        check(height, &bytes);
        assert_eq!(decode(&bytes).unwrap().block_hash().to_string(), hash);
        assert_eq!(bytes.len().to_string(), row[3], "bytes of {height}");
        let facts = our_facts(&bytes).unwrap();
        assert_eq!(facts.len().to_string(), row[4], "transactions of {height}");
        let outputs: u64 = facts.iter().map(|tx| tx.outputs).sum();
        assert_eq!(outputs.to_string(), row[5], "outputs of {height}");
        blocks += 1;
    }
    assert_eq!(blocks, 10);
}
