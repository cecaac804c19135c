//! A walk through a serialized block that copies and allocates nothing.
//!
//! What a transaction must look like is what Core's deserialization accepts (minimal compact sizes, the segwit
//! flag 1), with one exception: a transaction marked as segwit whose inputs all have empty witnesses. Core writes none, but
//! it reads in only one way, and test chains made by other programs have them.

use byteorder::{ByteOrder, LittleEndian};

/// The most inputs a qualifying transaction may have: so many outpoints are kept while walking.
pub const KEPT_INPUTS: usize = 5;
/// The outputs a qualifying transaction has: so many values are kept while walking.
pub const KEPT_OUTPUTS: usize = 2;

const HEADER: usize = 80;
const OP_RETURN: u8 = 0x6a;

/// Why bytes are not a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} of the block: {what}")]
pub struct Malformed {
    /// Offset in the block.
    pub offset: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// The facts of one transaction, borrowed from the block.
#[derive(Clone, Copy, Debug)]
pub struct Tx<'b> {
    /// The whole transaction as serialized.
    pub bytes: &'b [u8],
    /// Inputs and outputs as serialized, counts included: what the txid covers beside version and lock time.
    pub body: &'b [u8],
    /// Whether it is serialized with witnesses.
    pub segwit: bool,
    /// Number of inputs.
    pub inputs: u64,
    /// Number of outputs.
    pub outputs: u64,
    /// Some input spends the null outpoint.
    pub coinbase: bool,
    /// Some output script starts with OP_RETURN.
    pub op_return: bool,
    /// The largest sum of one input's witness item lengths, in bytes.
    pub largest_witness: u64,
    outpoints: [&'b [u8]; KEPT_INPUTS],
    values: [u64; KEPT_OUTPUTS],
}

impl<'b> Tx<'b> {
    /// The txids spent by the first [`KEPT_INPUTS`] inputs, as hashed.
    pub fn spent_txids(&self) -> impl Iterator<Item = &'b [u8; 32]> {
        let count = usize::try_from(self.inputs).unwrap_or(KEPT_INPUTS);
        self.outpoints
            .into_iter()
            .take(count)
            .filter_map(|outpoint| outpoint.first_chunk())
    }

    /// The first [`KEPT_OUTPUTS`] output values, in sats.
    pub fn values(&self) -> &[u64] {
        let count = usize::try_from(self.outputs).unwrap_or(KEPT_OUTPUTS);
        &self.values[..count.min(KEPT_OUTPUTS)]
    }
}

/// The number of transactions that `block` says it has.
///
/// # Errors
/// It ends before that.
pub fn transaction_count(block: &[u8]) -> Result<u64, Malformed> {
    let mut walk = Walk { block, at: 0 };
    walk.take(HEADER)?;
    walk.compact_size()
}

/// Calls `each` for every transaction of `block`, in order, and gives their number.
///
/// # Errors
/// The bytes are not one whole block.
pub fn visit<'b>(block: &'b [u8], mut each: impl FnMut(&Tx<'b>)) -> Result<u32, Malformed> {
    let mut walk = Walk { block, at: 0 };
    walk.take(HEADER)?;
    let count = walk.compact_size()?;
    let mut seen = 0;
    for _ in 0..count {
        // A count that lies ends with the bytes: each transaction takes some.
        let tx = walk.transaction()?;
        each(&tx);
        seen += 1;
    }
    if walk.at != block.len() {
        return Err(walk.wrong("bytes are left over behind the last transaction"));
    }
    Ok(seen)
}

struct Walk<'b> {
    block: &'b [u8],
    at: usize,
}

impl<'b> Walk<'b> {
    fn wrong(&self, what: &'static str) -> Malformed {
        Malformed {
            offset: self.at,
            what,
        }
    }

    #[inline]
    fn take(&mut self, count: usize) -> Result<&'b [u8], Malformed> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.block.get(self.at..end));
        match taken {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => Err(self.wrong("the block ends inside a transaction")),
        }
    }

    /// Passes over `count` bytes and gives the first of them, if there is one.
    #[inline]
    fn skip(&mut self, count: u64) -> Result<Option<u8>, Malformed> {
        let count =
            usize::try_from(count).map_err(|_| self.wrong("a length is beyond the block"))?;
        Ok(self.take(count)?.first().copied())
    }

    #[inline]
    fn compact_size(&mut self) -> Result<u64, Malformed> {
        let (value, least) = match self.take(1)?[0] {
            0xfd => (u64::from(LittleEndian::read_u16(self.take(2)?)), 0xfd),
            0xfe => (u64::from(LittleEndian::read_u32(self.take(4)?)), 0x1_0000),
            0xff => (LittleEndian::read_u64(self.take(8)?), 0x1_0000_0000),
            small => (u64::from(small), 0),
        };
        if value < least {
            return Err(self.wrong("a length is not written in its shortest form"));
        }
        Ok(value)
    }

    #[inline]
    fn transaction(&mut self) -> Result<Tx<'b>, Malformed> {
        let start = self.at;
        self.take(4)?;
        let segwit = match self.block.get(self.at..self.at + 2) {
            Some([0, 1]) => true,
            Some([0, _]) => return Err(self.wrong("a transaction has no inputs")),
            _ => false,
        };
        if segwit {
            self.at += 2;
        }
        let body = self.at;
        let mut tx = Tx {
            bytes: &[],
            body: &[],
            segwit,
            inputs: self.compact_size()?,
            outputs: 0,
            coinbase: false,
            op_return: false,
            largest_witness: 0,
            outpoints: [&[]; KEPT_INPUTS],
            values: [0; KEPT_OUTPUTS],
        };
        for i in 0..tx.inputs {
            let outpoint = self.take(36)?;
            // A null outpoint: the index of all ones is the cheaper half to look at.
            if outpoint[32..] == [0xff; 4] && outpoint[..32] == [0; 32] {
                tx.coinbase = true;
            }
            if let Some(slot) = usize::try_from(i)
                .ok()
                .and_then(|i| tx.outpoints.get_mut(i))
            {
                *slot = outpoint;
            }
            let script = self.compact_size()?;
            self.skip(script)?;
            self.take(4)?;
        }
        tx.outputs = self.compact_size()?;
        for i in 0..tx.outputs {
            let value = LittleEndian::read_u64(self.take(8)?);
            if let Some(slot) = usize::try_from(i).ok().and_then(|i| tx.values.get_mut(i)) {
                *slot = value;
            }
            let script = self.compact_size()?;
            tx.op_return |= self.skip(script)? == Some(OP_RETURN);
        }
        tx.body = &self.block[body..self.at];
        if segwit {
            self.witnesses(&mut tx)?;
        }
        self.take(4)?;
        tx.bytes = &self.block[start..self.at];
        Ok(tx)
    }

    #[inline]
    fn witnesses(&mut self, tx: &mut Tx<'b>) -> Result<(), Malformed> {
        for _ in 0..tx.inputs {
            let items = self.compact_size()?;
            let mut sum = 0;
            for _ in 0..items {
                let length = self.compact_size()?;
                self.skip(length)?;
                sum += length; // each was inside the block, so the sum cannot overflow
            }
            tx.largest_witness = tx.largest_witness.max(sum);
        }
        Ok(())
    }
}
