//! What the database holds, as a JSON object.

use serde_json::{Value, json};

use crate::dates;
use crate::store::{Error, Store};

/// Days, blocks, gaps, prices and versions.
///
/// # Errors
/// The database cannot be read.
pub fn status_json(store: &Store) -> Result<Value, Error> {
    let days = store.days()?;
    let outputs: u64 = days.iter().map(|day| day.outputs).sum();
    let blocks: u64 = days.iter().map(|day| u64::from(day.blocks)).sum();
    let incomplete: Vec<String> = days
        .iter()
        .filter(|day| !day.complete)
        .map(|day| dates::show(day.day))
        .collect();
    let gaps: Vec<Value> = store
        .missing()?
        .into_iter()
        .map(|gap| json!({ "first_height": gap.first, "last_height": gap.last, "reason": gap.reason }))
        .collect();
    let number = |key| -> Result<Option<u64>, Error> {
        Ok(store.meta(key)?.and_then(|text| text.parse().ok()))
    };
    let (by_undo, by_txids) = store.told()?;
    Ok(json!({
        "database": store.path().display().to_string(),
        "bytes": store.bytes(),
        "chain": store.chain()?,
        "blocks_dir": store.meta("blocks_dir")?,
        "tip_height": number("tip_height")?,
        "tip_hash": store.meta("tip_hash")?,
        "tip_time": store.tip_time()?,
        "scan_finished": store.meta("finished")?.is_some(),
        "first_day": days.first().map(|day| dates::show(day.day)),
        "last_day": days.last().map(|day| dates::show(day.day)),
        "days": days.len(),
        "incomplete_days": incomplete,
        "blocks": blocks,
        "outputs": outputs,
        "blocks_by_undo": by_undo,
        "blocks_by_txids": by_txids,
        "stale_blocks": number("stale_blocks")?,
        "gaps": gaps,
        "schema_version": store.schema_version()?,
        "rules_version": number("rules_version")?,
        "engines": store.engines()?.into_iter().map(|e| json!({
            "engine": e.engine, "engine_version": e.version, "status": e.status, "days": e.days,
        })).collect::<Vec<_>>(),
    }))
}
