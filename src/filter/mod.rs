//! Stage 3: from a block's bytes to the outputs that carry price.
//!
//! [`visit`] walks a block without copying and gives the facts of each transaction, [`txid`] hashes them ([`mod@sha256d`]),
//! [`rules`] says which transactions and outputs count, [`extract`] reads one block by itself (by txids, or by the heights
//! in its undo data), [`same_day`] keeps the transactions of a window, and [`window`] puts its blocks together.

pub mod extract;
pub mod rules;
pub mod same_day;
pub mod sha256d;
pub mod txid;
pub mod visit;
pub mod window;

pub use extract::Extract;
pub use rules::RULES_VERSION;
pub use window::{BlockOutputs, Window};
