//! One thread's way to the blocks: open files, and the buffers they are read into.

use rustc_hash::FxHashMap;

use super::Source;
use super::survey::Survey;
use crate::blockfile::undo::file::path_beside;
use crate::blockfile::{BlockSource, Chain, UndoFile, XorKey};
use crate::chain::header::{Hash, Header, Place};
use crate::filter::extract::{Extract, txids};
use crate::filter::visit::{Malformed, transaction_count};
use crate::filter::{BlockOutputs, Window};

/// Why a block could not be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockError {
    /// Its file is gone or became shorter, or the disk failed: the bytes may be there again another time.
    #[error("{0}")]
    Unread(String),
    /// The bytes are no block.
    #[error("{0}")]
    Damaged(String),
}

/// Files of a kind that are open at a time; a day lies in two to four.
const OPEN_FILES: usize = 6;

/// What is wrong with a block whose bytes can be taken apart.
pub(super) const OTHER_ROOT: &str = "its transactions do not hash to the merkle root in its header";

/// Reads blocks, each from the first of its places that holds it.
pub struct Reader<'a> {
    blocks: Blocks<'a>,
    undo: Option<Undos<'a>>,
    copies: FxHashMap<Hash, Vec<&'a Header>>,
}

impl<'a> Reader<'a> {
    /// A reader with nothing open, that uses no undo files.
    pub fn new(source: &'a Source, survey: &'a Survey) -> Reader<'a> {
        let mut copies: FxHashMap<Hash, Vec<&Header>> = FxHashMap::default();
        for header in &survey.copies {
            copies.entry(header.hash).or_default().push(header);
        }
        Reader {
            blocks: Blocks {
                source,
                survey,
                open: Vec::new(),
                buffer: Vec::new(),
            },
            undo: None,
            copies,
        }
    }

    /// Uses the undo files beside the block files.
    pub fn with_undo(mut self) -> Reader<'a> {
        self.undo = Some(Undos {
            survey: self.blocks.survey,
            key: self.blocks.survey.key,
            chain: self.blocks.source.chain,
            open: Vec::new(),
        });
        self
    }

    /// Reads the block of `header` into `window`, and says where it was.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(
        &mut self,
        header: &Header,
        window: &mut Window,
    ) -> Result<(BlockOutputs, Place), BlockError> {
        let (extract, place) = self.any_copy(header, |reader, header| {
            reader.blocks.with(header, Extract::by_txids)
        })?;
        Ok((window.decide(extract), place))
    }

    /// Reads the block of `header`, of a window that begins at height `first`, and says where it was. With `check`,
    /// a block whose transactions do not hash to its merkle root is none.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn extract(
        &mut self,
        header: &Header,
        first: u32,
        check: bool,
    ) -> Result<(Extract, Place), BlockError> {
        self.any_copy(header, |reader, header| {
            let Reader { blocks, undo, .. } = reader;
            blocks.with(header, |block| {
                let found = undo.as_mut().and_then(|undos| undos.find(header, block));
                let by_heights = match found {
                    Some(undo) => Extract::by_heights(block, undo, first).map_err(in_words)?,
                    None => None,
                };
                let extract = match by_heights {
                    Some(extract) => extract,
                    None => Extract::by_txids(block).map_err(in_words)?,
                };
                if check && !extract.root_holds(block) {
                    return Err(OTHER_ROOT.to_string());
                }
                Ok(extract)
            })
        })
    }

    /// The txids of the block of `header`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn txids(&mut self, header: &Header) -> Result<Vec<[u8; 32]>, BlockError> {
        self.any_copy(header, |reader, header| reader.blocks.with(header, txids))
            .map(|(txids, _)| txids)
    }

    /// Tries the place of `header`, then those of its copies.
    fn any_copy<T>(
        &mut self,
        header: &Header,
        mut read: impl FnMut(&mut Reader<'a>, &Header) -> Result<T, BlockError>,
    ) -> Result<(T, Place), BlockError> {
        let why = match read(self, header) {
            Ok(found) => return Ok((found, header.place)),
            Err(why) => why,
        };
        for copy in self.copies.get(&header.hash).cloned().unwrap_or_default() {
            if let Ok(found) = read(self, copy) {
                return Ok((found, copy.place));
            }
        }
        Err(why)
    }
}

fn unread(error: impl std::fmt::Display) -> BlockError {
    BlockError::Unread(error.to_string())
}

fn in_words(error: Malformed) -> String {
    error.to_string()
}

/// The block files.
struct Blocks<'a> {
    source: &'a Source,
    survey: &'a Survey,
    open: Vec<(u32, BlockSource)>,
    buffer: Vec<u8>,
}

impl Blocks<'_> {
    /// What `make` makes of the block of `header`.
    fn with<T, E: std::fmt::Display>(
        &mut self,
        header: &Header,
        make: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, BlockError> {
        let number = header.place.file;
        let at = match self.open.iter().position(|(open, _)| *open == number) {
            Some(at) => at,
            None => {
                let path = self
                    .survey
                    .paths
                    .get(&number)
                    .ok_or_else(|| unread("its file is gone"))?;
                let file =
                    BlockSource::open(path, self.source.access, self.survey.key).map_err(unread)?;
                push_bounded(&mut self.open, (number, file))
            }
        };
        let Place { offset, .. } = header.place;
        let made = self.open[at]
            .1
            .with_block(offset, header.size, &mut self.buffer, make)
            .map_err(unread)?;
        made.map_err(|error| BlockError::Damaged(error.to_string()))
    }
}

/// The undo files.
struct Undos<'a> {
    survey: &'a Survey,
    key: XorKey,
    chain: Chain,
    /// `None`: there is none of that number, or it cannot be read.
    open: Vec<(u32, Option<UndoFile>)>,
}

impl Undos<'_> {
    /// The undo data of `block`, if there is any and it has something to undo.
    fn find(&mut self, header: &Header, block: &[u8]) -> Option<&[u8]> {
        let transactions = transaction_count(block).ok()?.checked_sub(1)?;
        if transactions == 0 {
            return None;
        }
        let number = header.place.file;
        let at = match self.open.iter().position(|(open, _)| *open == number) {
            Some(at) => at,
            None => {
                let path = path_beside(self.survey.paths.get(&number)?, number);
                let file = UndoFile::open(&path, self.key, self.chain).ok();
                push_bounded(&mut self.open, (number, file))
            }
        };
        let transactions = u32::try_from(transactions).ok()?;
        let parent = block.get(4..36)?.first_chunk()?;
        self.open[at]
            .1
            .as_mut()?
            .find(parent, transactions, header.size)
    }
}

/// Adds to the open files, closing the one opened first if they are too many; gives its position.
fn push_bounded<T>(open: &mut Vec<T>, file: T) -> usize {
    if open.len() == OPEN_FILES {
        open.remove(0);
    }
    open.push(file);
    open.len() - 1
}
