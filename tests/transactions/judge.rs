//! The verdict on the bytes of a block: the walk and the `bitcoin` crate must say the same, and nothing is taken on trust.
//!
//! The fuzz target of transactions runs it too.

use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::Hash;
use bitcoin::{Block, Txid};
use blkprice::filter::txid::{merkle_root_holds, txid};
use blkprice::filter::visit::visit;
use blkprice::filter::{BlockOutputs, Window};

use super::counting::asked;
use super::reference;

/// What both sides say of a transaction, whether or not it qualifies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) txid: [u8; 32],
    pub(crate) segwit: bool,
    pub(crate) inputs: u64,
    pub(crate) outputs: u64,
    /// Of the first two outputs, in sats.
    pub(crate) values: Vec<u64>,
    /// Of the first five inputs.
    pub(crate) spent: Vec<[u8; 32]>,
    pub(crate) coinbase: bool,
    pub(crate) op_return: bool,
    pub(crate) largest_witness: u64,
}

/// The facts as the walk gives them; none if the bytes are no block.
pub(crate) fn our_facts(block: &[u8]) -> Option<Vec<Facts>> {
    let mut facts = Vec::new();
    let seen = visit(block, |tx| {
        facts.push(Facts {
            txid: txid(tx),
            segwit: tx.segwit,
            inputs: tx.inputs,
            outputs: tx.outputs,
            values: tx.values().to_vec(),
            spent: tx.spent_txids().copied().collect(),
            coinbase: tx.coinbase,
            op_return: tx.op_return,
            largest_witness: tx.largest_witness,
        });
    })
    .ok()?;
    assert_eq!(
        seen as usize,
        facts.len(),
        "as many transactions are counted as were shown"
    );
    Some(facts)
}

pub(crate) fn our_outputs(block: &[u8]) -> Option<BlockOutputs> {
    Window::new().add(block).ok()
}

/// Asserts that the walk and the crate say the same of a block that both accept, itself being the window.
pub(crate) fn assert_same(bytes: &[u8], block: &Block) {
    let ours = our_facts(bytes).expect("a block the crate accepts is accepted");
    assert_eq!(ours, reference::facts(block));
    assert_eq!(
        our_outputs(bytes).as_ref(),
        Some(&reference::Window::default().add(block))
    );
    // The crate gives no merkle root for no transactions; neither does such a block match one.
    let root = block
        .compute_merkle_root()
        .is_some_and(|root| root == block.header.merkle_root);
    assert_eq!(merkle_root_holds(bytes), Ok(root));
}

pub(crate) fn decode(bytes: &[u8]) -> Option<Block> {
    deserialize(bytes).ok()
}

/// Marker, flag and nothing but empty witnesses: what the crate refuses and the walk takes, written as it should be
/// written. None if the block holds no such transaction.
fn without_idle_segwit(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    let mut at = bytes.len() - visit_len(bytes);
    written.extend_from_slice(&bytes[..at]);
    let mut found = false;
    visit(bytes, |tx| {
        assert_eq!(
            &bytes[at..at + tx.bytes.len()],
            tx.bytes,
            "in order, without gaps"
        );
        at += tx.bytes.len();
        let (version, rest) = tx.bytes.split_at(4);
        let (rest, lock_time) = rest.split_at(rest.len() - 4);
        let idle = |witnesses: &[u8]| {
            witnesses.len() as u64 == tx.inputs && witnesses.iter().all(|&byte| byte == 0)
        };
        if tx.segwit && tx.inputs > 0 && idle(&rest[2 + tx.body.len()..]) {
            found = true;
            written.extend_from_slice(version);
            written.extend_from_slice(tx.body);
            written.extend_from_slice(lock_time);
        } else {
            written.extend_from_slice(tx.bytes);
        }
    })
    .ok()?;
    found.then_some(written)
}

/// Bytes of the block's transactions.
fn visit_len(bytes: &[u8]) -> usize {
    let mut length = 0;
    visit(bytes, |tx| length += tx.bytes.len()).unwrap();
    length
}

pub(crate) fn txids(bytes: &[u8]) -> Vec<Txid> {
    let facts = our_facts(bytes).unwrap();
    facts
        .into_iter()
        .map(|tx| Txid::from_byte_array(tx.txid))
        .collect()
}

/// What a window takes before it has read anything: its marks, half a mebibyte whatever comes.
pub(crate) const WINDOW: usize = 512 << 10;

/// The whole agreement on any bytes at all.
pub(crate) fn judge(bytes: &[u8]) {
    let (_, for_walking) = asked(|| visit(bytes, |_| ()).is_ok());
    assert_eq!(for_walking, 0, "the walk allocates nothing");
    let (ours, for_window) = asked(|| our_outputs(bytes));
    // The smallest transaction has ten bytes and takes 32 for its txid, an entry of the index and, while either grows,
    // its copies; what counts here is that no number inside the bytes is believed.
    assert!(
        for_window <= WINDOW + 4_096 + 30 * bytes.len(),
        "{for_window} bytes asked for to read {}",
        bytes.len()
    );
    match (ours, decode(bytes)) {
        (_, Some(block)) => assert_same(bytes, &block),
        (None, None) => {}
        (Some(ours), None) => {
            let written = without_idle_segwit(bytes)
                .expect("accepted, and the crate has another reason to refuse it");
            let block = decode(&written).expect("but for its empty witnesses it is a block");
            assert_same(&written, &block);
            assert_eq!(our_outputs(&written), Some(ours));
            assert_eq!(txids(&written), txids(bytes));
        }
    }
}
