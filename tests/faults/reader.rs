//! A reader beside the runs sees the chain and its prices before a reorganisation or after it, never half of either.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use blkprice::blockfile::Chain;
use blkprice::pricing::{self, Engine, Pass};
use blkprice::scan::{Options, Progress, Source, Unit, Warning, Watch};
use blkprice::store::Store;
use blkprice::synth::{ChainSpec, RawBlock};

use crate::support::{Place, active, heights_and_hashes, small_chain, small_spec};
use crate::{assert_consistent, assert_sound, branch, write_anew};

/// Two branches over several days that overtake each other, each growing at its turn: stale tips that win later. Gives all blocks
/// there are after each turn, and the chain among them.
fn turns(trunk: &[RawBlock], fork: usize) -> Vec<(Vec<RawBlock>, Vec<RawBlock>)> {
    let mut branches = [trunk[fork..].to_vec(), Vec::new()];
    let mut records = trunk.to_vec();
    let mut turns = vec![(records.clone(), records.clone())];
    for turn in 0..6 {
        let loser = usize::from(turn % 2 == 0);
        let behind = branches[1 - loser].len() + 1 - branches[loser].len();
        let parent = branches[loser].last().unwrap_or(&trunk[fork - 1]).clone();
        let more = branch(&parent, behind + turn, 1 + turn as u64);
        records.extend(more.iter().cloned());
        branches[loser].extend(more);
        let chain = [&trunk[..fork], &branches[loser]].concat();
        turns.push((records.clone(), chain));
    }
    turns
}

#[test]
fn a_reader_never_sees_half_a_reorganisation() {
    let spec = ChainSpec {
        transactions_per_day: 4_000.0,
        ..small_spec(12, 970)
    };
    let trunk = active(spec.blocks());
    let turns = turns(&trunk, trunk.len() - 100);
    // All that is stored of each state, prices too, as a single run over it leaves it.
    let digests: Vec<String> = turns
        .iter()
        .map(|(records, _)| {
            let fresh = Place::with(records);
            fresh.backfill(&[]).expect(0);
            fresh.digest()
        })
        .collect();
    let states: BTreeSet<&String> = digests.iter().collect();
    assert_eq!(states.len(), turns.len());

    let place = Place::new();
    write_anew(&place, &trunk);
    place.backfill(&[]).expect(0);
    let priced = place.query("SELECT count(usd) > 10 FROM price WHERE engine = 'path'");
    assert_eq!(priced, ["1"]);
    let stop = AtomicBool::new(false);
    let (snapshots, seen) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = Store::read(&place.db()).unwrap();
            let mut snapshots = 0;
            let mut seen = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let tx = store.connection().unchecked_transaction().unwrap();
                assert_consistent(&tx);
                drop(tx);
                let digest = store.digest().unwrap();
                let state = digests.iter().position(|state| *state == digest);
                let state =
                    state.expect("a state between two chains, or days without their prices");
                if seen.last() != Some(&state) {
                    seen.push(state);
                }
                snapshots += 1;
            }
            (snapshots, seen)
        });
        for (records, chain) in &turns[1..] {
            write_anew(&place, records);
            let ran = place.backfill(&["--since-last"]);
            if reader.is_finished() {
                break;
            }
            ran.expect(0);
            assert_eq!(place.chain(), heights_and_hashes(chain));
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert_sound(&place);
    assert_eq!(&place.digest(), digests.last().unwrap());
    assert!(
        seen.len() >= turns.len() - 1,
        "the reader saw {seen:?} only"
    );
    println!(
        "{snapshots} snapshots over {} reorganisations, each of one of the chains with all its prices",
        turns.len() - 1
    );
}

/// Looks at the database, as another program would, at each step of a run.
struct Beside<'a> {
    place: &'a Place,
    /// The day of the tip that loses.
    last: String,
    /// Days that were seen stored.
    seen: Mutex<BTreeSet<String>>,
}

impl Beside<'_> {
    fn look(&self) {
        let db = self.place.open_db();
        assert_consistent(&db);
        let unpriced = "SELECT count(*) FROM utc_day d WHERE date <= ?1 AND 2 <> (SELECT count(*) FROM price p WHERE p.day = d.day)";
        let unpriced: i64 = db
            .query_row(unpriced, [&self.last], |row| row.get(0))
            .unwrap();
        assert_eq!(unpriced, 0, "days that were priced have lost their prices");
        let days = db.query_row(
            "SELECT count(*) || ' to ' || max(date) FROM utc_day",
            [],
            |row| row.get(0),
        );
        self.seen.lock().unwrap().insert(days.unwrap());
    }
}

impl Progress for Beside<'_> {
    fn start(&self, _: &str, _: u64, _: Unit) {
        self.look();
    }

    fn advance(&self, _: u64) {
        self.look();
    }

    fn finish(&self) {
        self.look();
    }

    fn warn(&self, _: &Warning) {}
}

/// `after` is stored and priced where `before` was, with someone beside who looks at each step; gives what he saw of the days.
fn taken_in(
    before: &[RawBlock],
    after: &[RawBlock],
    chain: &[RawBlock],
    between: impl Fn(&Place),
    engines: &[Engine],
) -> (Place, BTreeSet<String>) {
    let place = Place::new();
    write_anew(&place, before);
    place.backfill(&[]).expect(0);
    between(&place);
    let last = place.query("SELECT max(date) FROM utc_day").remove(0);
    write_anew(&place, after);
    let beside = Beside {
        place: &place,
        last,
        seen: Mutex::default(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let source = Source::mapped(place.blocks().canonicalize().unwrap(), Chain::Main);
    let mut store = Store::open(&place.db(), Chain::Main).unwrap();
    let pass = Pass {
        pool: &pool.unwrap(),
        engines,
        options: &pricing::Options::default(),
        watch: &Watch {
            progress: &beside,
            stop: &AtomicBool::new(false),
        },
    };
    let options = Options {
        since_last: true,
        ..Options::default()
    };
    pass.scan(&source, &mut store, &options).unwrap();
    beside.look();
    pass.price_after_scan(&mut store).unwrap();
    beside.look();
    drop(store);
    assert_eq!(place.chain(), heights_and_hashes(chain));
    let fresh = Place::at(place.blocks());
    fresh.backfill(&[]).expect(0);
    assert_eq!(place.digest(), fresh.digest());
    let seen = beside.seen.into_inner().unwrap();
    (place, seen)
}

/// Too many new days for one transaction behind a reorganisation: those that are replaced keep a price at each moment.
#[test]
fn days_that_are_replaced_before_many_new_ones_have_their_prices() {
    let trunk = small_chain(8, 971);
    let fork = trunk.len() - 50;
    let mut rival = branch(&trunk[fork - 1], 60, 3);
    for _ in 0..70 {
        let parent = rival.last().unwrap();
        rival.push(parent.next(86_400).finish());
    }
    let chain = [&trunk[..fork], &rival].concat();
    let all = [&trunk[..], &rival].concat();
    let (_, seen) = taken_in(&trunk, &all, &chain, |_| (), &Engine::ALL);
    assert!(
        seen.len() > 15,
        "the new days come a few at a time: {seen:?}"
    );
}

/// Prices of another version of the engine, or of a run that was cut off, are finished before any day is replaced.
#[test]
fn days_whose_prices_are_to_be_made_anew_keep_the_old_ones_until_then() {
    let trunk = small_chain(40, 972);
    let fork = trunk.len() - 30;
    let rival = branch(&trunk[fork - 1], 60, 3);
    let chain = [&trunk[..fork], &rival].concat();
    let all = [&trunk[..], &rival].concat();
    for stale in [
        "UPDATE meta SET value = '1;' WHERE key = 'path_basis'",
        "INSERT INTO meta (key, value) VALUES ('path_changed_from', '19760')",
        "INSERT INTO meta (key, value) VALUES ('path_changed_from', 'no day')",
        "UPDATE price SET engine_version = 0 WHERE engine = 'v9.1'",
    ] {
        let spoil = |place: &Place| assert!(place.open_db().execute(stale, []).unwrap() > 0);
        taken_in(&trunk, &all, &chain, spoil, &Engine::ALL);
    }
}

/// An engine that is not named is kept in step where the database has its prices.
#[test]
fn prices_of_an_engine_that_is_not_named_are_not_lost() {
    let trunk = small_chain(6, 973);
    let fork = trunk.len() - 30;
    let rival = branch(&trunk[fork - 1], 60, 3);
    let chain = [&trunk[..fork], &rival].concat();
    let all = [&trunk[..], &rival].concat();
    for engine in Engine::ALL {
        taken_in(&trunk, &all, &chain, |_| (), &[engine]);
    }
}
