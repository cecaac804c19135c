//! Measured data that is not ours to pass on: read where it is at hand, missed loudly where it is not.

use std::path::PathBuf;

/// The folder `name` of the shared data, whose place the environment variable BLKPRICE_SHARED gives. Without it
/// `test` says on stderr that it is skipped.
pub(crate) fn folder(name: &str, test: &str) -> Option<PathBuf> {
    let Some(shared) = std::env::var_os("BLKPRICE_SHARED") else {
        eprintln!("SKIPPED {test}: BLKPRICE_SHARED is not set");
        return None;
    };
    let folder = PathBuf::from(shared).join("data").join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    Some(folder)
}
