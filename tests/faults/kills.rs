//! `kill -9` at random moments, while the database is made, in scans and in price runs.
//!
//! `BLKPRICE_KILLS` says how many (40 by default), `BLKPRICE_KILL_SEED` which moments.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use blkprice::synth::Rng;

use crate::assert_sound;
use crate::support::{Place, small_chain};

/// Signal 9.
const KILL: i32 = 9;

/// How the database is made, step by step.
const STEPS: [&[&str]; 3] = [
    &["scan", "--since-last"],
    &["price"],
    &["price", "--engine", "v9.1"],
];

fn command(place: &Place, step: &[&str]) -> Command {
    let mut command = match step {
        ["scan", args @ ..] => place.command(place.words("scan", args)),
        _ => place.command(step),
    };
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs each step to its end; gives how long each took.
#[track_caller]
fn undisturbed(place: &Place) -> [Duration; 3] {
    STEPS.map(|step| {
        let start = Instant::now();
        assert!(command(place, step).status().unwrap().success(), "{step:?}");
        start.elapsed()
    })
}

/// Starts a step and kills it after `moment`; whether it was still running.
fn killed(place: &Place, step: &[&str], moment: Duration) -> bool {
    let mut child = command(place, step).spawn().unwrap();
    sleep(moment);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(
        status.success() || status.signal() == Some(KILL),
        "{status}"
    );
    status.signal() == Some(KILL)
}

/// Checks a copy, so that the next run finds the files as the kill left them.
#[track_caller]
fn assert_copy_sound(place: &Place) {
    let copy = Place::at(place.blocks());
    for end in ["", "-wal", "-journal"] {
        let name = format!("blkprice.db{end}");
        if place.dir().join(&name).exists() {
            fs::copy(place.dir().join(&name), copy.dir().join(&name)).unwrap();
        }
    }
    if copy.db().exists() {
        assert_sound(&copy);
    }
}

#[test]
fn whenever_it_is_killed_the_next_run_ends_where_an_undisturbed_one_does() {
    let number = |name, default| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let wanted: u64 = number("BLKPRICE_KILLS", 40);
    let seed: u64 = number("BLKPRICE_KILL_SEED", 960);
    let mut rng = Rng::new(seed);
    let whole = Place::with(&small_chain(40, 960));
    let took = undisturbed(&whole);
    let digest = whole.digest();

    // Kills while the database is made, in a scan, and in a run of each engine.
    let mut kills = [0u64; 4];
    let (mut ends, mut runs) = (0, 0);
    while kills.iter().sum::<u64>() < wanted {
        assert!(
            runs < 20 * wanted,
            "runs end before they are killed: {kills:?}"
        );
        let place = Place::at(whole.blocks());
        for (step, args) in STEPS.iter().enumerate() {
            // Three kills in a row or fewer, each run going on from what the one before left.
            for nth in 0..1 + rng.below(3) {
                let making = step == 0 && nth == 0 && rng.chance(0.5);
                // The tables are made in the first milliseconds.
                let span = if making {
                    took[0].min(Duration::from_millis(25))
                } else {
                    took[step]
                };
                let moment = span.mul_f64(rng.below(1_000_000) as f64 / 1e6);
                runs += 1;
                let was_killed = killed(&place, args, moment);
                assert_copy_sound(&place);
                if was_killed {
                    kills[if making { 0 } else { step + 1 }] += 1;
                } else {
                    break;
                }
            }
            if !command(&place, args).status().unwrap().success() {
                panic!("seed {seed}, {kills:?}: {args:?} fails after a kill");
            }
        }
        assert_eq!(place.digest(), digest, "seed {seed}, kills {kills:?}");
        ends += 1;
    }
    let [making, scan, path, v91] = kills;
    println!(
        "seed {seed}: {} kills survived ({making} while the database was made, {scan} in scans, {path} in price runs of path, \
         {v91} of v9.1), {ends} times compared with the undisturbed run; its steps took {took:?}",
        kills.iter().sum::<u64>()
    );
}
