//! The header pass: what blocks a folder holds, and which of them are the chain.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::warning::Warning;
use super::{Error, Source, Watch};
use crate::blockfile::files::{self, BlkFile};
use crate::blockfile::records::{self, Framing, Oddity};
use crate::blockfile::{self, Access, BlockSource, Chain, XorKey};
use crate::chain::header::{Header, Place, proves_work};
use crate::chain::heights::{PREFIX_BYTES, stated_height};
use crate::chain::index::HashIndex;
use crate::chain::parts::{ActiveChain, Evidence};
use crate::filter::txid::merkle_root_holds;
use crate::store::{self, FileState, Store};

/// A file changed less than this before it was looked at can change again within the clock's grain.
pub(super) const SETTLED: Duration = Duration::from_secs(2);

/// The file number of blocks that are stored from another folder; no block file has it.
pub const ELSEWHERE: u32 = u32::MAX;

/// What the store knows beforehand.
#[derive(Debug, Default)]
pub struct Known {
    /// Headers of the stored blocks, with heights, ascending.
    pub stored: Vec<Header>,
    /// Other headers seen.
    pub others: Vec<Header>,
    /// The files as last seen.
    pub files: Vec<FileState>,
}

impl Known {
    /// Reads it from the store.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn load(store: &Store) -> Result<Known, store::Error> {
        Ok(Known {
            stored: store.stored_headers()?,
            others: store.other_headers()?,
            files: store.files()?,
        })
    }

    /// The folder is another than the one all this was read from: what is stored is kept in mind, but as standing
    /// nowhere in this folder, so that it is neither looked for there nor taken for overwritten.
    pub fn forget_places(&mut self) {
        for header in &mut self.stored {
            header.place = Place {
                file: ELSEWHERE,
                offset: u64::from(header.height.unwrap_or(0)),
            };
        }
        self.others.clear();
        self.files.clear();
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Survey {
    /// Every block known, each once, in file order.
    pub headers: Vec<Header>,
    /// Further copies of some of them.
    pub copies: Vec<Header>,
    /// The chain among them.
    pub chain: ActiveChain,
    /// The files as seen.
    pub files: Vec<FileState>,
    /// The files that can be read, by number.
    pub paths: FxHashMap<u32, PathBuf>,
    /// The obfuscation key of the folder.
    pub key: XorKey,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Survey {
    /// Whether the block of `header` can be read.
    pub fn is_readable(&self, header: &Header) -> bool {
        self.paths.contains_key(&header.place.file)
    }

    /// Takes files for gone that could be listed but not be read. Their state is not kept, so that the next run looks at them
    /// again even if they look the same by then, as on a disk that was away.
    pub fn give_up(&mut self, files: &FxHashSet<u32>) {
        self.paths.retain(|file, _| !files.contains(file));
        self.files.retain(|state| !files.contains(&state.file));
    }
}

/// Whether every block file has the size and time of change that are known of it.
///
/// # Errors
/// The folder cannot be read.
pub fn unchanged(source: &Source, known: &[FileState]) -> Result<bool, Error> {
    let listed = files::list(&source.blocks_dir)?;
    let known: FxHashMap<u32, &FileState> = known.iter().map(|state| (state.file, state)).collect();
    Ok(listed.iter().all(|file| {
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

/// Surveys the folder. With `trust_files`, files that have not changed since are not read again.
///
/// # Errors
/// The folder is of another chain or cannot be read, or the run was interrupted.
pub fn survey(
    source: &Source,
    known: Known,
    trust_files: bool,
    watch: &Watch<'_>,
) -> Result<Survey, Error> {
    let listed = files::list(&source.blocks_dir)?;
    let key = XorKey::load(&source.blocks_dir)?;
    check_chain(&listed, key, source.chain)?;
    let mut survey = Survey {
        key,
        ..Survey::default()
    };
    for pair in listed.windows(2) {
        if pair[1].number - pair[0].number > 1 {
            survey.warnings.push(Warning::MissingFiles(
                pair[0].number + 1,
                pair[1].number - 1,
            ));
        }
    }
    let states: FxHashMap<u32, FileState> = known.files.iter().map(|s| (s.file, *s)).collect();
    watch
        .progress
        .start("reading headers", listed.len() as u64, super::Unit::Files);
    let looked: Vec<Result<Looked, Error>> = listed
        .par_iter()
        .map(|file| {
            watch.check()?;
            let state = states.get(&file.number).filter(|_| trust_files);
            let looked = look(source, file, key, state, &|| watch.check().is_err());
            // A file that was given up half-way is no unreadable file.
            watch.check()?;
            watch.progress.advance(1);
            Ok(looked)
        })
        .collect();
    watch.progress.finish();

    let mut evidence = Evidence {
        last_file: listed.last().map_or(0, |file| file.number),
        ..Evidence::default()
    };
    for warning in &survey.warnings {
        if let Warning::MissingFiles(first, last) = warning {
            // One number stands for the run: it is only asked whether there are any up to some file.
            evidence.damaged_files.extend([*first, *last]);
        }
    }
    let mut fresh = FxHashMap::default();
    let count = looked.iter().map(|looked| match looked {
        Ok(Looked::Read(_, headers, _)) => headers.len(),
        _ => 0,
    });
    let mut found = Vec::with_capacity(count.sum());
    for (file, looked) in listed.iter().zip(looked) {
        match looked? {
            Looked::Failed(error) => {
                evidence.damaged_files.insert(file.number);
                survey
                    .warnings
                    .push(Warning::Unreadable(file.path.clone(), error));
            }
            Looked::AsKnown(state) => {
                if state.damaged {
                    evidence.damaged_files.insert(file.number);
                }
                survey.paths.insert(file.number, file.path.clone());
                survey.files.push(state);
            }
            Looked::Read(state, headers, warnings) => {
                if state.damaged {
                    evidence.damaged_files.insert(file.number);
                }
                survey.paths.insert(file.number, file.path.clone());
                survey.files.push(state);
                survey.warnings.extend(warnings);
                fresh.insert(
                    file.number,
                    headers.iter().map(|h| h.place.offset).collect(),
                );
                found.extend(headers);
            }
        }
    }
    merge(&mut survey, found, &fresh, known);
    let mut chain = ActiveChain::choose(&survey.headers, &evidence, |header| {
        let path = survey.paths.get(&header.place.file)?;
        let size = header.size.min(PREFIX_BYTES as u32); // a small constant
        let mut buffer = Vec::new();
        let block = BlockSource::open(path, Access::Read, key).ok()?;
        block
            .with_block(header.place.offset, size, &mut buffer, stated_height)
            .ok()?
    });
    // A remembered header whose file was pruned since tells its height no more, and nobody can do anything about it.
    chain
        .unplaced
        .retain(|part| survey.paths.contains_key(&part.place.file));
    survey
        .warnings
        .extend(chain.unplaced.iter().cloned().map(Warning::Unplaced));
    survey.chain = chain;
    Ok(survey)
}

enum Looked {
    AsKnown(FileState),
    Read(FileState, Vec<Header>, Vec<Warning>),
    Failed(std::io::Error),
}

fn look(
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
    let mtime = meta.modified().map_or(0, nanoseconds);
    state.mtime_ns != 0 && state.mtime_ns == mtime && state.size == size
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(0)
}

/// Looks at the key and the first records only, before anything is made for a folder that will not do.
///
/// # Errors
/// The folder is of another chain or cannot be read.
pub fn check_folder(source: &Source) -> Result<(), Error> {
    let key = XorKey::load(&source.blocks_dir)?;
    check_chain(&files::list(&source.blocks_dir)?, key, source.chain)
}

fn check_chain(listed: &[BlkFile], key: XorKey, wanted: Chain) -> Result<(), Error> {
    for file in listed {
        let first =
            files::open(&file.path).and_then(|(handle, _)| records::first_magic(&handle, key));
        match first.ok().flatten().and_then(Chain::from_magic) {
            Some(found) if found == wanted => return Ok(()),
            Some(found) => {
                return Err(Error::BlockFile(blockfile::Error::OtherChain {
                    path: file.path.clone(),
                    found,
                    wanted,
                }));
            }
            None => {}
        }
    }
    Ok(())
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

/// Joins what was found with what the store knows, each hash once.
///
/// Of a file read again only what was found counts, with one exception: a stored block that is no longer
/// found stays (its bytes may have been damaged or cut off since), unless the node has written other
/// records at or before its place, as it does after a crash.
fn merge(survey: &mut Survey, found: Vec<Header>, fresh: &FxHashMap<u32, Vec<u64>>, known: Known) {
    let (mut stored, mut others) = (known.stored, known.others);
    // Lists in order of place are searched instead of sets: of a million blocks a set is a hundred megabytes.
    // Blocks stored from another folder may claim a place that one of this folder stands at.
    stored.sort_unstable_by_key(|header| (header.place, header.hash.0));
    others.sort_unstable_by_key(|header| (header.place, header.hash.0));
    let stands_in = |list: &[Header], header: &Header| {
        let key = (header.place, header.hash.0);
        list.binary_search_by_key(&key, |other| (other.place, other.hash.0))
            .is_ok()
    };
    let mut rewritten: FxHashMap<u32, u64> = FxHashMap::default();
    for header in &found {
        if !stands_in(&stored, header) && !stands_in(&others, header) {
            let first = rewritten.entry(header.place.file).or_insert(u64::MAX);
            *first = (*first).min(header.place.offset);
        }
    }
    stored.retain(|header| {
        let from = rewritten
            .get(&header.place.file)
            .copied()
            .unwrap_or(u64::MAX);
        !fresh.contains_key(&header.place.file)
            // What was found again where it was is not needed twice.
            || header.place.offset < from && !stands_in(&found, header)
    });
    others.retain(|header| !fresh.contains_key(&header.place.file));

    let mut all = found;
    all.reserve_exact(stored.len() + others.len());
    all.append(&mut stored);
    all.append(&mut others);
    drop((stored, others));
    // Readable places first, so that of several copies one that can be read is kept. The sort is stable: of
    // the same place the one found comes before the one remembered.
    all.sort_by_key(|header| (!survey.paths.contains_key(&header.place.file), header.place));
    let mut kept = HashIndex::with_capacity(all.len());
    let mut copied = FxHashSet::default();
    let mut again = Vec::new();
    for (at, header) in (0u32..).zip(&all) {
        let owner = |at: u32| &all[at as usize].hash.0;
        let Some(first) = kept.insert(&header.hash.0, at, owner) else {
            continue;
        };
        again.push(at as usize);
        let Place { file, offset } = header.place;
        // A remembered place of a file read again holds something else by now.
        let holds = fresh
            .get(&file)
            .is_none_or(|found| found.binary_search(&offset).is_ok());
        let other = all[first as usize].place != header.place && file != ELSEWHERE;
        if holds && other && copied.insert(header.place) {
            survey.copies.push(*header);
        }
    }
    drop(kept);
    let mut again = again.into_iter().peekable();
    let mut at = 0;
    all.retain(|_| {
        at += 1;
        again.next_if_eq(&(at - 1)).is_none()
    });
    all.sort_by_key(|header| header.place);
    survey.headers = all;
}

/// The folder the paths of a survey are in, for messages.
pub fn path_of(survey: &Survey, dir: &Path, file: u32) -> PathBuf {
    survey
        .paths
        .get(&file)
        .cloned()
        .unwrap_or_else(|| dir.join(files::name_of(file)))
}
