//! Days of blocks to days of outputs, in parallel, handed over in order.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::prelude::*;

use super::plan::blocks_of;
use super::reader::{BlockError, Reader};
use super::survey::{Survey, path_of};
use super::warning::Warning;
use super::{Error, Source, Watch};
use crate::chain::Day;
use crate::chain::header::{Header, Place};
use crate::filter::Window;
use crate::filter::extract::Extract;
use crate::price::histogram::{BINS, Histogram};
use crate::store::codec::encode_block;
use crate::store::{BlockRow, DayRow};

/// Days per thread that may be read and not yet stored.
const AHEAD: usize = 4;
/// Blocks that a thread reads in a row, as much as a disk reads ahead.
const SHARE: usize = 8;

/// How blocks are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// With the help of the node's undo files.
    pub use_undo: bool,
    /// The merkle root of every block is recomputed.
    pub check: bool,
    /// Of blocks at these heights it is in any case: they were missing before, and a block that was found to be damaged is
    /// not to be taken for whole by a run that looks less closely.
    pub doubted: Vec<RangeInclusive<u32>>,
}

impl Reading {
    fn checks(&self, height: u32) -> bool {
        self.check || self.doubts(height)
    }

    /// Whether the block at this height was missing before.
    pub fn doubts(&self, height: u32) -> bool {
        self.doubted.iter().any(|range| range.contains(&height))
    }
}

/// A day as read.
#[derive(Debug)]
pub struct DecodedDay {
    /// What is to be stored.
    pub row: DayRow,
    /// Blocks of it whose bytes are no blocks.
    pub lost: Vec<Warning>,
}

/// Reads `days` on `pool` and calls `each` on this thread, in the order of `days`.
///
/// # Errors
/// `each` fails, or the run was interrupted.
pub fn decode_days(
    pool: &rayon::ThreadPool,
    source: &Source,
    survey: &Survey,
    days: &[Day],
    reading: &Reading,
    watch: &Watch<'_>,
    mut each: impl FnMut(DecodedDay) -> Result<(), Error>,
) -> Result<(), Error> {
    let ahead = AHEAD * pool.current_num_threads();
    // A permit is taken before a day and given back once the day is stored: so much is in memory, no more.
    let (give, permits) = bounded(ahead);
    for _ in 0..ahead {
        // The channel has room for each of them.
        let _ = give.send(());
    }
    let (done, results) = bounded(ahead);
    let next = AtomicUsize::new(0);
    let readers = Readers {
        source,
        survey,
        reading,
        idle: Mutex::new(Vec::new()),
    };
    let work = Work {
        survey,
        readers: &readers,
        days,
        watch,
        next: &next,
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            pool.broadcast(|_| work.run(&permits, &done));
        });
        in_order(results, give, &mut each)
    })?;
    watch.check()
}

/// Hands over in order. Dropping the two channels on an error ends the readers.
fn in_order(
    results: Receiver<(usize, DecodedDay)>,
    give: Sender<()>,
    each: &mut impl FnMut(DecodedDay) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (index, day) in results {
        waiting.insert(index, day);
        while let Some(day) = waiting.remove(&next) {
            each(day)?;
            next += 1;
            // The readers may have ended already.
            let _ = give.try_send(());
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Work<'a> {
    survey: &'a Survey,
    readers: &'a Readers<'a>,
    days: &'a [Day],
    watch: &'a Watch<'a>,
    next: &'a AtomicUsize,
}

impl Work<'_> {
    fn run(&self, permits: &Receiver<()>, done: &Sender<(usize, DecodedDay)>) {
        let mut window = Window::new();
        while permits.recv().is_ok() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(day) = self.days.get(index) else {
                return;
            };
            // An error here is the wish to stop, which the caller asks for again.
            let Ok(decoded) = self.decode_day(&mut window, day) else {
                return;
            };
            if done.send((index, decoded)).is_err() {
                return; // the writer has given up
            }
        }
    }

    fn decode_day(&self, window: &mut Window, day: &Day) -> Result<DecodedDay, Error> {
        let blocks = blocks_of(self.survey, day);
        let mut row = DayRow {
            day: day.day,
            first: day.first,
            last: day.last,
            complete: day.complete,
            ..DayRow::default()
        };
        let mut lost = Vec::new();
        let mut histogram = Histogram::new();
        let mut below = None;
        let mut extracts = self.extract(blocks, day.first)?;
        self.note_txids(blocks, &mut extracts, window)?;
        for (&(height, at), extract) in blocks.iter().zip(extracts) {
            let header = &self.survey.headers[at];
            let (extract, place) = match extract {
                Ok(extract) => extract,
                Err(why) => {
                    row.complete = false;
                    let place = header.place;
                    let dir = &self.readers.source.blocks_dir;
                    let path = path_of(self.survey, dir, place.file);
                    lost.push(match why {
                        BlockError::Damaged(why) => Warning::Damaged {
                            height,
                            path,
                            place,
                            why,
                        },
                        BlockError::Unread(why) => Warning::Unread {
                            height,
                            path,
                            place,
                            why,
                        },
                    });
                    continue;
                }
            };
            let undo = extract.is_by_heights();
            let block = window.join(height, extract);
            histogram.add_all(&block.sats);
            row.sats = block
                .sats
                .iter()
                .fold(row.sats, |sum, &sats| sum.saturating_add(sats));
            encode_block(&block.sats, &mut row.data);
            row.blocks.push(BlockRow {
                height,
                hash: header.hash,
                prev: Some(header.prev).filter(|prev| below != Some(*prev)),
                time: header.time,
                bits: header.bits,
                place,
                size: header.size,
                transactions: block.transactions,
                // A block of 4 MB has fewer than 2^17 outputs.
                outputs: block.sats.len() as u32,
                undo: Some(undo).filter(|_| block.transactions > 1),
            });
            below = Some(header.hash);
        }
        row.bins = (0u16..) // there are 2,401
            .zip(histogram.counts().iter().take(BINS))
            .filter(|&(_, &count)| count > 0)
            .map(|(bin, &count)| (bin, u32::try_from(count).unwrap_or(u32::MAX))) // a day has fewer
            .collect();
        Ok(DecodedDay { row, lost })
    }

    /// What each of a day's blocks gives, read in file order. Threads that have no day of their own left take a share.
    fn extract(&self, blocks: &[(u32, usize)], first: u32) -> Result<Vec<Extracted>, Error> {
        let header = |at: usize| &self.survey.headers[blocks[at].1];
        let mut order: Vec<usize> = (0..blocks.len()).collect();
        order.sort_unstable_by_key(|&at| header(at).place);
        let parts: Result<Vec<Vec<(usize, Extracted)>>, Error> = order
            .par_chunks(SHARE)
            .map(|share| {
                let mut reader = self.readers.take();
                let read = |&at: &usize| {
                    self.watch.check()?;
                    let check = self.readers.reading.checks(blocks[at].0);
                    let extract = reader.extract(header(at), first, check);
                    self.watch.progress.advance(u64::from(header(at).size));
                    Ok((at, extract))
                };
                let part = share.iter().map(read).collect();
                self.readers.give_back(reader);
                part
            })
            .collect();
        let mut extracts: Vec<(usize, Extracted)> = parts?.into_iter().flatten().collect();
        extracts.sort_unstable_by_key(|&(at, _)| at);
        Ok(extracts.into_iter().map(|(_, extract)| extract).collect())
    }

    /// Starts the window. Where a block of the day has no undo data, the txids of those before it are needed after all.
    fn note_txids(
        &self,
        blocks: &[(u32, usize)],
        extracts: &mut [Extracted],
        window: &mut Window,
    ) -> Result<(), Error> {
        let last = extracts
            .iter()
            .rposition(|extract| matches!(extract, Ok((e, _)) if e.needs_txids()));
        let skipped: Vec<(usize, Header)> = blocks[..last.unwrap_or(0)]
            .iter()
            .zip(&*extracts)
            .enumerate()
            .filter_map(|(nth, (&(_, at), extract))| {
                let (_, place) = extract.as_ref().ok().filter(|(e, _)| e.is_by_heights())?;
                // From the copy that was read: another may be damaged.
                let header = Header {
                    place: *place,
                    ..self.survey.headers[at]
                };
                Some((nth, header))
            })
            .collect();
        let parts: Result<Vec<_>, Error> = skipped
            .par_chunks(SHARE)
            .map(|share| {
                let mut reader = self.readers.take();
                let mut txids = Vec::new();
                for (nth, header) in share {
                    self.watch.check()?;
                    txids.push((*nth, reader.txids(header)));
                }
                self.readers.give_back(reader);
                Ok(txids)
            })
            .collect();
        let mut noted = Vec::new();
        for (nth, txids) in parts?.into_iter().flatten() {
            match txids {
                Ok(txids) => noted.push(txids),
                // It was read a moment ago and is gone since.
                Err(why) => extracts[nth] = Err(why),
            }
        }
        window.start(extracts.iter().flatten().map(|(extract, _)| extract));
        for txids in noted {
            window.note(txids);
        }
        Ok(())
    }
}

/// What a block gives and where it stood, or what is wrong with it.
type Extracted = Result<(Extract, Place), BlockError>;

/// Readers that are not at work.
struct Readers<'a> {
    source: &'a Source,
    survey: &'a Survey,
    reading: &'a Reading,
    idle: Mutex<Vec<Reader<'a>>>,
}

impl<'a> Readers<'a> {
    fn take(&self) -> Reader<'a> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_else(|| {
            let reader = Reader::new(self.source, self.survey);
            if self.reading.use_undo {
                reader.with_undo()
            } else {
                reader
            }
        })
    }

    fn give_back(&self, reader: Reader<'a>) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(reader);
        }
    }
}
