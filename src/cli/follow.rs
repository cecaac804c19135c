//! What `blkprice watch` tells of the chain: a line a block, and reorganisations.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::json;

use super::output::{put, say};
use crate::chain::WindowDay;
use crate::chain::header::Hash;
use crate::dates;
use crate::pricing::Engine;
use crate::store::{self, NewestBlock, PriceRow, Store};

/// Blocks remembered, so that what is new and what is gone can be told without the whole chain in memory: two weeks of
/// them, and more than any reorganisation there ever was.
const REMEMBERED: u32 = 2_016;

/// The newest blocks that are known to whoever reads our lines.
#[derive(Debug)]
pub(super) struct Follow {
    told: BTreeMap<u32, Hash>,
    as_json: bool,
}

/// The difference between two views of the chain.
#[derive(Debug, Default, PartialEq)]
struct News {
    /// Heights and number of the blocks that were told and are of the chain no more.
    gone: Option<(u32, usize)>,
    /// Blocks that were not told yet, ascending.
    new: Vec<NewestBlock>,
    /// The new ones reach back beyond what is remembered, so there may be more of them.
    more: bool,
}

impl Follow {
    /// Takes the stored blocks as known.
    pub(super) fn new(store: Option<&Store>, as_json: bool) -> Result<Follow, store::Error> {
        let mut follow = Follow {
            told: BTreeMap::new(),
            as_json,
        };
        if let Some(store) = store {
            follow.remember(&store.newest_blocks(REMEMBERED)?);
        }
        Ok(follow)
    }

    /// Prints what is new in the store. Nothing is new in a database that was only just made: its blocks are history.
    pub(super) fn tell(&mut self, store: &Store) -> anyhow::Result<()> {
        let blocks = store.newest_blocks(REMEMBERED)?;
        if self.told.is_empty() {
            self.remember(&blocks);
            return Ok(());
        }
        let news = self.compare(&blocks);
        if let Some((height, count)) = news.gone {
            say(&format!(
                "reorg: {count} block(s) from height {height} on are no longer on the chain"
            ));
        }
        if news.more {
            say(&format!(
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
            put(&self.line(block, row.as_ref()))?;
        }
        self.remember(&blocks);
        Ok(())
    }

    fn remember(&mut self, blocks: &[NewestBlock]) {
        self.told = blocks.iter().map(|b| (b.height, b.hash)).collect();
    }

    /// `blocks` are the newest of the chain, ascending.
    fn compare(&self, blocks: &[NewestBlock]) -> News {
        let known = |block: &NewestBlock| self.told.get(&block.height) == Some(&block.hash);
        let lowest_told = self.told.keys().next().copied().unwrap_or(0);
        let lowest_now = blocks.first().map_or(0, |block| block.height);
        let now: BTreeMap<u32, Hash> = blocks.iter().map(|b| (b.height, b.hash)).collect();
        let gone: Vec<u32> = self
            .told
            .iter()
            .filter(|&(&height, hash)| height >= lowest_now && now.get(&height) != Some(hash))
            .map(|(&height, _)| height)
            .collect();
        let new: Vec<NewestBlock> = blocks
            .iter()
            .filter(|block| block.height >= lowest_told && !known(block))
            .copied()
            .collect();
        News {
            gone: gone.first().map(|&first| (first, gone.len())),
            more: blocks.len() >= REMEMBERED as usize && new.len() == blocks.len(),
            new,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(heights: std::ops::Range<u32>, branch: u8) -> Vec<NewestBlock> {
        heights
            .map(|height| NewestBlock {
                height,
                hash: Hash([branch; 32]),
                time: height * 600,
                day: 0,
            })
            .collect()
    }

    fn follow(blocks: &[NewestBlock]) -> Follow {
        let mut follow = Follow {
            told: BTreeMap::new(),
            as_json: false,
        };
        follow.remember(blocks);
        follow
    }

    #[test]
    fn blocks_on_top_are_new_and_nothing_is_gone() {
        let news = follow(&chain(10..20, 1)).compare(&chain(15..25, 1));
        assert_eq!((news.gone, news.more), (None, false));
        assert_eq!(news.new, chain(20..25, 1));
    }

    #[test]
    fn of_a_reorganisation_the_loser_is_gone_and_the_winner_new() {
        let branch = [chain(10..18, 1), chain(18..23, 2)].concat();
        let news = follow(&chain(10..20, 1)).compare(&branch);
        assert_eq!(news.gone, Some((18, 2)));
        assert_eq!(news.new, chain(18..23, 2));
    }

    #[test]
    fn blocks_older_than_what_is_remembered_are_neither_new_nor_gone() {
        let news = follow(&chain(10..20, 1)).compare(&chain(0..20, 1));
        assert_eq!(news, News::default());
        let news = follow(&chain(0..20, 1)).compare(&chain(10..20, 1));
        assert_eq!(news, News::default());
    }

    #[test]
    fn a_chain_that_is_all_new_says_that_there_is_more() {
        let news = follow(&chain(0..10, 1)).compare(&chain(5_000..5_000 + REMEMBERED, 1));
        assert!(news.more && news.gone.is_none());
        assert_eq!(news.new.len(), REMEMBERED as usize);
    }
}
