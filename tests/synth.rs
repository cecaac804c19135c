//! The synthetic chains and block files, read back by a naive reader.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use bitcoin::hashes::Hash;
use bitcoin::{Block, BlockHash};
use blkprice::synth::{
    BlockBuilder, BlockFiles, MAINNET_MAGIC, REGTEST_MAGIC, RawBlock, Script, Tail, TxSpec, Unlock,
    Xor, payment,
};

/// Every record of the folder's files in order, read the slow and plain way: de-XOR the whole file, look for zeros in
/// the raw bytes first, step from record to record.
fn read_back(dir: &Path, magic: [u8; 4]) -> Vec<Vec<u8>> {
    let key = fs::read(dir.join("xor.dat")).unwrap_or_else(|_| vec![0; 8]);
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("blk"))
        .collect();
    names.sort();
    let mut blocks = Vec::new();
    for name in names {
        let raw = fs::read(name).unwrap();
        let plain: Vec<u8> = raw
            .iter()
            .enumerate()
            .map(|(i, b)| b ^ key[i % 8])
            .collect();
        let mut at = 0;
        while at + 8 <= raw.len() && raw[at..at + 8] != [0; 8] {
            assert_eq!(plain[at..at + 4], magic, "at {at}");
            let len = u32::from_le_bytes(plain[at + 4..at + 8].try_into().unwrap()) as usize;
            blocks.push(plain[at + 8..at + 8 + len].to_vec());
            at += 8 + len;
        }
        assert!(
            raw[at..].iter().all(|&b| b == 0),
            "only raw zeros behind the records"
        );
    }
    blocks
}

/// A chain of `n` blocks with three payments each.
fn chain(n: usize) -> Vec<RawBlock> {
    let mut blocks: Vec<RawBlock> = Vec::new();
    for i in 0..n {
        let mut builder = match blocks.last() {
            None => BlockBuilder::genesis(1_700_000_000),
            Some(parent) => parent.next(600),
        };
        let txid = builder.add(&payment(50_000 + i as u64, 1_234_567));
        builder.add(
            &TxSpec::new()
                .spend(txid, 1, Unlock::P2tr)
                .pay(7_000, Script::P2tr)
                .op_return(40),
        );
        builder.add(
            &TxSpec::new()
                .spend_old(Unlock::Legacy)
                .pay(9_000, Script::P2pkh)
                .pay(10_000, Script::P2sh),
        );
        blocks.push(builder.finish());
    }
    blocks
}

fn check_block(raw: &RawBlock) -> Block {
    let block = raw.decode().unwrap();
    assert!(block.check_merkle_root());
    assert!(block.check_witness_commitment());
    assert_eq!(block.block_hash(), raw.hash);
    assert_eq!(
        block.header.validate_pow(block.header.target()).unwrap(),
        raw.hash
    );
    assert_eq!(block.header.prev_blockhash, raw.prev);
    assert_eq!(block.header.time, raw.time);
    assert_eq!(block.txdata.len(), raw.transactions as usize);
    assert_eq!(bitcoin::consensus::serialize(&block), raw.bytes);
    assert!(block.txdata[0].is_coinbase());
    if raw.height > 16 {
        assert_eq!(block.bip34_block_height().unwrap(), u64::from(raw.height));
    }
    block
}

fn bytes(blocks: &[RawBlock]) -> Vec<Vec<u8>> {
    blocks.iter().map(|b| b.bytes.clone()).collect()
}

#[test]
fn blocks_decode_with_the_bitcoin_crate() {
    let blocks = chain(20);
    assert_eq!(blocks[0].prev, BlockHash::all_zeros());
    for (i, raw) in blocks.iter().enumerate() {
        let block = check_block(raw);
        assert_eq!(raw.height as usize, i);
        // The second payment spends the first: the txid given by `add` is the one that the crate computes.
        assert_eq!(
            block.txdata[2].input[0].previous_output.txid,
            block.txdata[1].compute_txid()
        );
        assert!(block.txdata[2].output[1].script_pubkey.is_op_return());
        assert_eq!(block.txdata[3].input[0].witness.len(), 0);
    }
    assert_eq!(blocks, chain(20), "the same every time");
}

#[test]
fn a_witness_has_the_sizes_asked_for() {
    let mut builder = BlockBuilder::genesis(1_700_000_000);
    builder.add(&payment(1, 2));
    builder.add(
        &TxSpec::new()
            .spend_old(Unlock::Witness(vec![0, 300, 201]))
            .spend_old(Unlock::Legacy)
            .pay(1, Script::P2wsh),
    );
    let block = check_block(&builder.finish());
    let items: Vec<usize> = block.txdata[2].input[0]
        .witness
        .iter()
        .map(<[u8]>::len)
        .collect();
    assert_eq!(items, [0, 300, 201]);
}

#[test]
fn a_block_without_work_misses_its_own_target() {
    let raw = BlockBuilder::genesis(1_700_000_000).without_work().finish();
    let header = raw.decode().unwrap().header;
    assert!(header.validate_pow(header.target()).is_err());
}

#[test]
fn harder_bits_are_met() {
    check_block(
        &BlockBuilder::genesis(1_700_000_000)
            .bits(0x1f7f_ffff)
            .finish(),
    );
}

#[test]
fn files_of_every_kind_read_back_to_the_same_blocks() {
    let blocks = chain(30);
    let keys = [
        Xor::None,
        Xor::Zero,
        Xor::Key([1, 2, 3, 4, 5, 6, 7, 0xff]),
        Xor::Random(7),
    ];
    for xor in keys {
        for tail in [Tail::None, Tail::Last(1 << 16), Tail::Every(1 << 16)] {
            let dir = tempfile::tempdir().unwrap();
            let spec = BlockFiles::new(dir.path())
                .xor(xor)
                .tail(tail)
                .blocks_per_file(8)
                .magic(REGTEST_MAGIC)
                .first_file(3);
            let written = spec.write(&blocks).unwrap();
            assert_eq!(written.files.len(), 4);
            assert!(written.files[0].ends_with("blk00003.dat"));
            assert_eq!(dir.path().join("xor.dat").exists(), xor != Xor::None);
            assert_eq!(read_back(dir.path(), REGTEST_MAGIC), bytes(&blocks));
            for (i, path) in written.files.iter().enumerate() {
                let padded = fs::metadata(path).unwrap().len() % (1 << 16) == 0;
                assert_eq!(
                    padded,
                    matches!(tail, Tail::Every(_)) || (i == 3 && tail != Tail::None)
                );
            }
        }
    }
}

#[test]
fn a_place_is_where_the_block_stands() {
    let dir = tempfile::tempdir().unwrap();
    let written = BlockFiles::new(dir.path())
        .max_file_bytes(5_000)
        .write(chain(20))
        .unwrap();
    assert!(written.files.len() > 2);
    assert_eq!(written.places.len(), 20);
    for place in &written.places {
        let raw = fs::read(dir.path().join(format!("blk{:05}.dat", place.file))).unwrap();
        assert!(raw.len() < 5_000);
        let start = place.offset as usize;
        let block: Block =
            bitcoin::consensus::deserialize(&raw[start..start + place.size]).unwrap();
        assert_eq!(block.block_hash(), place.hash);
    }
}

#[test]
fn shuffled_blocks_stay_within_their_window() {
    let blocks = chain(200);
    let dir = tempfile::tempdir().unwrap();
    let written = BlockFiles::new(dir.path())
        .shuffle(5, 12)
        .write(&blocks)
        .unwrap();
    let turn: HashMap<_, _> = blocks
        .iter()
        .enumerate()
        .map(|(i, b)| (b.hash, i))
        .collect();
    let order: Vec<usize> = written.places.iter().map(|p| turn[&p.hash]).collect();
    assert_eq!(order.iter().collect::<HashSet<_>>().len(), 200);
    assert_eq!(order[0], 0);
    assert!(order.iter().enumerate().all(|(i, &t)| i.abs_diff(t) <= 12));
    assert!(
        order.windows(2).filter(|w| w[1] < w[0]).count() > 50,
        "many children stand before their parents"
    );
}

#[test]
fn garbage_and_torn_records_stand_where_asked() {
    let blocks = chain(3);
    let dir = tempfile::tempdir().unwrap();
    let mut writer = BlockFiles::new(dir.path())
        .xor(Xor::Key([9; 8]))
        .create()
        .unwrap();
    writer.block(&blocks[0]).unwrap();
    writer.garbage(b"not a block").unwrap();
    writer.block(&blocks[1]).unwrap();
    writer.torn(&blocks[2], 100).unwrap();
    let written = writer.finish().unwrap();
    let plain: Vec<u8> = fs::read(&written.files[0])
        .unwrap()
        .iter()
        .map(|b| b ^ 9)
        .collect();
    let first = 8 + blocks[0].bytes.len();
    assert_eq!(&plain[first..first + 11], b"not a block");
    assert_eq!(written.places[1].offset as usize, first + 11 + 8);
    assert_eq!(
        plain.len(),
        first + 11 + 8 + blocks[1].bytes.len() + 8 + 100
    );

    // A restarted node writes over the torn record.
    let mut writer = BlockFiles::new(dir.path()).append().unwrap();
    writer.block(&blocks[2]).unwrap();
    let place = writer.finish().unwrap().places[0].clone();
    assert_eq!(place.offset as usize, plain.len() - 100);
}

#[test]
fn appending_in_steps_gives_the_files_of_one_go() {
    let blocks = chain(40);
    let (once, steps) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spec = |dir: &Path| {
        BlockFiles::new(dir)
            .xor(Xor::Random(1))
            .tail(Tail::Last(1 << 15))
            .blocks_per_file(16)
    };
    let expected = spec(once.path()).write(&blocks).unwrap();
    spec(steps.path()).write(&blocks[..10]).unwrap();
    for part in [&blocks[10..11], &blocks[11..30], &blocks[30..]] {
        let mut writer = spec(steps.path()).append().unwrap();
        for block in part {
            writer.block(block).unwrap();
        }
        writer.finish().unwrap();
    }
    for path in expected.files {
        let other = steps.path().join(path.file_name().unwrap());
        assert!(
            fs::read(&path).unwrap() == fs::read(other).unwrap(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn missing_files_are_not_written_and_files_are_never_overwritten() {
    let blocks = chain(10);
    let dir = tempfile::tempdir().unwrap();
    let spec = || BlockFiles::new(dir.path()).blocks_per_file(2);
    let written = spec().missing([1, 3]).write(&blocks).unwrap();
    assert_eq!(written.files.len(), 3);
    assert_eq!(
        written.places.iter().map(|p| p.file).collect::<Vec<_>>(),
        [0, 0, 2, 2, 4, 4]
    );
    assert!(spec().write(&blocks).is_err());
}

#[test]
fn a_stale_branch_leaves_its_parent() {
    let blocks = chain(5);
    let (a, b) = (blocks[2].branch(2, 1), blocks[2].branch(2, 2));
    assert_eq!((a[0].prev, a[1].prev), (blocks[2].hash, a[0].hash));
    assert_eq!(a[1].height, 4);
    assert_ne!(a[0].hash, b[0].hash);
    let dir = tempfile::tempdir().unwrap();
    BlockFiles::new(dir.path())
        .write(blocks.iter().chain(&a))
        .unwrap();
    assert_eq!(read_back(dir.path(), MAINNET_MAGIC).len(), 7);
}
