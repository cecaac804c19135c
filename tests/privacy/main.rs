//! Who reads the node's blocks talks to nobody and leaves nothing behind but what was asked for.

// Namespaces and the tracing of system calls are Linux's.
#![cfg(target_os = "linux")]
// A skipped test says so.
#![allow(clippy::print_stderr)]

#[allow(dead_code, reason = "not every helper is of use here")]
#[path = "../support/mod.rs"]
mod support;
mod traced;

use std::fs;
use std::process::Command;

use support::{Place, Ran, small_chain};
use traced::trace;

/// What a run may open for writing, make, or remove.
enum Writes {
    /// The database and what belongs to it.
    Database,
    /// Beside a database that is only read, what SQLite needs to read it while others write.
    Beside,
    /// That, and the file named by `-o`.
    Output,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_blkprice");
const OUTPUT: &str = "out.csv";

/// Every use of a database, in an order in which one has what it needs of those before.
fn commands(place: &Place) -> Vec<(Vec<String>, Writes)> {
    use Writes::{Beside, Database, Output};
    let words = |line: &str| line.split(' ').map(str::to_string).collect::<Vec<_>>();
    vec![
        (place.words("scan", &[]), Database),
        (words("price"), Database),
        (place.words("backfill", &[]), Database),
        (place.words("backfill", &["--since-last"]), Database),
        (
            place.words("backfill", &["--no-mmap", "--no-undo", "--check"]),
            Database,
        ),
        (words("price 2024-02-02"), Beside),
        (words("price --recent-blocks 20"), Beside),
        (words("status"), Beside),
        (words("status --digest --json"), Beside),
        (words("export prices -o out.csv"), Output),
        (words("export activity --format json"), Beside),
        (words("export outputs"), Beside),
        (words("export block-prices"), Beside),
        (words("export prices --format mempool-sql"), Beside),
        (words("report -o -"), Beside),
        (words("report 2024-02-02 --svg -o -"), Beside),
        (words("score --truth truth.csv"), Beside),
        (words("verify"), Beside),
        (words("verify --sample 1 --seed 7"), Beside),
    ]
}

fn place() -> Place {
    let place = Place::with(&small_chain(4, 70));
    let truth = "date,price\n2024-02-01,43000\n2024-02-02,43000\n";
    fs::write(place.dir().join("truth.csv"), truth).unwrap();
    place
}

fn path(place: &Place) -> &str {
    place.dir().to_str().unwrap()
}

impl Writes {
    fn allowed(&self, place: &Place) -> Vec<String> {
        let file = |name: &str| format!("{}/{name}", path(place));
        let mut allowed = vec![file("blkprice.db-wal"), file("blkprice.db-shm")];
        match self {
            Writes::Database => allowed.extend([
                file("blkprice.db"),
                file("blkprice.db-lock"),
                file("blkprice.db-journal"),
            ]),
            Writes::Beside => {}
            // It may be written under a name beside its own first.
            Writes::Output => {
                allowed.extend([file(OUTPUT), file(&format!(".{OUTPUT}.blkprice-tmp"))])
            }
        }
        allowed
    }
}

#[test]
fn no_command_opens_a_socket_or_writes_outside_the_database_and_the_named_output() {
    if !traced::is_possible("no_command_opens_a_socket_or_writes_outside") {
        return;
    }
    let place = place();
    for (words, writes) in commands(&place) {
        let traced = trace(&place, PROGRAM, &words);
        traced.ran.expect(0);
        assert!(traced.files > 0, "{words:?}: the calls are seen");
        assert_eq!(traced.network, Vec::<String>::new(), "{words:?}");
        assert_eq!(traced.started.len(), 1, "{:?}", traced.started);
        let allowed = writes.allowed(&place);
        let elsewhere: Vec<_> = traced
            .written
            .iter()
            .filter(|(path, _)| !allowed.contains(path))
            .collect();
        assert!(elsewhere.is_empty(), "{words:?}: {elsewhere:?}");
    }
}

/// `timeout` ends it as a service manager would.
#[test]
fn a_watch_opens_no_socket_either() {
    if !traced::is_possible("a_watch_opens_no_socket_either") {
        return;
    }
    let place = place();
    let mut words = ["-s", "TERM", "3", PROGRAM].map(str::to_string).to_vec();
    words.extend(place.words("watch", &[]));
    let traced = trace(&place, "timeout", &words);
    assert_eq!(traced.network, Vec::<String>::new());
    assert_eq!(traced.started.len(), 2, "{:?}", traced.started);
    let allowed = Writes::Database.allowed(&place);
    let elsewhere = traced
        .written
        .iter()
        .find(|(path, _)| !allowed.contains(path));
    assert_eq!(elsewhere, None);
}

/// A trace that sees nothing would prove nothing.
#[test]
fn a_socket_and_a_file_elsewhere_would_be_seen() {
    if !traced::is_possible("a_socket_and_a_file_elsewhere_would_be_seen") {
        return;
    }
    let place = Place::new();
    let script = ": > made; mkdir folder; exec 3<>/dev/tcp/127.0.0.1/9; mv made folder/moved; true";
    let traced = trace(&place, "bash", &["-c", script]);
    if traced.ran.code != Some(0) {
        eprintln!("SKIPPED a_socket_and_a_file_elsewhere_would_be_seen: there is no bash here");
        return;
    }
    assert!(
        traced
            .network
            .iter()
            .any(|call| call.starts_with("socket(AF_INET")),
        "{:?}",
        traced.network
    );
    for path in ["made", "folder", "folder/moved"] {
        let path = place.dir().join(path);
        let seen = traced
            .written
            .iter()
            .any(|(written, _)| written == path.to_str().unwrap());
        assert!(seen, "{} in {:?}", path.display(), traced.written);
    }
    assert!(traced.started.iter().any(|call| call.contains("mv")));
}

#[test]
fn all_works_as_ever_where_there_is_no_network() {
    let possible = Command::new("unshare").args(["-rn", "true"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED all_works_as_ever_where_there_is_no_network: `unshare -rn` is not possible here"
        );
        return;
    }
    let (with, without) = (place(), place());
    for ((words, _), (same, _)) in commands(&with).into_iter().zip(commands(&without)) {
        let expected = with.run(&words).expect(0);
        let alone = Command::new("unshare")
            .args(["-rn", PROGRAM])
            .args(same)
            .current_dir(without.dir())
            .env("HOME", without.dir())
            .output();
        let alone = Ran::from(alone.unwrap()).expect(0);
        // `status` names the folder of the blocks.
        let expected = expected.stdout.replace(path(&with), path(&without));
        assert_eq!(alone.stdout, expected, "{words:?}");
    }
    assert_eq!(without.digest(), with.digest());
}
