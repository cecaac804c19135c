//! Which folder holds the blocks.

use std::env;
use std::path::{Path, PathBuf};

use super::{Chain, Error, conf, files};

/// What the user said about the place of the blocks.
#[derive(Clone, Debug)]
pub struct Request {
    /// `--blocks-dir`: the folder with the `blk*.dat` files itself.
    pub blocks_dir: Option<PathBuf>,
    /// `--datadir`: the node's data folder.
    pub datadir: Option<PathBuf>,
    /// `--chain`
    pub chain: Chain,
}

/// The folder with the block files, symbolic links resolved.
///
/// `--blocks-dir` is taken as it is, or as the folder above `blocks`. A data folder is searched the way
/// Core lays it out: the chain's subfolder, or the `blocksdir` that its bitcoin.conf names. Without
/// either, the platform's default data folder.
///
/// # Errors
/// [`Error::NotFound`] lists every place tried; a bitcoin.conf that is there but unreadable is an error.
pub fn locate(request: &Request) -> Result<PathBuf, Error> {
    let mut candidates = Vec::new();
    if let Some(dir) = &request.blocks_dir {
        candidates.push(dir.clone());
        candidates.push(dir.join("blocks"));
    } else {
        let datadir = match (&request.datadir, default_datadir()) {
            (Some(dir), _) => dir.clone(),
            (None, Some(dir)) => match conf::read(&dir, request.chain)?.datadir {
                Some(moved) => {
                    candidates.extend(below(&moved, request.chain)?);
                    dir
                }
                None => dir,
            },
            (None, None) => {
                let why = "no home folder is set in the environment".to_string();
                return Err(Error::NotFound {
                    chain: request.chain,
                    tried: vec![(PathBuf::from("the default data folder"), why)],
                });
            }
        };
        candidates.extend(below(&datadir, request.chain)?);
    }
    let mut tried = Vec::new();
    for candidate in candidates {
        match usable(&candidate) {
            Ok(path) => return Ok(path),
            Err(mut why) => {
                // --datadir, where --blocks-dir is meant.
                if candidate.parent().is_some_and(has_block_files) {
                    why.push_str("; the folder above has block files itself");
                }
                tried.push((candidate, why));
            }
        }
    }
    Err(Error::NotFound {
        chain: request.chain,
        tried,
    })
}

/// The places where the node of this data folder would keep its blocks, the likeliest first.
fn below(datadir: &Path, chain: Chain) -> Result<Vec<PathBuf>, Error> {
    let blocks = |base: &Path| {
        let mut path = base.to_path_buf();
        if !chain.subfolder().is_empty() {
            path.push(chain.subfolder());
        }
        path.push("blocks");
        path
    };
    let mut places = Vec::new();
    if let Some(moved) = conf::read(datadir, chain)?.blocksdir {
        places.push(blocks(&moved));
    }
    places.push(blocks(datadir));
    Ok(places)
}

/// Bitcoin Core's own default (`common/args.cpp`).
fn default_datadir() -> Option<PathBuf> {
    let home = || env::var_os("HOME").filter(|home| !home.is_empty());
    if cfg!(windows) {
        let base = |name| env::var_os(name).map(|dir| PathBuf::from(dir).join("Bitcoin"));
        // Core moved from the roaming to the local profile; an existing roaming folder keeps being used.
        base("APPDATA")
            .filter(|dir| dir.is_dir())
            .or_else(|| base("LOCALAPPDATA"))
    } else if cfg!(target_os = "macos") {
        Some(PathBuf::from(home()?).join("Library/Application Support/Bitcoin"))
    } else {
        Some(PathBuf::from(home()?).join(".bitcoin"))
    }
}

fn has_block_files(dir: &Path) -> bool {
    files::list(dir).is_ok_and(|files| !files.is_empty())
}

fn usable(dir: &Path) -> Result<PathBuf, String> {
    let path = dir.canonicalize().map_err(|error| error.to_string())?;
    if !path.is_dir() {
        return Err("is not a folder".to_string());
    }
    match files::list(&path) {
        Ok(files) if files.is_empty() => Err("has no blk*.dat files".to_string()),
        Ok(_) => Ok(path),
        Err(Error::Io { source, .. }) => Err(source.to_string()),
        Err(other) => Err(other.to_string()),
    }
}
