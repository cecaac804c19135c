//! The stored rows against the block files.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::database::Claim;
use super::differences::{damages, differences};
use super::noted;
use super::{Error, Finding, Findings, Report, Work};
use crate::chain::days::Day;
use crate::chain::header::{Hash, Header, Place};
use crate::chain::parts::ActiveChain;
use crate::filter::RULES_VERSION;
use crate::scan::decode::{DecodedDay, Reading, decode_days};
use crate::scan::plan::blocks_of;
use crate::scan::survey::{Survey, path_of, survey};
use crate::scan::{self, Known, Source, Unit, Watch, check_found};
use crate::store::Store;
use crate::store::check::WholeDay;

const PRUNED: &str = "block files of it are gone (pruned?)";
const NO_LONGER: &str = "blocks of it are no longer in this folder";
const NOT_HERE: &str =
    "blocks of it are not in this folder, which is not the one the database was made from";
const OTHER_RULES: &str = "it was stored by other rules; `blkprice scan` stores it anew";
pub(super) const CHANGED: &str = "it was stored anew meanwhile";

/// Always by hashing: it tells the same as undo data, and is the other of the two ways.
const READING: Reading = Reading {
    use_undo: false,
    check: true,
    doubted: Vec::new(),
};

/// Reads the blocks of the chosen days again.
pub(super) fn check(
    work: Work<'_>,
    source: &Source,
    findings: &mut Findings<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let Work {
        pool,
        store,
        claims,
        chosen,
        watch,
    } = work;
    // Read anew, all of it: what is remembered of the files is part of what is checked.
    let mut survey = pool.install(|| survey(source, Known::default(), false, watch))?;
    for warning in &survey.warnings {
        watch.progress.warn(warning);
    }
    if survey.headers.is_empty() {
        check_found(source, &survey)?;
    }
    let own = is_own_folder(source, store)?;
    if own {
        noted::check(store, source, &survey, findings)?;
    }
    let search = Search::new(&survey, own);
    let mut days = Vec::new();
    let mut unchecked = Vec::new();
    let mut places = Vec::new();
    survey.chain = ActiveChain::default();
    for claim in chosen.iter().map(|&at| &claims[at]) {
        let day = claim.day;
        if day.rules_version != RULES_VERSION {
            unchecked.push((day.day, OTHER_RULES));
            continue;
        }
        let mut found = Vec::with_capacity(claim.blocks.len());
        let (mut gone, mut lost) = (None, false);
        for &(height, hash, place) in &claim.blocks {
            match search.find(hash, place) {
                Found::There(at) => found.push((height, at)),
                Found::Elsewhere(at) => {
                    found.push((height, at));
                    let path = path_of(&survey, &source.blocks_dir, place.file);
                    let what = format!(
                        "block {height} does not stand at offset {} of {}, where it is stored to",
                        place.offset,
                        path.display()
                    );
                    findings.wrong(Some(day.day), what);
                }
                Found::Copy(at, header) => {
                    found.push((height, at));
                    places.push((at, header));
                }
                // Of two reasons the one that pruning is not.
                Found::Gone(why) if gone != Some(NO_LONGER) => gone = Some(why),
                Found::Gone(_) => {}
                Found::Lost => {
                    lost = true;
                    let path = path_of(&survey, &source.blocks_dir, place.file);
                    let what = format!(
                        "block {height} ({hash}) is not in the block files any more: {} has no block of that hash at \
                         offset {}",
                        path.display(),
                        place.offset
                    );
                    findings.wrong_file(day.day, what);
                }
            }
        }
        if lost {
            continue;
        }
        if let Some(why) = gone {
            unchecked.push((day.day, why));
            continue;
        }
        survey.chain.blocks.extend(found);
        days.push(Day {
            day: day.day,
            first: day.first,
            last: day.last,
            complete: day.complete,
        });
    }
    // Of several copies the one that is said to have been read comes first.
    for (at, header) in places {
        let other = std::mem::replace(&mut survey.headers[at], header);
        survey.copies.push(other);
    }
    report.unchecked = unchecked.len();
    tell_unchecked(&unchecked, chosen, claims, findings);
    compare_days(
        pool, source, store, &survey, &days, claims, watch, findings, report,
    )
}

/// Days one after the other in the order asked for are told in one line.
pub(super) fn tell_unchecked(
    unchecked: &[(i32, &'static str)],
    chosen: &[usize],
    claims: &[Claim],
    findings: &mut Findings<'_>,
) {
    let position: FxHashMap<i32, usize> = (0..)
        .zip(chosen)
        .map(|(at, &claim)| (claims[claim].day.day, at))
        .collect();
    for run in unchecked.chunk_by(|(a, why), (b, same)| {
        why == same && position.get(a).map(|at| at + 1) == position.get(b).copied()
    }) {
        if let [(first, why), ..] = *run {
            let last = run.last().map_or(first, |&(day, _)| day);
            (findings.each)(&Finding::Unchecked { first, last, why });
        }
    }
}

/// Where the block of a claim is.
enum Found {
    /// Where it is stored to stand.
    There(usize),
    /// There too, but another copy was surveyed first.
    Copy(usize, Header),
    /// Somewhere else only.
    Elsewhere(usize),
    /// It cannot be read again, and why.
    Gone(&'static str),
    /// Its file is there, and it is not in it.
    Lost,
}

/// Whether the folder is the one the database was last scanned from.
fn is_own_folder(source: &Source, store: &Store) -> Result<bool, Error> {
    let Some(own) = store.meta("blocks_dir")? else {
        return Ok(false);
    };
    let own = PathBuf::from(own);
    let real = |dir: &Path| dir.canonicalize().ok();
    Ok(own == source.blocks_dir
        || real(&own).is_some_and(|own| Some(own) == real(&source.blocks_dir)))
}

struct Search {
    by_hash: FxHashMap<Hash, (usize, Place)>,
    copies: FxHashMap<(Hash, Place), Header>,
    files: FxHashSet<u32>,
    /// The places stored are of this folder.
    own: bool,
}

impl Search {
    fn new(survey: &Survey, own: bool) -> Search {
        let by_hash = survey.headers.iter().enumerate();
        Search {
            by_hash: by_hash.map(|(at, h)| (h.hash, (at, h.place))).collect(),
            copies: survey
                .copies
                .iter()
                .map(|h| ((h.hash, h.place), *h))
                .collect(),
            files: survey.paths.keys().copied().collect(),
            own,
        }
    }

    fn find(&self, hash: Hash, place: Place) -> Found {
        let Some(&(at, first)) = self.by_hash.get(&hash) else {
            return match self.own {
                false => Found::Gone(NOT_HERE),
                true if place.is_nowhere() => Found::Gone(NO_LONGER),
                true if self.files.contains(&place.file) => Found::Lost,
                true => Found::Gone(PRUNED),
            };
        };
        if first == place || place.is_nowhere() || !self.own {
            return Found::There(at);
        }
        match self.copies.get(&(hash, place)) {
            Some(&header) => Found::Copy(at, header),
            None => Found::Elsewhere(at),
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call, and each is another thing"
)]
fn compare_days(
    pool: &rayon::ThreadPool,
    source: &Source,
    store: &Store,
    survey: &Survey,
    days: &[Day],
    claims: &[Claim],
    watch: &Watch<'_>,
    findings: &mut Findings<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let claimed: FxHashMap<i32, &Claim> = claims.iter().map(|c| (c.day.day, c)).collect();
    let sizes = days
        .iter()
        .flat_map(|day| blocks_of(survey, day))
        .map(|&(_, at)| u64::from(survey.headers[at].size));
    watch
        .progress
        .start("reading blocks again", sizes.sum(), Unit::Bytes);
    let mut failed = None;
    let mut take = |fresh: DecodedDay| -> Result<(), Error> {
        let day = fresh.row.day;
        report.read += 1;
        report.blocks += (fresh.row.blocks.len() + fresh.lost.len()) as u64;
        report.bytes += fresh
            .row
            .blocks
            .iter()
            .map(|b| u64::from(b.size))
            .sum::<u64>();
        let snapshot = store.snapshot()?;
        let whole = findings
            .undamaged(Some(day), store.whole_day(day))?
            .flatten();
        drop(snapshot);
        let hashes = |whole: &WholeDay| -> Vec<(u32, Hash)> {
            whole
                .row
                .blocks
                .iter()
                .map(|b| (b.height, b.hash))
                .collect()
        };
        let before = claimed[&day]
            .blocks
            .iter()
            .map(|&(height, hash, _)| (height, hash));
        let Some(whole) = whole.filter(|whole| before.eq(hashes(whole))) else {
            report.read -= 1;
            report.unchecked += 1;
            let (first, last, why) = (day, day, CHANGED);
            (findings.each)(&Finding::Unchecked { first, last, why });
            return Ok(());
        };
        for what in damages(&fresh) {
            findings.wrong_file(day, what);
        }
        for what in differences(&whole.row, &fresh) {
            findings.wrong(Some(day), what);
        }
        Ok(())
    };
    decode_days(pool, source, survey, days, &READING, watch, |day| {
        take(day).map_err(|error| {
            failed = Some(error);
            scan::Error::Interrupted // whatever it is, nothing more is read
        })
    })
    .map_err(|error| failed.take().unwrap_or(error.into()))?;
    watch.progress.finish();
    Ok(())
}
