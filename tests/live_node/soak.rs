//! Many blocks with random reorganisations while a watch runs.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blkprice::synth::Rng;

use crate::scene::{Scene, number};
use crate::support::Place;

/// Blocks to mine, unless `BLKPRICE_SOAK_BLOCKS` says how many; CI does no more.
const BLOCKS: u32 = 150;
/// Comparisons on the way.
const STOPS: u32 = 5;
/// How long the watch may take to tell of the newest block.
const PATIENCE: Duration = Duration::from_secs(60);

/// `blkprice watch`; killed and reaped when dropped.
struct Watch {
    process: Child,
    lines: PathBuf,
    notes: PathBuf,
}

impl Watch {
    fn start(place: &Place) -> Watch {
        let (lines, notes) = (place.dir().join("lines"), place.dir().join("notes"));
        let args = ["--chain", "regtest", "--interval", "0.1"];
        let process = place
            .command(place.words("watch", &args))
            .stdout(Stdio::from(File::create(&lines).unwrap()))
            .stderr(Stdio::from(File::create(&notes).unwrap()))
            .spawn()
            .unwrap();
        Watch {
            process,
            lines,
            notes,
        }
    }

    /// Waits for the line of a block, which is written when it is stored and priced.
    #[track_caller]
    fn await_line(&mut self, hash: &str) {
        let since = Instant::now();
        while !fs::read_to_string(&self.lines).unwrap().contains(hash) {
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && since.elapsed() < PATIENCE,
                "no line of {hash}; ended: {ended:?}\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.notes).unwrap()
    }

    /// Resident memory, KiB; `None` where the system does not tell it this way.
    fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Ends it as a service manager does.
    fn stop(&mut self) {
        let pid = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // An error says that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "the figures of a long run")]
fn a_watch_follows_blocks_and_random_reorganisations_in_flat_memory() {
    let Some(mut scene) = Scene::start("a_watch_follows", &[]) else {
        return;
    };
    let blocks = number("BLKPRICE_SOAK_BLOCKS").unwrap_or(BLOCKS);
    if let Some(seed) = number("BLKPRICE_SOAK_SEED") {
        scene.rng = Rng::new(u64::from(seed));
    }
    let start = Instant::now();
    scene.mine(5, 4);
    let mut watch = Watch::start(&scene.place);
    let (mut mined, mut reorgs, mut deepest) = (0, 0, 0);
    let mut memory = Vec::new();
    for stop in 1..=STOPS {
        while mined < blocks * stop / STOPS {
            if scene.rng.chance(0.06) {
                let most = if scene.rng.chance(0.1) { 60 } else { 6 };
                let depth = 1 + scene.rng.below(most) as u32; // small
                let more = 1 + scene.rng.below(2) as u32; // small
                scene.reorganise(depth, more, 4);
                (mined, reorgs) = (mined + depth + more, reorgs + 1);
                deepest = deepest.max(depth);
            } else {
                scene.mine(1, 4);
                mined += 1;
            }
            // A real node gives more time; this lets the watch see some states on the way.
            std::thread::sleep(Duration::from_millis(20));
            memory.extend(watch.memory());
        }
        watch.await_line(scene.tip_hash());
        scene.agree_as_stored();
    }
    watch.stop();
    scene.agree_as_stored();
    assert!(reorgs > 0);
    let fifth = memory.len() / 5;
    let mean = |samples: &[u64]| samples.iter().sum::<u64>() / samples.len().max(1) as u64;
    let (first, last) = (
        mean(&memory[..fifth]),
        mean(&memory[memory.len() - fifth..]),
    );
    let most = memory.iter().max();
    eprintln!(
        "{mined} blocks mined, tip {}, {reorgs} reorganisations up to {deepest} deep, {} s; resident memory of the watch, KiB: \
         first fifth {first}, last fifth {last}, most {most:?} of {} samples",
        scene.tip(),
        start.elapsed().as_secs(),
        memory.len()
    );
    assert!(
        last < first + first / 4 + 4096,
        "memory grows: {first} KiB at first, {last} KiB at last"
    );
}
