//! Synthetic chains.
