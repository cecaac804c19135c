//! A scan for new blocks leaves what a scan of everything leaves.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use blkprice::scan::Options;
use blkprice::synth::{BlockFiles, ChainSpec, RawBlock, Undo};

use super::{SINCE_LAST, scan};

/// Files written a moment ago are not trusted; these are of an hour ago, a second later each time.
fn let_settle(dir: &Path, round: u64) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3600) + Duration::from_secs(round);
    let names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    for name in names {
        let file = File::options().append(true).open(&name).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        if written > hour_ago + Duration::from_secs(1000) {
            file.set_modified(hour_ago).unwrap();
        }
    }
}

fn blocks(stale_share: f64) -> Vec<RawBlock> {
    let spec = ChainSpec {
        days: 12,
        blocks_per_day: 20.0,
        transactions_per_day: 300.0,
        stale_share,
        ..ChainSpec::default()
    };
    spec.blocks().map(|block| block.block).collect()
}

/// Appends `parts` one after the other, scanning each time, and compares with a scan of everything.
fn in_parts(parts: &[&[RawBlock]]) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("blocks");
    let database = folder.path().join("parts.db");
    let files = || {
        BlockFiles::new(&dir)
            .blocks_per_file(25)
            .undo(Undo::Whole)
            .shuffle(3, 4)
    };
    for (round, part) in parts.iter().enumerate() {
        let mut writer = if round == 0 {
            files().create().unwrap()
        } else {
            files().append().unwrap()
        };
        for block in *part {
            writer.block(block).unwrap();
        }
        writer.finish().unwrap();
        let_settle(&dir, round as u64);
        let (found, stored) = scan(&dir, &database, &SINCE_LAST);
        let digest = stored.digest().unwrap();
        drop(stored);
        let fresh = folder.path().join(format!("fresh-{round}.db"));
        let (expected, whole) = scan(&dir, &fresh, &Options::default());
        assert_eq!(digest, whole.digest().unwrap(), "part {round}");
        assert_eq!(found.tip, expected.tip);
        assert_eq!(found.stale, expected.stale, "part {round}");
        let (again, _) = scan(&dir, &database, &SINCE_LAST);
        assert!(again.nothing_new);
    }
}

#[test]
fn new_blocks_are_stored_as_by_a_scan_of_everything() {
    for stale in [0.0, 0.15] {
        let blocks = blocks(stale);
        let parts: Vec<&[RawBlock]> = blocks.chunks(37).collect();
        in_parts(&parts);
    }
}

#[test]
fn a_reorganisation_below_the_newest_files_is_found() {
    let blocks = blocks(0.0);
    let branch = blocks[blocks.len() / 3].branch(blocks.len(), 9);
    let next = branch[branch.len() - 1].branch(30, 9);
    in_parts(&[&blocks[..150], &blocks[150..], &branch, &next]);
}
