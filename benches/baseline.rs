//! What others do with the same blocks, as a yardstick: `bench-baseline WHAT DIR [THREADS]`.
//!
//! - `txids`: bitcoin_slices finds the transactions, sha2 hashes them; nothing else. What a scan without undo files has to
//!   do at the very least.
//! - `decode`: the `bitcoin` crate decodes every block and computes its txids.
//! - `walk`: this crate walks the blocks and hashes nothing.
//! - `headers`: this crate's header pass alone, the choice of the chain included.
//!
//! All take their blocks in the same way, mapped where the folder is not obfuscated, and print the bytes and a
//! checksum of what they found.

#![allow(clippy::print_stdout)] // printing is what it does

use std::error::Error;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bitcoin_slices::{Visit, Visitor, bsl};
use blkprice::blockfile::{Access, BlkFile, BlockSource, Chain, XorKey, list, records};
use blkprice::chain::header::proves_work;
use blkprice::filter::visit::visit;
use blkprice::scan::survey::survey;
use blkprice::scan::{Known, Source, Watch};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, what, dir, threads @ ..] = args.as_slice() else {
        return Err("usage: bench-baseline txids|decode|walk|headers DIR [THREADS]".into());
    };
    let threads: usize = threads.first().map_or(Ok(1), |text| text.parse())?;
    if what == "headers" {
        return headers(dir.as_ref(), threads);
    }
    let work = match what.as_str() {
        "txids" => txids,
        "decode" => decode,
        "walk" => walk,
        _ => return Err("txids, decode or walk".into()),
    };
    let dir = Path::new(dir);
    let key = XorKey::load(dir)?;
    let files = list(dir)?;
    let next = AtomicUsize::new(0);
    let sums: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| run(&files, &next, key, work)))
            .collect();
        runs.into_iter()
            .map(|run| run.join().unwrap_or_default())
            .collect()
    });
    let bytes: u64 = sums.iter().map(|sum| sum.0).sum();
    let found = sums.iter().fold(0u64, |all, sum| all.wrapping_add(sum.1));
    println!("{what}: {bytes} bytes, {found:016x}");
    Ok(())
}

fn headers(dir: &Path, threads: usize) -> Result<(), Box<dyn Error>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let source = Source::mapped(dir, Chain::Main);
    let start = Instant::now();
    let survey = pool.install(|| survey(&source, Known::default(), false, &Watch::silent()))?;
    println!(
        "headers: {} on the chain, {:.3} s",
        survey.chain.blocks.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Takes files until none is left; gives bytes of blocks and a sum over what was found in them.
fn run(files: &[BlkFile], next: &AtomicUsize, key: XorKey, work: fn(&[u8]) -> u64) -> (u64, u64) {
    let (mut bytes, mut found) = (0, 0u64);
    let mut buffer = Vec::new();
    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let handle = File::open(&file.path).expect("a block file opens");
        let length = handle.metadata().expect("a block file has a length").len();
        let framing = records::frame(&handle, length, key, Chain::Main, proves_work, &|| false)
            .expect("a block file is framed");
        let source = BlockSource::open(&file.path, Access::Map, key).expect("a block file opens");
        for record in &framing.records {
            let sum = source
                .with_block(record.offset, record.size, &mut buffer, work)
                .expect("a block is read");
            bytes += u64::from(record.size);
            found = found.wrapping_add(sum);
        }
    }
    (bytes, found)
}

fn first_bytes(hash: &[u8]) -> u64 {
    hash.iter()
        .take(8)
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

fn txids(block: &[u8]) -> u64 {
    struct Sum(u64);
    impl Visitor for Sum {
        fn visit_transaction(&mut self, tx: &bsl::Transaction<'_>) -> ControlFlow<()> {
            let (version, body, lock_time) = tx.txid_preimage();
            let mut hasher = Sha256::new();
            hasher.update(version);
            hasher.update(body);
            hasher.update(lock_time);
            self.0 = self
                .0
                .wrapping_add(first_bytes(&Sha256::digest(hasher.finalize())));
            ControlFlow::Continue(())
        }
    }
    let mut sum = Sum(0);
    bsl::Block::visit(block, &mut sum).expect("a block is parsed");
    sum.0
}

fn decode(block: &[u8]) -> u64 {
    use bitcoin::hashes::Hash;
    let block: bitcoin::Block = bitcoin::consensus::deserialize(block).expect("a block is decoded");
    let txids = block.txdata.iter().map(|tx| tx.compute_txid());
    txids.fold(0, |sum, txid| {
        sum.wrapping_add(first_bytes(&txid.to_byte_array()))
    })
}

fn walk(block: &[u8]) -> u64 {
    let mut outputs = 0;
    visit(block, |tx| outputs += tx.outputs).expect("a block is walked");
    outputs
}
