//! What a scan has to say beside its result.

use std::fmt;
use std::path::PathBuf;

use crate::blockfile::records::Oddity;
use crate::chain::header::Place;
use crate::chain::parts::Unplaced;

/// Something found on the way that a person should know; the scan went on.
#[derive(Debug)]
pub enum Warning {
    /// Bytes in a file that are no whole record.
    Oddity(PathBuf, Oddity),
    /// A file with nothing in it.
    Empty(PathBuf),
    /// A file that could not be read.
    Unreadable(PathBuf, std::io::Error),
    /// So many further files could not be read.
    MoreUnreadable(usize),
    /// The files of these numbers were there before and are gone, though they were the newest.
    NewestGone(u32, u32),
    /// A file that stored blocks came from and that holds no record now, and so many more of them.
    NothingLeft(PathBuf, usize),
    /// Stored blocks that other records were written over, though the node has no other branch.
    Displaced(LostBlocks),
    /// Stored blocks that are no longer in their file, and nothing in their place.
    NoLonger(PathBuf, LostBlocks),
    /// Files missing inside the run of numbers.
    MissingFiles(u32, u32),
    /// A record with a valid header and half a body behind the last whole one.
    HalfWritten(PathBuf, u64),
    /// A part of the chain whose heights nothing tells.
    Unplaced(Unplaced),
    /// A block of the chain whose bytes are no block.
    Damaged {
        /// Its height.
        height: u32,
        /// Its file.
        path: PathBuf,
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        why: String,
    },
    /// A block of the chain that could not be read this time.
    Unread {
        /// Its height.
        height: u32,
        /// Its file.
        path: PathBuf,
        /// Where it stands.
        place: Place,
        /// What came between.
        why: String,
    },
    /// Heights without a block.
    Missing(u32, u32),
    /// A day that can be read no more since files of it are gone.
    DayGone(String),
    /// A day that can be read no more since a block of it that is stored is damaged by now.
    DayDamaged(String),
    /// Files went while they were read, from the front: the first and the last.
    Pruned(u32, u32),
    /// A day that would take blocks from such a day.
    DayHeld(String),
    /// The disk of the database may not hold what is coming.
    SmallDisk {
        /// Bytes expected.
        need: u64,
        /// Bytes free.
        free: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Oddity(path, Oddity::Garbage { start, end }) => write!(
                f,
                "{}: {} bytes at offset {start} are no block record; went on at offset {end}",
                path.display(),
                end - start
            ),
            Warning::Oddity(
                path,
                Oddity::Torn {
                    start,
                    declared,
                    present,
                },
            ) => write!(
                f,
                "{}: the record at offset {start} is torn: {present} of its {declared} bytes are there; left out",
                path.display()
            ),
            Warning::Oddity(path, Oddity::ZeroTail { start, end }) => write!(
                f,
                "{}: zeros from offset {start} to its end at {end} (space the node allocates ahead)",
                path.display()
            ),
            Warning::Empty(path) => write!(f, "{}: the file is empty", path.display()),
            Warning::Unreadable(path, error) => write!(
                f,
                "{}: {error}; its blocks are left out\n  hint: blkprice needs the right to read every blk*.dat file",
                path.display()
            ),
            Warning::MoreUnreadable(count) => {
                write!(
                    f,
                    "{count} more block files cannot be read; their blocks are left out"
                )
            }
            Warning::NewestGone(first, last) => write!(
                f,
                "the newest block files, up to blk{last:05}.dat, were there at the last scan and are gone from blk{first:05}.dat on; \
                 what is stored of them stays\n  hint: a node deletes old files only: is this the right folder, and its disk whole?"
            ),
            Warning::NothingLeft(path, more) => {
                write!(
                    f,
                    "{}: holds no block record now, and stored blocks came from it",
                    path.display()
                )?;
                if *more > 0 {
                    write!(f, "; so do {more} more files")?;
                }
                write!(
                    f,
                    "\n  hint: is the xor.dat beside the files their own? What is stored stays"
                )
            }
            Warning::Displaced(blocks) => write!(
                f,
                "{blocks} no longer where {} stood, other records are; what is stored stays (does the node fetch its chain anew?)",
                if blocks.count == 1 { "it" } else { "they" }
            ),
            Warning::NoLonger(path, blocks) => write!(
                f,
                "{}: {blocks} no longer in it (cut short, or damaged?); what is stored of {} stays\n  hint: a node that was killed fetches \
                 its last blocks again; for others see `bitcoind -reindex` (a pruned node fetches its whole chain then)",
                path.display(),
                if blocks.count == 1 { "it" } else { "them" }
            ),
            Warning::MissingFiles(first, last) if first == last => {
                write!(f, "block file blk{first:05}.dat is missing")
            }
            Warning::MissingFiles(first, last) => {
                write!(
                    f,
                    "block files blk{first:05}.dat to blk{last:05}.dat are missing"
                )
            }
            Warning::HalfWritten(path, offset) => write!(
                f,
                "{}: the block at offset {offset} is torn: only part of it was written; left out",
                path.display()
            ),
            Warning::Unplaced(part) => write!(
                f,
                "{} blocks from {} (block file {}, offset {}) have no known height: they follow a gap and their coinbases \
                 state none; they are not stored",
                part.blocks, part.first, part.place.file, part.place.offset
            ),
            Warning::Damaged {
                height,
                path,
                place,
                why,
            } => write!(
                f,
                "{}: block {height} at offset {} is damaged: {why}; left out\n  hint: the node can fetch it again after `bitcoind -reindex` (a pruned one fetches its whole chain then)",
                path.display(),
                place.offset
            ),
            Warning::Unread {
                height,
                path,
                place,
                why,
            } => write!(
                f,
                "{}: block {height} at offset {} could not be read: {why}; left out for now\n  hint: is the disk of the block files still there? The next run tries again",
                path.display(),
                place.offset
            ),
            Warning::Missing(first, last) if first == last => {
                write!(
                    f,
                    "height {first} is missing: no block file at hand holds it"
                )
            }
            Warning::Missing(first, last) => write!(
                f,
                "heights {first} to {last} are missing: no block file at hand holds them"
            ),
            Warning::DayGone(day) => write!(
                f,
                "{day}: block files of this day are gone (pruned?), so it stays as stored; its later blocks are left out"
            ),
            Warning::DayDamaged(day) => write!(
                f,
                "{day}: a block of this day that is stored is damaged in its file by now, so the day stays as stored; its later \
                 blocks are left out"
            ),
            Warning::Pruned(first, last) => write!(
                f,
                "block files were deleted while they were read (blk{first:05}.dat to blk{last:05}.dat; pruned?); looking again"
            ),
            Warning::DayHeld(day) => write!(
                f,
                "{day}: a reorganisation moved blocks between this day and one whose block files are gone (pruned?), so what is \
                 stored of both stays; the other blocks are left out"
            ),
            Warning::SmallDisk { need, free } => write!(
                f,
                "the database may need {} MB and its disk has {} MB free",
                need / 1_000_000,
                free / 1_000_000
            ),
        }
    }
}

/// Some stored blocks; shown with their verb.
#[derive(Clone, Copy, Debug)]
pub struct LostBlocks {
    /// How many.
    count: usize,
    /// Height of the first.
    first: u32,
    /// Height of the last.
    last: u32,
}

impl LostBlocks {
    /// Those of these heights; `None` where there are none.
    pub fn of(heights: &[u32]) -> Option<LostBlocks> {
        Some(LostBlocks {
            count: heights.len(),
            first: *heights.iter().min()?,
            last: *heights.iter().max()?,
        })
    }
}

impl fmt::Display for LostBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LostBlocks { count, first, last } = self;
        match count {
            1 => write!(f, "stored block {first} is"),
            _ => write!(f, "{count} stored blocks, heights {first} to {last}, are"),
        }
    }
}

impl Warning {
    /// Ordinary traces of a running node, which nobody need act on.
    pub fn is_ordinary(&self) -> bool {
        matches!(self, Warning::Oddity(_, Oddity::ZeroTail { .. }))
    }
}
