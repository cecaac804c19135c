//! Building one block: coinbase, transactions, merkle root, witness commitment and a nonce that meets the target.

use bitcoin::consensus::encode::Error;
use bitcoin::hashes::Hash;
use bitcoin::script::Builder;
use bitcoin::{Block, BlockHash, CompactTarget, Target, Transaction, Txid};

use super::tx::{compact_size, encode_undo_of, sha256d};
use super::{Rng, Script, TxSpec};

/// nBits of regtest: half of all hashes meet this target.
pub const REGTEST_BITS: u32 = 0x207f_ffff;

/// A serialized block and what a test or the next block wants to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// The whole block as the network and blk files carry it.
    pub bytes: Vec<u8>,
    /// Hash of the header.
    pub hash: BlockHash,
    /// Hash of the parent; all zeros for a genesis block.
    pub prev: BlockHash,
    /// Height, whether or not the coinbase states it.
    pub height: u32,
    /// Header time, UTC seconds.
    pub time: u32,
    /// Number of transactions, the coinbase included.
    pub transactions: u32,
    /// The coins it spends, as Core's undo data; empty where they are not known.
    pub undo: Vec<u8>,
}

impl RawBlock {
    /// Takes a block of the `bitcoin` crate, a real one for example, as it is.
    pub fn from_block(block: &Block, height: u32) -> Self {
        Self {
            bytes: bitcoin::consensus::serialize(block),
            hash: block.block_hash(),
            prev: block.header.prev_blockhash,
            height,
            time: block.header.time,
            transactions: u32::try_from(block.txdata.len()).unwrap_or(u32::MAX), // a block holds far fewer
            undo: Vec::new(),
        }
    }

    /// Decodes the block with the `bitcoin` crate.
    pub fn decode(&self) -> Result<Block, Error> {
        bitcoin::consensus::deserialize(&self.bytes)
    }

    /// A builder for the block after this one, `spacing` seconds later.
    pub fn next(&self, spacing: u32) -> BlockBuilder {
        BlockBuilder::new(
            self.hash,
            self.height.saturating_add(1),
            self.time.saturating_add(spacing),
        )
    }

    /// `n` blocks without payments on top of this one, 600 s apart: a stale branch, if others grow faster. Branches of
    /// different `seed` differ.
    pub fn branch(&self, n: usize, seed: u64) -> Vec<RawBlock> {
        let mut blocks: Vec<RawBlock> = Vec::with_capacity(n);
        for _ in 0..n {
            let block = blocks.last().unwrap_or(self).next(600).seed(seed).finish();
            blocks.push(block);
        }
        blocks
    }
}

/// Puts one block together.
///
/// ```
/// use blkprice::synth::{BlockBuilder, Script, TxSpec, Unlock};
/// let mut genesis = BlockBuilder::genesis(1_700_000_000);
/// let txid = genesis.add(&TxSpec::new().spend_old(Unlock::P2wpkh).pay(50_000, Script::P2tr).pay(77_123, Script::P2wpkh));
/// let genesis = genesis.finish();
/// let mut next = genesis.next(600);
/// next.add(&TxSpec::new().spend(txid, 0, Unlock::P2tr).pay(49_000, Script::P2wpkh));
/// assert_eq!(next.finish().decode().unwrap().txdata.len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct BlockBuilder {
    prev: BlockHash,
    height: u32,
    time: u32,
    bits: u32,
    version: u32,
    coinbase_sats: u64,
    bip34: bool,
    meets_target: bool,
    rng: Rng,
    body: Vec<u8>,
    undo: Vec<u8>,
    txids: Vec<[u8; 32]>,
    wtxids: Vec<[u8; 32]>,
    has_witness: bool,
}

impl BlockBuilder {
    /// A block on top of `prev` with header time `time` (UTC seconds), only a coinbase so far: version 0x20000000,
    /// regtest bits, height in the coinbase (BIP34).
    pub fn new(prev: BlockHash, height: u32, time: u32) -> Self {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&prev.to_byte_array()[..8]);
        Self {
            prev,
            height,
            time,
            bits: REGTEST_BITS,
            version: 0x2000_0000,
            coinbase_sats: 312_500_000,
            bip34: true,
            meets_target: true,
            rng: Rng::derive(
                u64::from_le_bytes(bytes),
                (u64::from(height) << 32) | u64::from(time),
            ),
            body: Vec::new(),
            undo: Vec::new(),
            txids: Vec::new(),
            wtxids: Vec::new(),
            has_witness: false,
        }
    }

    /// The first block of a chain: height 0, a parent hash of zeros.
    pub fn genesis(time: u32) -> Self {
        Self::new(BlockHash::all_zeros(), 0, time)
    }

    /// Sets the target in compact form. Every other hash meets [`REGTEST_BITS`]; each step up costs mining time.
    pub fn bits(mut self, bits: u32) -> Self {
        self.bits = bits;
        self
    }

    /// Sets the header's version.
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Sets what the coinbase pays, in sats.
    pub fn coinbase_sats(mut self, sats: u64) -> Self {
        self.coinbase_sats = sats;
        self
    }

    /// Leaves the height out of the coinbase, as before height 227,931 of the main chain.
    pub fn without_bip34(mut self) -> Self {
        self.bip34 = false;
        self
    }

    /// Searches a nonce whose hash does *not* meet the target, for a header that a reader must refuse.
    pub fn without_work(mut self) -> Self {
        self.meets_target = false;
        self
    }

    /// Draws keys and signatures, the coinbase's extra nonce among them, from another stream: a different block of the
    /// same place and time. Call it before [`BlockBuilder::add`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.rng = Rng::derive(seed, self.rng.next_u64());
        self
    }

    /// Appends a transaction and gives its txid.
    pub fn add(&mut self, tx: &TxSpec) -> Txid {
        let (txid, wtxid) = tx.encode(&mut self.rng, &mut self.body);
        tx.encode_undo(txid, &mut self.undo);
        self.has_witness |= txid.to_byte_array() != wtxid;
        self.txids.push(txid.to_byte_array());
        self.wtxids.push(wtxid);
        txid
    }

    /// Appends a transaction of the `bitcoin` crate, a real one for example, that spends coins created at `heights` (0: not
    /// known), and gives its txid.
    pub fn add_transaction(&mut self, tx: &Transaction, heights: &[u32]) -> Txid {
        self.body.extend(bitcoin::consensus::serialize(tx));
        encode_undo_of(tx, heights, &mut self.undo);
        let (txid, wtxid) = (tx.compute_txid(), tx.compute_wtxid());
        self.has_witness |= txid.to_byte_array() != wtxid.to_byte_array();
        self.txids.push(txid.to_byte_array());
        self.wtxids.push(wtxid.to_byte_array());
        txid
    }

    /// Serialized bytes of the transactions added so far.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// Adds the coinbase, the merkle root and a nonce, and gives the finished block. A target of zero, which no hash
    /// meets, is given up on after 2^32 nonces.
    pub fn finish(mut self) -> RawBlock {
        let mut undo = Vec::with_capacity(9 + self.undo.len());
        compact_size(self.txids.len(), &mut undo);
        undo.append(&mut self.undo);
        let mut coinbase = Vec::with_capacity(256);
        let coinbase_txid = self.encode_coinbase(&mut coinbase);
        let transactions = self.txids.len() + 1;
        self.txids.insert(0, coinbase_txid);
        let mut bytes = Vec::with_capacity(80 + 9 + coinbase.len() + self.body.len());
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.prev.to_byte_array());
        bytes.extend_from_slice(&merkle_root(self.txids));
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.bits.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let hash = mine(
            &mut bytes,
            Target::from_compact(CompactTarget::from_consensus(self.bits)),
            self.meets_target,
        );
        compact_size(transactions, &mut bytes);
        bytes.extend_from_slice(&coinbase);
        bytes.extend_from_slice(&self.body);
        RawBlock {
            bytes,
            hash,
            prev: self.prev,
            height: self.height,
            time: self.time,
            transactions: u32::try_from(transactions).unwrap_or(u32::MAX), // bounded by memory long before
            undo,
        }
    }

    /// Writes the coinbase: height, extra nonce, and the witness commitment if the block has witnesses. Gives its txid.
    fn encode_coinbase(&mut self, out: &mut Vec<u8>) -> [u8; 32] {
        let mut script = Builder::new();
        if self.bip34 {
            script = script.push_int(self.height.into());
        }
        let extra_nonce = self.rng.next_u64().to_le_bytes();
        let script = script.push_slice(extra_nonce).into_script();

        let mut base = Vec::with_capacity(200);
        base.extend_from_slice(&2u32.to_le_bytes());
        base.push(1);
        base.extend_from_slice(&[0; 32]);
        base.extend_from_slice(&u32::MAX.to_le_bytes());
        compact_size(script.len(), &mut base);
        base.extend_from_slice(script.as_bytes());
        base.extend_from_slice(&u32::MAX.to_le_bytes());
        compact_size(1 + usize::from(self.has_witness), &mut base);
        base.extend_from_slice(&self.coinbase_sats.to_le_bytes());
        let mut key_hash = vec![0x00, 20];
        self.rng.bytes(20, &mut key_hash);
        compact_size(key_hash.len(), &mut base);
        base.extend_from_slice(&key_hash);
        if self.has_witness {
            // BIP141: SHA-256d of the witness root (the coinbase's wtxid counts as zeros) and the reserved value.
            self.wtxids.insert(0, [0; 32]);
            let root = merkle_root(std::mem::take(&mut self.wtxids));
            base.extend_from_slice(&[0; 8]);
            base.extend_from_slice(&[38, 0x6a, 36, 0xaa, 0x21, 0xa9, 0xed]);
            base.extend_from_slice(&sha256d(&[&root, &[0; 32]]));
        }
        base.extend_from_slice(&[0; 4]);

        if self.has_witness {
            let end = base.len() - 4;
            out.extend_from_slice(&base[..4]);
            out.extend_from_slice(&[0, 1]);
            out.extend_from_slice(&base[4..end]);
            out.extend_from_slice(&[1, 32]);
            out.extend_from_slice(&[0; 32]);
            out.extend_from_slice(&base[end..]);
        } else {
            out.extend_from_slice(&base);
        }
        sha256d(&[&base])
    }
}

/// Counts nonces up until the 80-byte header's hash meets `target`, or fails to if `meets` is false.
fn mine(header: &mut [u8], target: Target, meets: bool) -> BlockHash {
    let mut nonce = 0u32;
    loop {
        header[76..80].copy_from_slice(&nonce.to_le_bytes());
        let hash = BlockHash::from_byte_array(sha256d(&[&header[..80]]));
        if target.is_met_by(hash) == meets || nonce == u32::MAX {
            return hash;
        }
        nonce += 1;
    }
}

/// Root of Bitcoin's merkle tree: an odd level repeats its last hash.
fn merkle_root(mut level: Vec<[u8; 32]>) -> [u8; 32] {
    while level.len() > 1 {
        let pairs = level.len().div_ceil(2);
        for i in 0..pairs {
            let right = level[(2 * i + 1).min(level.len() - 1)];
            level[i] = sha256d(&[&level[2 * i], &right]);
        }
        level.truncate(pairs);
    }
    level.first().copied().unwrap_or_default()
}

/// A payment as most are: one old P2WPKH input, `payment` and `change` in sats as its two outputs.
pub fn payment(payment: u64, change: u64) -> TxSpec {
    TxSpec::new()
        .spend_old(super::Unlock::P2wpkh)
        .pay(payment, Script::P2wpkh)
        .pay(change, Script::P2wpkh)
}
