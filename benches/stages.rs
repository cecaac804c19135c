//! Each stage by itself, on one real block, beside what the `bitcoin` crate and bitcoin_slices take for the same: the
//! ratios are between lines of one group. `cargo bench` runs all, `cargo bench txids` one group.

#![allow(missing_docs)] // criterion's macros

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::ControlFlow;

use bitcoin_slices::{Visit, Visitor, bsl};
use blkprice::blockfile::{Chain, Spent, XorKey};
use blkprice::chain::Hash;
use blkprice::filter::extract::{Extract, txids};
use blkprice::filter::visit::visit;
use blkprice::filter::{RULES_VERSION, Window};
use blkprice::price::{path, v91};
use blkprice::scan::survey::survey;
use blkprice::scan::{Known, Source, Watch};
use blkprice::store::codec::encode_block;
use blkprice::store::{BlockRow, DayRow, Store};
use blkprice::synth::{BlockBuilder, BlockFiles, ChainSpec, RawBlock, Rng};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest, Sha256};

const HEIGHT: u32 = 702_861;

fn real_block() -> bitcoin::Block {
    bitcoin::consensus::deserialize(bitcoin_test_data::blocks::mainnet_702861())
        .expect("a real block is decoded")
}

/// The real block's transactions in a block with undo data: one coin in ten is of the last hundred blocks.
fn with_undo() -> RawBlock {
    let block = real_block();
    let mut builder = BlockBuilder::new(block.header.prev_blockhash, HEIGHT, block.header.time);
    let mut rng = Rng::new(1);
    for tx in &block.txdata[1..] {
        let heights: Vec<u32> = tx
            .input
            .iter()
            .map(|_| HEIGHT - rng.below(1_000) as u32) // below 1,000
            .collect();
        builder.add_transaction(tx, &heights);
    }
    builder.finish()
}

fn block(c: &mut Criterion) {
    let raw = with_undo();
    let bytes = raw.bytes.as_slice();
    let mut group = c.benchmark_group("block");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("walk", |b| {
        b.iter(|| visit(black_box(bytes), |tx| _ = black_box(tx.outputs)))
    });
    group.bench_function("by undo data, checksum proved", |b| {
        b.iter(|| {
            let mut hasher = Sha256::new();
            hasher.update(&bytes[4..36]);
            hasher.update(black_box(&raw.undo));
            black_box(Sha256::digest(hasher.finalize()));
            Extract::by_heights(bytes, &raw.undo, HEIGHT - 100)
        })
    });
    group.bench_function("by txids", |b| {
        b.iter(|| Window::new().add(black_box(bytes)))
    });
    group.finish();

    let mut group = c.benchmark_group("undo data");
    group.throughput(Throughput::Bytes(raw.undo.len() as u64));
    group.bench_function("heights of all coins", |b| {
        b.iter(|| {
            let mut spent = Spent::new(black_box(&raw.undo)).expect("undo data");
            let mut newest = 0;
            for _ in 0..spent.transactions() {
                for _ in 0..spent.inputs().expect("a count") {
                    newest = newest.max(spent.coin_height().expect("a coin"));
                }
            }
            newest
        })
    });
    group.finish();
}

fn hashing(c: &mut Criterion) {
    struct Digests(u8);
    impl Visitor for Digests {
        fn visit_transaction(&mut self, tx: &bsl::Transaction<'_>) -> ControlFlow<()> {
            let (version, body, lock_time) = tx.txid_preimage();
            let mut hasher = Sha256::new();
            hasher.update(version);
            hasher.update(body);
            hasher.update(lock_time);
            self.0 ^= Sha256::digest(hasher.finalize())[0];
            ControlFlow::Continue(())
        }
    }
    let bytes = bitcoin_test_data::blocks::mainnet_702861();
    let mut group = c.benchmark_group("txids");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("this crate", |b| b.iter(|| txids(black_box(bytes))));
    group.bench_function("bitcoin_slices and sha2", |b| {
        b.iter(|| {
            let mut digests = Digests(0);
            bsl::Block::visit(black_box(bytes), &mut digests).expect("a block");
            digests.0
        })
    });
    group.sample_size(20);
    group.bench_function("bitcoin crate, decoding", |b| {
        b.iter(|| {
            let block: bitcoin::Block =
                bitcoin::consensus::deserialize(black_box(bytes)).expect("a block");
            block
                .txdata
                .iter()
                .map(bitcoin::Transaction::compute_txid)
                .max()
        })
    });
    group.finish();
}

fn obfuscation(c: &mut Criterion) {
    let key = XorKey::new([1, 2, 3, 4, 5, 6, 7, 8]);
    let mut bytes = vec![7; 256 << 10];
    let mut group = c.benchmark_group("xor");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("256 KiB in place", |b| {
        b.iter(|| key.apply(3, black_box(&mut bytes)))
    });
    group.finish();
}

fn headers(c: &mut Criterion) {
    const BLOCKS: usize = 20_000;
    let folder = tempfile::tempdir().expect("a folder");
    let first = BlockBuilder::genesis(1_231_006_505).finish();
    let chain = std::iter::successors(Some(first), |tip| Some(tip.next(600).finish()));
    BlockFiles::new(folder.path())
        .blocks_per_file(167)
        .write(chain.take(BLOCKS))
        .expect("block files");
    let source = Source::mapped(folder.path(), Chain::Main);
    let watch = Watch::silent();
    let mut group = c.benchmark_group("header pass");
    group.sample_size(20);
    group.throughput(Throughput::Elements(BLOCKS as u64));
    group.bench_function("small blocks", |b| {
        b.iter(|| survey(&source, Known::default(), false, &watch).expect("a survey"))
    });
    group.finish();
}

/// One day of amounts, block by block.
fn day_of_amounts() -> Vec<Vec<u64>> {
    let spec = ChainSpec {
        days: 1,
        transactions_per_day: 200_000.0,
        ..ChainSpec::default()
    };
    spec.outputs_only()
        .map(|block| {
            let mut sats = block.sats;
            sats.sort_unstable();
            sats
        })
        .collect()
}

fn store(c: &mut Criterion) {
    let day = day_of_amounts();
    let outputs: usize = day.iter().map(Vec::len).sum();
    let mut row = DayRow {
        day: 19_754,
        first: HEIGHT,
        complete: true,
        ..DayRow::default()
    };
    for (height, sats) in (HEIGHT..).zip(&day) {
        row.last = height;
        encode_block(sats, &mut row.data);
        row.blocks.push(BlockRow {
            height,
            hash: Hash([height as u8; 32]), // which hash does not matter
            prev: None,
            time: 1_706_745_600,
            bits: 0,
            place: blkprice::chain::Place {
                file: 0,
                offset: u64::from(height),
            },
            size: 1_000_000,
            transactions: 2_000,
            outputs: sats.len() as u32, // far fewer
            undo: Some(true),
        });
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(&folder.path().join("b.db"), Chain::Main).expect("a database");
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(outputs as u64));
    group.bench_function("encode a day", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            day.iter().for_each(|sats| encode_block(sats, &mut out));
        })
    });
    group.bench_function("replace a day", |b| {
        b.iter(|| {
            store
                .replace_days(&[row.day], std::slice::from_ref(&row), &[], RULES_VERSION)
                .expect("stored")
        })
    });
    group.finish();
}

fn price(c: &mut Criterion) {
    let day = day_of_amounts();
    let outputs: usize = day.iter().map(Vec::len).sum();
    let blocks: Vec<&[u64]> = day.iter().map(Vec::as_slice).collect();
    let mut group = c.benchmark_group("price");
    group.throughput(Throughput::Elements(outputs as u64));
    group.bench_function("v9.1", |b| b.iter(|| v91::price_blocks(black_box(&blocks))));
    group.finish();
}

fn path_engine(c: &mut Criterion) {
    /// As many as the engine decodes around one: the day and its lag on both sides.
    const DAYS: usize = 30;
    let spec = ChainSpec {
        days: DAYS as u32, // a small constant
        transactions_per_day: 200_000.0,
        ..ChainSpec::default()
    };
    let mut days: BTreeMap<i32, Vec<path::BlockOutputs>> = BTreeMap::new();
    for (height, block) in (HEIGHT..).zip(spec.outputs_only()) {
        days.entry((block.time / 86_400) as i32) // a u32 of seconds is fewer than 49,711 days
            .or_default()
            .push(path::BlockOutputs {
                height,
                time: i64::from(block.time),
                sats: block.sats,
            });
    }
    let evidence: Vec<path::DayEvidence> = days
        .iter()
        .map(|(&day, blocks)| path::evidence(day, blocks))
        .collect();
    let decoded = path::decode(&evidence, evidence.len(), &[], None);
    let (&day, blocks) = days.iter().nth(DAYS / 2).expect("thirty days");
    let outputs: usize = blocks.iter().map(|block| block.sats.len()).sum();

    let mut group = c.benchmark_group("path engine");
    group.throughput(Throughput::Elements(outputs as u64));
    group.bench_function("evidence of a day", |b| {
        b.iter(|| path::evidence(day, black_box(blocks)))
    });
    group.bench_function("path within a day", |b| {
        let posterior = &decoded.days[DAYS / 2];
        b.iter(|| {
            path::refine(
                posterior,
                path::Span::of_day(day),
                &[],
                black_box(blocks),
                &[],
            )
        })
    });
    group.sample_size(10);
    group.throughput(Throughput::Elements(evidence.len() as u64));
    group.bench_function("decoding 30 days", |b| {
        b.iter(|| path::decode(black_box(&evidence), evidence.len(), &[], None))
    });
    group.finish();
}

criterion_group!(
    stages,
    block,
    hashing,
    obfuscation,
    headers,
    store,
    price,
    path_engine
);
criterion_main!(stages);
