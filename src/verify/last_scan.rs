//! What the last scan noted of itself.

use super::{Error, Findings};
use crate::store::{Missing, Store};

/// What it noted, as text.
pub(super) struct LastScan {
    finished: Option<String>,
    incomplete: Option<String>,
    rules_version: Option<String>,
    stale_blocks: Option<String>,
    tip_hash: Option<String>,
    tip_height: Option<String>,
    tip_time: Option<String>,
}

impl LastScan {
    pub(super) fn read(store: &Store, findings: &mut Findings<'_>) -> Result<LastScan, Error> {
        Ok(LastScan {
            finished: findings.note(store, "finished")?,
            incomplete: findings.note(store, "incomplete")?,
            rules_version: findings.note(store, "rules_version")?,
            stale_blocks: findings.note(store, "stale_blocks")?,
            tip_hash: findings.note(store, "tip_hash")?,
            tip_height: findings.note(store, "tip_height")?,
            tip_time: findings.note(store, "tip_time")?,
        })
    }

    /// Whether none is under way, nor was cut off.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.is_some()
    }

    fn reached_the_tip(&self) -> bool {
        self.finished.as_deref() == Some("tip")
    }

    /// Whether it reached the tip, and all there is between is stored.
    pub(super) fn is_tidy(&self) -> bool {
        self.reached_the_tip() && self.incomplete.as_deref() == Some("0")
    }

    /// Tells what of it cannot be.
    pub(super) fn check(
        &self,
        store: &Store,
        missing: Option<&[Missing]>,
        findings: &mut Findings<'_>,
    ) -> Result<(), Error> {
        self.tip(store, findings)?;
        let is_number = |value: &str| value.parse::<u32>().is_ok();
        let incomplete = |value: &str| match value {
            "0" => missing.is_none_or(<[Missing]>::is_empty),
            value => value == "1",
        };
        let mut hold = |key: &str, value: &Option<String>, holds: &dyn Fn(&str) -> bool| {
            if let Some(value) = value.as_ref().filter(|value| !holds(value)) {
                let what = format!("{key} is noted as '{value}', which cannot be");
                findings.wrong(None, what);
            }
        };
        hold("finished", &self.finished, &|value| {
            matches!(value, "tip" | "range")
        });
        hold("incomplete", &self.incomplete, &incomplete);
        hold("rules_version", &self.rules_version, &is_number);
        hold("stale_blocks", &self.stale_blocks, &is_number);
        hold("tip_time", &self.tip_time, &is_number);
        Ok(())
    }

    /// The tip; where the scan left a tidy database, its block is the highest stored.
    fn tip(&self, store: &Store, findings: &mut Findings<'_>) -> Result<(), Error> {
        let (Some(height), Some(hash), true) =
            (&self.tip_height, &self.tip_hash, self.reached_the_tip())
        else {
            return Ok(());
        };
        let Ok(height) = height.parse() else {
            findings.wrong(
                None,
                format!("the height of the tip is noted as '{height}'"),
            );
            return Ok(());
        };
        let newest = findings.undamaged(None, store.newest_blocks(1))?;
        let newest = newest.and_then(|blocks| blocks.last().copied());
        let highest = newest.map(|block| block.height);
        // A range of days behind the tip has none.
        let any = findings.undamaged(None, store.first_day_ever())?.flatten();
        if self.is_tidy() && any.is_some() && highest != Some(height) {
            let highest = highest.map_or("none is stored".to_string(), |highest| {
                format!("the highest stored is {highest}")
            });
            findings.wrong(
                None,
                format!("block {height} is noted as the tip, and {highest}"),
            );
        }
        if let (Some(time), Some(newest)) = (&self.tip_time, newest)
            && newest.height == height
            && *time != newest.time.to_string()
        {
            findings.wrong(
                None,
                format!(
                    "the time of the tip is noted as {time}, and is {}",
                    newest.time
                ),
            );
        }
        let stored = findings.undamaged(None, store.hash_at(height))?.flatten();
        if let Some(stored) = stored.map(|stored| stored.to_string())
            && stored != *hash
        {
            findings.wrong(
                None,
                format!("the tip is noted as {hash}, and the block stored at its height {height} is {stored}"),
            );
        }
        Ok(())
    }
}
