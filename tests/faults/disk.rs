//! The database's disk is full, or may not be written.

use std::path::Path;
use std::process::Command;

use crate::assert_sound;
use crate::support::{Place, Ran, small_chain};

/// A small file system of its own on the folder of a place, unmounted when dropped.
struct Disk<'p>(&'p Path);

impl<'p> Disk<'p> {
    /// None, and a word about it, where mounting is not allowed.
    fn mount(place: &'p Place, size: &str, test: &str) -> Option<Disk<'p>> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(place.dir())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Disk(place.dir()));
        }
        eprintln!("SKIPPED: {test}: mounting a file system is not allowed here");
        None
    }

    fn remount(&self, options: &str) {
        let remounted = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.0)
            .status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// What is stored is sound and the beginning of what will be.
#[track_caller]
fn assert_beginning(place: &Place, whole: &Place) {
    if place.db().exists() {
        assert_sound(place);
        if place.query("SELECT name FROM sqlite_schema WHERE name = 'block'") == ["block"] {
            assert!(whole.chain().starts_with(&place.chain()));
        }
    }
}

#[test]
fn a_full_disk_is_said_to_be_full_and_the_next_run_goes_on() {
    let whole = Place::with(&small_chain(60, 980));
    whole.backfill(&[]).expect(0);
    let mut faults = 0;
    for kilobytes in [16, 64, 160, 250, 330, 400, 500, 600, 800] {
        let place = Place::at(whole.blocks());
        let size = format!("{kilobytes}k");
        let Some(disk) = Disk::mount(&place, &size, "a full disk") else {
            return;
        };
        let ran = place.backfill(&[]);
        if ran.code != Some(0) {
            ran.expect(1)
                .says("full")
                .says("make room and run the same command again");
            faults += 1;
        }
        // Room is needed even to look; what was committed is there.
        disk.remount("size=64m");
        assert_beginning(&place, &whole);
        place.backfill(&["--since-last"]).expect(0);
        assert_eq!(place.digest(), whole.digest(), "{size}");
    }
    assert!(faults >= 4, "the disk was full {faults} times only");
    println!("{faults} full disks");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_kill() {
    let whole = Place::with(&small_chain(60, 980));
    whole.backfill(&[]).expect(0);
    let mut faults = 0;
    // In units of 512 or 1,024 bytes, as the shell has it.
    for limit in [0, 8, 64, 100, 200, 300, 400] {
        let place = Place::at(whole.blocks());
        let limited = place
            .command(place.words("backfill", &[]))
            .get_args()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>();
        let script = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_blkprice")])
            .args(limited)
            .current_dir(place.dir())
            .output();
        let ran = Ran::from(output.unwrap());
        if ran.code != Some(0) {
            ran.expect(1)
                .says("hint: ")
                .says("make room and run the same command again");
            faults += 1;
        }
        assert_beginning(&place, &whole);
        place.backfill(&["--since-last"]).expect(0);
        assert_eq!(place.digest(), whole.digest(), "limit {limit}");
    }
    assert!(faults >= 3, "the limit was met {faults} times only");
    println!("{faults} limits met");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_what_is_stored_stays() {
    let whole = Place::with(&small_chain(5, 981));
    whole.backfill(&[]).expect(0);
    let place = Place::at(whole.blocks());
    let Some(disk) = Disk::mount(&place, "64m", "a read-only disk") else {
        return;
    };
    disk.remount("ro");
    place
        .backfill(&[])
        .expect(1)
        .says("hint: the folder of the database must be there and be writable");
    disk.remount("rw");
    place.scan(&["--to", "2024-02-03"]).expect(0);
    let digest = place.digest();
    disk.remount("ro");
    for args in [&["--since-last"][..], &[]] {
        place
            .backfill(args)
            .expect(1)
            .says("hint: ")
            .says("writable");
    }
    place
        .run(["price"])
        .expect(1)
        .says("hint: ")
        .says("writable");
    disk.remount("rw");
    assert_eq!(place.digest(), digest);
    assert_sound(&place);
    place.backfill(&[]).expect(0);
    assert_eq!(place.digest(), whole.digest());
}
