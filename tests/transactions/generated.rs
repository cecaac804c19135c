//! Transactions drawn at the edges of the rules.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness, transaction,
};
use blkprice::filter::BlockOutputs;
use proptest::prelude::*;
use proptest::sample::select;

use super::{assert_same, our_outputs};

/// Which output an input spends.
#[derive(Clone, Debug)]
enum Spend {
    Old([u8; 32], u32),
    Null,
    /// Zeros but for the index: spent by no coinbase.
    AlmostNull,
    /// Another transaction of the block, drawn before this one; where it stands is another matter.
    Drawn(prop::sample::Index),
}

#[derive(Clone, Debug)]
struct Input {
    spend: Spend,
    script: Vec<u8>,
    witness: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Recipe {
    inputs: Vec<Input>,
    outputs: Vec<(u64, Vec<u8>)>,
}

fn spend() -> impl Strategy<Value = Spend> {
    prop_oneof![
        8 => (any::<[u8; 32]>(), any::<u32>()).prop_map(|(txid, vout)| Spend::Old(txid, vout)),
        1 => any::<[u8; 32]>().prop_map(|txid| Spend::Old(txid, u32::MAX)),
        1 => Just(Spend::Null),
        1 => Just(Spend::AlmostNull),
        3 => any::<prop::sample::Index>().prop_map(Spend::Drawn),
    ]
}

/// Lengths of witness items, often with a sum at the limit of 500 bytes.
fn witness() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        4 => Just(vec![]),
        4 => Just(vec![71, 33]),
        1 => select(vec![vec![0], vec![500], vec![501], vec![250, 250], vec![250, 251], vec![0, 500, 0], vec![252, 253],
            vec![499, 1], vec![1; 500], vec![1; 501]]),
        2 => prop::collection::vec(0usize..300, 0..5),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let script = prop_oneof![
        3 => Just(vec![]),
        1 => prop::collection::vec(any::<u8>(), 0..120),
        1 => prop::collection::vec(any::<u8>(), 250..260),
    ];
    (spend(), script, witness()).prop_map(|(spend, script, witness)| Input {
        spend,
        script,
        witness,
    })
}

fn output() -> impl Strategy<Value = (u64, Vec<u8>)> {
    let sats = prop_oneof![
        2 => select(vec![0, 999, 1_000, 1_001, 9_999_999_999_999, 10_000_000_000_000, 10_000_000_000_001,
            2_100_000_000_000_000, u64::MAX]),
        6 => 1_001u64..10_000_000_000,
    ];
    let script = prop_oneof![
        1 => Just(vec![]),
        1 => select(vec![vec![0x6a], vec![0x6a, 1, 7], vec![0x00, 0x6a], vec![0x69], vec![0x6b, 0x6a]]),
        8 => prop::collection::vec(any::<u8>(), 22..35),
        1 => prop::collection::vec(any::<u8>(), 250..260),
    ];
    (sats, script)
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let inputs = prop_oneof![
        6 => prop::collection::vec(input(), 1..4),
        2 => prop::collection::vec(input(), 5..7),
        1 => prop::collection::vec(input(), 0..9),
    ];
    let outputs = prop_oneof![
        8 => prop::collection::vec(output(), 2),
        2 => prop::collection::vec(output(), 0..5),
    ];
    (inputs, outputs).prop_map(|(inputs, outputs)| Recipe { inputs, outputs })
}

fn transaction(recipe: &Recipe, drawn: &[Transaction]) -> Transaction {
    let input = recipe
        .inputs
        .iter()
        .map(|input| TxIn {
            previous_output: match &input.spend {
                Spend::Old(txid, vout) => OutPoint::new(Txid::from_byte_array(*txid), *vout),
                Spend::AlmostNull => OutPoint::new(Txid::all_zeros(), u32::MAX - 1),
                Spend::Drawn(index) if !drawn.is_empty() => {
                    OutPoint::new(index.get(drawn).compute_txid(), 0)
                }
                Spend::Null | Spend::Drawn(_) => OutPoint::null(),
            },
            script_sig: ScriptBuf::from_bytes(input.script.clone()),
            sequence: Sequence::MAX,
            witness: Witness::from_slice(
                &input
                    .witness
                    .iter()
                    .map(|&length| vec![7u8; length])
                    .collect::<Vec<_>>(),
            ),
        })
        .collect();
    let output = recipe
        .outputs
        .iter()
        .map(|(sats, script)| TxOut {
            value: Amount::from_sat(*sats),
            script_pubkey: ScriptBuf::from_bytes(script.clone()),
        })
        .collect();
    Transaction {
        version: transaction::Version(2),
        lock_time: LockTime::ZERO,
        input,
        output,
    }
}

/// A block of these transactions with the merkle root that is theirs.
pub(crate) fn block_of(txdata: Vec<Transaction>) -> Block {
    let mut block = Block {
        header: Header {
            version: Version::TWO,
            prev_blockhash: BlockHash::all_zeros(),
            merkle_root: TxMerkleNode::all_zeros(),
            time: 1_700_000_000,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        },
        txdata,
    };
    if let Some(root) = block.compute_merkle_root() {
        block.header.merkle_root = root;
    }
    block
}

/// Blocks whose transactions refer to each other forwards and backwards.
fn block() -> impl Strategy<Value = Block> {
    prop::collection::vec(recipe(), 0..12)
        .prop_map(|recipes| {
            let mut drawn = Vec::new();
            for recipe in &recipes {
                let next = transaction(recipe, &drawn);
                drawn.push(next);
            }
            drawn
        })
        .prop_shuffle()
        .prop_map(block_of)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn generated_blocks_read_as_the_bitcoin_crate_reads_them(block in block()) {
        assert_same(&serialize(&block), &block);
    }
}

/// An ordinary payment: one old input, two outputs of these sats.
pub(crate) fn payment(from: OutPoint, sats: [u64; 2]) -> Transaction {
    let input = Input {
        spend: Spend::Old(from.txid.to_byte_array(), from.vout),
        script: vec![],
        witness: vec![71, 33],
    };
    let outputs = sats.map(|sats| (sats, vec![0x51])).to_vec();
    transaction(
        &Recipe {
            inputs: vec![input],
            outputs,
        },
        &[],
    )
}

/// An output of a transaction that is nowhere.
pub(crate) fn old(seed: u8) -> OutPoint {
    OutPoint::new(Txid::from_byte_array([seed; 32]), 0)
}

/// The outputs of a payment of 50,000 and 60,000 sats that count once `change` is made to it.
fn counted(change: impl FnOnce(&mut Transaction)) -> Vec<u64> {
    let mut tx = payment(old(9), [50_000, 60_000]);
    change(&mut tx);
    let block = block_of(vec![tx]);
    let bytes = serialize(&block);
    assert_same(&bytes, &block);
    let BlockOutputs { transactions, sats } = our_outputs(&bytes).unwrap();
    assert_eq!(transactions, 1);
    sats
}

const BOTH: [u64; 2] = [50_000, 60_000];

#[test]
fn an_ordinary_payment_qualifies() {
    assert_eq!(counted(|_| ()), BOTH);
}

#[test]
fn five_inputs_qualify_and_six_do_not() {
    for (inputs, qualifies) in [(5, true), (6, false)] {
        let sats = counted(|tx| {
            tx.input = (0..inputs)
                .map(|i| payment(old(i), BOTH).input.remove(0))
                .collect();
        });
        assert_eq!(!sats.is_empty(), qualifies, "{inputs} inputs");
    }
}

#[test]
fn one_and_three_outputs_do_not_qualify() {
    assert!(counted(|tx| tx.output.truncate(1)).is_empty());
    assert!(counted(|tx| tx.output.push(tx.output[0].clone())).is_empty());
}

#[test]
fn a_witness_of_500_bytes_qualifies_and_of_501_does_not_whichever_input_has_it() {
    for (items, qualifies) in [
        (vec![500], true),
        (vec![501], false),
        (vec![250, 250], true),
        (vec![250, 251], false),
    ] {
        for at in 0..3 {
            let sats = counted(|tx| {
                tx.input = (0..3)
                    .map(|i| payment(old(i), BOTH).input.remove(0))
                    .collect();
                let items: Vec<Vec<u8>> = items.iter().map(|&length| vec![1; length]).collect();
                tx.input[at].witness = Witness::from_slice(&items);
            });
            assert_eq!(!sats.is_empty(), qualifies, "{items:?} in input {at}");
        }
    }
}

#[test]
fn witnesses_of_several_inputs_are_not_added_up() {
    let sats = counted(|tx| {
        tx.input = (0..5)
            .map(|i| payment(old(i), BOTH).input.remove(0))
            .collect();
        for input in &mut tx.input {
            input.witness = Witness::from_slice(&[vec![1u8; 400]]);
        }
    });
    assert_eq!(sats, BOTH);
}

#[test]
fn an_output_counts_above_1000_sats_and_below_100000_btc_on_its_own() {
    for (sats, counts) in [
        (0, false),
        (1_000, false),
        (1_001, true),
        (9_999_999_999_999, true),
        (10_000_000_000_000, false),
        (u64::MAX, false),
    ] {
        let mut expected = vec![60_000];
        expected.extend(counts.then_some(sats));
        expected.sort();
        assert_eq!(
            counted(|tx| tx.output[0].value = Amount::from_sat(sats)),
            expected,
            "{sats}"
        );
    }
}

#[test]
fn op_return_as_the_first_byte_of_either_script_disqualifies_and_elsewhere_does_not() {
    for (script, qualifies) in [
        (vec![0x6a], false),
        (vec![0x6a, 1, 1], false),
        (vec![0x51, 0x6a], true),
        (vec![], true),
    ] {
        for at in 0..2 {
            let sats =
                counted(|tx| tx.output[at].script_pubkey = ScriptBuf::from_bytes(script.clone()));
            assert_eq!(!sats.is_empty(), qualifies, "{script:?} in output {at}");
        }
    }
}

#[test]
fn a_null_outpoint_in_any_input_disqualifies_and_half_a_one_does_not() {
    for (from, qualifies) in [
        (OutPoint::null(), false),
        (OutPoint::new(Txid::all_zeros(), 0), true),
        (OutPoint::new(old(3).txid, u32::MAX), true),
    ] {
        for at in 0..2 {
            let sats = counted(|tx| {
                tx.input.push(payment(old(4), BOTH).input.remove(0));
                tx.input[at].previous_output = from;
            });
            assert_eq!(!sats.is_empty(), qualifies, "{from} in input {at}");
        }
    }
}
