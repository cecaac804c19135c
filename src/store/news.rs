//! What is new on the stored chain, and what is gone, since somebody last looked.

use std::collections::BTreeMap;

use super::NewestBlock;
use crate::chain::header::Hash;

/// Blocks remembered, so that what is new and what is gone can be told without the whole chain in memory: two weeks of
/// them, and more than any reorganisation there ever was.
pub const REMEMBERED: u32 = 2_016;

/// The newest blocks that were told already.
#[derive(Clone, Debug, Default)]
pub struct Told {
    blocks: BTreeMap<u32, Hash>,
}

/// The difference between two views of the chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// Lowest height and number of the blocks that were told and are of the chain no more.
    pub gone: Option<(u32, usize)>,
    /// Blocks that were not told yet, ascending.
    pub new: Vec<NewestBlock>,
    /// The new ones reach back beyond what is remembered, so there may be more of them.
    pub more: bool,
}

impl Told {
    /// Whether nothing is known yet: all blocks of such a database are history, and none is news.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Takes `blocks`, the newest [`REMEMBERED`] of the chain, as told.
    pub fn remember(&mut self, blocks: &[NewestBlock]) {
        self.blocks = blocks.iter().map(|b| (b.height, b.hash)).collect();
    }

    /// What `blocks`, the newest [`REMEMBERED`] of the chain, ascending, have that was not told.
    pub fn compare(&self, blocks: &[NewestBlock]) -> News {
        let known = |block: &NewestBlock| self.blocks.get(&block.height) == Some(&block.hash);
        let lowest_told = self.blocks.keys().next().copied().unwrap_or(0);
        let lowest_now = blocks.first().map_or(0, |block| block.height);
        let now: BTreeMap<u32, Hash> = blocks.iter().map(|b| (b.height, b.hash)).collect();
        let gone: Vec<u32> = self
            .blocks
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

    fn told(blocks: &[NewestBlock]) -> Told {
        let mut told = Told::default();
        told.remember(blocks);
        told
    }

    #[test]
    fn blocks_on_top_are_new_and_nothing_is_gone() {
        let news = told(&chain(10..20, 1)).compare(&chain(15..25, 1));
        assert_eq!((news.gone, news.more), (None, false));
        assert_eq!(news.new, chain(20..25, 1));
    }

    #[test]
    fn of_a_reorganisation_the_loser_is_gone_and_the_winner_new() {
        let branch = [chain(10..18, 1), chain(18..23, 2)].concat();
        let news = told(&chain(10..20, 1)).compare(&branch);
        assert_eq!(news.gone, Some((18, 2)));
        assert_eq!(news.new, chain(18..23, 2));
    }

    #[test]
    fn blocks_older_than_what_is_remembered_are_neither_new_nor_gone() {
        let news = told(&chain(10..20, 1)).compare(&chain(0..20, 1));
        assert_eq!(news, News::default());
        let news = told(&chain(0..20, 1)).compare(&chain(10..20, 1));
        assert_eq!(news, News::default());
    }

    #[test]
    fn a_chain_that_is_all_new_says_that_there_is_more() {
        let news = told(&chain(0..10, 1)).compare(&chain(5_000..5_000 + REMEMBERED, 1));
        assert!(news.more && news.gone.is_none());
        assert_eq!(news.new.len(), REMEMBERED as usize);
    }
}
