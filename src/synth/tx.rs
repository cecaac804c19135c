//! Describing a transaction and writing it in Bitcoin's serialization, its txid hashed on the way.

use bitcoin::hashes::Hash;
use bitcoin::{Transaction, Txid};
use sha2::{Digest, Sha256};

use super::Rng;

/// What locks an output. Keys and hashes are random bytes: nothing here can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Pay to public-key hash, 25 bytes.
    P2pkh,
    /// Pay to script hash, 23 bytes.
    P2sh,
    /// Pay to witness public-key hash, 22 bytes.
    P2wpkh,
    /// Pay to witness script hash, 34 bytes.
    P2wsh,
    /// Pay to taproot, 34 bytes.
    P2tr,
    /// OP_RETURN and a push of this many random bytes (at most 75).
    OpReturn(u8),
    /// These very bytes.
    Raw(Vec<u8>),
}

/// What unlocks an input: how large its script or its witness items are. The bytes are random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// A signature and a key in the input script, 106 bytes, no witness.
    Legacy,
    /// Witness items of 71 or 72 and 33 bytes.
    P2wpkh,
    /// One witness item of 64 bytes: a key-path spend.
    P2tr,
    /// Witness items of these lengths, in bytes; an empty list is an input without witness and with an empty script.
    Witness(Vec<usize>),
}

#[derive(Clone, Debug)]
struct Input {
    /// `None`: an output of the distant past, its txid drawn at random.
    txid: Option<Txid>,
    vout: u32,
    unlock: Unlock,
    /// Height at which the coin was created; 0: not known.
    created: u32,
}

/// A transaction to be: inputs, outputs, and nothing yet serialized.
///
/// ```
/// use blkprice::synth::{Script, TxSpec, Unlock};
/// let payment = TxSpec::new().spend_old(Unlock::P2wpkh).pay(150_000, Script::P2tr).pay(2_345_678, Script::P2wpkh);
/// # let _ = payment;
/// ```
#[derive(Clone, Debug, Default)]
pub struct TxSpec {
    inputs: Vec<Input>,
    outputs: Vec<(u64, Script)>,
    locktime: u32,
}

impl TxSpec {
    /// No inputs and no outputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input that spends output `vout` of `txid`.
    pub fn spend(mut self, txid: Txid, vout: u32, unlock: Unlock) -> Self {
        self.push_input(Some(txid), vout, unlock);
        self
    }

    /// Adds an input that spends an output of the distant past: a random txid that is in no block here.
    pub fn spend_old(mut self, unlock: Unlock) -> Self {
        self.push_input(None, 0, unlock);
        self
    }

    /// Says that the coin of the last input was created at `height`, for the undo data; without it the height is not known.
    pub fn created_at(mut self, height: u32) -> Self {
        self.set_created_at(height);
        self
    }

    /// Adds an output of `sats`.
    pub fn pay(mut self, sats: u64, script: Script) -> Self {
        self.push_output(sats, script);
        self
    }

    /// Adds a zero-value OP_RETURN output with `len` bytes of data.
    pub fn op_return(self, len: u8) -> Self {
        self.pay(0, Script::OpReturn(len))
    }

    /// Sets the lock time (0 unless set).
    pub fn locktime(mut self, locktime: u32) -> Self {
        self.locktime = locktime;
        self
    }

    /// As [`TxSpec::spend`] (`Some`) or [`TxSpec::spend_old`] (`None`), for a spec that is reused.
    pub fn push_input(&mut self, txid: Option<Txid>, vout: u32, unlock: Unlock) {
        self.inputs.push(Input {
            txid,
            vout,
            unlock,
            created: 0,
        });
    }

    /// As [`TxSpec::created_at`], for a spec that is reused.
    pub fn set_created_at(&mut self, height: u32) {
        if let Some(input) = self.inputs.last_mut() {
            input.created = height;
        }
    }

    /// As [`TxSpec::pay`], for a spec that is reused.
    pub fn push_output(&mut self, sats: u64, script: Script) {
        self.outputs.push((sats, script));
    }

    /// Empties the spec and keeps its memory.
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.outputs.clear();
        self.locktime = 0;
    }

    /// Appends the serialized transaction to `out`, with random bytes from `rng` for keys and signatures; gives its
    /// txid and its wtxid.
    pub(crate) fn encode(&self, rng: &mut Rng, out: &mut Vec<u8>) -> (Txid, [u8; 32]) {
        let segwit = self.inputs.iter().any(|i| match &i.unlock {
            Unlock::Legacy => false,
            Unlock::P2wpkh | Unlock::P2tr => true,
            Unlock::Witness(items) => !items.is_empty(),
        });
        let start = out.len();
        out.extend_from_slice(&2u32.to_le_bytes());
        if segwit {
            out.extend_from_slice(&[0, 1]);
        }
        let body = out.len();
        compact_size(self.inputs.len(), out);
        for input in &self.inputs {
            match &input.txid {
                Some(txid) => out.extend_from_slice(&txid.to_byte_array()),
                None => rng.bytes(32, out),
            }
            out.extend_from_slice(&input.vout.to_le_bytes());
            if input.unlock == Unlock::Legacy {
                out.extend_from_slice(&[106, 71]);
                rng.bytes(71, out);
                out.push(33);
                rng.bytes(33, out);
            } else {
                out.push(0);
            }
            out.extend_from_slice(&0xffff_fffdu32.to_le_bytes());
        }
        compact_size(self.outputs.len(), out);
        for (sats, script) in &self.outputs {
            out.extend_from_slice(&sats.to_le_bytes());
            script.encode(rng, out);
        }
        let witness = out.len();
        if segwit {
            for input in &self.inputs {
                match &input.unlock {
                    Unlock::Legacy => out.push(0),
                    Unlock::P2wpkh => {
                        let signature = 71 + rng.below(2);
                        out.extend_from_slice(&[2, 71 + u8::from(signature == 72)]);
                        rng.bytes(signature, out);
                        out.push(33);
                        rng.bytes(33, out);
                    }
                    Unlock::P2tr => {
                        out.extend_from_slice(&[1, 64]);
                        rng.bytes(64, out);
                    }
                    Unlock::Witness(items) => {
                        compact_size(items.len(), out);
                        for &len in items {
                            compact_size(len, out);
                            rng.bytes(len, out);
                        }
                    }
                }
            }
        }
        out.extend_from_slice(&self.locktime.to_le_bytes());
        let all = &out[start..];
        let wtxid = sha256d(&[all]);
        let txid = if segwit {
            sha256d(&[&all[..4], &out[body..witness], &all[all.len() - 4..]])
        } else {
            wtxid
        };
        (Txid::from_byte_array(txid), wtxid)
    }
}

impl TxSpec {
    /// Appends the coins it spends to a block's undo data. Their amounts and keys are random by the `txid`, so that the
    /// block itself is the same with and without.
    pub(crate) fn encode_undo(&self, txid: Txid, out: &mut Vec<u8>) {
        let mut seed = [0; 8];
        seed.copy_from_slice(&txid.to_byte_array()[..8]);
        let mut rng = Rng::derive(u64::from_le_bytes(seed), 0x756e_646f);
        compact_size(self.inputs.len(), out);
        for input in &self.inputs {
            let script = match &input.unlock {
                Unlock::Legacy => None,
                Unlock::P2wpkh => Some(22),
                Unlock::P2tr | Unlock::Witness(_) => Some(34),
            };
            encode_coin(input.created, script, &mut rng, out);
        }
    }
}

/// Appends a transaction's spent coins to a block's undo data: created at `heights` (0: not known), locked as the inputs'
/// witnesses suggest, of random amounts.
pub(crate) fn encode_undo_of(tx: &Transaction, heights: &[u32], out: &mut Vec<u8>) {
    let mut rng = Rng::derive(
        tx.output.iter().map(|o| o.value.to_sat()).sum(),
        tx.input.len() as u64,
    );
    compact_size(tx.input.len(), out);
    for (at, input) in tx.input.iter().enumerate() {
        let script = match input.witness.len() {
            0 => None,
            2 => Some(22),
            _ => Some(34),
        };
        encode_coin(heights.get(at).copied().unwrap_or(0), script, &mut rng, out);
    }
}

/// Appends a coin: created at `height`, of a random amount, locked by a key hash or by a script of so many bytes.
fn encode_coin(height: u32, script: Option<usize>, rng: &mut Rng, out: &mut Vec<u8>) {
    varint(2 * u64::from(height), out);
    if height > 0 {
        varint(0, out);
    }
    varint(rng.next_u64() >> (36 + rng.below(16)), out);
    // Core's script codes: 0 is a key hash, others are 6 more than the length of the script.
    match script {
        None => {
            varint(0, out);
            rng.bytes(20, out);
        }
        Some(length) => {
            varint(6 + length as u64, out);
            rng.bytes(length, out);
        }
    }
}

/// Appends `n` as Core's VARINT: base 128, most significant group first, one added at each continuation.
fn varint(mut n: u64, out: &mut Vec<u8>) {
    let mut groups = [0; 10];
    let mut at = groups.len() - 1;
    groups[at] = (n & 0x7f) as u8; // seven bits
    while n > 0x7f {
        n = (n >> 7) - 1;
        at -= 1;
        groups[at] = 0x80 | (n & 0x7f) as u8; // seven bits
    }
    out.extend_from_slice(&groups[at..]);
}

impl Script {
    fn encode(&self, rng: &mut Rng, out: &mut Vec<u8>) {
        match self {
            Script::P2pkh => {
                out.extend_from_slice(&[25, 0x76, 0xa9, 20]);
                rng.bytes(20, out);
                out.extend_from_slice(&[0x88, 0xac]);
            }
            Script::P2sh => {
                out.extend_from_slice(&[23, 0xa9, 20]);
                rng.bytes(20, out);
                out.push(0x87);
            }
            Script::P2wpkh => {
                out.extend_from_slice(&[22, 0, 20]);
                rng.bytes(20, out);
            }
            Script::P2wsh => {
                out.extend_from_slice(&[34, 0, 32]);
                rng.bytes(32, out);
            }
            Script::P2tr => {
                out.extend_from_slice(&[34, 0x51, 32]);
                rng.bytes(32, out);
            }
            Script::OpReturn(len) => {
                let len = (*len).min(75); // a longer push needs OP_PUSHDATA1
                out.extend_from_slice(&[2 + len, 0x6a, len]);
                rng.bytes(len.into(), out);
            }
            Script::Raw(bytes) => {
                compact_size(bytes.len(), out);
                out.extend_from_slice(bytes);
            }
        }
    }
}

/// Appends `n` as Bitcoin's variable-length integer.
pub(crate) fn compact_size(n: usize, out: &mut Vec<u8>) {
    // The casts cannot lose: each arm bounds n first.
    match n {
        0..=0xfc => out.push(n as u8),
        0xfd..=0xffff => {
            out.push(0xfd);
            out.extend_from_slice(&(n as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xfe);
            out.extend_from_slice(&(n as u32).to_le_bytes());
        }
        _ => {
            out.push(0xff);
            out.extend_from_slice(&(n as u64).to_le_bytes());
        }
    }
}

/// Double SHA-256 of the pieces, as if joined.
pub(crate) fn sha256d(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    Sha256::digest(hasher.finalize()).into()
}
