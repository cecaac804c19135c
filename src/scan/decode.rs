//! Days of blocks to days of outputs, in parallel, handed over in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustc_hash::FxHashMap;

use super::plan::blocks_of;
use super::survey::{Survey, path_of};
use super::warning::Warning;
use super::{Error, Source, Watch};
use crate::blockfile::BlockSource;
use crate::chain::Day;
use crate::chain::header::{Hash, Header};
use crate::filter::{BlockOutputs, Window};
use crate::price::histogram::{BINS, Histogram};
use crate::store::codec::encode_block;
use crate::store::{BlockRow, DayRow};

/// Days per thread that may be read and not yet stored.
const AHEAD: usize = 4;
/// Open files per thread; a day lies in two to four.
const OPEN_FILES: usize = 6;

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
    let work = Work {
        source,
        survey,
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
    source: &'a Source,
    survey: &'a Survey,
    days: &'a [Day],
    watch: &'a Watch<'a>,
    next: &'a AtomicUsize,
}

impl Work<'_> {
    fn run(&self, permits: &Receiver<()>, done: &Sender<(usize, DecodedDay)>) {
        let mut reader = Reader::new(self.source, self.survey);
        let mut window = Window::new();
        while permits.recv().is_ok() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(day) = self.days.get(index) else {
                return;
            };
            // An error here is the wish to stop, which the caller asks for again.
            let Ok(decoded) = decode_day(&mut reader, &mut window, day, self.watch) else {
                return;
            };
            if done.send((index, decoded)).is_err() {
                return; // the writer has given up
            }
        }
    }
}

fn decode_day(
    reader: &mut Reader<'_>,
    window: &mut Window,
    day: &Day,
    watch: &Watch<'_>,
) -> Result<DecodedDay, Error> {
    let survey = reader.survey;
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
    window.clear();
    for &(height, at) in blocks_of(survey, day) {
        watch.check()?;
        let header = &survey.headers[at];
        match reader.read(header, window) {
            Ok((block, place)) => {
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
                });
                below = Some(header.hash);
            }
            Err(why) => {
                row.complete = false;
                lost.push(Warning::Damaged {
                    height,
                    path: path_of(survey, &reader.source.blocks_dir, header.place.file),
                    place: header.place,
                    why,
                });
            }
        }
        watch.progress.advance(u64::from(header.size));
    }
    row.bins = (0u16..) // there are 2,401
        .zip(histogram.counts().iter().take(BINS))
        .filter(|&(_, &count)| count > 0)
        .map(|(bin, &count)| (bin, u32::try_from(count).unwrap_or(u32::MAX))) // a day has fewer
        .collect();
    Ok(DecodedDay { row, lost })
}

/// One thread's way to the blocks.
pub struct Reader<'a> {
    source: &'a Source,
    survey: &'a Survey,
    open: Vec<(u32, BlockSource)>,
    buffer: Vec<u8>,
    copies: FxHashMap<Hash, Vec<&'a Header>>,
}

impl<'a> Reader<'a> {
    /// A reader with nothing open.
    pub fn new(source: &'a Source, survey: &'a Survey) -> Reader<'a> {
        let mut copies: FxHashMap<Hash, Vec<&Header>> = FxHashMap::default();
        for header in &survey.copies {
            copies.entry(header.hash).or_default().push(header);
        }
        Reader {
            source,
            survey,
            open: Vec::new(),
            buffer: Vec::new(),
            copies,
        }
    }

    /// Reads the block of `header` into `window`, from another copy of it if the first is no block, and says where it was.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(
        &mut self,
        header: &Header,
        window: &mut Window,
    ) -> Result<(BlockOutputs, crate::chain::Place), String> {
        let first = self.read_at(header, window);
        let Err(why) = first else {
            return first.map(|block| (block, header.place));
        };
        for copy in self.copies.get(&header.hash).cloned().unwrap_or_default() {
            if let Ok(block) = self.read_at(copy, window) {
                return Ok((block, copy.place));
            }
        }
        Err(why)
    }

    fn read_at(&mut self, header: &Header, window: &mut Window) -> Result<BlockOutputs, String> {
        let number = header.place.file;
        let at = match self.open.iter().position(|(open, _)| *open == number) {
            Some(at) => at,
            None => {
                let path = self.survey.paths.get(&number).ok_or("its file is gone")?;
                let file = open(path, self.source, self.survey)?;
                if self.open.len() == OPEN_FILES {
                    self.open.remove(0);
                }
                self.open.push((number, file));
                self.open.len() - 1
            }
        };
        let bytes = self.open[at]
            .1
            .block(header.place.offset, header.size, &mut self.buffer)
            .map_err(|error| error.to_string())?;
        window.add(bytes).map_err(|error| error.to_string())
    }
}

fn open(path: &Path, source: &Source, survey: &Survey) -> Result<BlockSource, String> {
    BlockSource::open(path, source.access, survey.key).map_err(|error| error.to_string())
}
