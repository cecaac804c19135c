//! Stage 5: lists of amounts in, prices out. Pure: no file, no clock, no database.
//!
//! [`path`] decodes the whole history as one path and is the default; [`v91`] is the published reference method, day by
//! day; [`histogram`] holds the bins of the latter, which the store shows too.

pub mod histogram;
pub mod path;
pub mod v91;
