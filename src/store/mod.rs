//! Stage 4.
pub mod codec;
