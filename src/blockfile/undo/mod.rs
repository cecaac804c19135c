//! Undo files (`rev*.dat`): what Core keeps to take a block off the chain again.
//!
//! For each block it connects, Core writes the coins that the block spent, with the height at which each was created: just
//! what the same-day rule asks for, without hashing a transaction. A record is
//!
//! ```text
//! magic · u32 length, little-endian · undo data · 32-byte checksum
//! ```
//!
//! obfuscated as block files are. The checksum is SHA-256d of the parent block's hash followed by the undo data, and is all
//! that says which block a record belongs to. It stands in the `rev` file with the number of the block's own `blk` file,
//! in the order in which blocks were connected; blocks never connected have none, and after a crash dead records
//! follow the live ones.
//!
//! [`file`](mod@file) finds the record of a block, [`spent`] reads what it says. Undo files are read by position and never mapped: Core
//! cuts them when it moves on to the next, dead records and all.

pub mod file;
pub mod spent;

pub use file::UndoFile;
pub use spent::Spent;
