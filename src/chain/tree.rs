//! Headers linked to their parents, with the work of each branch.

use std::cmp::Reverse;

use bitcoin::Work;

use super::header::{Hash, Header};
use super::index::HashIndex;

/// No parent among the headers at hand.
const NONE: u32 = u32::MAX;

/// The headers of a folder as a forest: one tree where nothing is missing.
pub struct Forest<'h> {
    headers: &'h [Header],
    parent: Vec<u32>,
    root: Vec<u32>,
    depth: Vec<u32>,
    work: Vec<Work>,
    /// How many up to each stand in no file.
    absent: Vec<u32>,
}

/// A tree reduced to its branch of most work.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// Position of its first header.
    pub root: usize,
    /// Position of its last.
    pub tip: usize,
    /// Number of its blocks.
    pub length: u32,
    /// Work from the root to the tip, both included.
    pub work: Work,
}

impl<'h> Forest<'h> {
    /// Links `headers`, which are in file order, each hash once, and each with a valid target.
    pub fn new(headers: &'h [Header]) -> Forest<'h> {
        let owner = |at: u32| &headers[at as usize].hash.0;
        let mut index = HashIndex::with_capacity(headers.len());
        for (at, header) in (0u32..).zip(headers) {
            index.insert(&header.hash.0, at, owner);
        }
        let parent: Vec<u32> = headers
            .iter()
            .map(|header| match header.prev {
                Hash::ZERO => NONE,
                prev => index.get(&prev.0, owner).unwrap_or(NONE),
            })
            .collect();
        let mut forest = Forest {
            headers,
            root: vec![NONE; headers.len()],
            depth: vec![0; headers.len()],
            work: vec![Work::from_be_bytes([0; 32]); headers.len()],
            absent: vec![0; headers.len()],
            parent,
        };
        forest.weigh();
        forest
    }

    /// Sums work from the roots up. Children can stand before their parents, so each walk first climbs to
    /// ground already weighed and then comes back down.
    fn weigh(&mut self) {
        let mut climbed = Vec::new();
        for start in 0..self.headers.len() {
            let mut at = start;
            while self.root[at] == NONE {
                climbed.push(at);
                match self.parent[at] {
                    NONE => break,
                    parent => at = parent as usize,
                }
            }
            while let Some(at) = climbed.pop() {
                let own = self.headers[at]
                    .work()
                    .unwrap_or(Work::from_be_bytes([0; 32]));
                self.absent[at] = u32::from(self.headers[at].place.is_nowhere());
                match self.parent[at] {
                    NONE => {
                        self.root[at] = at as u32; // below NONE: a folder has fewer than 2^32 blocks
                        self.work[at] = own;
                    }
                    parent => {
                        let parent = parent as usize;
                        self.root[at] = self.root[parent];
                        self.depth[at] = self.depth[parent] + 1;
                        self.work[at] = self.work[parent] + own;
                        self.absent[at] += self.absent[parent];
                    }
                }
            }
        }
    }

    /// The branch of most work of each tree; of equal work the one of which most stands in files, as what a node has written
    /// over is hardly its chain; else the one whose tip is first in file order. In file order of their roots.
    pub fn branches(&self) -> Vec<Branch> {
        let mut best: Vec<u32> = vec![NONE; self.headers.len()];
        for at in 0..self.headers.len() {
            let slot = &mut best[self.root[at] as usize];
            let rank = |at: usize| (self.work[at], Reverse(self.absent[at]));
            if *slot == NONE || rank(at) > rank(*slot as usize) {
                *slot = at as u32; // as in `weigh`
            }
        }
        (0..self.headers.len())
            .filter(|&root| best[root] != NONE)
            .map(|root| self.branch_to(best[root] as usize))
            .collect()
    }

    /// The positions of a branch's headers, root first.
    pub fn path(&self, branch: &Branch) -> Vec<usize> {
        let mut path = Vec::with_capacity(branch.length as usize);
        let mut at = branch.tip;
        loop {
            path.push(at);
            match self.parent[at] {
                NONE => break,
                parent => at = parent as usize,
            }
        }
        path.reverse();
        path
    }

    /// The branch of its tree that ends at `tip`.
    pub fn branch_to(&self, tip: usize) -> Branch {
        Branch {
            root: self.root_of(tip),
            tip,
            length: self.depth[tip] + 1,
            work: self.work[tip],
        }
    }

    /// The parent of the header at `at`, if it is at hand.
    pub fn parent_of(&self, at: usize) -> Option<usize> {
        Some(self.parent[at])
            .filter(|&parent| parent != NONE)
            .map(|parent| parent as usize)
    }

    /// The root of the tree that the header at `at` belongs to.
    pub fn root_of(&self, at: usize) -> usize {
        self.root[at] as usize
    }

    /// How many generations the header at `at` is above its root.
    pub fn depth_of(&self, at: usize) -> u32 {
        self.depth[at]
    }
}
