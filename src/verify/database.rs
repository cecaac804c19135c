//! The database against itself.

use super::last_scan::LastScan;
use super::{Error, Findings, prices};
use crate::chain::WindowDay;
use crate::chain::days::SECONDS;
use crate::chain::header::{Hash, Place};
use crate::dates;
use crate::filter::rules::counts;
use crate::price::histogram::{BINS, Histogram, steps};
use crate::scan::{Unit, Watch};
use crate::store::check::WholeDay;
use crate::store::codec::Decoder;
use crate::store::{BlockRow, Missing, Store, StoredDay};

/// Why a height is said to be missing of which another block may be stored.
const STAYS: &[&str] = &[
    "its day can no longer",
    "the block is damaged",
    "the block could not",
];

/// The tables whose rows belong to a stored day.
const BY_DAY: &[&str] = &["chain_block", "day_outputs", "price", "path_evidence"];

/// A stored day whose rows can be read: what the block files are asked for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The day.
    pub day: StoredDay,
    /// Height, hash, and the place where it is said to stand, of each of its blocks.
    pub blocks: Vec<(u32, Hash, Place)>,
}

/// Tells what does not fit; gives the number of stored days, and those whose rows can be read.
pub(super) fn check(
    store: &Store,
    watch: &Watch<'_>,
    findings: &mut Findings<'_>,
) -> Result<(usize, Vec<Claim>), Error> {
    let _snapshot = store.snapshot()?;
    let integrity = store.integrity(watch.stop);
    watch.check()?;
    for line in findings.undamaged(None, integrity)?.unwrap_or_default() {
        findings.wrong(None, line);
    }
    let altered = findings.undamaged(None, store.schema_differences())?;
    for what in altered.unwrap_or_default() {
        findings.wrong(None, what);
    }
    orphans(store, findings)?;
    let steps_stored = findings.undamaged(None, store.bin_steps())?;
    if steps_stored.is_some_and(|stored| !stored.into_iter().eq(steps())) {
        findings.wrong(
            None,
            "the edges of the bins are not those the outputs were counted by",
        );
    }
    let Some(days) = findings.undamaged(None, store.days())? else {
        return Ok((0, Vec::new()));
    };
    // While a scan is under way, what is missing is not written down yet.
    let last_scan = LastScan::read(store, findings)?;
    let missing = findings
        .undamaged(None, store.missing())?
        .filter(|_| last_scan.is_finished());
    for gap in missing.iter().flatten().filter(|gap| gap.first > gap.last) {
        let (first, last) = (gap.first, gap.last);
        findings.wrong(
            None,
            format!("heights {first} to {last} are said to be missing"),
        );
    }
    last_scan.check(store, missing.as_deref(), findings)?;
    let tidy = last_scan.is_tidy();
    let state = State {
        missing,
        tidy,
        last: days.last().map(|day| day.day),
    };
    prices::notes(store, findings)?;
    prices::rows_gone(store, &days, findings)?;

    watch
        .progress
        .start("checking the database", days.len() as u64, Unit::Days);
    let mut claims = Vec::with_capacity(days.len());
    let mut below: Option<Below> = None;
    for &day in &days {
        watch.check()?;
        watch.progress.advance(1);
        let whole = findings.undamaged(Some(day.day), store.whole_day(day.day))?;
        let Some(whole) = whole.flatten() else {
            below = None;
            continue;
        };
        for what in faults(&whole, below.as_ref(), &state) {
            findings.wrong(Some(day.day), what);
        }
        below = Some(Below {
            day: day.day,
            last: day.last,
            complete: day.complete,
            tip: whole.row.blocks.last().map(|b| (b.height, b.hash)),
        });
        let claimed = |b: &BlockRow| (b.height, b.hash, b.place);
        claims.push(Claim {
            day,
            blocks: whole.row.blocks.iter().map(claimed).collect(),
        });
    }
    watch.progress.finish();
    Ok((days.len(), claims))
}

fn orphans(store: &Store, findings: &mut Findings<'_>) -> Result<(), Error> {
    for table in BY_DAY {
        let orphans = findings.undamaged(None, store.orphans(table))?;
        for (day, rows) in orphans.unwrap_or_default() {
            let what =
                format!("{rows} row(s) of the table {table} are of this day, which is not stored");
            findings.wrong(Some(day), what);
        }
    }
    let prices = findings.undamaged(None, store.orphaned_block_prices())?;
    if let Some((count, first)) = prices.flatten() {
        findings.wrong(
            None,
            format!("{count} block price(s), the first of height {first}, have no block"),
        );
    }
    Ok(())
}

/// What lies below a day.
struct Below {
    day: WindowDay,
    last: u32,
    complete: bool,
    /// Height and hash of its last block.
    tip: Option<(u32, Hash)>,
}

/// How the last scan left the whole.
struct State {
    /// The heights known to be missing, if that is known.
    missing: Option<Vec<Missing>>,
    /// It reached the tip, and all there is between is stored.
    tidy: bool,
    /// The last stored day.
    last: Option<WindowDay>,
}

/// What does not fit in a day.
fn faults(whole: &WholeDay, below: Option<&Below>, state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    sums(whole, &mut faults);
    told_by(whole, &mut faults);
    heights(whole, below, state.missing.as_deref(), &mut faults);
    completeness(whole, below, state, &mut faults);
    links(whole, below, &mut faults);
    outputs(whole, &mut faults);
    prices::faults(whole, &mut faults);
    faults
}

/// Whether a day is said to be complete that cannot be, or the other way round; and whether what it has is said to be missing.
fn completeness(whole: &WholeDay, below: Option<&Below>, state: &State, faults: &mut Vec<String>) {
    let row = &whole.row;
    let is_last = state.last == Some(row.day);
    if state.tidy && is_last && row.complete {
        faults.push("it is said to be complete, and the chain ends in it".to_string());
    }
    // How the first stored day began is known by the headers before it only.
    if state.tidy && !is_last && !row.complete && (below.is_some() || row.first == 0) {
        faults.push("it is said to be incomplete, and all of it is stored".to_string());
    }
    for gap in state.missing.iter().flatten() {
        // A day that can no longer be read whole stays as it was stored.
        let stays = STAYS.iter().any(|reason| gap.reason.starts_with(reason));
        let within = |b: &&BlockRow| (gap.first..=gap.last).contains(&b.height);
        if (row.complete || !stays)
            && let Some(block) = row.blocks.iter().find(within)
        {
            faults.push(format!(
                "heights {} to {} are said to be missing, and block {} is stored",
                gap.first, gap.last, block.height
            ));
        }
    }
}

pub(super) fn differs<T: PartialEq + std::fmt::Display>(
    faults: &mut Vec<String>,
    what: &str,
    stored: T,
    expected: T,
) {
    if stored != expected {
        faults.push(format!(
            "{what}: {stored} is stored, and {expected} follows"
        ));
    }
}

fn sums(whole: &WholeDay, faults: &mut Vec<String>) {
    let blocks = &whole.row.blocks;
    let sum = |of: fn(&BlockRow) -> u32| blocks.iter().map(|b| u64::from(of(b))).sum::<u64>();
    differs(
        faults,
        "date",
        whole.date.clone(),
        dates::show(whole.row.day),
    );
    differs(
        faults,
        "number of blocks",
        whole.blocks,
        blocks.len() as u64,
    );
    differs(
        faults,
        "number of transactions",
        whole.transactions,
        sum(|b| b.transactions),
    );
    differs(
        faults,
        "number of outputs",
        whole.outputs,
        sum(|b| b.outputs),
    );
}

/// Whether it is noted of each block how the spends of its day's own coins were told, and of one without any that they were not.
fn told_by(whole: &WholeDay, faults: &mut Vec<String>) {
    let blocks = whole.row.blocks.iter();
    for block in blocks.filter(|b| b.undo.is_some() != (b.transactions > 1)) {
        let stored = block
            .undo
            .map_or("NULL".to_string(), |undo| u8::from(undo).to_string());
        faults.push(format!(
            "block {}: undo is stored as {stored}, and it has {} transaction(s)",
            block.height, block.transactions
        ));
    }
}

fn heights(
    whole: &WholeDay,
    below: Option<&Below>,
    missing: Option<&[Missing]>,
    faults: &mut Vec<String>,
) {
    let row = &whole.row;
    let mut gap = |first: u32, end: u32| {
        let Some(last) = end.checked_sub(1).filter(|&last| last >= first) else {
            return;
        };
        let unexplained = missing.is_some_and(|missing| !covered(missing, first, last));
        if row.complete || unexplained {
            faults.push(format!(
                "heights {first} to {last} are not stored, and nothing says that they are missing"
            ));
        }
    };
    let mut next = row.first;
    let mut outside = Vec::new();
    for block in &row.blocks {
        if block.height < next || block.height > row.last {
            outside.push(block.height);
            continue;
        }
        gap(next, block.height);
        next = block.height.saturating_add(1);
    }
    gap(next, row.last.saturating_add(1));
    // A day that can no longer be read whole stays as it was, whatever became of the chain behind it.
    if let Some(below) = below.filter(|below| below.complete) {
        if row.first <= below.last {
            faults.push(format!(
                "it begins at height {}, and the day before it ends at {}",
                row.first, below.last
            ));
        } else if row.day == below.day + 1 {
            gap(below.last.saturating_add(1), row.first);
        }
    }
    for height in outside {
        faults.push(format!(
            "block {height} is not within its heights {} to {}",
            row.first, row.last
        ));
    }
    for block in &row.blocks {
        // A block may fall back behind midnight, but not before it; the first one is what the day begins by.
        let by_time = (block.time / SECONDS) as WindowDay; // at most 49,710
        if by_time > row.day || (block.height == row.first && by_time != row.day) {
            faults.push(format!(
                "block {} has the time {}, which is of {}",
                block.height,
                block.time,
                dates::show(by_time)
            ));
        }
    }
}

/// Whether every height from `first` to `last` is among the missing, which ascend.
fn covered(missing: &[Missing], first: u32, last: u32) -> bool {
    let mut next = first;
    for gap in missing {
        if gap.first <= next && gap.last >= next {
            if gap.last >= last {
                return true;
            }
            next = gap.last + 1; // below `last`
        }
    }
    false
}

fn links(whole: &WholeDay, below: Option<&Below>, faults: &mut Vec<String>) {
    let mut before = below.filter(|below| below.complete).and_then(|b| b.tip);
    let mut in_day = false;
    for block in &whole.row.blocks {
        let parent = before.filter(|&(height, _)| height.checked_add(1) == Some(block.height));
        match (block.prev, parent) {
            (None, parent) if parent.is_none() || !in_day => faults.push(format!(
                "block {} has no parent: none is noted, and the one below it is not in this day",
                block.height
            )),
            (Some(prev), Some((_, hash))) if prev != hash => faults.push(format!(
                "block {} follows {prev}, and the block stored below it is {hash}",
                block.height
            )),
            _ => {}
        }
        before = Some((block.height, block.hash));
        in_day = true;
    }
}

fn outputs(whole: &WholeDay, faults: &mut Vec<String>) {
    let row = &whole.row;
    let mut decoder = Decoder::new(&row.data);
    let mut sats = Vec::new();
    let mut sum = 0u64;
    let mut histogram = Histogram::new();
    for block in &row.blocks {
        sats.clear();
        if let Err(error) = decoder.next_block(&mut sats) {
            faults.push(format!("the outputs of block {}: {error}", block.height));
            return; // the rest is out of step
        }
        differs(
            faults,
            &format!("outputs of block {}", block.height),
            block.outputs as usize,
            sats.len(),
        );
        if let Some(&odd) = sats.iter().find(|&&sats| !counts(sats)) {
            faults.push(format!(
                "block {}: an output of {odd} sats cannot qualify",
                block.height
            ));
        }
        sum = sats.iter().fold(sum, |sum, &sats| sum.saturating_add(sats));
        histogram.add_all(&sats);
    }
    if !decoder.is_at_end() {
        faults.push("there are more outputs than its blocks have".to_string());
    }
    // As large a number as the table takes.
    differs(
        faults,
        "sum of the outputs in sats",
        row.sats,
        sum.min(i64::MAX as u64),
    );
    let counted = (0u16..).zip(histogram.counts().iter().take(BINS)); // there are 2,401
    let counted = counted.filter(|&(_, &count)| count > 0);
    if !counted
        .map(|(bin, &count)| (bin, count))
        .eq(row.bins.iter().map(|&(bin, count)| (bin, u64::from(count))))
    {
        faults.push("its bins do not count its outputs".to_string());
    }
}
