//! The rules once more, read from the node's JSON: which outputs qualify in their UTC day, block by block.
//!
//! Written from the description of the method alone, slowly and plainly; it shares nothing with the program.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A block as `getblock` gives it at verbosity 2.
#[derive(Deserialize)]
pub(crate) struct Block {
    pub(crate) hash: String,
    pub(crate) height: u32,
    pub(crate) time: u32,
    pub(crate) tx: Vec<Tx>,
}

#[derive(Deserialize)]
pub(crate) struct Tx {
    pub(crate) txid: String,
    pub(crate) vin: Vec<In>,
    pub(crate) vout: Vec<Out>,
}

#[derive(Deserialize)]
pub(crate) struct In {
    /// Missing in a coinbase.
    pub(crate) txid: Option<String>,
    pub(crate) vout: Option<u32>,
    txinwitness: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(crate) struct Out {
    value: Box<RawValue>,
    #[serde(rename = "scriptPubKey")]
    pub(crate) script: Script,
}

#[derive(Deserialize)]
pub(crate) struct Script {
    pub(crate) hex: String,
}

impl Tx {
    pub(crate) fn is_coinbase(&self) -> bool {
        self.vin.iter().any(|input| input.txid.is_none())
    }
}

impl In {
    /// Bytes of the witness items together.
    fn witness(&self) -> usize {
        let items = self.txinwitness.iter().flatten();
        items.map(|hex| hex.len() / 2).sum()
    }
}

impl Out {
    pub(crate) fn sats(&self) -> u64 {
        sats(self.value.get())
    }
}

/// An amount in BTC, written as a decimal, in sats.
fn sats(btc: &str) -> u64 {
    let (whole, fraction) = btc.split_once('.').unwrap_or((btc, ""));
    assert!(fraction.len() <= 8, "{btc} has parts of a sat");
    let digits = format!("{whole}{fraction:0<8}");
    digits.parse().unwrap_or_else(|_| panic!("amount {btc}"))
}

/// A UTC day of the chain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970-01-01.
    pub(crate) day: u32,
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) transactions: usize,
    /// Height and value in sats of each output that qualifies, ascending.
    pub(crate) outputs: Vec<(u32, u64)>,
}

/// The days of a chain, whose blocks are given from the first on.
pub(crate) fn days<'b>(chain: impl IntoIterator<Item = &'b Block>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let mut of_the_day: HashSet<&str> = HashSet::new();
    for block in chain {
        let date = block.time / 86_400;
        if days.last().is_none_or(|day| date > day.day) {
            of_the_day.clear();
            days.push(Day {
                day: date,
                first: block.height,
                last: block.height,
                transactions: 0,
                outputs: Vec::new(),
            });
        }
        let day = days.last_mut().unwrap();
        day.last = block.height;
        day.transactions += block.tx.len();
        let before = day.outputs.len();
        for tx in &block.tx {
            of_the_day.insert(&tx.txid);
            let spends_the_day = || {
                let mut spent = tx.vin.iter().filter_map(|input| input.txid.as_deref());
                spent.any(|txid| of_the_day.contains(txid))
            };
            if tx.vout.len() == 2
                && tx.vin.len() <= 5
                && !tx.is_coinbase()
                && !tx.vout.iter().any(|out| out.script.hex.starts_with("6a"))
                && !tx.vin.iter().any(|input| input.witness() > 500)
                && !spends_the_day()
            {
                let values = tx.vout.iter().map(Out::sats);
                let counting = values.filter(|&sats| sats > 1_000 && sats < 10_000_000_000_000);
                day.outputs
                    .extend(counting.map(|sats| (block.height, sats)));
            }
        }
        day.outputs[before..].sort_unstable();
    }
    days
}

#[test]
fn amounts_are_read_to_the_sat() {
    assert_eq!(sats("0.00001001"), 1_001);
    assert_eq!(sats("50.00000000"), 5_000_000_000);
    assert_eq!(sats("20999999.97690000"), 2_099_999_997_690_000);
    assert_eq!(sats("3"), 300_000_000);
}
