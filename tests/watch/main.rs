//! `blkprice watch`, run as a user runs it beside a node that writes.

// Signals are sent the Unix way.
#![cfg(unix)]

mod full_size;
#[allow(dead_code, reason = "not every helper is of use here")]
#[path = "../scan/node.rs"]
mod node;
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
#[path = "../support/mod.rs"]
mod support;
mod watching;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use blkprice::store::lock::Lock;
use blkprice::synth::{BlockBuilder, ChainSpec, RawBlock};

use node::Node;
use support::{Place, active, small_chain, small_spec};
use watching::Watching;

const KEY: [u8; 8] = [9, 0, 0x31, 7, 0xf0, 0, 2, 0xab];

/// How soon new data is to be noticed, and what is done with it here.
const SOON: Duration = Duration::from_secs(2);
/// For what has no such promise: a busy machine may take its time.
const LATER: Duration = Duration::from_secs(20);

/// A place whose blocks a node writes, with some there already.
fn node_with(blocks: &[RawBlock]) -> (Place, Node) {
    let place = Place::new();
    let mut node = Node::new(place.blocks(), KEY);
    node.write(0, blocks);
    (place, node)
}

/// The digest of a fresh backfill of the same folder.
fn fresh(place: &Place) -> String {
    let other = Place::at(place.blocks());
    other.backfill(&[]).expect(0);
    other.digest()
}

/// The line of a block starts with this.
fn start_of_line(block: &RawBlock) -> String {
    format!("{} {} 2024-02-0", block.height, block.hash)
}

#[test]
fn each_block_is_told_within_two_seconds_and_a_signal_ends_it_in_peace() {
    let blocks = small_chain(4, 50);
    let (place, mut node) = node_with(&blocks[..45]);
    let mut watch = Watching::start(&place, &[]);
    watch.says("watching", LATER);
    // One alone, then some at once in the same file and in a new one.
    for (file, part) in [(0, 45..46), (0, 46..49), (1, 49..50), (0, 50..52)] {
        node.write(file, &blocks[part.clone()]);
        for block in &blocks[part] {
            let line = watch.line(SOON);
            assert!(line.starts_with(&start_of_line(block)), "{line}");
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.len(), 6, "{line}");
            assert!(
                ["partial", "ok", "weak", "none"].contains(&words[5]),
                "{line}"
            );
        }
    }
    // A branch of more work, in a file of its own.
    let rival = blocks[49].branch(4, 7);
    node.write(2, &rival);
    watch.says("reorg: 2 block(s) from height 50 on", SOON);
    for block in &rival {
        let line = watch.line(SOON);
        assert!(line.starts_with(&start_of_line(block)), "{line}");
    }
    let ran = watch.leave("TERM").expect(0);
    assert_eq!(
        ran.stdout, "",
        "no block twice, and none of those there before"
    );
    assert_eq!(place.digest(), fresh(&place));
}

#[test]
fn under_nohup_a_hangup_does_not_end_it() {
    let blocks = small_chain(2, 58);
    let (place, mut node) = node_with(&blocks[..20]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    shell.arg(env!("CARGO_BIN_EXE_blkprice"));
    shell
        .args(place.words("watch", &[]))
        .current_dir(place.dir());
    let mut watch = Watching::of(&mut shell);
    watch.says("watching", LATER);
    watch.signal("HUP");
    node.write(0, &blocks[20..21]);
    let line = watch.line(LATER);
    assert!(line.starts_with(&start_of_line(&blocks[20])), "{line}");
    watch.leave("TERM").expect(0).says("stopped");
}

#[test]
fn blocks_written_while_nobody_watched_are_told_at_the_next_start() {
    let spec = ChainSpec {
        transactions_per_day: 8_000.0,
        ..small_spec(2, 51)
    };
    let blocks = active(spec.blocks());
    let (place, mut node) = node_with(&blocks[..30]);
    place.backfill(&[]).expect(0);
    node.write(0, &blocks[30..33]);
    let mut watch = Watching::start(&place, &["--json"]);
    for block in &blocks[30..33] {
        let line: serde_json::Value = serde_json::from_str(&watch.line(LATER)).unwrap();
        assert_eq!(line["height"], block.height);
        assert_eq!(line["hash"], block.hash.to_string());
        assert_eq!(line["time"], block.time);
        assert_eq!(line["status"], "partial", "the day is not over: {line}");
        assert!(
            line["usd"].as_f64().is_some_and(|usd| usd > 1_000.0),
            "{line}"
        );
    }
    watch.leave("INT").expect(0).says("stopped");
}

#[test]
fn a_command_is_run_once_on_each_day_that_becomes_complete() {
    let blocks = small_chain(5, 52);
    let starts: Vec<usize> = (1..5)
        .map(|day| {
            let midnight = (19_754 + day) * 86_400;
            blocks.iter().position(|b| b.time >= midnight).unwrap()
        })
        .collect();
    let (place, mut node) = node_with(&blocks[..starts[0] + 2]);
    let log = place.dir().join("days");
    let command = "echo $BLKPRICE_DAY $BLKPRICE_USD $BLKPRICE_STATUS $BLKPRICE_DB >> days; echo heard; exit 3";
    let mut watch = Watching::start(&place, &["--exec", command]);
    watch.says("watching", LATER);
    assert!(!log.exists(), "the day complete before is history");
    node.write(0, &blocks[starts[0] + 2..=starts[1]]);
    watch.says("the command of 2024-02-02 ended with exit status: 3", LATER);
    // It goes on; and of a day whose end is taken back and comes again nothing is run again.
    let mut rival = vec![blocks[starts[1] - 1].clone()];
    for _ in 0..2 {
        let tip = rival.last().unwrap();
        let before_midnight = 19_756 * 86_400 - 1;
        rival.push(BlockBuilder::new(tip.hash, tip.height + 1, before_midnight).finish());
    }
    node.write(0, &rival[1..]);
    watch.says("reorg: 1 block(s)", LATER);
    node.write(0, &blocks[starts[1] + 1..=starts[2]]);
    watch.says("reorg: 2 block(s)", LATER);
    watch.says("the command of 2024-02-03", LATER);
    let ran = watch.leave("TERM").expect(0).says("heard");
    assert!(!ran.stdout.contains("heard"), "stdout is for blocks");
    // A day that is over while nobody watches is heard of later, and no other again.
    node.write(0, &blocks[starts[2] + 1..starts[3] + 2]);
    place.backfill(&["--since-last"]).expect(0);
    let mut watch = Watching::start(&place, &["--exec", command]);
    watch.says("the command of 2024-02-04", LATER);
    watch.leave("TERM").expect(0);
    let said = fs::read_to_string(&log).unwrap();
    let days: Vec<Vec<&str>> = said.lines().map(|l| l.split(' ').collect()).collect();
    let names: Vec<&str> = days.iter().map(|words| words[0]).collect();
    assert_eq!(names, ["2024-02-02", "2024-02-03", "2024-02-04"]);
    for words in &days {
        assert_ne!(words[2], "partial", "{words:?}");
        assert_eq!(
            words[3],
            place.db().canonicalize().unwrap().to_str().unwrap()
        );
    }
}

/// Days that wait for their command while a reorganisation takes them away are heard of when they are complete again.
#[test]
fn a_command_is_run_on_days_that_are_complete_then() {
    let blocks = small_chain(6, 59);
    let starts: Vec<usize> = (1..6)
        .map(|day| {
            let midnight = (19_754 + day) * 86_400;
            blocks.iter().position(|b| b.time >= midnight).unwrap()
        })
        .collect();
    let (place, mut node) = node_with(&blocks[..starts[0] + 2]);
    let command = "echo $BLKPRICE_DAY $BLKPRICE_STATUS >> days; while [ ! -e go ]; do sleep 0.1; done; echo heard";
    let mut watch = Watching::start(&place, &["--exec", command]);
    watch.says("watching", LATER);
    // The command of the first new day waits, and two more days are behind it.
    node.write(0, &blocks[starts[0] + 2..=starts[3]]);
    for block in &blocks[starts[0] + 2..=starts[3]] {
        assert!(watch.line(LATER).starts_with(&start_of_line(block)));
    }
    let fork = starts[1] + 1;
    let mut rival = vec![blocks[fork].clone()];
    while rival.len() < starts[3] - fork + 2 {
        let parent = rival.last().unwrap();
        rival.push(parent.next(1).finish());
    }
    node.write(0, &rival[1..]);
    watch.says("reorg: ", LATER);
    for block in &rival[1..] {
        assert!(watch.line(LATER).starts_with(&start_of_line(block)));
    }
    fs::write(place.dir().join("go"), "").unwrap();
    watch.says("heard", LATER);
    std::thread::sleep(Duration::from_secs(1));
    let said = fs::read_to_string(place.dir().join("days")).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    // The old branch wins again, with all its days.
    node.write(0, &blocks[starts[3] + 1..=starts[4]]);
    for day in ["2024-02-03", "2024-02-04", "2024-02-05"] {
        watch.says("heard", LATER);
        let said = fs::read_to_string(place.dir().join("days")).unwrap();
        assert!(said.lines().last().unwrap().starts_with(day), "{said}");
        assert!(!said.contains("partial"), "{said}");
    }
    watch.leave("TERM").expect(0);
}

/// A terminal that is held, a reader that has gone to sleep: the lines wait, and nothing else does.
#[test]
fn a_reader_who_does_not_read_holds_up_neither_other_runs_nor_the_end() {
    let spec = ChainSpec {
        blocks_per_day: 144.0,
        transactions_per_day: 300.0,
        ..small_spec(10, 60)
    };
    let blocks = active(spec.blocks());
    let (place, mut node) = node_with(&blocks[..200]);
    place.backfill(&[]).expect(0);
    // More lines than a pipe holds.
    let late = blocks.len() - 1;
    node.write(0, &blocks[200..late]);
    let mut child = place
        .command(place.words("watch", &[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let tip = |place: &Place| place.chain().last().map(|(height, _)| *height);
    while tip(&place) != Some(blocks[late - 1].height) {
        assert!(start.elapsed() < LATER);
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(1));
    // Another run finds the database free, and the watch goes on.
    node.write(0, &blocks[late..]);
    while place.backfill(&["--since-last"]).code != Some(0) {
        assert!(start.elapsed() < LATER, "the database is held");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(place.digest(), fresh(&place));
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    let sent = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(sent.elapsed() < Duration::from_secs(8), "still running");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_database_taken_away_while_a_command_runs_is_waited_for_and_not_begun_anew() {
    let blocks = small_chain(2, 58);
    let midnight = 19_755 * 86_400;
    let over = blocks.iter().position(|b| b.time >= midnight).unwrap();
    let (place, mut node) = node_with(&blocks[..over - 1]);
    let command = "mv blkprice.db kept.db; echo taken; sleep 0.3; echo ended >> log";
    let mut watch = Watching::start(&place, &["--exec", command]);
    watch.says("watching", LATER);
    node.write(0, &blocks[over - 1..=over]);
    watch.says("taken", LATER);
    std::thread::sleep(Duration::from_secs(2));
    assert!(place.dir().join("log").exists());
    assert!(!place.db().exists());
    fs::rename(place.dir().join("kept.db"), place.db()).unwrap();
    node.write(0, &blocks[over + 1..over + 2]);
    let said: Vec<String> = (0..3).map(|_| watch.line(LATER)).collect();
    assert!(said[2].starts_with(&start_of_line(&blocks[over + 1])));
    watch.leave("TERM").expect(0);
    assert_eq!(place.digest(), fresh(&place));
    let log = fs::read_to_string(place.dir().join("log")).unwrap();
    assert_eq!(log, "ended\n");
}

#[test]
fn another_run_and_a_folder_that_is_gone_are_waited_for_and_said_once() {
    let blocks = small_chain(2, 53);
    let (place, mut node) = node_with(&blocks[..20]);
    let lock = Lock::take(&place.db()).unwrap();
    let mut watch = Watching::start(&place, &["--interval", "0.2"]);
    watch.says("waiting: ", LATER);
    std::thread::sleep(Duration::from_secs(1));
    drop(lock);
    watch.says("going on", LATER);
    // Unmounted: the folder is gone, or an empty one is in its place.
    let aside = place.dir().join("aside");
    fs::rename(place.blocks(), &aside).unwrap();
    watch.says("waiting: ", LATER);
    fs::create_dir(place.blocks()).unwrap();
    watch.says("there are no blk*.dat files in it", LATER);
    std::thread::sleep(Duration::from_secs(1));
    fs::remove_dir(place.blocks()).unwrap();
    fs::rename(&aside, place.blocks()).unwrap();
    watch.says("going on", LATER);
    node.write(0, &blocks[20..21]);
    assert!(watch.line(SOON).starts_with(&start_of_line(&blocks[20])));
    // The database's disk: nothing is begun anew in its place.
    let kept = place.dir().join("kept.db");
    fs::rename(place.db(), &kept).unwrap();
    node.write(0, &blocks[21..22]);
    watch.says("there is no database here yet", LATER);
    assert!(!place.db().exists());
    fs::rename(&kept, place.db()).unwrap();
    assert!(watch.line(LATER).starts_with(&start_of_line(&blocks[21])));
    let ran = watch.leave("TERM").expect(0);
    assert_eq!(ran.stderr.matches("another blkprice is writing").count(), 1);
    assert_eq!(ran.stderr.matches("waiting: ").count(), 4, "{}", ran.stderr);
    assert_eq!(place.digest(), fresh(&place));
}

#[test]
fn what_is_just_being_written_is_no_cause_for_alarm() {
    let blocks = small_chain(2, 54);
    let (place, mut node) = node_with(&blocks[..20]);
    let mut watch = Watching::start(&place, &["--interval", "0.2"]);
    watch.says("watching", LATER);
    // Half a block for a second, and a child before its parent; then the rest.
    node.tear(0, &blocks[20], blocks[20].bytes.len() / 2);
    std::thread::sleep(Duration::from_secs(1));
    node.write(0, [&blocks[20], &blocks[22]]);
    std::thread::sleep(Duration::from_secs(1));
    node.write(0, &blocks[21..22]);
    let mut told: Vec<u32> = (0..3)
        .map(|_| watch.line(SOON).split(' ').next().unwrap().parse().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, [20, 21, 22]);
    watch.leave("TERM").expect(0).does_not_say("warning");
    assert_eq!(place.digest(), fresh(&place));
}

#[test]
fn flags_that_make_no_sense_and_a_folder_without_blocks_end_it_at_once() {
    let (place, _node) = node_with(&small_chain(1, 55));
    place
        .run(place.words("watch", &["--engine", "v9.1"]))
        .expect(2)
        .says("watch tells the prices of the path engine only");
    place
        .run(place.words("watch", &["--interval", "0"]))
        .expect(2);
    let nowhere = Place::at(place.dir().join("nowhere"));
    nowhere
        .run(nowhere.words("watch", &[]))
        .expect(1)
        .says("hint:");
}

#[test]
fn the_commands_of_the_systemd_units_are_commands() {
    let units = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/systemd");
    let place = Place::new();
    let mut commands = Vec::new();
    for unit in ["blkprice.service", "blkprice-watch.service"] {
        let text = fs::read_to_string(units.join(unit)).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let mut words: Vec<&str> = line.unwrap().split(' ').skip(1).collect();
        commands.push(words[0].to_string());
        // A flag that is not known comes before this one.
        words.push("--help");
        place.run(words).expect(0);
    }
    assert_eq!(commands, ["backfill", "watch"]);
}

#[test]
fn a_database_replaced_by_an_older_copy_is_caught_up_and_no_block_is_told_twice() {
    let blocks = small_chain(2, 56);
    let (place, mut node) = node_with(&blocks[..20]);
    place.backfill(&[]).expect(0);
    let copy = place.dir().join("copy.db");
    fs::copy(place.db(), &copy).unwrap();
    let mut watch = Watching::start(&place, &[]);
    watch.says("watching", LATER);
    node.write(0, &blocks[20..24]);
    for block in &blocks[20..24] {
        assert!(watch.line(LATER).starts_with(&start_of_line(block)));
    }
    fs::rename(&copy, place.db()).unwrap();
    node.write(0, &blocks[24..26]);
    for block in &blocks[24..26] {
        assert!(watch.line(LATER).starts_with(&start_of_line(block)));
    }
    // One of another chain ends it: there is nothing to wait for.
    let other = Place::new();
    let files = other.files().magic(blkprice::synth::REGTEST_MAGIC);
    files.write(small_chain(1, 57)).unwrap();
    other.backfill(&["--chain", "regtest"]).expect(0);
    fs::rename(other.db(), place.db()).unwrap();
    node.write(0, &blocks[26..27]);
    watch.says("this database is of chain regtest, not of main", LATER);
    let ran = watch.leave("TERM").expect(1);
    assert_eq!(ran.stdout, "");
}
