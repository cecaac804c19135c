//! A reader beside the scans sees the chain before a reorganisation or after it, never half of either.

use std::sync::atomic::{AtomicBool, Ordering};

use blkprice::synth::{RawBlock, payment};
use rusqlite::{Connection, OpenFlags};

use crate::support::{Place, heights_and_hashes, small_chain};
use crate::{assert_consistent, assert_sound, write_anew};

/// `count` blocks on `parent`, an hour apart.
fn branch(parent: &RawBlock, count: usize, seed: u64) -> Vec<RawBlock> {
    let mut made: Vec<RawBlock> = Vec::new();
    for i in 0..count as u64 {
        let mut block = made.last().unwrap_or(parent).next(3_600).seed(seed);
        for j in 0..20 {
            block.add(&payment(20_000 + seed * 1_000 + j, 70_001 + i));
        }
        made.push(block.finish());
    }
    made
}

/// Reads one snapshot and checks it; gives its chain.
fn snapshot(db: &Connection) -> Vec<(u32, String)> {
    let tx = db.unchecked_transaction().unwrap();
    assert_consistent(&tx);
    let mut rows = tx
        .prepare("SELECT height, hash FROM block ORDER BY height")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_reader_never_sees_half_a_reorganisation() {
    let trunk = small_chain(12, 970);
    // Two branches over several days that overtake each other, each growing at its turn: stale tips that win later.
    let fork = trunk.len() - 100;
    let mut branches = [trunk[fork..].to_vec(), Vec::new()];
    let mut chains = vec![trunk.clone()];
    let mut records = trunk.clone();
    let mut turns = Vec::new();
    for turn in 0..6u64 {
        let loser = usize::from(turn % 2 == 0);
        let behind = branches[1 - loser].len() + 1 - branches[loser].len();
        let parent = branches[loser].last().unwrap_or(&trunk[fork - 1]).clone();
        let more = branch(&parent, behind + turn as usize, 1 + turn);
        records.extend(more.iter().cloned());
        branches[loser].extend(more);
        chains.push([&trunk[..fork], &branches[loser]].concat());
        turns.push(records.clone());
    }
    let chains: Vec<_> = chains
        .iter()
        .map(|chain| heights_and_hashes(chain))
        .collect();

    let place = Place::new();
    write_anew(&place, &trunk);
    place.backfill(&[]).expect(0);
    place.run(["price", "--engine", "v9.1"]).expect(0);
    let stop = AtomicBool::new(false);
    let (snapshots, tips) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let db =
                Connection::open_with_flags(place.db(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            let mut snapshots = 0;
            let mut tips = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let seen = snapshot(&db);
                // All of one chain, or its beginning: days behind the reorganisation are added one by one.
                assert!(chains.iter().any(|chain| chain.starts_with(&seen)));
                assert!(seen.len() > fork);
                snapshots += 1;
                if tips.last() != seen.last() {
                    tips.extend(seen.last().cloned());
                }
            }
            (snapshots, tips.len())
        });
        for (records, chain) in turns.iter().zip(&chains[1..]) {
            write_anew(&place, records);
            let scanned = place.scan(&["--since-last"]);
            let stored = place.chain();
            let priced = [
                place.run(["price"]),
                place.run(["price", "--engine", "v9.1"]),
            ];
            if reader.is_finished() {
                break;
            }
            scanned.expect(0);
            assert_eq!(&stored, chain);
            for ran in priced {
                ran.expect(0);
            }
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert_sound(&place);
    let fresh = Place::at(place.blocks());
    fresh.backfill(&[]).expect(0);
    fresh.run(["price", "--engine", "v9.1"]).expect(0);
    assert_eq!(place.digest(), fresh.digest());
    assert!(tips > turns.len(), "the reader saw {tips} tips only");
    println!(
        "{snapshots} snapshots over {} reorganisations, {tips} tips seen",
        turns.len()
    );
}
