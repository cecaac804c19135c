//! The synthetic chains and block files, read back by a naive reader.

// A skipped test says so, and the comparison with real blocks prints its table.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use bitcoin::hashes::Hash;
use bitcoin::{Block, BlockHash};
use blkprice::synth::{
    BlockBuilder, BlockFiles, ChainBlock, ChainSpec, MAINNET_MAGIC, Mix, PriceModel, REGTEST_MAGIC,
    RawBlock, Script, Tail, Taste, TxSpec, Unlock, Xor, payment,
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

/// All at once: three days, shuffled, XORed, with stale blocks, a torn last record and a zero tail.
#[test]
fn a_chain_survives_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ChainSpec {
        days: 3,
        transactions_per_day: 300.0,
        stale_share: 0.03,
        ..ChainSpec::default()
    };
    let blocks: Vec<ChainBlock> = spec.blocks().collect();
    let files = BlockFiles::new(dir.path())
        .xor(Xor::Random(1))
        .shuffle(7, 20)
        .tail(Tail::Last(1 << 20));
    let mut writer = files.blocks_per_file(150).create().unwrap();
    for block in &blocks {
        writer.block(&block.block).unwrap();
    }
    let last = blocks.iter().rev().find(|b| !b.stale).unwrap();
    writer.torn(&last.block.branch(1, 9)[0], 100).unwrap();
    let written = writer.finish().unwrap();
    let key = fs::read(dir.path().join("xor.dat")).unwrap();
    let mut found = HashSet::new();
    for place in &written.places {
        let raw = fs::read(dir.path().join(format!("blk{:05}.dat", place.file))).unwrap();
        let start = place.offset as usize;
        found.insert(
            (start..start + place.size)
                .map(|i| raw[i] ^ key[i % 8])
                .collect::<Vec<u8>>(),
        );
    }
    assert_eq!(
        found,
        blocks.iter().map(|b| b.block.bytes.clone()).collect()
    );
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

/// The rules of the v9.1 filter, spelled out over the `bitcoin` crate's types.
fn qualifies(tx: &bitcoin::Transaction, window: &HashSet<bitcoin::Txid>) -> bool {
    tx.output.len() == 2
        && tx.input.len() <= 5
        && !tx.is_coinbase()
        && tx.output.iter().all(|o| !o.script_pubkey.is_op_return())
        && tx
            .input
            .iter()
            .all(|i| i.witness.iter().map(<[u8]>::len).sum::<usize>() <= 500)
        && tx
            .input
            .iter()
            .all(|i| !window.contains(&i.previous_output.txid))
}

fn small_chain() -> ChainSpec {
    ChainSpec {
        seed: 42,
        days: 3,
        transactions_per_day: 3_000.0,
        stale_share: 0.05,
        ..ChainSpec::default()
    }
}

#[test]
fn a_chain_links_and_knows_which_of_its_amounts_qualify() {
    let mut chain = small_chain().blocks();
    let blocks: Vec<ChainBlock> = chain.by_ref().collect();
    let (mut tip, mut height, mut day) = (BlockHash::all_zeros(), 0, small_chain().first_day);
    let (mut window, mut known, mut stale) = (HashSet::new(), HashSet::from([tip]), 0);
    let (mut amounts, mut same_day, mut at_limit) = (0, 0, 0);
    for b in &blocks {
        let block = check_block(&b.block);
        assert!(known.contains(&b.block.prev), "the parent comes first");
        known.insert(b.block.hash);
        if b.stale {
            assert!(
                b.block.height < height - 1,
                "a stale branch ends below the tip"
            );
            stale += 1;
            continue;
        }
        assert_eq!((b.block.prev, b.block.height), (tip, height));
        (tip, height) = (b.block.hash, height + 1);
        let said = (b.block.time / 86_400) as i32;
        if said > day {
            window.clear();
            day = said;
        }
        assert_eq!(b.window, day);
        let mut found = Vec::new();
        for tx in &block.txdata {
            window.insert(tx.compute_txid());
            same_day += usize::from(
                tx.input
                    .iter()
                    .any(|i| window.contains(&i.previous_output.txid)),
            );
            at_limit +=
                usize::from(tx.input.iter().any(|i| {
                    matches!(i.witness.iter().map(<[u8]>::len).sum::<usize>(), 500 | 501)
                }));
            if qualifies(tx, &window) {
                found.extend(
                    tx.output
                        .iter()
                        .map(|o| o.value.to_sat())
                        .filter(|s| (1_001..10_000_000_000_000).contains(s)),
                );
            }
        }
        assert_eq!(found, b.qualifying);
        amounts += found.len();
    }
    let transactions: u32 = blocks.iter().map(|b| b.block.transactions - 1).sum();
    assert!(height > 350 && height < 520, "{height} blocks");
    assert!(
        transactions > 7_500 && transactions < 10_500,
        "{transactions} transactions"
    );
    assert!(
        stale > 5 && same_day > 500 && at_limit > 30,
        "{stale} {same_day} {at_limit}"
    );
    assert!(
        (amounts as f64 / 2.0 / f64::from(transactions) - small_chain().mix.qualifying()).abs()
            < 0.05
    );
    assert_eq!(chain.take_truths().len(), 3);
}

#[test]
fn the_same_spec_gives_the_same_chain_and_truth() {
    let (mut a, mut b) = (small_chain().blocks(), small_chain().blocks());
    assert!(a.by_ref().eq(b.by_ref()));
    let truths = a.take_truths();
    assert_eq!(truths, b.take_truths());
    assert_eq!(truths, small_chain().truths());
    let mut outputs = small_chain().outputs_only();
    while outputs.next().is_some() {}
    assert_eq!(truths, outputs.take_truths());
    let other = ChainSpec {
        seed: 43,
        ..small_chain()
    };
    assert_ne!(truths, other.truths());
}

#[test]
fn truths_are_of_the_price_that_blocks_carry() {
    let spec = ChainSpec {
        days: 200,
        transactions_per_day: 0.0,
        ..ChainSpec::default()
    };
    let truths = spec.truths();
    let (mut blocks, mut early, mut last) = (0.0, 0.0, 0);
    for block in spec.outputs_only() {
        let truth = truths.iter().find(|t| t.day == block.window).unwrap();
        // A header's clock is minutes off, so around midnight the price may be the other day's.
        if (3_600..82_800).contains(&(block.time % 86_400)) {
            assert!(truth.low <= block.price_usd && block.price_usd <= truth.high);
        }
        blocks += 1.0;
        early += f64::from(u8::from(block.time < last));
        last = block.time;
    }
    assert!(
        (early / blocks - 0.04_f64).abs() < 0.01,
        "headers before their parent's: {}",
        early / blocks
    );
    for pair in truths.windows(2) {
        assert_eq!(
            (pair[0].close, pair[0].day + 1),
            (pair[1].open, pair[1].day)
        );
    }
    assert!(
        truths
            .iter()
            .all(|t| t.low <= t.mean && t.mean <= t.high && t.low <= t.open.min(t.close))
    );
    let variance = truths
        .iter()
        .map(|t| (t.close / t.open).ln().powi(2))
        .sum::<f64>()
        / 200.0;
    assert!(
        (0.02..0.05).contains(&variance.sqrt()),
        "daily moves of {}",
        variance.sqrt()
    );
}

#[test]
fn outputs_only_gives_as_many_amounts_as_the_blocks() {
    let spec = ChainSpec {
        days: 2,
        transactions_per_day: 20_000.0,
        ..ChainSpec::default()
    };
    let blocks: Vec<u64> = spec.blocks().flat_map(|b| b.qualifying).collect();
    let outputs: Vec<u64> = spec.outputs_only().flat_map(|b| b.sats).collect();
    assert!((blocks.len() as f64 / outputs.len() as f64 - 1.0).abs() < 0.03);
    let median = |mut v: Vec<u64>| {
        let half = v.len() / 2;
        *v.select_nth_unstable(half).1 as f64
    };
    assert!((median(blocks) / median(outputs) - 1.0).abs() < 0.1);
}

#[test]
fn a_taste_moves_what_is_spent_and_nothing_else() {
    let spec = ChainSpec {
        days: 1,
        ..ChainSpec::default()
    };
    let shifted = ChainSpec {
        taste: Taste {
            level_shift: 1.0,
            ..Taste::default()
        },
        ..spec
    };
    let mean = |s: ChainSpec| {
        let logs: Vec<f64> = s
            .outputs_only()
            .flat_map(|b| b.sats)
            .map(|s| (s as f64).log10())
            .collect();
        logs.iter().sum::<f64>() / logs.len() as f64
    };
    assert!((mean(shifted) - mean(spec) - 1.0).abs() < 0.1);
    assert_eq!(spec.truths(), shifted.truths());
}

#[test]
fn chains_at_the_ends_of_the_price_range_do_not_break() {
    for start_usd in [0.01, 1.0, 1e7] {
        let price = PriceModel {
            start_usd,
            daily_volatility: 0.2,
            daily_drift: 0.0,
        };
        let spec = ChainSpec {
            days: 3,
            transactions_per_day: 500.0,
            price,
            ..ChainSpec::default()
        };
        assert!(spec.blocks().all(|b| {
            b.qualifying
                .iter()
                .all(|s| (1_001..10_000_000_000_000).contains(s))
        }));
        assert!(spec.truths().iter().all(|t| t.low >= 0.01 && t.high <= 1e7));
    }
    let sparse = ChainSpec {
        days: 40,
        blocks_per_day: 0.2,
        ..ChainSpec::default()
    };
    assert_eq!(
        sparse.truths().len(),
        40,
        "days without a block have their truth"
    );
    assert_eq!(
        ChainSpec {
            days: 0,
            ..ChainSpec::default()
        }
        .blocks()
        .count(),
        0
    );
}

/// Shares and quantiles by which generated and real amounts are compared.
#[derive(Debug, Default)]
struct Shape {
    log_sats: Vec<f64>,
    /// Amounts of at most 1, 2 and 3 significant digits.
    round_btc: [usize; 3],
    /// Of every block, the share of outputs that stand out at round USD amounts.
    round_usd: Vec<f64>,
    /// Of those, the share within 0.15 % of the round amount.
    sharp: Vec<f64>,
}

impl Shape {
    /// Adds one block: the price is searched within the day's range, as the excess at round USD amounts is sharp.
    fn add(&mut self, sats: &[u64], low: f64, high: f64) {
        let mut odd = Vec::new();
        for &s in sats {
            self.log_sats.push((s as f64).log10());
            let mut digits = s;
            while digits % 10 == 0 {
                digits /= 10;
            }
            for (i, count) in self.round_btc.iter_mut().enumerate() {
                *count += usize::from(digits < 10u64.pow(i as u32 + 1));
            }
            if digits >= 1000 {
                odd.push((s as f64 / 1e8).ln());
            }
        }
        odd.sort_by(f64::total_cmp);
        let usd = [
            1., 2., 3., 5., 10., 15., 20., 25., 30., 40., 50., 60., 100., 150., 200., 250., 300.,
            400., 500., 1000., 1500., 2000., 3000., 5000.,
        ];
        let within = |log_price: f64, width: f64| -> f64 {
            let count = |x: f64| odd.partition_point(|&v| v < x);
            usd.iter()
                .map(|u: &f64| u.ln() - log_price)
                .map(|x| count(x + width) - count(x - width))
                .sum::<usize>() as f64
        };
        let score = |x: f64| within(x, 0.002) + 0.5 * within(x, 0.005);
        let (from, to) = ((low * 0.997).ln(), (high * 1.003).ln());
        let steps = ((to - from) / 0.0005) as usize + 1;
        let best = (0..steps)
            .map(|i| from + 0.0005 * i as f64)
            .max_by(|a, b| score(*a).total_cmp(&score(*b)))
            .unwrap();
        let excess = within(best, 0.006) - 0.25 * (within(best, 0.03) - within(best, 0.006));
        self.round_usd.push(excess / sats.len() as f64);
        let sharp = within(best, 0.0015) - 0.0625 * (within(best, 0.03) - within(best, 0.006));
        self.sharp.push(sharp / excess.max(1.0));
    }

    fn quantiles(&mut self) -> [f64; 5] {
        self.log_sats.sort_by(f64::total_cmp);
        [0.05, 0.25, 0.5, 0.75, 0.95]
            .map(|q| self.log_sats[((self.log_sats.len() - 1) as f64 * q) as usize])
    }

    fn round_btc(&self) -> [f64; 3] {
        self.round_btc
            .map(|n| n as f64 / self.log_sats.len() as f64)
    }

    fn round_usd(&self) -> f64 {
        self.round_usd.iter().sum::<f64>() / self.round_usd.len() as f64
    }

    fn sharp(&self) -> f64 {
        let mut sharp = self.sharp.clone();
        sharp.sort_by(f64::total_cmp);
        sharp[sharp.len() / 2]
    }
}

/// Tolerances, each over an era of the chain: log10 sats within 0.2 decades for the median, 0.3 for the quartiles and
/// 0.35 for the 5 % and 95 % quantiles; the shares of round BTC and of round USD amounts within a factor of 1.6; the
/// share of the latter that is sharp within 0.2.
#[test]
fn generated_amounts_are_shaped_like_those_of_real_blocks() {
    let Some(shared) = std::env::var_os("BLKPRICE_SHARED") else {
        eprintln!(
            "SKIPPED generated_amounts_are_shaped_like_those_of_real_blocks: BLKPRICE_SHARED is not set"
        );
        return;
    };
    let data = Path::new(&shared).join("data");
    let mut candles = HashMap::new();
    for row in csv::Reader::from_path(data.join("exchange-daily-ohlc.csv"))
        .unwrap()
        .records()
    {
        let row = row.unwrap();
        let date: jiff::civil::Date = row[0].parse().unwrap();
        let day = date
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
            .as_second()
            / 86_400;
        candles.insert(day, [1, 2, 3, 4].map(|i| row[i].parse::<f64>().unwrap()));
    }
    let file = fs::File::open(data.join("real-blocks-outputs.csv.gz")).unwrap();
    let mut blocks: std::collections::BTreeMap<i64, Vec<u64>> = std::collections::BTreeMap::new();
    for row in csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).records() {
        let row = row.unwrap();
        let sats: u64 = row[1].parse().unwrap();
        if &row[2] == "1" && (1_001..10_000_000_000_000).contains(&sats) {
            blocks
                .entry(row[0].parse().unwrap())
                .or_default()
                .push(sats);
        }
    }
    let eras = [
        (2014, 2015),
        (2016, 2016),
        (2017, 2017),
        (2018, 2019),
        (2020, 2021),
        (2022, 2024),
        (2025, 2026),
    ];
    let mut bad = Vec::new();
    for (from, to) in eras {
        let year = |y: i64| (y - 1970) * 31_556_952;
        let (mut real, mut ours) = (Shape::default(), Shape::default());
        for (&time, sats) in blocks
            .range(year(from)..year(to + 1))
            .filter(|(_, sats)| sats.len() >= 100)
        {
            let candle = candles[&(time / 86_400)];
            let (high, low) = (
                candle.iter().fold(0.0, |a: f64, &b| a.max(b)),
                candle.iter().fold(1e9, |a: f64, &b| a.min(b)),
            );
            real.add(sats, low, high);
            let spec = ChainSpec {
                seed: time as u64,
                first_day: (time / 86_400) as i32,
                days: 1,
                transactions_per_day: sats.len() as f64 / 2.0 * 144.0,
                price: PriceModel {
                    start_usd: candle[0],
                    ..PriceModel::default()
                },
                mix: Mix::ALL_QUALIFY,
                ..ChainSpec::default()
            };
            let mut chain = spec.outputs_only();
            let block = chain
                .by_ref()
                .skip(10)
                .find(|b| b.sats.len() >= 100)
                .unwrap();
            let truth = chain.take_truths()[0];
            ours.add(&block.sats, truth.low, truth.high);
        }
        let (q, g) = (real.quantiles(), ours.quantiles());
        let (qb, gb) = (real.round_btc(), ours.round_btc());
        let (qu, gu) = (real.round_usd(), ours.round_usd());
        println!("{from}-{to} {} blocks", real.round_usd.len());
        println!(
            "  real log10 sats {q:.2?}  round BTC {qb:.3?}  round USD {qu:.3}, sharp {:.2}",
            real.sharp()
        );
        println!(
            "  ours log10 sats {g:.2?}  round BTC {gb:.3?}  round USD {gu:.3}, sharp {:.2}",
            ours.sharp()
        );
        for (i, tolerance) in [0.35, 0.3, 0.2, 0.3, 0.35].into_iter().enumerate() {
            if (q[i] - g[i]).abs() > tolerance {
                bad.push(format!("{from}: quantile {i}"));
            }
        }
        if (real.sharp() - ours.sharp()).abs() > 0.2 {
            bad.push(format!("{from}: sharpness"));
        }
        for (what, a, b) in [
            ("1 digit", qb[0], gb[0]),
            ("2 digits", qb[1], gb[1]),
            ("3 digits", qb[2], gb[2]),
            ("USD", qu, gu),
        ] {
            if (a / b).ln().abs() > 1.6f64.ln() {
                bad.push(format!("{from}: {what}"));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}
