//! The node's disk goes away, or files of it do, while a scan is at work; then all is back as it was.

use std::fs;
use std::path::Path;

use blkprice::synth::RawBlock;

use crate::support::{Place, small_chain};
use crate::{assert_sound, scan_with, write_anew};

/// Moments at which it happens: a phase and how many steps into it.
const MOMENTS: [(&str, usize); 6] = [
    ("reading headers", 1),
    ("reading headers", 3),
    ("scanning", 1),
    ("scanning", 5),
    ("scanning", 31),
    ("scanning", 70),
];

/// With nothing stored before, and with all but the newest blocks.
fn at_every_moment(blocks: &[RawBlock], take: fn(&Path, &Path), back: fn(&Path, &Path)) {
    let whole = Place::new();
    write_anew(&whole, blocks);
    whole.backfill(&[]).expect(0);
    let mut faults = 0;
    for stored in [0, blocks.len() - 25] {
        for (phase, after) in MOMENTS {
            let place = Place::new();
            let write = |blocks: &[RawBlock]| {
                write_anew(&place, blocks);
                // Old enough that a scan trusts their times: what is back is as it was, times included.
                crate::support::age(place.blocks(), 1_000 + blocks.len() as u64);
            };
            if stored > 0 {
                write(&blocks[..stored]);
                place.backfill(&[]).expect(0);
            }
            write(blocks);
            let before = if stored > 0 {
                place.chain()
            } else {
                Vec::new()
            };
            let aside = place.dir().join("aside");
            let (ended, warnings, done) =
                scan_with(&place, phase, after, || take(place.blocks(), &aside));
            if !done {
                continue;
            }
            faults += 1;
            let case = format!("{phase} {after}, {stored} stored before");
            match ended {
                Ok(report) => assert!(
                    report.incomplete || place.chain().len() == blocks.len(),
                    "{case}"
                ),
                Err(error) => assert!(error.to_string().contains("hint:"), "{case}: {error}"),
            }
            assert_sound(&place);
            let now = place.chain();
            assert!(before.iter().all(|block| now.contains(block)), "{case}");
            back(place.blocks(), &aside);
            place.backfill(&["--since-last"]).expect(0);
            assert_eq!(place.digest(), whole.digest(), "{case}\n{warnings}");
        }
    }
    assert!(faults >= 9, "only {faults} came to pass");
}

#[test]
fn a_folder_that_goes_away_during_a_scan_costs_nothing_that_was_stored() {
    at_every_moment(
        &small_chain(6, 950),
        |blocks, aside| fs::rename(blocks, aside).unwrap(),
        |blocks, aside| fs::rename(aside, blocks).unwrap(),
    );
}

/// As a timer meets it: the mount point is left, and nothing is mounted.
#[test]
fn an_empty_folder_where_there_were_blocks_is_an_error_at_each_run() {
    let place = Place::new();
    write_anew(&place, &small_chain(3, 953));
    crate::support::age(place.blocks(), 1_000);
    place.backfill(&[]).expect(0);
    let digest = place.digest();
    let aside = place.dir().join("aside");
    fs::rename(place.blocks(), &aside).unwrap();
    fs::create_dir(place.blocks()).unwrap();
    // The database names the folder.
    for args in [
        &["backfill", "--since-last"] as &[&str],
        &["scan", "--since-last"],
        &["backfill"],
    ] {
        place
            .run(args)
            .expect(1)
            .says("there are no blk*.dat files in it")
            .says("is its disk mounted");
        assert_eq!(place.digest(), digest);
    }
    fs::remove_dir(place.blocks()).unwrap();
    fs::rename(&aside, place.blocks()).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), digest);
}

#[test]
fn newest_files_that_are_gone_are_told() {
    let place = Place::new();
    write_anew(&place, &small_chain(6, 954));
    crate::support::age(place.blocks(), 1_000);
    place.backfill(&[]).expect(0);
    let digest = place.digest();
    let last = (0..).take_while(|&file| place.file(file).exists()).last();
    let (file, aside) = (place.file(last.unwrap()), place.dir().join("aside"));
    fs::rename(&file, &aside).unwrap();
    let gone = "the newest block files";
    place.backfill(&["--since-last"]).expect(3).says(gone);
    fs::rename(&aside, &file).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), digest);
}

#[test]
fn files_cut_short_or_zeroed_between_runs_are_told_with_their_heights() {
    let blocks = small_chain(4, 26);
    let last = blocks.len() as u32 - 1;
    for (file, ends) in [(1, (32, 39)), (last / 20, (last - 3, last))] {
        for zeros in [false, true] {
            let place = Place::new();
            let written = place.files().blocks_per_file(20).write(&blocks).unwrap();
            crate::support::age(place.blocks(), 1_000);
            place.backfill(&[]).expect(0);
            let (digest, path) = (place.digest(), place.file(file));
            let whole = fs::read(&path).unwrap();
            // At the border of a record: what is left looks as whole as before.
            let cut = written.places[ends.0 as usize].offset as usize - 8;
            let mut left = whole[..cut].to_vec();
            if zeros {
                left.resize(whole.len(), 0);
            }
            fs::write(&path, left).unwrap();
            let (first, last) = ends;
            let said = format!(
                "blk{file:05}.dat: {} stored blocks, heights {first} to {last}, are no longer in it",
                last - first + 1
            );
            for _ in 0..2 {
                place.backfill(&["--since-last"]).expect(3).says(&said);
                assert_eq!(place.digest(), digest);
            }
            // The node fetches them again, in another order.
            let mut again = whole[..cut].to_vec();
            for at in (first..=last).rev() {
                let start = written.places[at as usize].offset as usize;
                again.extend_from_slice(&whole[start - 8..start + blocks[at as usize].bytes.len()]);
            }
            fs::write(&path, again).unwrap();
            place.backfill(&["--since-last"]).expect(0);
            assert_eq!(place.digest(), digest);
            place.run(place.words("verify", &[])).expect(0);
        }
    }
}

#[test]
fn a_disk_unmounted_during_a_scan_that_leaves_an_empty_folder_costs_nothing_that_was_stored() {
    at_every_moment(
        &small_chain(6, 951),
        |blocks, aside| {
            fs::rename(blocks, aside).unwrap();
            fs::create_dir(blocks).unwrap();
        },
        |blocks, aside| {
            fs::remove_dir(blocks).unwrap();
            fs::rename(aside, blocks).unwrap();
        },
    );
}

#[test]
fn files_deleted_during_a_scan_cost_nothing_that_was_stored() {
    at_every_moment(
        &small_chain(6, 952),
        |blocks, aside| {
            fs::create_dir(aside).unwrap();
            for entry in fs::read_dir(blocks).unwrap() {
                let path = entry.unwrap().path();
                fs::rename(&path, aside.join(path.file_name().unwrap())).unwrap();
            }
        },
        |blocks, aside| {
            for entry in fs::read_dir(aside).unwrap() {
                let path = entry.unwrap().path();
                fs::rename(&path, blocks.join(path.file_name().unwrap())).unwrap();
            }
        },
    );
}

#[test]
fn a_folder_that_is_away_at_a_run_is_an_error_and_nothing_is_changed() {
    let place = Place::new();
    let blocks = small_chain(3, 953);
    write_anew(&place, &blocks);
    place.backfill(&[]).expect(0);
    let digest = place.digest();
    let aside = place.dir().join("aside");
    fs::rename(place.blocks(), &aside).unwrap();
    for empty in [false, true] {
        if empty {
            fs::create_dir(place.blocks()).unwrap();
        }
        place.backfill(&["--since-last"]).expect(1).says("hint:");
        assert_eq!(place.digest(), digest);
        assert_sound(&place);
    }
    fs::remove_dir(place.blocks()).unwrap();
    fs::rename(&aside, place.blocks()).unwrap();
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), digest);
}
