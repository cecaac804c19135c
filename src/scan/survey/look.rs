//! One file: as it was known, or read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::blockfile::files::{self, BlkFile};
use crate::blockfile::records::{self, Framing, Oddity};
use crate::blockfile::{BlockSource, XorKey};
use crate::chain::header::{Header, Place, proves_work};
use crate::filter::txid::merkle_root_holds;
use crate::scan::warning::Warning;
use crate::scan::{Error, Source};
use crate::store::FileState;

/// A file changed less than this before it was looked at can change again within the clock's grain.
pub(in crate::scan) const SETTLED: Duration = Duration::from_secs(2);

/// Whether every block file has the size and time of change that are known of it. A node that prunes deletes its oldest files, and
/// nothing is new for that; where the newest are gone, or all, something else has happened.
///
/// # Errors
/// The folder cannot be read.
pub fn unchanged(source: &Source, known: &[FileState]) -> Result<bool, Error> {
    let listed = files::list(&source.blocks_dir)?;
    let newest = known.iter().map(|state| state.file).max();
    let known: FxHashMap<u32, &FileState> = known.iter().map(|state| (state.file, state)).collect();
    let ends_as_known = listed.last().map(|file| file.number) == newest;
    Ok(ends_as_known
        && listed.iter().all(|file| {
            let Ok(meta) = std::fs::metadata(&file.path) else {
                return false;
            };
            known
                .get(&file.number)
                .is_some_and(|state| is_as_known(state, meta.len(), &meta))
        }))
}

/// The numbers of the files that are new or not as they are known; none of that if a known one is gone.
///
/// # Errors
/// The folder cannot be read.
pub fn changed_files(
    source: &Source,
    known: &[FileState],
) -> Result<Option<FxHashSet<u32>>, Error> {
    let mut states: FxHashMap<u32, &FileState> =
        known.iter().map(|state| (state.file, state)).collect();
    let mut changed = FxHashSet::default();
    for file in files::list(&source.blocks_dir)? {
        let meta = std::fs::metadata(&file.path);
        let state = states.remove(&file.number);
        let same = match (&meta, state) {
            (Ok(meta), Some(state)) => is_as_known(state, meta.len(), meta),
            _ => false,
        };
        if !same {
            changed.insert(file.number);
        }
    }
    Ok(states.is_empty().then_some(changed))
}

/// What became of a file.
pub(super) enum Looked {
    AsKnown(FileState),
    Read(FileState, Vec<Header>, Vec<Warning>),
    Failed(std::io::Error),
}

/// Reads the headers of a file that is not as it is known.
pub(super) fn look(
    source: &Source,
    file: &BlkFile,
    key: XorKey,
    known: Option<&FileState>,
    stop: &dyn Fn() -> bool,
) -> Looked {
    let run = || -> std::io::Result<Looked> {
        let (handle, meta) = files::open(&file.path)?;
        let size = meta.len();
        if let Some(state) = known.filter(|state| is_as_known(state, size, &meta)) {
            return Ok(Looked::AsKnown(*state));
        }
        let mtime = meta.modified()?;
        let settled = SystemTime::now()
            .duration_since(mtime)
            .is_ok_and(|age| age > SETTLED);
        let framing = records::frame(&handle, size, key, source.chain, proves_work, stop)?;
        let mut warnings = Vec::new();
        let damaged = note_oddities(&mut warnings, file, size, &framing);
        let state = FileState {
            file: file.number,
            size,
            mtime_ns: if settled { nanoseconds(mtime) } else { 0 },
            damaged,
        };
        let headers = proven(source, key, file, framing, &mut warnings);
        Ok(Looked::Read(state, headers, warnings))
    };
    run().unwrap_or_else(Looked::Failed)
}

fn is_as_known(state: &FileState, size: u64, meta: &std::fs::Metadata) -> bool {
    state.is_as_seen(size, meta.modified().map_or(0, nanoseconds))
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(0)
}

/// Notes what is odd in a file; whether something in it may have been lost.
fn note_oddities(
    warnings: &mut Vec<Warning>,
    file: &BlkFile,
    size: u64,
    framing: &Framing,
) -> bool {
    if size == 0 {
        warnings.push(Warning::Empty(file.path.clone()));
    }
    let mut lost = size == 0 || framing.records.is_empty();
    for oddity in &framing.oddities {
        lost |= !matches!(oddity, Oddity::ZeroTail { .. });
        warnings.push(Warning::Oddity(file.path.clone(), *oddity));
    }
    lost
}

/// The headers of a file's records, those left out whose body was only half written.
fn proven(
    source: &Source,
    key: XorKey,
    file: &BlkFile,
    framing: Framing,
    warnings: &mut Vec<Warning>,
) -> Vec<Header> {
    let whole = |record: &records::Record| {
        let block = BlockSource::open(&file.path, source.access, key);
        let mut buffer = Vec::new();
        block.is_ok_and(|block| {
            block
                .with_block(record.offset, record.size, &mut buffer, merkle_root_holds)
                .is_ok_and(|holds| holds == Ok(true))
        })
    };
    let mut headers = Vec::with_capacity(framing.records.len());
    for record in &framing.records {
        if record.doubtful && !whole(record) {
            warnings.push(Warning::HalfWritten(file.path.clone(), record.offset));
            continue;
        }
        let place = Place {
            file: file.number,
            offset: record.offset,
        };
        headers.push(Header::parse(&record.header, place, record.size));
    }
    headers
}
