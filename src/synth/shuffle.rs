//! Blocks in the order in which a node might receive them: near their turn, but children before parents.

use std::collections::VecDeque;

use super::{RawBlock, Rng};

/// A window of blocks from which the next is drawn at random; none leaves more than `places` early or late.
#[derive(Debug)]
pub(crate) struct Shuffle {
    places: usize,
    rng: Rng,
    /// Blocks with their turn, oldest first.
    held: VecDeque<(usize, RawBlock)>,
    pushed: usize,
    popped: usize,
}

impl Shuffle {
    pub(crate) fn new(seed: u64, places: usize) -> Self {
        Self {
            places,
            rng: Rng::new(seed),
            held: VecDeque::new(),
            pushed: 0,
            popped: 0,
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.places == 0
    }

    /// Takes a block; gives one back once the window is full. The first block comes back at once.
    pub(crate) fn push(&mut self, block: RawBlock) -> Option<RawBlock> {
        self.held.push_back((self.pushed, block));
        self.pushed += 1;
        if self.popped == 0 || self.held.len() > self.places {
            self.pop()
        } else {
            None
        }
    }

    /// Draws one of the blocks held: the oldest if it is due, else any.
    pub(crate) fn pop(&mut self) -> Option<RawBlock> {
        let oldest = self.held.front()?.0;
        let pick = if self.popped >= oldest + self.places {
            0
        } else {
            self.rng.below(self.held.len())
        };
        self.popped += 1;
        self.held.remove(pick).map(|(_, block)| block)
    }
}
