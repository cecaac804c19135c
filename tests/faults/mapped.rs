//! Block files cut short under the map.

use std::fs::{self, File};

use blkprice::blockfile::{Access, BlockSource, XorKey};
use blkprice::synth::RawBlock;

use crate::support::{Place, heights_and_hashes, small_chain};
use crate::{assert_sound, scan_with, write_anew};

/// Bytes of a file of several pages.
const BYTES: u32 = 40 << 12;

#[test]
fn a_file_cut_short_under_its_map_is_an_error_and_no_crash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blk00000.dat");
    // To nothing, to the middle of a page (whose rest reads as zeros, with no signal), and before it is read at all.
    for (keep, early) in [(0, false), (5_000, false), (5_000, true)] {
        fs::write(&path, vec![1; BYTES as usize]).unwrap();
        let source = BlockSource::open(&path, Access::Map, XorKey::default()).unwrap();
        let cut = || {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(keep).unwrap();
        };
        if early {
            cut();
        }
        let sum = source.with_block(0, BYTES, &mut Vec::new(), |bytes| {
            cut();
            bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>()
        });
        let error = sum.unwrap_err().to_string();
        assert_eq!(error, "the file became shorter while it was read");
        // What is still there can be read on, of the same map too if it was not torn before.
        let again = BlockSource::open(&path, Access::Map, XorKey::default()).unwrap();
        let kept = again.with_block(0, keep as u32, &mut Vec::new(), |bytes| bytes.len());
        assert_eq!(kept.unwrap(), keep as usize);
    }
}

#[test]
fn a_torn_map_harms_no_other_and_many_can_be_torn_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    fs::write(&whole, vec![2; BYTES as usize]).unwrap();
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (dir, whole) = (dir.path(), &whole);
            scope.spawn(move || {
                for round in 0..50 {
                    let path = dir.join(format!("{thread}-{round}"));
                    fs::write(&path, vec![1; BYTES as usize]).unwrap();
                    let torn = BlockSource::open(&path, Access::Map, XorKey::default()).unwrap();
                    let good = BlockSource::open(whole, Access::Map, XorKey::default()).unwrap();
                    let read = torn.with_block(0, BYTES, &mut Vec::new(), |bytes| {
                        File::create(&path).unwrap();
                        sum(bytes)
                    });
                    assert!(read.is_err());
                    let read = good.with_block(0, BYTES, &mut Vec::new(), sum);
                    assert_eq!(read.unwrap(), 2 * u64::from(BYTES));
                }
            });
        }
    });
}

#[test]
fn more_maps_than_are_watched_are_read_instead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blk00000.dat");
    fs::write(&path, [3; 100]).unwrap();
    let sources: Vec<BlockSource> = (0..1_100)
        .map_while(|_| BlockSource::open(&path, Access::Map, XorKey::default()).ok())
        .collect();
    // A system may allow fewer open files than that.
    for source in &sources {
        let length = source.with_block(10, 90, &mut Vec::new(), |bytes| bytes.len());
        assert_eq!(length.unwrap(), 90);
    }
}

/// Cuts each block file of the place to `keep` bytes.
fn cut_all(place: &Place, keep: u64) {
    for entry in fs::read_dir(place.blocks()).unwrap() {
        let path = entry.unwrap().path();
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(keep.min(file.metadata().unwrap().len()))
            .unwrap();
    }
}

fn written(blocks: &[RawBlock]) -> Place {
    let place = Place::new();
    write_anew(&place, blocks);
    place
}

#[test]
fn a_scan_whose_files_are_cut_short_loses_those_blocks_until_they_are_back() {
    let blocks = small_chain(5, 940);
    let whole = written(&blocks);
    whole.backfill(&[]).expect(0);
    for (after, keep) in [(1, 0), (3, 5_000), (20, 5_000), (50, 30_000)] {
        let place = written(&blocks);
        let (ended, warnings, done) =
            scan_with(&place, "scanning", after, || cut_all(&place, keep));
        assert!(done, "after {after} blocks");
        assert!(ended.unwrap().incomplete);
        assert!(
            warnings.contains("could not be read: the file became shorter while it was read"),
            "{warnings}"
        );
        assert_sound(&place);
        // Nothing but whole blocks is stored, and the days that are said to be complete are.
        for rows in [
            "SELECT height, hash, transactions FROM block",
            "SELECT * FROM daily_activity WHERE complete AND day < (SELECT max(day) FROM daily_activity)",
        ] {
            let right = whole.query(rows);
            assert!(place.query(rows).iter().all(|row| right.contains(row)));
        }
        write_anew(&place, &blocks);
        place.backfill(&["--since-last"]).expect(0);
        assert_eq!(place.digest(), whole.digest());
        assert_eq!(place.chain(), heights_and_hashes(&blocks));
    }
}

#[test]
fn a_stored_day_stays_if_it_is_cut_short_while_it_is_read_again() {
    let blocks = small_chain(5, 941);
    let old = &blocks[..blocks.len() - 4];
    let place = written(old);
    place.backfill(&[]).expect(0);
    let before = place.chain();
    let whole = written(&blocks);
    whole.backfill(&[]).expect(0);
    // The last day has grown, so all of it is read again.
    write_anew(&place, &blocks);
    let (ended, warnings, done) = scan_with(&place, "scanning", 2, || cut_all(&place, 5_000));
    assert!(done && ended.unwrap().incomplete);
    assert!(warnings.contains("became shorter"), "{warnings}");
    let stored = place.chain();
    assert!(before.iter().all(|block| stored.contains(block)));
    assert_sound(&place);
    write_anew(&place, &blocks);
    place.backfill(&["--since-last"]).expect(0);
    assert_eq!(place.digest(), whole.digest());
}
