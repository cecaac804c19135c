//! Folders that grow, fork and lose files between runs: what `--since-last` adds up to is what a fresh scan finds.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bitcoin::BlockHash;
use blkprice::blockfile::Chain;
use blkprice::scan::{Error, Options, Progress, Source, Unit, Warning, Watch, run};
use blkprice::store::Store;
use blkprice::synth::{BlockBuilder, RawBlock, Rng, payment};

use crate::node::{Node, mix};
use crate::support::{Place, heights_and_hashes, small_chain};

const KEY: [u8; 8] = [0x51, 0, 0xa7, 9, 0, 0, 3, 0xfe];

/// The digest of a fresh backfill of this folder.
fn fresh(blocks: &Path) -> String {
    let place = Place::at(blocks);
    place.backfill(&[]);
    place.digest()
}

/// A folder scanned now and again by `--since-last`, with file times that a scan trusts.
struct Growing {
    place: Place,
    node: Node,
    step: u64,
}

impl Growing {
    fn new() -> Growing {
        let place = Place::new();
        let node = Node::new(place.blocks(), KEY);
        Growing {
            place,
            node,
            step: 0,
        }
    }

    /// Adds records and scans what is new; the database then says what a fresh scan would.
    #[track_caller]
    fn grow(&mut self, file: usize, blocks: &[RawBlock]) {
        self.node.write(file, blocks);
        self.scan();
    }

    #[track_caller]
    fn scan(&mut self) {
        self.step += 1;
        self.node.settle(self.step);
        self.place.backfill(&["--since-last"]).expect(0);
        assert_eq!(
            self.place.digest(),
            fresh(self.place.blocks()),
            "step {}",
            self.step
        );
        // What is noted of the files is what is in them, too.
        let words = self.place.words("verify", &["--sample", "1"]);
        self.place.run(words).expect(0);
    }

    #[track_caller]
    fn holds(&self, blocks: &[RawBlock]) {
        assert_eq!(self.place.chain(), heights_and_hashes(blocks));
    }
}

#[test]
fn day_by_day_runs_end_where_one_run_ends() {
    let blocks = small_chain(8, 20);
    let mut folder = Growing::new();
    let mut files = 0;
    for (i, part) in blocks.chunks(13).enumerate() {
        // New records in the last file, in a new one, and in both by turns.
        match i % 4 {
            1 => {
                files += 1;
                folder.grow(files, part);
            }
            2 if files > 0 => {
                let (older, newer) = part.split_at(part.len() / 2);
                folder.node.write(files, newer);
                folder.grow(files - 1, older);
            }
            _ => folder.grow(files, part),
        }
    }
    assert!(files > 2);
    folder.holds(&blocks);
}

#[test]
fn a_key_that_is_gone_is_told_and_nothing_is_lost() {
    let blocks = small_chain(3, 34);
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..40]);
    let before = folder.place.chain();
    let (key, aside) = (
        folder.place.blocks().join("xor.dat"),
        folder.place.dir().join("xor.dat"),
    );
    folder.node.write(0, &blocks[40..]);
    folder.node.settle(3);
    fs::rename(&key, &aside).unwrap();
    for _ in 0..2 {
        folder
            .place
            .scan(&["--since-last"])
            .expect(3)
            .says("holds no block record now, and stored blocks came from it")
            .says("is the xor.dat beside the files their own?");
        assert_eq!(folder.place.chain(), before);
    }
    fs::rename(&aside, &key).unwrap();
    folder.place.scan(&["--since-last"]).expect(0);
    folder.holds(&blocks);
}

#[test]
fn a_file_that_did_not_change_is_not_read_again() {
    let blocks = small_chain(4, 21);
    let (old, new) = blocks.split_at(50);
    let mut folder = Growing::new();
    folder.grow(0, old);
    // Garbage where its first block was, which nobody notices unless the file is read.
    let path = folder.node.path(0);
    let meta = fs::metadata(&path).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[0x77; 500], 0).unwrap();
    file.set_modified(meta.modified().unwrap()).unwrap();
    folder.node.write(1, new);
    let place = &folder.place;
    let noticed = "bytes at offset 0 are no block record";
    place
        .scan(&["--since-last"])
        .expect(0)
        .does_not_say(noticed);
    assert_eq!(place.status()["tip_height"], blocks.len() - 1);
    place
        .scan(&[])
        .expect(3)
        .says(noticed)
        .says("stored block 0 is no longer in it");
    folder.holds(&blocks);
}

#[test]
fn a_block_torn_at_one_run_and_whole_at_the_next_is_stored_once() {
    let blocks = small_chain(3, 22);
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..40]);
    folder.node.tear(0, &blocks[40], blocks[40].bytes.len() / 2);
    folder.scan();
    folder.holds(&blocks[..40]);
    folder.grow(0, &blocks[40..]);
    folder.holds(&blocks);
}

#[test]
fn a_child_scanned_before_its_parent_is_stored_with_it() {
    let blocks = small_chain(3, 23);
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..40]);
    folder.node.write(0, &blocks[41..45]);
    folder.step += 1;
    folder.node.settle(folder.step);
    // The missing parent leaves a gap for now.
    folder
        .place
        .backfill(&["--since-last"])
        .expect(3)
        .says("height 40 is missing");
    assert_eq!(folder.place.digest(), fresh(folder.place.blocks()));
    folder.grow(0, &blocks[40..41]);
    folder.holds(&blocks[..45]);
}

/// Blocks on top of `parent`, 600 s apart, each with a payment.
fn branch(parent: &RawBlock, blocks: usize, seed: u64) -> Vec<RawBlock> {
    let mut made: Vec<RawBlock> = Vec::new();
    for i in 0..blocks {
        let mut builder = made.last().unwrap_or(parent).next(600).seed(seed);
        for j in 0..10 {
            builder.add(&payment(20_000 + seed * 1_000 + j, 70_001 + i as u64));
        }
        made.push(builder.finish());
    }
    made
}

/// The stored chain loses its last `depth` blocks to a branch that was there before, too short to win.
fn reorg(depth: usize, blocks: &[RawBlock]) {
    let fork = blocks.len() - depth - 1;
    let rival = branch(&blocks[fork], depth + 1, 1);
    let mut folder = Growing::new();
    folder.node.write(0, blocks);
    folder.grow(1, &rival[..depth]);
    folder.holds(blocks);
    folder.grow(2, &rival[depth..]);
    let won: Vec<RawBlock> = blocks[..=fork].iter().chain(&rival).cloned().collect();
    folder.holds(&won);
    // And back again: the loser was not forgotten, though its file did not change.
    let back = branch(blocks.last().unwrap(), 2, 2);
    folder.grow(2, &back);
    let won: Vec<RawBlock> = blocks.iter().chain(&back).cloned().collect();
    folder.holds(&won);
}

#[test]
fn a_stale_tip_that_wins_later_replaces_one_block() {
    reorg(1, &small_chain(3, 24));
}

#[test]
fn a_stale_tip_that_wins_later_replaces_six_blocks() {
    reorg(6, &small_chain(3, 25));
}

#[test]
fn a_reorganisation_moves_the_boundary_of_a_day() {
    let blocks = small_chain(4, 26);
    let midnight = 19_756 * 86_400;
    let first = blocks.iter().position(|b| b.time >= midnight).unwrap();
    // The day that began at `first` begins two blocks earlier in one branch and three later in the other.
    let mut early = vec![
        BlockBuilder::new(
            blocks[first - 3].hash,
            blocks[first - 2].height,
            midnight + 5,
        )
        .finish(),
    ];
    early.extend(branch(&early[0], 5, 3));
    let mut late = vec![
        BlockBuilder::new(blocks[first - 1].hash, blocks[first].height, midnight - 60).finish(),
    ];
    for _ in 0..6 {
        let last = late.last().unwrap();
        late.push(BlockBuilder::new(last.hash, last.height + 1, midnight - 50).finish());
    }
    late.extend(branch(late.last().unwrap(), 2, 4));
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..first + 2]);
    folder.grow(1, &early);
    let day = "SELECT first_height FROM daily_activity WHERE day = '2024-02-03'";
    assert_eq!(folder.place.query(day), [(first - 2).to_string()]);
    folder.grow(2, &late);
    assert_eq!(folder.place.query(day), [(first + 7).to_string()]);
    folder.grow(0, &blocks[first + 2..]);
    folder.holds(&blocks);
}

#[test]
fn a_reorganisation_that_takes_a_day_away_removes_it() {
    let blocks = small_chain(3, 27);
    let midnight = 19_756 * 86_400;
    let first = blocks.iter().position(|b| b.time >= midnight).unwrap();
    let mut short = Vec::new();
    let mut parent = blocks[first - 1].clone();
    for _ in 0..4 {
        parent = BlockBuilder::new(parent.hash, parent.height + 1, midnight - 1).finish();
        short.push(parent.clone());
    }
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..first + 3]);
    let days = "SELECT count(*), (SELECT count(DISTINCT day) FROM daily_price) FROM daily_activity";
    assert_eq!(folder.place.query(days), ["3 3"]);
    folder.grow(1, &short);
    assert_eq!(folder.place.query(days), ["2 2"]);
}

#[test]
fn files_that_are_pruned_later_stay_stored() {
    let blocks = small_chain(6, 28);
    let archive = Place::with(&blocks);
    archive.backfill(&[]).expect(0);
    let mut folder = Growing::new();
    folder.node.write(0, &blocks[..50]);
    folder.node.write(1, &blocks[50..80]);
    folder.grow(2, &blocks[80..90]);
    fs::remove_file(folder.node.path(0)).unwrap();
    folder.node.write(2, &blocks[90..]);
    folder.place.backfill(&["--since-last"]).expect(0);
    assert_eq!(folder.place.digest(), archive.digest());
    folder.place.backfill(&[]).expect(0);
    assert_eq!(
        folder.place.digest(),
        archive.digest(),
        "without --since-last too"
    );
}

#[test]
fn a_pruned_folder_that_loses_its_ragged_edge_is_no_error() {
    let blocks = small_chain(6, 29);
    let mut folder = Growing::new();
    // Numbers start at 3, and the oldest file begins with two blocks whose neighbours went with file 2.
    folder.node.write(3, [&blocks[30], &blocks[33]]);
    folder.node.write(3, &blocks[36..60]);
    folder.node.write(4, &blocks[60..80]);
    folder.node.settle(1);
    folder.place.backfill(&["--since-last"]).expect(0);
    folder.holds(&blocks[36..80]);
    fs::remove_file(folder.node.path(3)).unwrap();
    folder.node.write(5, &blocks[80..]);
    folder.node.settle(2);
    folder
        .place
        .backfill(&["--since-last"])
        .expect(0)
        .does_not_say("no known height");
    folder.holds(&blocks[36..]);
}

#[test]
fn what_is_stored_survives_a_pause_in_which_its_node_pruned_everything_it_was_made_from() {
    let blocks = small_chain(10, 30);
    let mut folder = Growing::new();
    folder.node.write(3, &blocks[40..70]);
    folder.node.settle(1);
    folder.place.backfill(&["--since-last"]).expect(0);
    fs::remove_file(folder.node.path(3)).unwrap();
    folder.node.write(5, &blocks[100..]);
    folder.node.settle(2);
    folder
        .place
        .backfill(&["--since-last"])
        .expect(3)
        .says("heights 70 to 99 are missing");
    let kept: Vec<RawBlock> = blocks[40..70]
        .iter()
        .chain(&blocks[100..])
        .cloned()
        .collect();
    folder.holds(&kept);
}

/// The height at which the `day`-th day (from 0) of a chain made here begins.
fn first_of_day(blocks: &[RawBlock], day: u32) -> usize {
    let midnight = (19_754 + day) * 86_400;
    blocks.iter().position(|b| b.time >= midnight).unwrap()
}

#[test]
fn blocks_of_a_day_whose_beginning_was_pruned_before_it_ended_are_reported_missing() {
    let blocks = small_chain(5, 34);
    let third = first_of_day(&blocks, 2);
    let mut folder = Growing::new();
    folder.grow(0, &blocks[..third + 4]);
    fs::remove_file(folder.node.path(0)).unwrap();
    folder.node.write(1, &blocks[third + 4..]);
    folder.node.settle(2);
    folder
        .place
        .backfill(&["--since-last"])
        .expect(3)
        .says("2024-02-03: block files of this day are gone (pruned?), so it stays as stored");
    let fourth = first_of_day(&blocks, 3);
    let kept = [&blocks[..third + 4], &blocks[fourth..]].concat();
    folder.holds(&kept);
    let gaps = folder
        .place
        .query("SELECT first_height, last_height FROM missing_height");
    assert_eq!(gaps, [format!("{} {}", third + 4, fourth - 1)]);
    let digest = folder.place.digest();
    folder.place.backfill(&["--since-last"]).expect(3);
    assert_eq!(folder.place.digest(), digest);
}

#[test]
fn days_before_the_range_that_were_pruned_meanwhile_are_a_pruned_start() {
    let blocks = small_chain(5, 35);
    let third = first_of_day(&blocks, 2);
    let mut folder = Growing::new();
    folder.node.write(0, &blocks[..third]);
    folder.node.write(1, &blocks[third..]);
    folder.node.settle(1);
    folder.place.backfill(&["--from", "2024-02-03"]).expect(0);
    fs::remove_file(folder.node.path(0)).unwrap();
    folder.place.backfill(&[]).expect(0).does_not_say("warning");
    folder.holds(&blocks[third..]);
    assert_eq!(
        folder
            .place
            .query("SELECT complete FROM daily_activity WHERE day = '2024-02-03'"),
        ["1"],
        "its first block is known to be the first"
    );
}

#[test]
fn a_folder_that_lost_a_file_and_got_it_back_is_whole_again() {
    let blocks = small_chain(5, 31);
    let mut folder = Growing::new();
    folder.node.write(0, &blocks[..40]);
    folder.node.write(1, &blocks[40..60]);
    folder.node.write(2, &blocks[60..]);
    folder.node.settle(1);
    let aside = folder.place.dir().join("aside");
    fs::rename(folder.node.path(1), &aside).unwrap();
    folder.place.backfill(&["--since-last"]).expect(3);
    assert_eq!(folder.place.digest(), fresh(folder.place.blocks()));
    folder
        .place
        .backfill(&["--since-last"])
        .expect(3)
        .says("nothing new");
    fs::rename(&aside, folder.node.path(1)).unwrap();
    folder.scan();
    folder.holds(&blocks);
}

#[test]
fn a_node_that_crashed_and_wrote_over_its_last_blocks_leaves_what_a_fresh_scan_finds() {
    let blocks = small_chain(3, 32);
    let mut folder = Growing::new();
    folder.node.write(0, &blocks[..40]);
    let end = folder.node.end(0);
    folder.grow(0, &blocks[40..50]);
    // The same blocks in another order, and others: shorter than what they cover.
    folder.node.forget(0, end);
    folder.node.write(0, [&blocks[41], &blocks[40]]);
    folder.node.write(0, &branch(&blocks[41], 1, 5));
    folder.step += 1;
    folder.node.settle(folder.step);
    folder.place.backfill(&["--since-last"]);
    assert_eq!(folder.place.digest(), fresh(folder.place.blocks()));
    folder.node.write(0, &blocks[42..]);
    folder.scan();
    folder.holds(&blocks);
}

/// Asks to stop once so many blocks have been read.
struct StopAfter {
    blocks: AtomicUsize,
    counting: AtomicBool,
    stop: AtomicBool,
}

impl Progress for StopAfter {
    fn start(&self, what: &str, _: u64, _: Unit) {
        self.counting.store(what == "scanning", Ordering::Relaxed);
    }
    fn advance(&self, _: u64) {
        if self.counting.load(Ordering::Relaxed) && self.blocks.fetch_sub(1, Ordering::Relaxed) == 1
        {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
    fn finish(&self) {}
    fn warn(&self, _: &Warning) {}
}

#[test]
fn a_branch_that_lost_in_an_interrupted_run_is_not_forgotten() {
    let blocks = small_chain(3, 33);
    let fork = blocks.len() - 3;
    let mut rival = branch(&blocks[fork - 1], 5, 6);
    // More days of their own behind the reorganisation than one transaction takes, so that the run can end between the two.
    for _ in 0..70 {
        let parent = rival.last().unwrap();
        rival.push(parent.next(86_400).finish());
    }
    let mut folder = Growing::new();
    folder.grow(0, &blocks);
    folder.node.write(1, &rival);
    folder.node.settle(2);
    {
        let blocks_dir = folder.place.blocks().canonicalize().unwrap();
        let source = Source::mapped(blocks_dir, Chain::Main);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let mut store = Store::open(&folder.place.db(), Chain::Main).unwrap();
        let last_day = folder
            .place
            .query("SELECT first_height FROM daily_activity ORDER BY day DESC LIMIT 1");
        let replaced = fork + 5 - last_day[0].parse::<usize>().unwrap();
        let progress = StopAfter {
            blocks: AtomicUsize::new(replaced + 1),
            counting: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        };
        let watch = Watch {
            progress: &progress,
            stop: &progress.stop,
        };
        let options = Options {
            since_last: true,
            ..Options::default()
        };
        let ended = run(&pool, &source, &mut store, &options, &watch);
        assert!(matches!(ended, Err(Error::Interrupted)), "{ended:?}");
    }
    let stored = heights_and_hashes(&rival);
    assert!(
        folder.place.chain().contains(&stored[0]),
        "the branch that won is stored"
    );
    assert!(
        !folder.place.chain().contains(&stored[7]),
        "but not all of it"
    );
    // The loser grows, in another file.
    let back = branch(blocks.last().unwrap(), 80, 7);
    folder.grow(2, &back);
    let won: Vec<RawBlock> = blocks.iter().chain(&back).cloned().collect();
    folder.holds(&won);
}

/// Everything at once, at random: growth in one or two files, forks that lose, tie and win, torn blocks, crashes,
/// pruning, killed runs.
struct Life {
    rng: Rng,
    archive: Place,
    node: Node,
    /// What the scans see: links to the files of the archive, less those pruned.
    seen: Place,
    /// Every block, with its file; a tip is any of the last.
    blocks: Vec<(RawBlock, usize)>,
    pruned: usize,
    step: u64,
}

impl Life {
    fn new(seed: u64) -> Life {
        let archive = Place::new();
        let node = Node::new(archive.blocks(), KEY);
        let seen = Place::new();
        fs::create_dir_all(seen.blocks()).unwrap();
        fs::copy(
            archive.blocks().join("xor.dat"),
            seen.blocks().join("xor.dat"),
        )
        .unwrap();
        Life {
            rng: Rng::new(seed),
            archive,
            node,
            seen,
            blocks: Vec::new(),
            pruned: 0,
            step: 0,
        }
    }

    fn child(&mut self, parent: Option<&RawBlock>) -> RawBlock {
        let mut builder = match parent {
            None => BlockBuilder::genesis(19_754 * 86_400 + 77),
            Some(parent) => {
                let later = self.rng.below(12_000) as u32;
                let time = if self.rng.chance(0.08) {
                    parent.time - later / 2
                } else {
                    parent.time + later
                };
                BlockBuilder::new(parent.hash, parent.height + 1, time)
            }
        };
        builder = builder.seed(self.rng.next_u64());
        for _ in 0..self.rng.below(6) {
            let sats = 5_000 + self.rng.below(9_000_000) as u64;
            builder.add(&payment(sats, 2 * sats));
        }
        builder.finish()
    }

    /// The highest block, the first written of several.
    fn tip(&self) -> Option<RawBlock> {
        let best = self.blocks.iter().map(|(b, _)| b.height).max()?;
        self.blocks
            .iter()
            .find(|(b, _)| b.height == best)
            .map(|(b, _)| b.clone())
    }

    fn grow(&mut self) {
        let tip = self.tip();
        let height = tip.as_ref().map_or(0, |tip| tip.height);
        let recent: Vec<RawBlock> = self
            .blocks
            .iter()
            .filter(|(b, _)| b.height + 8 >= height)
            .map(|(b, _)| b.clone())
            .collect();
        let mut parent = tip;
        if self.rng.chance(0.4) && !recent.is_empty() {
            parent = Some(recent[self.rng.below(recent.len())].clone());
        }
        let count = 1 + if self.rng.chance(0.5) {
            self.rng.below(30)
        } else {
            self.rng.below(6)
        };
        let mut made = Vec::new();
        for _ in 0..count {
            let block = self.child(parent.as_ref());
            parent = Some(block.clone());
            made.push(block);
        }
        if self.rng.chance(0.4) && !self.blocks.is_empty() {
            mix(&mut self.rng, &mut made);
        }
        let mut last = self.node.files().saturating_sub(1);
        if self.rng.chance(0.25) {
            last = self.node.files();
        }
        let second = last
            .saturating_sub(usize::from(self.rng.chance(0.2)))
            .max(self.pruned);
        for block in made {
            let file = if self.rng.chance(0.5) { last } else { second };
            self.node.write(file, [&block]);
            self.blocks.push((block, file));
        }
        if self.rng.chance(0.2) {
            let torn = self.child(parent.as_ref());
            let keep = self.rng.below(torn.bytes.len());
            self.node.tear(last, &torn, keep);
        }
    }

    /// A node killed before it noted its last blocks: they are as good as never written, and others go over them.
    fn crash(&mut self) {
        let Some(file) = self
            .node
            .files()
            .checked_sub(1)
            .filter(|&file| file >= self.pruned)
        else {
            return;
        };
        // At most five, and never the genesis block: another would be another chain.
        let most = self.blocks.len().saturating_sub(1).min(5);
        let keep = self.blocks.len() - self.rng.below(most + 1);
        let mut lost: Vec<(RawBlock, usize)> = self.blocks.split_off(keep);
        if lost.iter().any(|(_, of)| *of != file) {
            self.blocks.extend(lost);
            return;
        }
        let bytes: u64 = lost.iter().map(|(b, _)| 8 + b.bytes.len() as u64).sum();
        let end = self.node.end(file) - bytes;
        self.node.forget(file, end);
        // What stays of higher blocks can be connected only once those below are there again: it asks for them.
        let mut wanted: HashSet<BlockHash> = self.blocks.iter().map(|(b, _)| b.prev).collect();
        lost.sort_by_key(|(block, _)| std::cmp::Reverse(block.height));
        for (block, _) in lost {
            if wanted.contains(&block.hash) {
                wanted.insert(block.prev);
                self.node.write(file, [&block]);
                self.blocks.push((block, file));
            }
        }
    }

    fn link(&self) {
        for file in self.pruned..self.node.files() {
            let (from, to) = (self.node.path(file), self.seen.file(file as u32));
            if from.exists() && fs::symlink_metadata(&to).is_err() {
                std::os::unix::fs::symlink(from, to).unwrap();
            }
        }
    }

    /// Drops the oldest file once all its days are long over, as far as the database knows.
    fn prune(&mut self) {
        let firsts = self
            .seen
            .query("SELECT first_height FROM daily_activity ORDER BY day DESC LIMIT 3");
        let Some(safe) = firsts.get(2).and_then(|first| first.parse::<u32>().ok()) else {
            return;
        };
        let file = self.pruned;
        let highest = self
            .blocks
            .iter()
            .filter(|(_, f)| *f == file)
            .map(|(b, _)| b.height)
            .max();
        if file + 1 < self.node.files() && highest.is_none_or(|height| height + 10 < safe) {
            let _ = fs::remove_file(self.seen.file(file as u32));
            self.pruned += 1;
        }
    }

    /// Tells how often a block was stored that a fresh scan does not find.
    fn run(&mut self, seed: u64, steps: u64) -> u64 {
        let mut more = 0;
        for step in 0..steps {
            self.step = step;
            if self.rng.chance(0.15) && !self.blocks.is_empty() {
                self.crash();
            }
            self.grow();
            self.link();
            if self.rng.chance(0.7) {
                self.node.settle(step);
            }
            while self.rng.chance(0.25) {
                let args = self.seen.words("backfill", &["--since-last"]);
                let mut child = self
                    .seen
                    .command(args)
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                std::thread::sleep(Duration::from_millis(self.rng.below(25) as u64));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            if self.rng.chance(0.3) {
                continue;
            }
            // A run that was killed early leaves no database that anybody can read.
            let before = match self.seen.run(["status"]).code {
                Some(0) => self.seen.chain(),
                _ => Vec::new(),
            };
            let ran = self.seen.backfill(&["--since-last"]);
            let plain = Place::at(self.archive.blocks());
            let other = plain.backfill(&[]);
            let said = format!("seed {seed} step {step}:\n{}\n{}", ran.stderr, other.stderr);
            assert_eq!(ran.code, other.code, "{said}");
            if self.seen.digest() != plain.digest() {
                // A tip lost in a crash and not fetched again stays until another branch has more work.
                let (kept, found) = (self.seen.chain(), plain.chain());
                assert!(kept.len() > found.len(), "{said}");
                let known = |block| before.contains(block) || found.contains(block);
                assert!(kept.iter().all(known), "{said}");
                more += 1;
            }
            if self.rng.chance(0.4) {
                self.prune();
            }
        }
        more
    }
}

#[test]
fn whatever_happens_between_runs_incremental_equals_fresh() {
    let seeds: u64 = std::env::var("BLKPRICE_SEEDS").map_or(6, |n| n.parse().unwrap());
    let start: u64 = std::env::var("BLKPRICE_FIRST_SEED").map_or(0, |n| n.parse().unwrap());
    let lives = start..start + seeds;
    let more: u64 = lives.map(|seed| Life::new(seed).run(seed, 14)).sum();
    assert!(more <= seeds / 20, "{more} times in {seeds} lives");
}
