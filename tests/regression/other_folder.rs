//! A scan of another folder into a database that holds something already.

use blkprice::synth::{BlockBuilder, BlockFiles, REGTEST_MAGIC, RawBlock};

use crate::support::{Place, heights_and_hashes, small_chain};

const STORED_DAYS: &str =
    "SELECT day, first_height, last_height, outputs, sats FROM daily_activity ORDER BY day";

#[test]
fn a_folder_that_lacks_files_and_numbers_them_otherwise_takes_no_stored_day_away() {
    let blocks = small_chain(6, 910);
    let place = Place::new();
    place.files().blocks_per_file(20).write(&blocks).unwrap();
    place.backfill(&[]).expect(0);
    let (digest, days) = (place.digest(), place.query(STORED_DAYS));
    let kinds: [(&str, u32, usize, &[u32]); 3] = [
        ("pruned", 0, 17, &[0, 1]),
        ("torn", 0, 17, &[2, 4]),
        ("shifted", 3, 33, &[5]),
    ];
    for (name, first, each, missing) in kinds {
        let other = place.dir().join(name);
        BlockFiles::new(&other)
            .first_file(first)
            .blocks_per_file(each)
            .missing(missing.iter().copied())
            .write(&blocks)
            .unwrap();
        for more in [&["--since-last"][..], &[]] {
            let words = ["backfill", "--blocks-dir", other.to_str().unwrap()];
            let ran = place.run(words.iter().chain(more));
            assert!(matches!(ran.code, Some(0 | 3)), "{name}: {ran:?}");
            assert_eq!(place.query(STORED_DAYS), days, "{name} {more:?}");
            assert_eq!(place.digest(), digest, "{name} {more:?}");
            assert_eq!(place.chain(), heights_and_hashes(&blocks));
        }
    }
    place.backfill(&[]).expect(0);
    assert_eq!(place.digest(), digest, "back in the first folder");
}

#[test]
fn another_regtest_chain_of_less_work_on_the_same_genesis_block_changes_nothing() {
    let genesis = BlockBuilder::genesis(1_706_800_000).finish();
    let chain = |blocks, seed| -> Vec<RawBlock> {
        let mut chain = vec![genesis.clone()];
        chain.extend(genesis.branch(blocks, seed));
        chain
    };
    let (stored, unrelated) = (chain(300, 1), chain(200, 2));
    let place = Place::new();
    let files = place.files().magic(REGTEST_MAGIC).blocks_per_file(50);
    files.write(&stored).unwrap();
    place.backfill(&["--chain", "regtest"]).expect(0);
    let digest = place.digest();
    let other = place.dir().join("other");
    BlockFiles::new(&other)
        .magic(REGTEST_MAGIC)
        .write(&unrelated)
        .unwrap();
    for more in [&["--since-last"][..], &[]] {
        let words = ["backfill", "--chain", "regtest", "--blocks-dir"];
        let words = words.iter().copied().chain(other.to_str());
        let _ = place.run(words.chain(more.iter().copied()));
        assert_eq!(place.chain(), heights_and_hashes(&stored), "{more:?}");
        assert_eq!(place.digest(), digest, "{more:?}");
    }
}
