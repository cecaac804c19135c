//! A node as its block folder sees it: blocks written where it says, over preallocated zeros, with forks.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use blkprice::synth::{MAINNET_MAGIC, RawBlock, Rng};

/// Space that is allocated ahead, bytes.
const AHEAD: u64 = 64 << 10;

#[allow(dead_code, reason = "of use where blocks arrive out of order")]
/// Puts blocks into the order in which they happen to arrive.
pub(crate) fn mix(rng: &mut Rng, blocks: &mut [RawBlock]) {
    for i in (1..blocks.len()).rev() {
        blocks.swap(i, rng.below(i + 1));
    }
}

/// The block folder of a node, grown record by record.
pub(crate) struct Node {
    dir: PathBuf,
    key: [u8; 8],
    /// Bytes of records in each file.
    ends: Vec<u64>,
    /// Files written since the last [`Node::settle`].
    touched: Vec<usize>,
}

impl Node {
    pub(crate) fn new(dir: &Path, key: [u8; 8]) -> Node {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("xor.dat"), key).unwrap();
        Node {
            dir: dir.to_path_buf(),
            key,
            ends: Vec::new(),
            touched: Vec::new(),
        }
    }

    pub(crate) fn files(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn path(&self, file: usize) -> PathBuf {
        self.dir.join(format!("blk{file:05}.dat"))
    }

    /// Writes the records of `blocks` behind those of `file`, which is made if need be.
    pub(crate) fn write<'b>(
        &mut self,
        file: usize,
        blocks: impl IntoIterator<Item = &'b RawBlock>,
    ) {
        for block in blocks {
            let end = self.put(file, block, block.bytes.len());
            self.ends[file] = end;
        }
    }

    /// Writes only the first `keep` bytes of a block, as a node killed at that moment: the next record goes over it.
    pub(crate) fn tear(&mut self, file: usize, block: &RawBlock, keep: usize) {
        self.put(file, block, keep);
    }

    /// Forgets the last `bytes` of records of a file, as a killed node that had not noted them: they are written over.
    pub(crate) fn forget(&mut self, file: usize, end: u64) {
        self.ends[file] = end;
    }

    #[allow(dead_code, reason = "of use to the test of small runs")]
    /// Cuts off the space allocated ahead, as a node does when it goes on in a new file.
    pub(crate) fn roll_over(&mut self, file: usize) {
        let handle = File::options().write(true).open(self.path(file)).unwrap();
        handle.set_len(self.ends[file]).unwrap();
        self.touched.push(file);
    }

    pub(crate) fn end(&self, file: usize) -> u64 {
        self.ends.get(file).copied().unwrap_or(0)
    }

    /// Dates the files written since to a moment long enough ago that a scan trusts it, one for each `step`.
    pub(crate) fn settle(&mut self, step: u64) {
        let time = SystemTime::now() - Duration::from_secs(1_000_000 - 60 * step);
        for file in self.touched.drain(..) {
            let path = self.dir.join(format!("blk{file:05}.dat"));
            // One that was pruned since needs no date.
            if path.exists() {
                let file = File::options().write(true).open(path).unwrap();
                file.set_modified(time).unwrap();
            }
        }
    }

    fn put(&mut self, file: usize, block: &RawBlock, keep: usize) -> u64 {
        if self.ends.len() <= file {
            self.ends.resize(file + 1, 0);
        }
        let start = self.ends[file];
        let mut record = MAINNET_MAGIC.to_vec();
        record.extend_from_slice(&u32::try_from(block.bytes.len()).unwrap().to_le_bytes());
        record.extend_from_slice(&block.bytes[..keep]);
        for (offset, byte) in (start..).zip(&mut record) {
            *byte ^= self.key[usize::try_from(offset % 8).unwrap()];
        }
        let path = self.path(file);
        let handle = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .unwrap();
        let end = start + 8 + block.bytes.len() as u64;
        let size = end.div_ceil(AHEAD) * AHEAD;
        if handle.metadata().unwrap().len() < size {
            handle.set_len(size).unwrap();
        }
        handle.write_all_at(&record, start).unwrap();
        self.touched.push(file);
        end
    }
}
