//! The header pass: what blocks a folder holds, and which of them are the chain.

mod look;
mod lost;
mod merge;

pub(super) use look::SETTLED;
pub use look::{changed_files, unchanged};

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use look::{Looked, look};
use merge::merge;

use super::warning::Warning;
use super::{Error, Source, Watch};
use crate::blockfile::files::{self, BlkFile};
use crate::blockfile::records;
use crate::blockfile::{self, Access, BlockSource, Chain, XorKey};
use crate::chain::header::{Hash, Header, Place};
use crate::chain::heights::{PREFIX_BYTES, stated_height};
use crate::chain::parts::{ActiveChain, Evidence};
use crate::store::{self, FileState, Store};

/// So many files that cannot be read are told by name.
const FEW: usize = 3;

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
            header.place = Place::nowhere(header.height.unwrap_or(0));
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
    /// Stored blocks that are damaged in their files by now.
    pub damaged: FxHashSet<Hash>,
    /// Files that were there when they were listed and gone when the height of a block was to be read from them.
    pub vanished: FxHashSet<u32>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Survey {
    /// Whether the block of `header` can be read.
    pub fn is_readable(&self, header: &Header) -> bool {
        self.paths.contains_key(&header.place.file) && !self.damaged.contains(&header.hash)
    }

    /// Whether there were no files at all.
    pub fn is_empty(&self) -> bool {
        let unreadable = |warning: &Warning| matches!(warning, Warning::Unreadable(..));
        self.paths.is_empty() && !self.warnings.iter().any(unreadable)
    }

    /// Takes files for gone that could be listed but not be read. Their state is not kept, so that the next run looks at them
    /// again even if they look the same by then, as on a disk that was away.
    pub fn give_up(&mut self, files: &FxHashSet<u32>) {
        self.paths.retain(|file, _| !files.contains(file));
        self.files.retain(|state| !files.contains(&state.file));
    }
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
    let mut listed = files::list(&source.blocks_dir)?;
    let key = XorKey::load(&source.blocks_dir)?;
    check_chain(&listed, key, source.chain)?;
    let mut survey = Survey {
        key,
        ..Survey::default()
    };
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
    let looked = without_gone(source, &mut listed, looked);
    let last_listed = listed.last().map(|file| file.number);
    let newest = known.files.iter().map(|state| state.file).max();
    for pair in listed.windows(2) {
        if pair[1].number - pair[0].number > 1 {
            survey.warnings.push(Warning::MissingFiles(
                pair[0].number + 1,
                pair[1].number - 1,
            ));
        }
    }

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
    few_unreadable(&mut survey.warnings);
    let lost = merge(&mut survey, found, &fresh, known);
    if let (Some(listed), Some(newest)) = (last_listed, newest) {
        // Not where the blocks of these files stand in others now, after the node has fetched them again.
        let lost =
            |header: &Header| (listed.saturating_add(1)..=newest).contains(&header.place.file);
        if survey.headers.iter().any(lost) {
            survey
                .warnings
                .push(Warning::NewestGone(listed.saturating_add(1), newest));
        }
    }
    nothing_left(&mut survey, &fresh);
    let mut vanished = FxHashSet::default();
    let mut chain = ActiveChain::choose(&survey.headers, &evidence, |header| {
        let path = survey.paths.get(&header.place.file)?;
        let size = header.size.min(PREFIX_BYTES as u32); // a small constant
        let mut buffer = Vec::new();
        let block = BlockSource::open(path, Access::Read, key)
            .inspect_err(|error| {
                if error.kind() == ErrorKind::NotFound {
                    vanished.insert(header.place.file);
                }
            })
            .ok()?;
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
    lost.tell(&mut survey, &fresh);
    survey.vanished = vanished;
    Ok(survey)
}

/// Warns of files that known blocks stand in and that hold no block record at all now, as where the key is not theirs. Their state is
/// not kept: once the key is back they look as they do now.
fn nothing_left(survey: &mut Survey, fresh: &FxHashMap<u32, Vec<u64>>) {
    let none: FxHashSet<u32> = fresh
        .iter()
        .filter(|(_, found)| found.is_empty())
        .map(|(file, _)| *file)
        .collect();
    let files = survey.headers.iter().map(|header| header.place.file);
    let held: BTreeSet<u32> = files.filter(|file| none.contains(file)).collect();
    let first = held.first().and_then(|file| survey.paths.get(file));
    if let Some(path) = first.cloned() {
        let warning = Warning::NothingLeft(path, held.len() - 1);
        survey.warnings.push(warning);
        survey.files.retain(|state| !held.contains(&state.file));
    }
}

/// Of many files that cannot be read a few are told, and the number of the others.
fn few_unreadable(warnings: &mut Vec<Warning>) {
    let mut seen = 0;
    warnings.retain(|warning| {
        seen += usize::from(matches!(warning, Warning::Unreadable(..)));
        seen <= FEW || !matches!(warning, Warning::Unreadable(..))
    });
    if seen > FEW {
        warnings.push(Warning::MoreUnreadable(seen - FEW));
    }
}

/// Leaves out files that were deleted since they were listed, as by a node that prunes: as if it had been listed a moment later.
/// Where all of them are gone it is their disk that is.
fn without_gone(
    source: &Source,
    listed: &mut Vec<BlkFile>,
    mut looked: Vec<Result<Looked, Error>>,
) -> Vec<Result<Looked, Error>> {
    let is_gone = |looked: &Result<Looked, Error>| matches!(looked, Ok(Looked::Failed(error)) if error.kind() == ErrorKind::NotFound);
    if !looked.iter().any(is_gone) {
        return looked;
    }
    let Some(left) = files::list(&source.blocks_dir)
        .ok()
        .filter(|left| !left.is_empty())
    else {
        return looked;
    };
    let mut keep = listed
        .iter()
        .zip(&looked)
        .map(|(file, looked)| !is_gone(looked) || left.binary_search(file).is_ok())
        .collect::<Vec<_>>()
        .into_iter();
    let mut kept = keep.clone();
    listed.retain(|_| keep.next().unwrap_or(true));
    looked.retain(|_| kept.next().unwrap_or(true));
    looked
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

/// The folder the paths of a survey are in, for messages.
pub fn path_of(survey: &Survey, dir: &Path, file: u32) -> PathBuf {
    survey
        .paths
        .get(&file)
        .cloned()
        .unwrap_or_else(|| dir.join(files::name_of(file)))
}
