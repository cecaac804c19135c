//! Synthetic chains with known prices, and block folders like those that Bitcoin Core writes.
//!
//! The demo, the tests and the benchmarks run the ordinary code on what is made here. Two layers, each of use alone:
//!
//! - **Blocks and files.** [`TxSpec`] describes a transaction, [`BlockBuilder`] makes a valid block of some (merkle
//!   root, witness commitment, BIP34 height, proof of work for its own nBits), and [`BlockFiles`] writes blocks into
//!   `blkNNNNN.dat` files, obfuscated, shuffled, torn, padded or with files missing, as asked, with or without the
//!   undo files that a node keeps beside them.
//! - **Chains.** [`ChainSpec`] makes a chain of payments, block by block in constant memory: a price that moves like
//!   one, blocks at random times with clocks that disagree, and amounts shaped like those of real blocks ([`Habits`]
//!   says how that was measured). Every block comes with the true price and with the amounts that qualify, and
//!   [`DayTruth`] has the true candle of every UTC day.
//!
//! The model of amounts shares nothing with the price engines. What it simplifies: signatures and keys are random
//! bytes and inputs spend outputs that do not exist, so no node would accept the blocks; block sizes and fees follow
//! no market; habits depend on the price alone, not on the year, the weekday or the hour.
//!
//! A chain into files, and what a reader should find:
//!
//! ```
//! use blkprice::synth::{BlockFiles, ChainSpec, Tail, Xor};
//! # fn main() -> std::io::Result<()> {
//! # let dir = tempfile::tempdir()?;
//! let spec = ChainSpec { days: 1, transactions_per_day: 500.0, ..ChainSpec::default() };
//! let mut chain = spec.blocks();
//! let mut files = BlockFiles::new(dir.path()).xor(Xor::Random(1)).tail(Tail::Last(16 << 20)).shuffle(1, 10).create()?;
//! for block in &mut chain {
//!     files.block(&block.block)?;
//! }
//! files.finish()?;
//! for truth in chain.take_truths() {
//!     assert!(truth.low <= truth.mean && truth.mean <= truth.high);
//! }
//! # Ok(())
//! # }
//! ```

mod amounts;
mod append;
mod block;
mod chain;
mod files;
mod mix;
mod outputs;
mod price_path;
mod rng;
mod shuffle;
mod timeline;
mod tx;
mod undo;
mod writer;

pub use amounts::{Habits, Taste};
pub use block::{BlockBuilder, REGTEST_BITS, RawBlock, payment};
pub use chain::{Chain, ChainBlock, ChainSpec};
pub use files::{
    BlockFiles, MAINNET_MAGIC, REGTEST_MAGIC, SIGNET_MAGIC, TESTNET3_MAGIC, TESTNET4_MAGIC, Tail,
    Xor,
};
pub use mix::Mix;
pub use outputs::{OutputsBlock, OutputsOnly};
pub use price_path::{DayTruth, PriceModel};
pub use rng::Rng;
pub use tx::{Script, TxSpec, Unlock};
pub use undo::Undo;
pub use writer::{Place, Writer, Written};
