//! The stored rows held against the block files they came from, and against each other.
//!
//! [`database`] looks whether the database agrees with itself, and `last_scan` whether what the last scan noted can be; [`files`] reads the blocks of the days again, by the same
//! code as the scan but always by hashing and with every merkle root recomputed, and looks whether the same rows follow;
//! `noted` holds what is noted of the files against them.
//! `prices` looks whether the prices fit each other; `again` has the engines price the days again from the stored
//! outputs. Nothing is written, and a scan may go on beside it.

mod again;
pub mod database;
mod differences;
pub mod files;
mod last_scan;
mod noted;
mod prices;
mod rows;

use std::fmt;

use database::Claim;

use crate::chain::WindowDay;
use crate::dates;
use crate::scan::{self, Source, Watch};
use crate::store::{self, Store};

/// Which days are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// Every stored day.
    All,
    /// So many of them.
    Sample {
        /// How many; with 0 no block file is looked at.
        count: usize,
        /// What they are chosen by: the same seed and the same stored days give the same choice.
        seed: u64,
    },
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Something stored that does not follow.
    Wrong {
        /// The day it is of, where it is of one.
        day: Option<WindowDay>,
        /// What it is.
        what: String,
    },
    /// Days whose blocks cannot be read again.
    Unchecked {
        /// The first of them.
        first: WindowDay,
        /// The last, in the order of the days asked for.
        last: WindowDay,
        /// Why.
        why: &'static str,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Wrong { day, what } => match day {
                Some(day) => write!(f, "{}: {what}", dates::show(*day)),
                None => write!(f, "database: {what}"),
            },
            Finding::Unchecked { first, last, why } => {
                write!(f, "{}", dates::show(*first))?;
                if first != last {
                    write!(f, " to {}", dates::show(*last))?;
                }
                write!(f, ": not checkable: {why}")
            }
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Days in the database.
    pub stored: usize,
    /// Days asked for.
    pub asked: usize,
    /// Of them, days read again.
    pub read: usize,
    /// Of them, days that cannot be.
    pub unchecked: usize,
    /// Blocks read again.
    pub blocks: u64,
    /// Bytes of blocks read again.
    pub bytes: u64,
    /// Findings that are wrong.
    pub wrong: u64,
    /// Of them, those of the block files.
    pub in_files: u64,
    /// Prices computed again.
    pub prices: u64,
}

/// Why a check ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Block files or database cannot be read.
    #[error(transparent)]
    Scan(scan::Error),
    /// The user, or the system, asked to stop.
    #[error("interrupted; what was said until then holds, the rest was not checked")]
    Interrupted,
}

impl From<scan::Error> for Error {
    fn from(error: scan::Error) -> Error {
        match error {
            scan::Error::Interrupted => Error::Interrupted,
            other => Error::Scan(other),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Scan(error.into())
    }
}

/// Where findings go, and how many are wrong.
struct Findings<'f> {
    each: &'f mut dyn FnMut(&Finding),
    wrong: u64,
    /// Of them, those of the block files.
    in_files: u64,
}

impl Findings<'_> {
    fn wrong(&mut self, day: Option<WindowDay>, what: impl Into<String>) {
        self.wrong += 1;
        let what = what.into();
        (self.each)(&Finding::Wrong { day, what });
    }

    /// A fact that a run noted for later ones.
    fn note(&mut self, store: &Store, key: &str) -> Result<Option<String>, Error> {
        Ok(self.undamaged(None, store.meta(key))?.flatten())
    }

    /// Something wrong with the block files, which says nothing against what is stored.
    fn wrong_file(&mut self, day: WindowDay, what: String) {
        self.in_files += 1;
        self.wrong(Some(day), what);
    }

    /// What was read; nothing, with a finding, where the stored bytes are damaged.
    fn undamaged<T>(
        &mut self,
        day: Option<WindowDay>,
        read: Result<T, store::Error>,
    ) -> Result<Option<T>, Error> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) => match error.damage() {
                Some(what) => {
                    self.wrong(day, format!("the stored rows are damaged: {what}"));
                    Ok(None)
                }
                None => Err(error.into()),
            },
        }
    }
}

/// What is checked, and by what.
#[derive(Clone, Copy)]
struct Work<'a> {
    pool: &'a rayon::ThreadPool,
    store: &'a Store,
    /// The sound days, by what the database says of them.
    claims: &'a [Claim],
    /// Positions of those asked for.
    chosen: &'a [usize],
    watch: &'a Watch<'a>,
}

/// Checks `store` against itself and, on the threads of `pool`, against the block files of `source`; calls `each` for what
/// it finds as it finds it.
///
/// # Errors
/// The folder or the database cannot be read at all, or the run was interrupted.
pub fn run(
    pool: &rayon::ThreadPool,
    source: Option<&Source>,
    store: &Store,
    days: Days,
    watch: &Watch<'_>,
    each: &mut dyn FnMut(&Finding),
) -> Result<Report, Error> {
    let mut findings = Findings {
        each,
        wrong: 0,
        in_files: 0,
    };
    let (stored, sound) = database::check(store, watch, &mut findings)?;
    let mut report = Report {
        stored,
        ..Report::default()
    };
    let chosen = choose(sound.len(), days);
    report.asked = match days {
        Days::All => stored,
        Days::Sample { .. } => chosen.len(),
    };
    let work = Work {
        pool,
        store,
        claims: &sound,
        chosen: &chosen,
        watch,
    };
    again::check(work, &mut findings, &mut report)?;
    if let Some(source) = source.filter(|_| !chosen.is_empty()) {
        files::check(work, source, &mut findings, &mut report)?;
    }
    report.wrong = findings.wrong;
    report.in_files = findings.in_files;
    Ok(report)
}

/// Positions of the days to read among so many, ascending.
fn choose(there: usize, days: Days) -> Vec<usize> {
    let Days::Sample { count, seed } = days else {
        return (0..there).collect();
    };
    let mut chosen = fastrand::Rng::with_seed(seed).choose_multiple(0..there, count.min(there));
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_of_so_many_days_and_the_same_for_the_same_seed() {
        let sample = |count, seed| choose(1000, Days::Sample { count, seed });
        assert_eq!(sample(30, 7), sample(30, 7));
        assert_ne!(sample(30, 7), sample(30, 8));
        for (count, expected) in [(0, 0), (30, 30), (1000, 1000), (usize::MAX, 1000)] {
            let mut chosen = sample(count, 1);
            assert!(chosen.is_sorted());
            chosen.dedup();
            assert_eq!(chosen.len(), expected);
        }
        assert_eq!(choose(3, Days::All), [0, 1, 2]);
    }

    #[test]
    fn a_finding_begins_with_its_day() {
        let wrong = |day| Finding::Wrong {
            day,
            what: "x".to_string(),
        };
        assert_eq!(wrong(Some(0)).to_string(), "1970-01-01: x");
        assert_eq!(wrong(None).to_string(), "database: x");
        let gone = |first, last| Finding::Unchecked {
            first,
            last,
            why: "y",
        };
        assert_eq!(gone(0, 0).to_string(), "1970-01-01: not checkable: y");
        assert_eq!(
            gone(0, 2).to_string(),
            "1970-01-01 to 1970-01-03: not checkable: y"
        );
    }
}
