//! What the node has said of its blocks, and the coins that its chain leaves to spend.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use bitcoin::OutPoint;
use serde_json::json;

use crate::core::Core;
use crate::rules::Block;

/// A coin that anyone can spend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coin {
    pub(crate) sats: u64,
    /// It needs a witness.
    pub(crate) witness: bool,
    /// The first height at which it can be spent.
    pub(crate) from: u32,
}

/// The active chain as the node tells it.
#[derive(Default)]
pub(crate) struct Ledger {
    known: HashMap<String, Rc<Block>>,
    pub(crate) chain: Vec<Rc<Block>>,
    pub(crate) coins: BTreeMap<OutPoint, Coin>,
}

impl Ledger {
    /// Asks the node for its chain, and for the blocks that are new.
    pub(crate) fn sync(&mut self, core: &Core) {
        let tip: u32 = core.ask("getblockcount", json!([]));
        let hashes: Vec<String> = core.ask_each("getblockhash", (0..=tip).map(|h| json!([h])));
        let new = hashes.iter().filter(|hash| !self.known.contains_key(*hash));
        let new: Vec<Block> = core.ask_each("getblock", new.map(|hash| json!([hash, 2])));
        for block in new {
            self.known.insert(block.hash.clone(), Rc::new(block));
        }
        self.chain.clear();
        self.coins.clear();
        for hash in hashes {
            let block = Rc::clone(&self.known[&hash]);
            self.connect(block);
        }
    }

    /// Takes up a block mined on the tip.
    pub(crate) fn extend(&mut self, core: &Core, hash: &str) {
        let block: Block = core.ask("getblock", json!([hash, 2]));
        let block = Rc::new(block);
        self.known.insert(block.hash.clone(), Rc::clone(&block));
        self.connect(block);
    }

    fn connect(&mut self, block: Rc<Block>) {
        assert_eq!(block.height as usize, self.chain.len());
        for tx in &block.tx {
            let txid = tx.txid.parse().unwrap();
            for input in &tx.vin {
                if let (Some(txid), Some(vout)) = (&input.txid, input.vout) {
                    let spent = OutPoint::new(txid.parse().unwrap(), vout);
                    self.coins.remove(&spent);
                }
            }
            // The outputs of the genesis block are no coins.
            for (vout, out) in (0..).zip(&tx.vout).filter(|_| block.height > 0) {
                let hex = out.script.hex.as_str();
                let witness = hex.starts_with("0020") && !tx.is_coinbase();
                if !witness && !matches!(hex.as_bytes(), [b'5', b'1'..=b'9']) {
                    continue;
                }
                let from = block.height + if tx.is_coinbase() { 100 } else { 1 };
                let sats = out.sats();
                let coin = Coin {
                    sats,
                    witness,
                    from,
                };
                self.coins.insert(OutPoint::new(txid, vout), coin);
            }
        }
        self.chain.push(block);
    }
}
