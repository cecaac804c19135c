//! The scan from end to end.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use super::decode::{DecodedDay, Reading, decode_days};
use super::plan::{Plan, blocks_of};
use super::survey::{ELSEWHERE, Known, Survey, survey, unchanged};
use super::tail::Tail;
use super::warning::Warning;
use super::{Error, Options, Report, Source, Unit, Watch};
use crate::chain::Day;
use crate::chain::header::{Hash, Header, Place};
use crate::chain::index::HashIndex;
use crate::dates;
use crate::filter::RULES_VERSION;
use crate::price::histogram;
use crate::store::writer::Closing;
use crate::store::{Missing, Store, disk_need};

/// Scans `source` into `store` on the threads of `pool`.
///
/// # Errors
/// The folder or the database cannot be used, or the run was interrupted. What was stored until then stays and the
/// next run goes on from there.
pub fn run(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &mut Store,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Report, Error> {
    if let Some(report) = already_done(source, store, options)? {
        return Ok(report);
    }
    store.set_bin_steps(histogram::steps())?;
    let surveyed = match end_only(pool, source, store, options, watch)? {
        Some(surveyed) => surveyed,
        None => whole(pool, source, store, options, watch)?,
    };
    let Surveyed {
        mut survey,
        stored_places,
        noted,
        root,
        stale_below,
    } = surveyed;
    for warning in &survey.warnings {
        watch.progress.warn(warning);
    }
    check_found(source, &survey)?;
    check_history(source, store, &survey, &stored_places)?;

    let missing = store.missing()?;
    let reading = Reading {
        use_undo: !options.no_undo,
        check: options.check,
        doubted: missing.iter().map(|gap| gap.first..=gap.last).collect(),
    };
    let stored_hash = |height| hash_at(&stored_places, height);
    let (plan, replaced) = loop {
        let first_ever = store.first_day_ever()?;
        let days = store.days()?;
        let plan = Plan::new(&survey, &days, first_ever, stored_hash, options, root);
        start(store, &survey, &plan, watch);
        let mut replaced = Vec::new();
        let days = &plan.replaced;
        decode_days(pool, source, &survey, days, &reading, watch, |day| {
            replaced.push(day);
            Ok(())
        })?;
        let unread = unread_files(replaced.iter().flat_map(|day| &day.lost));
        if unread.is_empty() {
            break (plan, replaced);
        }
        // What is stored of these days is more than what can be read of them now: without the files they stay.
        watch.progress.finish();
        for warning in replaced.iter().flat_map(|day| &day.lost) {
            watch.progress.warn(warning);
        }
        survey.give_up(&unread);
    };
    for day in &plan.gone {
        let whole = blocks_of(&survey, day)
            .iter()
            .all(|&(_, at)| survey.is_readable(&survey.headers[at]));
        let day = dates::show(day.day);
        watch.progress.warn(&if whole {
            Warning::DayHeld(day)
        } else {
            Warning::DayGone(day)
        });
    }
    let mut report = Report {
        stale: stale_below + survey.headers.len() - survey.chain.blocks.len(),
        ..Report::default()
    };
    let mut lost = Vec::new();
    store_plan(
        pool,
        source,
        store,
        &survey,
        &plan,
        replaced,
        &reading,
        watch,
        &mut report,
        &mut lost,
    )?;
    survey.give_up(&unread_files(&lost));
    close(
        source,
        store,
        &survey,
        &plan,
        &stored_places,
        &noted,
        root.unwrap_or(0),
        lost,
        watch,
        &mut report,
    )?;
    Ok(report)
}

/// A survey, with what the store knew before.
struct Surveyed {
    survey: Survey,
    /// Hash, height and place of each stored block.
    stored_places: Vec<(Hash, u32, Place)>,
    /// What was noted beside them.
    noted: FxHashMap<Place, Hash>,
    /// Height from which on the chain was surveyed, if only its end was.
    root: Option<u32>,
    /// Noted blocks that are off the chain and were not looked at.
    stale_below: usize,
}

impl Surveyed {
    fn new(
        pool: &rayon::ThreadPool,
        source: &Source,
        store: &Store,
        mut known: Known,
        root: Option<u32>,
        options: &Options,
        watch: &Watch<'_>,
    ) -> Result<Surveyed, Error> {
        let count = known.stored.len();
        let noted = known.others.iter().map(|h| (h.place, h.hash)).collect();
        let folder = source.blocks_dir.to_string_lossy();
        if store
            .meta("blocks_dir")?
            .is_some_and(|before| before != folder)
        {
            known.forget_places();
        }
        let survey = pool.install(|| survey(source, known, options.since_last, watch))?;
        // Read a second time, because during the header pass a million of them would be in the way.
        let mut stored_places = Vec::with_capacity(count);
        store.each_place(root.unwrap_or(0), |height, hash, place| {
            stored_places.push((hash, height, place));
        })?;
        Ok(Surveyed {
            survey,
            stored_places,
            noted,
            root,
            stale_below: 0,
        })
    }
}

/// A survey of the whole chain.
fn whole(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &Store,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Surveyed, Error> {
    let known = Known::load(store)?;
    Surveyed::new(pool, source, store, known, None, options, watch)
}

/// A survey of the chain's end, where blocks were only added to it.
fn end_only(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &Store,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Option<Surveyed>, Error> {
    if !options.since_last || options.from.is_some() || options.to.is_some() {
        return Ok(None);
    }
    let Some(tail) = Tail::load(source, store)? else {
        return Ok(None);
    };
    let (root, stale_below) = (tail.root, tail.stale_below);
    let surveyed = Surveyed::new(pool, source, store, tail.known, Some(root), options, watch)?;
    let only_added = super::tail::only_added(&surveyed.survey, &surveyed.stored_places);
    Ok(only_added.then_some(Surveyed {
        stale_below,
        ..surveyed
    }))
}

/// The answer where no file has changed since a scan that left nothing to do.
fn already_done(
    source: &Source,
    store: &Store,
    options: &Options,
) -> Result<Option<Report>, Error> {
    let whole = options.since_last && options.from.is_none() && options.to.is_none();
    let same_folder = store.meta("blocks_dir")?.as_deref() == source.blocks_dir.to_str();
    let same_rules =
        store.meta("rules_version")?.as_deref() == Some(RULES_VERSION.to_string().as_str());
    if !whole || !same_folder || !same_rules || store.meta("finished")?.as_deref() != Some("tip") {
        return Ok(None);
    }
    if !unchanged(source, &store.files()?)? {
        return Ok(None);
    }
    let height = store
        .meta("tip_height")?
        .and_then(|height| height.parse().ok());
    Ok(Some(Report {
        tip: height.zip(store.meta("tip_hash")?),
        incomplete: store.meta("incomplete")?.as_deref() == Some("1"),
        nothing_new: true,
        ..Report::default()
    }))
}

fn check_found(source: &Source, survey: &Survey) -> Result<(), Error> {
    if !survey.chain.blocks.is_empty() {
        return Ok(());
    }
    if survey.headers.is_empty() {
        return Err(Error::NoBlocks {
            dir: source.blocks_dir.clone(),
            chain: source.chain,
            files: survey.paths.len(),
        });
    }
    Err(Error::NoHeights(source.blocks_dir.clone()))
}

/// The hash stored at `height`, of blocks in order of height.
fn hash_at(stored: &[(Hash, u32, Place)], height: u32) -> Option<Hash> {
    let at = stored.binary_search_by_key(&height, |&(_, height, _)| height);
    at.ok().map(|at| stored[at].0)
}

/// Refuses to mix two chains: where blocks were found and none links to what is stored, yet they claim heights
/// that are stored, the folder is not the one the database was made from.
fn check_history(
    source: &Source,
    store: &Store,
    survey: &Survey,
    stored: &[(Hash, u32, Place)],
) -> Result<(), Error> {
    let Some(&(_, first, _)) = stored.first() else {
        return Ok(());
    };
    // Most often a stored block is where it was; a set of all of them is large.
    let stands = survey.chain.blocks.iter().any(|&(height, at)| {
        let header = &survey.headers[at];
        hash_at(stored, height) == Some(header.hash) && survey.is_readable(header)
    });
    if stands || survey.paths.is_empty() {
        return Ok(());
    }
    let stored_set: FxHashSet<Hash> = stored.iter().map(|&(hash, _, _)| hash).collect();
    let linked = survey.headers.iter().any(|header| {
        survey.is_readable(header)
            && (stored_set.contains(&header.hash) || stored_set.contains(&header.prev))
    });
    if linked {
        return Ok(());
    }
    // The found genesis lost against the stored one, or won; either way it is another.
    let genesis = survey
        .headers
        .iter()
        .find(|header| header.prev == Hash::ZERO && survey.is_readable(header));
    let differing = match genesis {
        Some(header) => hash_at(stored, 0)
            .or_else(|| hash_at(stored, first))
            .map(|hash| (0, hash, header.hash)),
        None => survey.chain.blocks.iter().find_map(|&(height, at)| {
            let found = survey.headers[at].hash;
            hash_at(stored, height)
                .filter(|&hash| hash != found)
                .map(|hash| (height, hash, found))
        }),
    };
    match differing {
        Some((height, stored, found)) => Err(Error::OtherHistory {
            database: store.path().to_path_buf(),
            dir: source.blocks_dir.clone(),
            height,
            stored: stored.to_string(),
            found: found.to_string(),
        }),
        None => Ok(()),
    }
}

/// The files of blocks that could not be read this time.
fn unread_files<'w>(warnings: impl IntoIterator<Item = &'w Warning>) -> FxHashSet<u32> {
    let file = |warning: &Warning| match warning {
        Warning::Unread { place, .. } => Some(place.file),
        _ => None,
    };
    warnings.into_iter().filter_map(file).collect()
}

/// Announces the work of `plan`.
fn start(store: &Store, survey: &Survey, plan: &Plan, watch: &Watch<'_>) {
    let sizes = |day: &Day| -> u64 {
        blocks_of(survey, day)
            .iter()
            .map(|&(_, at)| u64::from(survey.headers[at].size))
            .sum()
    };
    let bytes: u64 = plan.days().map(sizes).sum();
    let blocks: u64 = plan
        .days()
        .map(|day| blocks_of(survey, day).len() as u64)
        .sum();
    warn_of_small_disk(store.path(), disk_need(blocks, bytes), watch);
    watch.progress.start("scanning", bytes, Unit::Bytes);
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, and each is another thing"
)]
fn store_plan(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &mut Store,
    survey: &Survey,
    plan: &Plan,
    replaced: Vec<DecodedDay>,
    reading: &Reading,
    watch: &Watch<'_>,
    report: &mut Report,
    lost: &mut Vec<Warning>,
) -> Result<(), Error> {
    let mut take = |decoded: DecodedDay| {
        report.days += 1;
        report.blocks += decoded.row.blocks.len() as u64;
        report.outputs += decoded
            .row
            .blocks
            .iter()
            .map(|b| u64::from(b.outputs))
            .sum::<u64>();
        report.bytes += decoded
            .row
            .blocks
            .iter()
            .map(|b| u64::from(b.size))
            .sum::<u64>();
        for warning in decoded.lost {
            watch.progress.warn(&warning);
            lost.push(warning);
        }
        // A day none of whose blocks can be read has nothing to store.
        Some(decoded.row).filter(|row| !row.blocks.is_empty())
    };
    let together: Vec<_> = replaced.into_iter().filter_map(&mut take).collect();
    if !plan.removed.is_empty() {
        store.replace_days(&plan.removed, &together, RULES_VERSION)?;
    }
    drop(together);
    decode_days(pool, source, survey, &plan.added, reading, watch, |day| {
        let redone = plan.redone.contains(&day.row.day);
        let unread = !unread_files(&day.lost).is_empty();
        if let Some(row) = take(day).filter(|_| !(redone && unread)) {
            let old = Some(row.day).filter(|day| plan.redone.contains(day));
            store.replace_days(old.as_slice(), std::slice::from_ref(&row), RULES_VERSION)?;
        }
        Ok(())
    })?;
    watch.progress.finish();
    Ok(())
}

/// Only a warning: the estimate is rough, and a full disk loses nothing that was committed.
fn warn_of_small_disk(database: &Path, need: u64, watch: &Watch<'_>) {
    let folder = database.parent().filter(|dir| !dir.as_os_str().is_empty());
    if let Ok(free) = fs4::available_space(folder.unwrap_or(Path::new(".")))
        && free < need
    {
        watch.progress.warn(&Warning::SmallDisk { need, free });
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, and each is another thing"
)]
fn close(
    source: &Source,
    store: &mut Store,
    survey: &Survey,
    plan: &Plan,
    before: &[(Hash, u32, Place)],
    noted: &FxHashMap<Place, Hash>,
    root: u32,
    lost: Vec<Warning>,
    watch: &Watch<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let now = Now::read(store, survey, before, root)?;
    let mut closing = Closing {
        completeness: plan.completeness.clone(),
        files: survey.files.clone(),
        ..Closing::default()
    };
    note_others(&mut closing, survey, &now.stored, noted);
    closing.missing = missing(survey, now.heights, lost);
    closing.missing.extend(left_out(survey, plan, &now.stored));
    closing.missing.sort_by_key(|gap| gap.first);
    closing.moved = now.moved;
    for gap in &closing.missing {
        if gap.reason == NO_BLOCK {
            watch.progress.warn(&Warning::Missing(gap.first, gap.last));
        }
    }
    let unreadable = |warning: &Warning| matches!(warning, Warning::Unreadable(..));
    report.incomplete = !closing.missing.is_empty()
        || !survey.chain.unplaced.is_empty()
        || survey.warnings.iter().any(unreadable);
    report.tip = survey
        .chain
        .blocks
        .last()
        .map(|&(height, at)| (height, survey.headers[at].hash.to_string()));
    let (height, hash) = report.tip.clone().unwrap_or_default();
    let tip = survey.chain.blocks.last();
    let tip_time = tip.map_or(0, |&(_, at)| survey.headers[at].time);
    closing.meta = vec![
        (
            "blocks_dir",
            source.blocks_dir.to_string_lossy().into_owned(),
        ),
        (
            "finished",
            if plan.reaches_tip && plan.gone.is_empty() {
                "tip"
            } else {
                "range"
            }
            .to_string(),
        ),
        ("incomplete", u8::from(report.incomplete).to_string()),
        ("rules_version", RULES_VERSION.to_string()),
        ("stale_blocks", report.stale.to_string()),
        ("tip_hash", hash),
        ("tip_height", height.to_string()),
        ("tip_time", tip_time.to_string()),
    ];
    store.close_scan(&closing)?;
    Ok(())
}

/// What is stored now, against the survey.
struct Now {
    /// Of each header of the survey, whether it is stored as a block.
    stored: Vec<bool>,
    /// Blocks that were stored before and stand elsewhere: height and where.
    moved: Vec<(u32, Place)>,
    /// The first height and the last.
    heights: Option<(u32, u32)>,
}

impl Now {
    /// Reads the stored blocks from height `root` on row by row: a list of them would double a long scan's memory.
    fn read(
        store: &Store,
        survey: &Survey,
        before: &[(Hash, u32, Place)],
        root: u32,
    ) -> Result<Now, Error> {
        let headers = &survey.headers;
        let owner = |at: u32| &headers[at as usize].hash.0;
        let mut index = HashIndex::with_capacity(headers.len());
        for (at, header) in (0u32..).zip(headers) {
            index.insert(&header.hash.0, at, owner);
        }
        let copies: FxHashSet<Place> = survey.copies.iter().map(|header| header.place).collect();
        let mut now = Now {
            stored: vec![false; headers.len()],
            moved: Vec::new(),
            heights: None,
        };
        store.each_place(root, |height, hash, place| {
            let first = now.heights.map_or(height, |(first, _)| first);
            now.heights = Some((first, height));
            let Some(at) = index.get(&hash.0, owner) else {
                return;
            };
            now.stored[at as usize] = true;
            let found = headers[at as usize].place;
            let stayed = before
                .binary_search_by_key(&height, |&(_, height, _)| height)
                .is_ok_and(|at| before[at].0 == hash);
            // A block read from a later copy keeps that place: the first may be damaged.
            if stayed && found != place && found.file != ELSEWHERE && !copies.contains(&place) {
                now.moved.push((height, found));
            }
        })?;
        Ok(now)
    }
}

/// The headers that are not stored as blocks, as changes to what is noted already.
fn note_others(
    closing: &mut Closing,
    survey: &Survey,
    stored: &[bool],
    noted: &FxHashMap<Place, Hash>,
) {
    let heights: FxHashMap<usize, u32> = survey
        .chain
        .blocks
        .iter()
        .filter(|&&(_, at)| !stored[at])
        .map(|&(height, at)| (at, height))
        .collect();
    let mut kept = FxHashSet::default();
    let others = survey
        .headers
        .iter()
        .enumerate()
        .filter(|&(at, _)| !stored[at])
        .chain(survey.copies.iter().map(|header| (usize::MAX, header)));
    for (at, header) in others {
        if noted.get(&header.place) == Some(&header.hash) {
            kept.insert(header.place);
        } else {
            let height = heights.get(&at).copied().or(header.height);
            closing.other_added.push(Header { height, ..*header });
        }
    }
    closing.other_removed = noted
        .keys()
        .copied()
        .filter(|place| !kept.contains(place))
        .collect();
}

const NO_BLOCK: &str = "no block file at hand holds it";

/// What is missing between the first and the last stored height.
fn missing(survey: &Survey, stored: Option<(u32, u32)>, lost: Vec<Warning>) -> Vec<Missing> {
    let Some((low, high)) = stored else {
        return Vec::new();
    };
    let mut missing: Vec<Missing> = survey
        .chain
        .missing
        .iter()
        .filter(|gap| *gap.end() > low && *gap.start() < high)
        .map(|gap| Missing {
            first: *gap.start(),
            last: *gap.end(),
            reason: NO_BLOCK.to_string(),
        })
        .collect();
    missing.extend(lost.into_iter().filter_map(|warning| match warning {
        Warning::Damaged { height, why, .. } => Some(Missing {
            first: height,
            last: height,
            reason: format!("the block is damaged: {why}"),
        }),
        Warning::Unread { height, why, .. } => Some(Missing {
            first: height,
            last: height,
            reason: format!("the block could not be read: {why}"),
        }),
        _ => None,
    }));
    missing.sort_by_key(|gap| gap.first);
    missing.dedup_by_key(|gap| gap.first);
    missing
}

/// The blocks of days that stay as stored since their first files are gone, a gap a day.
fn left_out(survey: &Survey, plan: &Plan, stored: &[bool]) -> Vec<Missing> {
    let gap = |day: &Day| {
        let mut heights = blocks_of(survey, day)
            .iter()
            .filter(|&&(_, at)| !stored[at])
            .map(|&(height, _)| height);
        let first = heights.next()?;
        Some(Missing {
            first,
            last: heights.next_back().unwrap_or(first),
            reason: "its day can no longer be read whole".to_string(),
        })
    };
    plan.gone.iter().filter_map(gap).collect()
}
