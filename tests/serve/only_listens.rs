//! The service connects to nothing: shown by the system calls themselves, where strace is at hand.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::priced;
use crate::serving::{Serving, send};
use crate::support::Place;

/// Whether system calls can be traced here; says so if not.
#[allow(clippy::print_stderr, reason = "that a test is skipped is to be seen")]
fn can_trace(test: &str) -> bool {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED {test}: strace cannot trace here");
    }
    can
}

/// The program under the eyes of strace, which writes what it sees to `log`.
fn traced(place: &Place, log: &Path, words: &[String]) -> Command {
    let plain = place.command(words);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=network", "-o"])
        .arg(log)
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(place.dir())
        .env("HOME", place.dir());
    command
}

/// A process that does not outlive the test: it would outlive its tracer.
struct Ends(u32);

impl Drop for Ends {
    fn drop(&mut self) {
        let mut kill = Command::new("kill");
        kill.args(["-KILL", &self.0.to_string()])
            .stderr(Stdio::null());
        let _ = kill.status();
    }
}

#[test]
fn the_service_connects_to_nothing() {
    if !can_trace("the_service_connects_to_nothing") {
        return;
    }
    let place = priced();
    let log = place.dir().join("calls");
    let words = ["serve", "--listen", "127.0.0.1:0", "--follow"].map(str::to_string);
    let serving = Serving::spawn(traced(&place, &log, &words));
    let tracer = serving.id();
    let children = fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).unwrap();
    let program = Ends(children.trim().parse().unwrap());
    for path in blkprice::serve::paths() {
        if path != "/api/v1/events" {
            serving
                .get(&path.replace("{day}", "2024-02-01"))
                .expect(200);
        }
    }
    send("TERM", program.0);
    let (code, said) = serving.ended();
    assert_eq!(code, Some(0), "{said}");
    // It has ended, and its number may be another's by now.
    std::mem::forget(program);
    let calls = fs::read_to_string(&log).unwrap();
    let count = |call: &str| {
        calls
            .lines()
            .filter(|line| line.contains(&format!(" {call}(")))
            .count()
    };
    assert_eq!((count("listen"), count("bind")), (1, 1), "{calls}");
    assert!(count("accept4") > 0, "{calls}");
    for call in ["connect", "sendmsg", "sendmmsg"] {
        assert_eq!(count(call), 0, "{calls}");
    }
}
