//! Bitcoin's daily USD price history, decoded from a node's own block files.
//!
//! People pay round dollar amounts, so the satoshi amounts of a day's payments pile up where $10, $50 and $100 lie at
//! that day's price. This crate reads Bitcoin Core's `blk*.dat` files directly, without RPC or network, keeps the
//! price-bearing outputs of every UTC day in one SQLite file, and decodes the BTC/USD price of each day from them.
//!
//! # The way of the data
//!
//! ```text
//! blk*.dat ─► blockfile ─► chain ─► filter ─► store ─► price ─► export ─► serve
//!             framed       most     outputs   SQLite   pure     CSV        HTTP
//!             records      work,    that                maths   JSON
//!                          days     count
//! ```
//!
//! The data goes one way, and a stage knows only those before it:
//!
//! 1. [`blockfile`] finds the folder and frames its records: XOR, zero tails, torn and damaged bytes.
//! 2. [`chain`] checks each header's own proof of work, takes the branch with most work, gives heights (from the
//!    genesis block, or as coinbases state them) and cuts the chain into UTC days.
//! 3. [`filter`] walks a block without copying, and keeps the outputs that qualify in their day. Which inputs spend coins of
//!    the same day it learns from the node's undo files where they are there, else from the txids of the day.
//! 4. [`store`] holds them, compactly, with the plain views that users query.
//! 5. [`price`] is pure mathematics: lists of amounts in, prices out. It knows no file, clock or database.
//! 6. [`export`] writes what is stored for other programs, and as pages and pictures for people, and [`serve`] (feature `serve`, on unless left out) answers
//!    their requests with it. It listens; nothing here ever connects to anything.
//!
//! Two modules lead the data through: [`scan`] drives stages 1 to 4 (a header pass over all files, then the days that are new
//! or have changed, decoded in parallel and stored in order by one writer), and [`pricing`] drives stage 5 from the store
//! and back into it. [`verify`] holds what is stored against itself and against the block files, by the same code as the
//! scan, and writes nothing. [`score`] holds stored prices against prices known from elsewhere. [`cli`] is the command
//! line and does all printing. [`synth`] makes realistic chains with known prices, for the demo, the tests and the
//! benchmarks; no stage knows it.
//!
//! # Units
//!
//! Amounts are satoshi (sats), prices USD per BTC, times UTC seconds since 1970. A day is the number of days since
//! 1970-01-01 ([`chain::WindowDay`]); [`dates`] turns it into text and back at the edges.
//!
//! # Promises
//!
//! Nothing is ever written under the node's folders, and `blocks/index` is never opened. Everything stored carries the
//! version of the rules or of the engine that made it. A killed run loses at most the days it had not yet
//! committed, and the next one ends with the same content as an undisturbed one.

// What a user's data can reach ends in an error and not in a panic.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

pub mod blockfile;
pub mod chain;
pub mod cli;
pub mod dates;
pub mod export;
pub mod filter;
pub mod price;
pub mod pricing;
pub mod scan;
pub mod score;
#[cfg(feature = "serve")]
pub mod serve;
pub mod store;
pub mod synth;
pub mod verify;
