//! The few lines of bitcoin.conf that say where the blocks are.
//!
//! Core's rules (`common/config.cpp`): `key=value` lines, `#` starts a comment, `[section]` opens the
//! settings of one chain, `section.key=value` is the same in one line, a chain's own setting beats a
//! general one, and of several the first counts. `includeconf` reads further files, one level deep.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::files::open;
use super::{Chain, Error};

/// No sane configuration is larger; a larger file is not a configuration.
const MAX_BYTES: u64 = 4 << 20;

/// The settings that are read.
const KEYS: [&str; 3] = ["blocksdir", "datadir", INCLUDE];
const INCLUDE: &str = "includeconf";

/// What a bitcoin.conf says, for one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// `blocksdir=`
    pub blocksdir: Option<PathBuf>,
    /// `datadir=` (Core heeds it in the configuration of its default folder)
    pub datadir: Option<PathBuf>,
}

/// Reads `datadir/bitcoin.conf` for `chain`; a folder without that file says nothing.
///
/// # Errors
/// The file, or one it includes, is there but cannot be read.
pub fn read(datadir: &Path, chain: Chain) -> Result<Conf, Error> {
    let path = datadir.join("bitcoin.conf");
    let Some(text) = load(&path)? else {
        return Ok(Conf::default());
    };
    let mut settings = Vec::new();
    parse(&text, chain, &mut settings);
    let included: Vec<PathBuf> = values(&settings, INCLUDE)
        .map(|name| datadir.join(name))
        .collect();
    let mut read = BTreeSet::new();
    for file in included {
        // A file says the same however often it is named, itself by itself too, and by whatever path.
        if !read.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
            continue;
        }
        let text = load(&file)?.ok_or_else(|| Error::Conf {
            path: path.clone(),
            what: format!("includeconf={} leads to no file", file.display()),
        })?;
        parse(&text, chain, &mut settings);
    }
    let first = |key| values(&settings, key).next().map(|v| datadir.join(v));
    Ok(Conf {
        blocksdir: first("blocksdir"),
        datadir: first("datadir"),
    })
}

fn load(path: &Path) -> Result<Option<String>, Error> {
    // Only a regular file is opened: a pipe would wait for a writer for ever.
    let file = match open(path) {
        Ok((file, _)) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Io {
                path: path.to_path_buf(),
                source,
            });
        }
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io(path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::Conf {
            path: path.to_path_buf(),
            what: format!("is larger than {MAX_BYTES} bytes, so it is no configuration file"),
        });
    }
    // A byte that is not UTF-8 can only spoil the one path it stands in, which will then not be found.
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// A setting that says something about the place of the blocks of one chain.
struct Setting {
    /// It stands in the chain's section, not in the general part.
    own: bool,
    key: &'static str,
    value: String,
}

/// Adds what `text` says for `chain`. Whatever else is in it costs no memory.
fn parse(text: &str, chain: Chain, settings: &mut Vec<Setting>) {
    let mut section = "";
    // Some editors put a byte order mark first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((key, value)) = line.split_once('=') {
            let (place, key) = match key.trim().split_once('.') {
                Some((own, key)) if section.is_empty() => (own, key),
                _ => (section, key.trim()),
            };
            let known = KEYS
                .into_iter()
                .find(|known| *known == key.trim_start_matches('-'));
            let value = value.trim();
            let own = place == chain.name();
            if let Some(key) = known
                && !value.is_empty()
                && (own || place.is_empty())
                // Of several the first counts, but every file named is included.
                && (key == INCLUDE || !settings.iter().any(|s| s.key == key && s.own == own))
            {
                let value = value.to_string();
                settings.push(Setting { own, key, value });
            }
        }
    }
}

/// The values of `key`, those of the chain's section first.
fn values<'a>(settings: &'a [Setting], key: &'static str) -> impl Iterator<Item = &'a str> {
    [true, false].into_iter().flat_map(move |own| {
        settings
            .iter()
            .filter(move |s| s.own == own && s.key == key)
            .map(|s| s.value.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocksdir(text: &str, chain: Chain) -> Option<String> {
        let mut settings = Vec::new();
        parse(text, chain, &mut settings);
        values(&settings, "blocksdir").next().map(str::to_string)
    }

    #[test]
    fn a_section_beats_the_general_part_and_the_first_of_several_counts() {
        let text = "server=1\nblocksdir = /general # a disk\n[regtest]\nblocksdir=/one\nblocksdir=/two\n[main]\n";
        assert_eq!(blocksdir(text, Chain::Regtest).as_deref(), Some("/one"));
        assert_eq!(blocksdir(text, Chain::Main).as_deref(), Some("/general"));
    }

    #[test]
    fn a_dotted_key_is_a_section_in_one_line() {
        let text = "signet.blocksdir=/s\n";
        assert_eq!(blocksdir(text, Chain::Signet).as_deref(), Some("/s"));
        assert_eq!(blocksdir(text, Chain::Main), None);
    }

    #[test]
    fn noise_is_no_setting() {
        assert_eq!(
            blocksdir("# blocksdir=/x\n=\n[\nblocksdir=\n\u{0}", Chain::Main),
            None
        );
    }
}
