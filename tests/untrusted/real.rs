//! Real bytes to begin with.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Whole blocks of the main chain: one from a crate, ten more where the larger data is at hand.
pub(crate) fn blocks() -> Vec<Vec<u8>> {
    let mut blocks = vec![bitcoin_test_data::blocks::mainnet_702861().to_vec()];
    if let Some(folder) = shared("real-blocks") {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "raw") {
                blocks.push(fs::read(path).unwrap());
            }
        }
    }
    blocks
}

/// Pieces of real blocks small enough to be changed many times a second: each a header and a few transactions.
pub(crate) fn small_blocks() -> Vec<Vec<u8>> {
    let mut small = Vec::new();
    for block in blocks() {
        let block: bitcoin::Block = bitcoin::consensus::deserialize(&block).unwrap();
        let step = block.txdata.len() / 8 + 1;
        for (i, some) in block.txdata.chunks(step).enumerate() {
            let few = some.iter().take(2 + i).cloned().collect::<Vec<_>>();
            let piece = bitcoin::Block {
                header: block.header,
                txdata: few,
            };
            small.push(bitcoin::consensus::serialize(&piece));
        }
    }
    small
}

/// A file of a blocks folder that Core wrote, without the zeros at its end.
pub(crate) fn written_by_core(folder: &str, name: &str) -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    // The fuzz crate stands one folder deeper.
    let archive = data
        .map(|dir| dir.join(format!("tests/data/{folder}.tar.xz")))
        .find(|path| path.exists())
        .unwrap();
    let mut plain = Vec::new();
    let mut packed = std::io::BufReader::new(fs::File::open(archive).unwrap());
    lzma_rs::xz_decompress(&mut packed, &mut plain).unwrap();
    let mut archive = tar::Archive::new(plain.as_slice());
    let mut entry = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap().ends_with(name))
        .unwrap();
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes.truncate(end + 1);
    bytes
}

fn shared(name: &str) -> Option<PathBuf> {
    let folder = Path::new(&std::env::var_os("BLKPRICE_SHARED")?)
        .join("data")
        .join(name);
    folder.is_dir().then_some(folder)
}
