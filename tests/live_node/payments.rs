//! Transactions of every shape that the rules tell apart, with coins that anyone can spend.

use bitcoin::absolute::LockTime;
use bitcoin::opcodes::all::{OP_DROP, OP_PUSHNUM_1};
use bitcoin::script::Builder;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use blkprice::synth::Rng;

use crate::ledger::{Coin, Ledger};

/// Dollar amounts that people pay.
const USD: [u64; 8] = [5, 10, 20, 25, 50, 100, 200, 500];
/// Coins of less are not spent.
const SMALLEST: u64 = 10_000;
/// How many coins the first is made into.
const COINS: u64 = 500;

/// `count` transactions for a block at `height`, where a bitcoin costs `price` dollars.
pub(crate) fn payments(
    ledger: &Ledger,
    rng: &mut Rng,
    count: usize,
    height: u32,
    price: u64,
) -> Vec<Transaction> {
    let mut coins: Vec<(OutPoint, Coin)> = ledger
        .coins
        .iter()
        .filter(|(_, coin)| coin.from <= height && coin.sats >= SMALLEST)
        .map(|(outpoint, coin)| (*outpoint, *coin))
        .collect();
    let mut transactions = Vec::with_capacity(count);
    while transactions.len() < count {
        let shape = rng.below(16);
        let inputs = match shape {
            0 => 5,
            1 => 6,
            2 | 3 => 2,
            _ => 1,
        };
        if coins.len() < inputs {
            break;
        }
        let spent: Vec<(OutPoint, Coin)> = (0..inputs)
            .map(|_| coins.swap_remove(rather_old(&coins, rng)))
            .collect();
        let tx = pay(&spent, shape, rng, price);
        // What is made here may be spent in this very block.
        if rng.chance(0.1) {
            let vout = 0;
            let out = &tx.output[vout];
            if out.value.to_sat() >= SMALLEST {
                let outpoint = OutPoint::new(tx.compute_txid(), vout as u32); // zero
                let coin = Coin {
                    sats: out.value.to_sat(),
                    witness: out.script_pubkey.is_p2wsh(),
                    from: height,
                };
                coins.push((outpoint, coin));
            }
        }
        transactions.push(tx);
    }
    transactions
}

/// The position of a coin: most payments spend coins of earlier days.
fn rather_old(coins: &[(OutPoint, Coin)], rng: &mut Rng) -> usize {
    let drawn: Vec<usize> = (0..3).map(|_| rng.below(coins.len())).collect();
    let age = |at: &usize| coins[*at].1.from;
    drawn.into_iter().min_by_key(age).unwrap_or(0)
}

/// The first coin there is, made into many.
pub(crate) fn split(ledger: &Ledger) -> Transaction {
    let height = ledger.chain.len() as u32; // some hundreds
    let ripe = ledger.coins.iter().find(|(_, coin)| coin.from <= height);
    let (outpoint, coin) = ripe.expect("the first coinbase is ripe");
    let mut rng = Rng::new(u64::from(height));
    let spent = [(*outpoint, *coin)];
    let mut tx = pay(&spent, usize::MAX, &mut rng, 1);
    let each = coin.sats / COINS;
    tx.output = (0..COINS).map(|_| out(each, &mut rng)).collect();
    tx
}

fn pay(spent: &[(OutPoint, Coin)], shape: usize, rng: &mut Rng, price: u64) -> Transaction {
    let sum: u64 = spent.iter().map(|(_, coin)| coin.sats).sum();
    let input = spent.iter().map(|(outpoint, coin)| TxIn {
        previous_output: *outpoint,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: witness(coin, rng),
    });
    let input = input.collect();
    let round = USD[rng.below(USD.len())] * 100_000_000 / price;
    let round = round.min(sum / 2);
    let first = match shape {
        4 => 1_000,
        5 => 1_001,
        _ => round,
    };
    let mut output = vec![out(first, rng)];
    match shape {
        // A payment without change.
        6 => output[0].value = Amount::from_sat(sum),
        7 => output.push(TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::new_op_return(b"blkprice"),
        }),
        8 | 9 => {
            output.push(out((sum - first) / 3, rng));
            output.push(out((sum - first) / 3, rng));
        }
        _ => output.push(out(sum - first, rng)),
    }
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input,
        output,
    }
}

fn out(sats: u64, rng: &mut Rng) -> TxOut {
    let script_pubkey = match rng.chance(0.3) {
        true => ScriptBuf::new_p2wsh(&locked().wscript_hash()),
        false => Builder::new().push_opcode(OP_PUSHNUM_1).into_script(),
    };
    TxOut {
        value: Amount::from_sat(sats),
        script_pubkey,
    }
}

/// Anyone can spend it with any item.
fn locked() -> ScriptBuf {
    Builder::new()
        .push_opcode(OP_DROP)
        .push_opcode(OP_PUSHNUM_1)
        .into_script()
}

/// On both sides of the 500 bytes that a witness may have, script included.
fn witness(coin: &Coin, rng: &mut Rng) -> Witness {
    if !coin.witness {
        return Witness::new();
    }
    let script = locked();
    let most = 500 - script.len();
    let item = vec![7; [1, 72, most, most + 1][rng.below(4)]];
    Witness::from_slice(&[item.as_slice(), script.as_bytes()])
}
