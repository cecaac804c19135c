//! `kill -9` at random moments, while the database is made, in scans and in price runs.
//!
//! `BLKPRICE_KILLS` says how many (40 by default), `BLKPRICE_KILL_SEED` which moments.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use blkprice::synth::Rng;

use crate::support::{Place, small_chain};
use crate::{assert_sound, branch, write_anew};

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
        [verb @ ("scan" | "backfill"), args @ ..] => place.command(place.words(verb, args)),
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

/// Checks a copy and gives it, so that the next run finds the files as the kill left them.
#[track_caller]
fn sound_copy(place: &Place) -> Place {
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
    copy
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().unwrap())
}

#[test]
fn whenever_it_is_killed_the_next_run_ends_where_an_undisturbed_one_does() {
    let wanted = number("BLKPRICE_KILLS", 40);
    let seed = number("BLKPRICE_KILL_SEED", 960);
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
                sound_copy(&place);
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

/// A reorganisation of several days and new ones behind it, taken in and priced by one run: a kill leaves all of it or nothing.
#[test]
fn a_killed_run_leaves_the_chain_and_prices_of_before_or_of_after() {
    let wanted = number("BLKPRICE_KILLS", 40).div_ceil(4);
    let seed = number("BLKPRICE_KILL_SEED", 961);
    let mut rng = Rng::new(seed);
    let trunk = small_chain(30, 961);
    let rival = branch(&trunk[trunk.len() - 60], 100, 5);
    let place = Place::new();
    write_anew(&place, &trunk);
    place.backfill(&[]).expect(0);
    let before = place.digest();
    let kept = fs::read(place.db()).unwrap();
    write_anew(&place, &[trunk, rival].concat());
    let step: &[&str] = &["backfill", "--since-last"];
    let to_its_end = || assert!(command(&place, step).status().unwrap().success());
    let start = Instant::now();
    to_its_end();
    let took = start.elapsed();
    let after = place.digest();
    assert_ne!(before, after);

    let (mut undone, mut done, mut runs) = (0, 0, 0);
    while undone + done < wanted {
        assert!(
            runs < 20 * wanted,
            "runs end before they are killed: {undone}, {done}"
        );
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(place.dir().join(format!("blkprice.db{end}")));
        }
        fs::write(place.db(), &kept).unwrap();
        let moment = took.mul_f64(rng.below(1_000_000) as f64 / 1e6);
        runs += 1;
        let was_killed = killed(&place, step, moment);
        let digest = sound_copy(&place).digest();
        let at_end = digest == after;
        assert!(
            at_end || digest == before,
            "seed {seed}, run {runs}: half of it is stored"
        );
        undone += u64::from(was_killed && !at_end);
        done += u64::from(was_killed && at_end);
        to_its_end();
        assert_eq!(place.digest(), after, "seed {seed}, run {runs}");
    }
    println!("seed {seed}: {undone} kills before it was stored, {done} after; it takes {took:?}");
}
