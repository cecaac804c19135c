//! Finding the blocks: flags, bitcoin.conf, links, and folders that will not do.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use blkprice::synth::{BlockFiles, REGTEST_MAGIC};

use crate::support::{Place, age, heights_and_hashes, small_chain};

/// Blocks of regtest in `dir`.
fn write(dir: std::path::PathBuf, seed: u64) -> Vec<(u32, String)> {
    let blocks = small_chain(1, seed);
    BlockFiles::new(dir)
        .magic(REGTEST_MAGIC)
        .write(&blocks)
        .unwrap();
    heights_and_hashes(&blocks)
}

fn scan_regtest(place: &Place, args: &[&str]) -> crate::support::Ran {
    let words = [&["scan", "--chain", "regtest"][..], args].concat();
    place.run(words)
}

#[test]
fn a_datadir_holds_the_blocks_of_each_chain_in_its_own_subfolder() {
    let place = Place::new();
    let expected = write(place.dir().join("node/regtest/blocks"), 40);
    scan_regtest(&place, &["--datadir", "node"]).expect(0);
    assert_eq!(place.chain(), expected);
}

#[test]
fn without_flags_the_default_folder_is_searched() {
    let place = Place::new();
    let expected = write(place.dir().join(".bitcoin/regtest/blocks"), 41);
    scan_regtest(&place, &[]).expect(0);
    assert_eq!(place.chain(), expected);
}

#[test]
fn blocksdir_is_heeded_from_the_section_of_the_chain_and_from_included_files() {
    let place = Place::new();
    fs::create_dir(place.dir().join("node")).unwrap();
    let conf =
        |name: &str, text: &str| fs::write(place.dir().join("node").join(name), text).unwrap();
    let elsewhere = write(place.dir().join("elsewhere/regtest/blocks"), 42);
    let dir = place.dir().join("elsewhere");
    let dir = dir.display();
    for text in [
        format!("server=1\n[regtest]\nblocksdir={dir} # a large disk\n"),
        format!("regtest.blocksdir={dir}\n"),
        format!("blocksdir=/nowhere\n[regtest]\nblocksdir={dir}\nblocksdir=/nowhere\n"),
    ] {
        conf("bitcoin.conf", &text);
        let _ = fs::remove_file(place.db());
        scan_regtest(&place, &["--datadir", "node"]).expect(0);
        assert_eq!(place.chain(), elsewhere, "{text}");
    }
    conf("bitcoin.conf", "includeconf=more.conf\n");
    conf("more.conf", &format!("[regtest]\nblocksdir={dir}\n"));
    fs::remove_file(place.db()).unwrap();
    scan_regtest(&place, &["--datadir", "node"]).expect(0);
    assert_eq!(place.chain(), elsewhere);

    // Another chain's section says nothing to this one.
    conf("bitcoin.conf", &format!("[signet]\nblocksdir={dir}\n"));
    scan_regtest(&place, &["--datadir", "node"])
        .expect(1)
        .does_not_say("elsewhere");

    conf("bitcoin.conf", "includeconf=gone.conf\n");
    scan_regtest(&place, &["--datadir", "node"])
        .expect(1)
        .says("bitcoin.conf: includeconf=node/gone.conf leads to no file");
}

#[test]
fn links_to_the_data_folder_the_blocks_and_single_files_are_followed() {
    let place = Place::new();
    let expected = write(place.dir().join("disk/regtest/blocks"), 43);
    let link =
        |from: &str, to: &str| symlink(place.dir().join(from), place.dir().join(to)).unwrap();
    link("disk", "node");
    fs::create_dir_all(place.dir().join("other/regtest")).unwrap();
    link("disk/regtest/blocks", "other/regtest/blocks");
    fs::create_dir(place.dir().join("single")).unwrap();
    link("disk/regtest/blocks/blk00000.dat", "single/blk00000.dat");
    for flags in [
        ["--datadir", "node"],
        ["--datadir", "other"],
        ["--blocks-dir", "single"],
        ["--blocks-dir", "node/regtest"],
    ] {
        let _ = fs::remove_file(place.db());
        scan_regtest(&place, &flags).expect(0);
        assert_eq!(place.chain(), expected, "{flags:?}");
    }
}

#[test]
fn where_there_are_no_blocks_every_place_tried_is_listed() {
    let place = Place::new();
    fs::create_dir_all(place.dir().join("node/blocks")).unwrap();
    fs::write(
        place.dir().join("node/bitcoin.conf"),
        "blocksdir=/nowhere\n",
    )
    .unwrap();
    place
        .run(["scan", "--datadir", "node"])
        .expect(1)
        .says("no folder with blk*.dat files for chain main was found; tried:")
        .says("/nowhere/blocks: No such file or directory")
        .says("node/blocks: has no blk*.dat files")
        .says("hint: name it with --blocks-dir");
    place
        .run(["scan", "--chain", "testnet4"])
        .expect(1)
        .says(".bitcoin/testnet4/blocks: No such file");
    fs::write(place.dir().join("a-file"), "").unwrap();
    place
        .run(["scan", "--blocks-dir", "a-file"])
        .expect(1)
        .says("a-file: is not a folder");
    assert!(!place.db().exists(), "and no database is made");
}

#[test]
fn a_folder_of_another_chain_is_refused_with_the_chain_it_holds() {
    let place = Place::new();
    write(place.blocks().to_path_buf(), 44);
    place
        .scan(&[])
        .expect(1)
        .says("blk00000.dat holds blocks of chain regtest, not of main")
        .says("hint: say --chain regtest");
    place
        .scan(&["--chain", "signet"])
        .expect(1)
        .says("chain regtest, not of signet");
    assert!(
        !place.db().exists(),
        "no database of the wrong chain is made"
    );
    place.scan(&["--chain", "regtest"]).expect(0);
}

#[test]
fn wrong_usage_ends_with_exit_code_2() {
    let place = Place::new();
    let cases: [&[&str]; 9] = [
        &["scan", "--chain", "bitcoincash"],
        &["scan", "--from", "2024-02-30"],
        &["scan", "--from", "tomorrow"],
        &["scan", "--threads", "0"],
        &["scan", "--datadir", "a", "--blocks-dir", "b"],
        &["price", "2024-02-02..2024-02-01"],
        &["price", "--recent-blocks", "0"],
        &["price", "--engine", "v8"],
        &["export", "everything"],
    ];
    for words in cases {
        place.run(words).expect(2).says("For more information");
    }
    place
        .run(["scan", "--chain", "bitcoincash"])
        .says("none of main, test, testnet4, signet, regtest");
    place.run([""; 0]).expect(2).says("Usage:");
}

#[test]
fn a_folder_whose_name_is_no_text_is_scanned_as_any_other() {
    let place = Place::new();
    let folder = place.dir().join(OsStr::from_bytes(b"bl\xffks"));
    BlockFiles::new(&folder).write(small_chain(2, 45)).unwrap();
    age(&folder, 1_000);
    let words = |flag: &'static str| {
        [
            OsStr::new("backfill"),
            OsStr::new(flag),
            OsStr::new("--blocks-dir"),
            folder.as_os_str(),
        ]
    };
    place.run(words("--no-undo")).expect(0);
    place
        .run(words("--since-last"))
        .expect(0)
        .says("nothing new");
    // It cannot be remembered as it is.
    place
        .run(["backfill"])
        .expect(1)
        .says("hint: name it with --blocks-dir");
}
