//! Builds a block folder for measuring: real blocks' transactions, tiled into a well-formed chain.
//!
//! `bench-data --dir DIR (--gib N | --headers N | --tiny N) [--xor] [--no-undo]`
//!
//! Each block holds the transactions of a real one, with other lock times, so that no txid comes twice; spends within the
//! block follow the new txids, and one input in eight is made to spend a transaction of the day so far. Undo files with the
//! heights of all coins stand beside the block files. Real blocks are read from `$BLKPRICE_SHARED/data/real-blocks/*.raw`,
//! else it is the one in `bitcoin-test-data`.
//!
//! With `--headers N`, instead, N headers stand 750 kB apart in sparse files, for the header pass over a whole chain. With
//! `--tiny N` there are N blocks with a coinbase only, in files of 167 as a whole chain's 6,000 files have them.

#![allow(clippy::print_stdout)] // printing is what it does

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bitcoin::absolute::LockTime;
use bitcoin::{Block, OutPoint, Transaction, Txid};
use blkprice::synth::{BlockBuilder, BlockFiles, MAINNET_MAGIC, RawBlock, Rng, Tail, Undo, Xor};

/// Of these the tip's blocks are made of: smaller ones are of an earlier time.
const LEAST_BYTES: usize = 900_000;
/// Height of the first block.
const FIRST: u32 = 850_000;
/// 2024-06-30, UTC seconds.
const START: u32 = 1_719_705_600;
const SPACING: u32 = 600;
const BLOCKS_A_DAY: u32 = 86_400 / SPACING;
/// Transactions of the day that later ones may spend.
const REMEMBERED: usize = 4_096;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    if let Some(count) = options.headers {
        return headers(&options.dir, count);
    }
    if let Some(count) = options.tiny {
        return tiny(&options.dir, count);
    }
    let models = real_blocks()?;
    let mut files = BlockFiles::new(&options.dir)
        .tail(Tail::Last(16 << 20))
        .shuffle(1, 20)
        .xor(if options.xor {
            Xor::Random(1)
        } else {
            Xor::Zero
        })
        .undo(if options.undo {
            Undo::Whole
        } else {
            Undo::None
        })
        .create()?;
    let wanted = (options.gib * (1u64 << 30) as f64) as u64;
    let mut tiler = Tiler::default();
    let (mut bytes, mut blocks, mut transactions) = (0u64, 0u32, 0u64);
    while bytes < wanted {
        let block = tiler.next(&models[blocks as usize % models.len()], blocks);
        bytes += block.bytes.len() as u64;
        transactions += u64::from(block.transactions);
        blocks += 1;
        files.block(&block)?;
    }
    files.finish()?;
    println!("{blocks} blocks, {transactions} transactions, {bytes} bytes");
    Ok(())
}

struct Options {
    dir: PathBuf,
    gib: f64,
    headers: Option<u32>,
    tiny: Option<u32>,
    xor: bool,
    undo: bool,
}

impl Options {
    fn parse() -> Result<Options, Box<dyn Error>> {
        let (mut dir, mut gib, mut xor, mut undo) = (None, 2.0, false, true);
        let (mut headers, mut tiny) = (None, None);
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--dir" => dir = args.next().map(PathBuf::from),
                "--gib" => gib = args.next().ok_or("--gib N")?.parse()?,
                "--headers" => headers = Some(args.next().ok_or("--headers N")?.parse()?),
                "--tiny" => tiny = Some(args.next().ok_or("--tiny N")?.parse()?),
                "--xor" => xor = true,
                "--no-undo" => undo = false,
                other => return Err(format!("unknown argument {other}").into()),
            }
        }
        let dir = dir.ok_or("--dir DIR")?;
        Ok(Options {
            dir,
            gib,
            headers,
            tiny,
            xor,
            undo,
        })
    }
}

/// A chain of empty blocks.
fn empty_blocks(count: u32) -> impl Iterator<Item = RawBlock> {
    let first = BlockBuilder::genesis(1_231_006_505).finish();
    std::iter::successors(Some(first), |tip| Some(tip.next(SPACING).finish())).take(count as usize)
}

/// Writes records whose bodies are holes.
fn headers(dir: &Path, count: u32) -> Result<(), Box<dyn Error>> {
    const SIZE: u32 = 750_000;
    const RECORD: u64 = 8 + SIZE as u64;
    const A_FILE: usize = (128 << 20) / RECORD as usize;
    std::fs::create_dir_all(dir)?;
    let blocks: Vec<RawBlock> = empty_blocks(count).collect();
    for (number, blocks) in blocks.chunks(A_FILE).enumerate() {
        let mut file = File::create(dir.join(format!("blk{number:05}.dat")))?;
        for (at, block) in (0u64..).zip(blocks) {
            let mut start = MAINNET_MAGIC.to_vec();
            start.extend_from_slice(&SIZE.to_le_bytes());
            start.extend_from_slice(&block.bytes[..80]);
            file.seek(SeekFrom::Start(at * RECORD))?;
            file.write_all(&start)?;
        }
        file.set_len(blocks.len() as u64 * RECORD)?;
    }
    println!("{count} headers");
    Ok(())
}

fn tiny(dir: &Path, count: u32) -> Result<(), Box<dyn Error>> {
    BlockFiles::new(dir)
        .blocks_per_file(167)
        .write(empty_blocks(count))?;
    println!("{count} blocks");
    Ok(())
}

fn real_blocks() -> Result<Vec<Block>, Box<dyn Error>> {
    let mut raw = Vec::new();
    if let Some(shared) = std::env::var_os("BLKPRICE_SHARED") {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(PathBuf::from(shared).join("data/real-blocks"))?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<_, _>>()?;
        paths.retain(|path| path.extension().is_some_and(|e| e == "raw"));
        paths.sort();
        for path in paths {
            raw.push(std::fs::read(path)?);
        }
        raw.retain(|bytes| bytes.len() >= LEAST_BYTES);
    }
    if raw.is_empty() {
        raw.push(bitcoin_test_data::blocks::mainnet_702861().to_vec());
    }
    println!("{} real blocks", raw.len());
    Ok(raw
        .iter()
        .map(|bytes| bitcoin::consensus::deserialize(bytes))
        .collect::<Result<_, _>>()?)
}

#[derive(Default)]
struct Tiler {
    tip: Option<RawBlock>,
    /// Transactions of the day so far, a sample, with their heights.
    today: Vec<(Txid, u32)>,
}

impl Tiler {
    /// The next block, with the transactions of `model`.
    fn next(&mut self, model: &Block, number: u32) -> RawBlock {
        let mut builder = match &self.tip {
            Some(tip) => tip.next(SPACING),
            None => BlockBuilder::new(model.header.prev_blockhash, FIRST, START),
        };
        let height = FIRST + number;
        let first_of_day = FIRST + number / BLOCKS_A_DAY * BLOCKS_A_DAY;
        if height == first_of_day {
            self.today.clear();
        }
        let mut rng = Rng::derive(7, u64::from(number));
        let mut renamed: HashMap<Txid, Txid> = HashMap::with_capacity(model.txdata.len());
        // A tenth of them, more or less, so that blocks differ in their counts as real ones do.
        let kept = model.txdata.len() - rng.below(1 + model.txdata.len() / 10);
        for original in &model.txdata[1..kept] {
            let mut tx: Transaction = original.clone();
            tx.lock_time = LockTime::from_consensus(number);
            let mut heights = Vec::with_capacity(tx.input.len());
            for input in &mut tx.input {
                let spent = &mut input.previous_output;
                if let Some(&txid) = renamed.get(&spent.txid) {
                    spent.txid = txid;
                    heights.push(height);
                } else if !self.today.is_empty() && rng.chance(0.125) {
                    let (txid, created) = self.today[rng.below(self.today.len())];
                    *spent = OutPoint {
                        txid,
                        vout: spent.vout,
                    };
                    heights.push(created);
                } else {
                    heights.push(1 + rng.below(first_of_day as usize - 1) as u32); // below a height
                }
            }
            let txid = builder.add_transaction(&tx, &heights);
            renamed.insert(original.compute_txid(), txid);
            if self.today.len() < REMEMBERED {
                self.today.push((txid, height));
            } else {
                let at = rng.below(REMEMBERED);
                self.today[at] = (txid, height);
            }
        }
        let block = builder.finish();
        self.tip = Some(RawBlock {
            bytes: Vec::new(),
            undo: Vec::new(),
            ..block.clone()
        });
        block
    }
}
