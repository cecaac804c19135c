//! Stage 2: from headers to the chain with most work, its heights and its UTC days.
//!
//! [`header`] checks a header's own proof of work, [`tree`] links headers and weighs branches,
//! [`parts`] puts together what pruning or lost files have cut apart, [`heights`] reads the height a
//! coinbase states (BIP34), and [`days`] cuts the chain into UTC days.

pub mod days;
pub mod header;
pub mod heights;
pub mod index;
pub mod parts;
pub mod tree;

pub use days::{Day, WindowDay};
pub use header::{Hash, Header, Place};
pub use parts::{ActiveChain, Evidence};
