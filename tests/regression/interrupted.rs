//! Runs that are stopped: soon, and without harm to the next one.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use blkprice::blockfile::Chain;
use blkprice::pricing::{self, Engine, anchors};
use blkprice::scan::{self, Progress, Unit, Warning, Watch};
use blkprice::store::Store;
use blkprice::synth::{ChainSpec, RawBlock};

use crate::support::{Place, Ran, active, small_chain};

/// What the child has said once it has ended; it is killed if that takes longer than `limit`.
#[track_caller]
fn ended_within(mut child: Child, limit: Duration) -> Ran {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("still running after {limit:?}");
        }
        sleep(Duration::from_millis(20));
    }
    let output: Output = child.wait_with_output().unwrap();
    Ran::from(output)
}

fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_signal_stops_a_scan_inside_a_huge_file() {
    let place = Place::with(&small_chain(1, 920));
    // A hole of so many zeros that reading them all takes minutes.
    let huge = fs::File::create(place.file(1)).unwrap();
    huge.set_len(1 << 40).unwrap();
    for signal in ["INT", "TERM"] {
        let mut child = start(&mut place.command(place.words("scan", &[])));
        sleep(Duration::from_millis(1500));
        assert!(child.try_wait().unwrap().is_none(), "the file is too small");
        let sent = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        ended_within(child, Duration::from_secs(5))
            .expect(130)
            .does_not_say("blk00001.dat")
            .says("interrupted");
    }
}

#[test]
fn a_pipe_in_place_of_a_configuration_is_an_error_and_not_waited_for() {
    let place = Place::with(&small_chain(1, 921));
    let pipe = place.dir().join("bitcoin.conf");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let words = ["scan", "--datadir", place.dir().to_str().unwrap()];
    let child = start(&mut place.command(words));
    ended_within(child, Duration::from_secs(10))
        .expect(1)
        .says("bitcoin.conf: is not a regular file");
    // Nor if one is included.
    fs::remove_file(&pipe).unwrap();
    fs::write(&pipe, "includeconf=more.conf\n").unwrap();
    let more = place.dir().join("more.conf");
    assert!(
        Command::new("mkfifo")
            .arg(&more)
            .status()
            .unwrap()
            .success()
    );
    let child = start(&mut place.command(words));
    ended_within(child, Duration::from_secs(10))
        .expect(1)
        .says("more.conf: is not a regular file");
}

const ANCHOR: &str = "2024-03-01=30000";

/// More days than the path engine prices between two commits.
fn many_days() -> Vec<RawBlock> {
    let spec = ChainSpec {
        seed: 922,
        days: 200,
        blocks_per_day: 4.0,
        transactions_per_day: 60.0,
        ..ChainSpec::default()
    };
    active(spec.blocks())
}

/// Asks for a stop as soon as a phase has done its first part.
#[derive(Default)]
struct StopIn {
    phase: &'static str,
    inside: AtomicBool,
    stop: AtomicBool,
    done: AtomicU64,
}

impl Progress for StopIn {
    fn start(&self, what: &str, _: u64, _: Unit) {
        self.inside.store(what == self.phase, Ordering::Relaxed);
    }

    fn advance(&self, count: u64) {
        if self.inside.load(Ordering::Relaxed) {
            self.done.fetch_add(count, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn finish(&self) {}

    fn warn(&self, _: &Warning) {}
}

/// A place with the scanned database of another.
fn copy_of(place: &Place) -> Place {
    let copy = Place::at(place.blocks());
    // One whole file, whatever still stands in the log.
    let to = copy.db().to_str().unwrap().to_string();
    place.open_db().execute("VACUUM INTO ?1", [to]).unwrap();
    copy
}

#[test]
fn a_price_run_with_anchors_that_is_cut_off_is_finished_by_the_next_plain_one() {
    let scanned = Place::with(&many_days());
    scanned.scan(&[]).expect(0);
    let expected = {
        let place = copy_of(&scanned);
        place.run(["price", "--anchor", ANCHOR]).expect(0);
        place.digest()
    };
    let priced = copy_of(&scanned);
    priced.run(["price"]).expect(0);
    let plain = priced.digest();
    assert_ne!(plain, expected, "the anchor counts");

    // Stopped between two commits: of a first run, and of one that replaces other prices.
    let stops = [
        (&scanned, "reading amounts"),
        (&scanned, "pricing by path"),
        (&priced, "pricing by path"),
    ];
    for (before, phase) in stops {
        let place = copy_of(before);
        let watcher = StopIn {
            phase,
            ..StopIn::default()
        };
        {
            let mut store = Store::open(&place.db(), Chain::Main).unwrap();
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(2)
                .build()
                .unwrap();
            let options = pricing::Options {
                anchors: Some(vec![anchors::parse(ANCHOR).unwrap()]),
                ..pricing::Options::default()
            };
            let watch = Watch {
                progress: &watcher,
                stop: &watcher.stop,
            };
            let ended = pricing::price_all(&pool, &mut store, Engine::Path, &options, &watch);
            assert!(matches!(ended, Err(scan::Error::Interrupted)), "{phase}");
        }
        let done = watcher.done.load(Ordering::Relaxed);
        assert!((1..200).contains(&done), "{done} days done in {phase}");
        place.run(["price"]).expect(0);
        assert_eq!(place.digest(), expected, "stopped in {phase}");
        place.run(["price"]).expect(0);
        assert_eq!(place.digest(), expected, "nothing is left to do");
    }

    // Killed at any moment, before anything of the anchors is noted too.
    for delay in [20, 60, 120, 240] {
        let place = copy_of(&priced);
        let mut child = start(&mut place.command(["price", "--anchor", ANCHOR]));
        sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let basis = place.query("SELECT value FROM meta WHERE key = 'path_basis'");
        let noted = basis[0].ends_with(ANCHOR);
        place.run(["price"]).expect(0);
        let wanted = if noted { &expected } else { &plain };
        assert_eq!(&place.digest(), wanted, "killed after {delay} ms");
    }
}
