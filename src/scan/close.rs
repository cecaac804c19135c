//! What a scan notes at its end: the files as seen, blocks beside the chain, what is missing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::plan::{Plan, blocks_of};
use super::rounds::Job;
use super::survey::Survey;
use super::surveyed::Surveyed;
use super::warning::Warning;
use super::{Error, Report};
use crate::chain::Day;
use crate::chain::header::{Header, Place};
use crate::chain::index::HashIndex;
use crate::filter::RULES_VERSION;
use crate::store::writer::Closing;
use crate::store::{Missing, Store};

/// Notes it, and completes the report.
pub(super) fn close(
    job: &Job<'_>,
    store: &mut Store,
    surveyed: &Surveyed,
    plan: &Plan,
    lost: &[Warning],
    report: &mut Report,
) -> Result<(), Error> {
    let Job { source, watch, .. } = *job;
    let survey = &surveyed.survey;
    let now = Now::read(store, surveyed)?;
    let mut closing = Closing {
        files: survey.files.clone(),
        ..Closing::default()
    };
    note_others(&mut closing, surveyed, &now.stored, job.options.since_last);
    closing.missing = missing(survey, now.heights, lost);
    closing.missing.extend(left_out(survey, plan, &now.stored));
    closing.missing.sort_by_key(|gap| gap.first);
    closing.moved = now.moved;
    for gap in &closing.missing {
        if gap.reason == NO_BLOCK {
            watch.progress.warn(&Warning::Missing(gap.first, gap.last));
        }
    }
    let unreadable = |warning: &Warning| {
        matches!(
            warning,
            Warning::Unreadable(..)
                | Warning::NewestGone(..)
                | Warning::NothingLeft(..)
                | Warning::NoLonger(..)
        )
    };
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
    /// Reads the stored blocks that were surveyed row by row: a list of them would double a long scan's memory.
    fn read(store: &Store, surveyed: &Surveyed) -> Result<Now, Error> {
        let Surveyed {
            survey,
            stored_places: before,
            ..
        } = surveyed;
        let root = surveyed.root.unwrap_or(0);
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
            if stayed && found != place && !copies.contains(&place) {
                now.moved.push((height, found));
            }
        })?;
        Ok(now)
    }
}

/// The headers that are not stored as blocks, as changes to what is noted already.
fn note_others(closing: &mut Closing, surveyed: &Surveyed, stored: &[bool], since_last: bool) {
    let Surveyed { survey, noted, .. } = surveyed;
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
        let height = heights.get(&at).copied().or(header.height);
        let header = Header { height, ..*header };
        let noted = noted.get(&header.place);
        if noted.is_some_and(|noted| noted.stands(&header, since_last)) {
            kept.insert(header.place);
        } else {
            closing.other_added.push(header);
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
fn missing(survey: &Survey, stored: Option<(u32, u32)>, lost: &[Warning]) -> Vec<Missing> {
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
    missing.extend(lost.iter().filter_map(of_lost));
    missing.sort_by_key(|gap| gap.first);
    missing.dedup_by_key(|gap| gap.first);
    missing
}

/// The gap that a block leaves that could not be had.
pub(super) fn of_lost(warning: &Warning) -> Option<Missing> {
    let (height, reason) = match warning {
        Warning::Damaged { height, why, .. } => (*height, format!("the block is damaged: {why}")),
        Warning::Unread { height, why, .. } => {
            (*height, format!("the block could not be read: {why}"))
        }
        _ => return None,
    };
    Some(Missing {
        first: height,
        last: height,
        reason,
    })
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
