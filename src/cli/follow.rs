//! What `blkprice watch` tells of the chain: a line a block, and reorganisations.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::json;

use crate::chain::WindowDay;
use crate::dates;
use crate::pricing::Engine;
use crate::store::news::{REMEMBERED, Told};
use crate::store::{self, NewestBlock, PriceRow, Store};

/// The newest blocks that are known to whoever reads our lines.
#[derive(Debug)]
pub(super) struct Follow {
    told: Told,
    as_json: bool,
}

/// What is to be told, once the database is closed: whoever reads it may be slow.
#[derive(Debug, Default)]
pub(super) struct News {
    /// For a person.
    pub(super) said: Vec<String>,
    /// A line a block.
    pub(super) lines: Vec<String>,
}

impl Follow {
    /// Takes the stored blocks as known.
    pub(super) fn new(store: Option<&Store>, as_json: bool) -> Result<Follow, store::Error> {
        let mut follow = Follow {
            told: Told::default(),
            as_json,
        };
        if let Some(store) = store {
            follow.told.remember(&store.newest_blocks(REMEMBERED)?);
        }
        Ok(follow)
    }

    /// What is new in the store. Nothing is new in a database that was only just made: its blocks are history.
    pub(super) fn look(&mut self, store: &Store) -> Result<News, store::Error> {
        let blocks = store.newest_blocks(REMEMBERED)?;
        if self.told.is_empty() {
            self.told.remember(&blocks);
            return Ok(News::default());
        }
        let mut told = News::default();
        let news = self.told.compare(&blocks);
        if let Some((height, count)) = news.gone {
            told.said.push(format!(
                "reorg: {count} block(s) from height {height} on are no longer on the chain"
            ));
        }
        if news.more {
            told.said.push(format!(
                "there are more new blocks than the {REMEMBERED} that follow here; `blkprice export` has them all"
            ));
        }
        let mut prices: BTreeMap<WindowDay, Option<PriceRow>> = BTreeMap::new();
        for block in &news.new {
            let row = match prices.entry(block.day) {
                Entry::Occupied(row) => row.into_mut(),
                Entry::Vacant(place) => {
                    let mut rows = store.prices(Engine::Path.name(), block.day, block.day)?;
                    place.insert(rows.pop())
                }
            };
            told.lines.push(self.line(block, row.as_ref()));
        }
        self.told.remember(&blocks);
        Ok(told)
    }

    /// Height, hash, header time, day, and the day's price and status as they are now.
    fn line(&self, block: &NewestBlock, row: Option<&PriceRow>) -> String {
        let NewestBlock { height, hash, .. } = block;
        let (time, day) = (dates::show_time(block.time), dates::show(block.day));
        let usd = row.and_then(|row| row.usd);
        let status = row.map_or("none", |row| row.status.as_str());
        if self.as_json {
            return json!({
                "height": height, "hash": hash.to_string(), "time": block.time, "day": day, "usd": usd, "status": status,
                "confidence": row.and_then(|row| row.confidence),
            })
            .to_string();
        }
        let usd = usd.map_or_else(|| "-".to_string(), |usd| format!("{usd:.2}"));
        format!("{height} {hash} {time} {day} {usd} {status}")
    }
}
