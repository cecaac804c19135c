//! Progress of runs that come again and again: none, and each warning once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::output::say;
use crate::scan::{Progress, Unit, Warning};

/// Warnings remembered; a folder with more of them is told of some again.
const REMEMBERED: usize = 1_000;

/// Keeps warnings back until the files have settled: a block that is being written looks torn, and a child can be there a
/// moment before its parent.
#[derive(Debug, Default)]
pub(super) struct Sparing {
    warnings: Mutex<Warnings>,
}

#[derive(Debug, Default)]
struct Warnings {
    of_this_run: Vec<String>,
    told: BTreeSet<String>,
}

impl Sparing {
    /// The run is over; says what it warned of if that has not been said. What an unsettled folder gave is dropped: the next run
    /// gives it again if it is still so.
    pub(super) fn tell(&self, settled: bool) {
        let mut warnings = self.lock();
        for warning in std::mem::take(&mut warnings.of_this_run) {
            if settled && !warnings.told.contains(&warning) {
                say(&format!("warning: {warning}"));
                if warnings.told.len() >= REMEMBERED {
                    warnings.told.clear();
                }
                warnings.told.insert(warning);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Warnings> {
        // A thread that panicked while holding this leaves nothing broken in it.
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Sparing {
    fn start(&self, _: &str, _: u64, _: Unit) {}
    fn advance(&self, _: u64) {}
    fn finish(&self) {}
    fn warn(&self, warning: &Warning) {
        let mut warnings = self.lock();
        // A broken disk can give a warning a block; the first of them will do.
        if !warning.is_ordinary() && warnings.of_this_run.len() < REMEMBERED {
            warnings.of_this_run.push(warning.to_string());
        }
    }
}
