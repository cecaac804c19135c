//! `blkprice status`.

use clap::Args;
use serde_json::Value;

use super::examples;
use super::output::{grouped, put, put_json};
use super::{Database, Outcome};
use crate::export::status::status_json;
use crate::store::Store;

/// Show what the database holds
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::STATUS)]
pub(super) struct Status {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Print, on the last line, a hash over all stored content but file positions and run times
    #[arg(long)]
    digest: bool,

    #[command(flatten)]
    database: Database,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let store = Store::read(&self.database.db)?;
        let facts = status_json(&store)?;
        if self.json {
            put_json(&facts)?;
        } else {
            for line in lines(&facts) {
                put(&line)?;
            }
        }
        if self.digest {
            put(&store.digest()?)?;
        }
        Ok(Outcome::Done)
    }
}

fn lines(facts: &Value) -> Vec<String> {
    let text = |key: &str| match &facts[key] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_string(),
        other => other.to_string(),
    };
    let count = |key: &str| facts[key].as_u64().map_or_else(|| "-".to_string(), grouped);
    let outputs = facts["outputs"].as_u64().unwrap_or(0);
    let bytes = facts["bytes"].as_u64().unwrap_or(0);
    let each = if outputs > 0 {
        format!(", {:.2} bytes an output", bytes as f64 / outputs as f64)
    } else {
        String::new()
    };
    let mut lines = vec![
        format!(
            "database    {} ({} bytes{each})",
            text("database"),
            grouped(bytes)
        ),
        format!("chain       {}, from {}", text("chain"), text("blocks_dir")),
        format!(
            "tip         {} {} (time {})",
            text("tip_height"),
            text("tip_hash"),
            text("tip_time")
        ),
        format!(
            "days        {}, {} to {}",
            count("days"),
            text("first_day"),
            text("last_day")
        ),
        format!(
            "blocks      {} stored, {} not on the chain",
            count("blocks"),
            count("stale_blocks")
        ),
        format!(
            "same day    {} blocks told by undo data, {} by hashing",
            count("blocks_by_undo"),
            count("blocks_by_txids")
        ),
        format!("outputs     {}", count("outputs")),
        format!(
            "versions    schema {}, rules {}",
            text("schema_version"),
            text("rules_version")
        ),
    ];
    if facts["scan_finished"] == Value::Bool(false) {
        lines.push(
            "scan        unfinished: run `blkprice scan` again, it goes on from there".to_string(),
        );
    }
    let list = |key: &str| facts[key].as_array().cloned().unwrap_or_default();
    let incomplete: Vec<String> = list("incomplete_days")
        .iter()
        .filter_map(|day| day.as_str().map(str::to_string))
        .collect();
    if !incomplete.is_empty() {
        lines.push(format!("incomplete  {}", incomplete.join(", ")));
    }
    for gap in list("gaps") {
        lines.push(format!(
            "gap         heights {} to {}: {}",
            gap["first_height"],
            gap["last_height"],
            gap["reason"].as_str().unwrap_or("")
        ));
    }
    for engine in list("engines") {
        lines.push(format!(
            "prices      {} version {}: {} days {}",
            engine["engine"].as_str().unwrap_or(""),
            engine["engine_version"],
            engine["days"],
            engine["status"].as_str().unwrap_or("")
        ));
    }
    lines
}
