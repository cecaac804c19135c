//! Synthetic chains.
mod append;
mod block;
mod files;
mod rng;
mod shuffle;
mod tx;

pub use block::{BlockBuilder, REGTEST_BITS, RawBlock, payment};
pub use files::{
    BlockFiles, MAINNET_MAGIC, Place, REGTEST_MAGIC, SIGNET_MAGIC, TESTNET3_MAGIC, TESTNET4_MAGIC,
    Tail, Writer, Written, Xor,
};
pub use rng::Rng;
pub use tx::{Script, TxSpec, Unlock};
