//! The two ways out: data on stdout, everything said to a person on stderr.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::export::replacement::Replacement;
use crate::store::Store;

/// A line to the person at the terminal. A closed stderr is nobody's error.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(line));
}

/// A line of data.
pub(super) fn put(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let line = escaped(line, |_, _| false);
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    written.context("writing to stdout")
}

/// Data as indented JSON.
pub(super) fn put_json(value: &serde_json::Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    // Its own line breaks are between values; those inside one are escaped already.
    text.lines().try_for_each(put)
}

/// Text for a terminal with nothing in it that a terminal obeys. The name of a file, or a path in a bitcoin.conf or in a
/// database, can hold anything: colours, a cleared screen, a line that looks like one of ours.
///
/// A line break is ours where two spaces follow, as before a hint.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, |text, at| text[at..].starts_with("\n  "))
}

/// `text` with its control characters as JSON writes them, but for line breaks at places that `breaks` allows.
fn escaped(text: &str, breaks: impl Fn(&str, usize) -> bool) -> Cow<'_, str> {
    let obeyed = |(at, c): (usize, char)| match c {
        '\n' => !breaks(text, at),
        // Overrides and isolates of the writing direction show a name as another.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    };
    if !text.char_indices().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if obeyed((at, c)) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Where `-o` leads.
pub(super) enum Target {
    /// A regular file, which appears, or changes, once it is whole.
    File(Replacement),
    /// Stdout, or what else has a path, as a pipe.
    Open(Box<dyn Write + Send>),
}

/// Opens what `-o` names, before the work, so that a name that cannot be written is told at once. Nothing and `-` are stdout.
pub(super) fn target(path: Option<&Path>, store: &Store) -> anyhow::Result<Target> {
    let Some(path) = path.filter(|path| *path != Path::new("-")) else {
        return Ok(Target::Open(Box::new(BufWriter::new(io::stdout()))));
    };
    spare(path, store)?;
    // A folder is refused by `Replacement`.
    let whole = |meta: Metadata| meta.is_file() || meta.is_dir();
    if path.metadata().map_or(true, whole) {
        return Ok(Target::File(Replacement::begin(path)?));
    }
    let file = File::options()
        .write(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Target::Open(Box::new(BufWriter::new(file))))
}

/// Refuses an output in place of the database it is made from, or among the node's files.
pub(super) fn spare(path: &Path, store: &Store) -> anyhow::Result<()> {
    let place = resolved(path);
    let database = resolved(store.path());
    let of_database = ["", "-wal", "-shm", "-journal", "-lock"].iter().any(|end| {
        let mut file = database.clone().into_os_string();
        file.push(end);
        place == Path::new(&file)
    });
    if of_database {
        bail!(
            "{} belongs to the database\n  hint: name another file with -o",
            path.display()
        );
    }
    let blocks = store
        .meta("blocks_dir")?
        .map(|dir| resolved(Path::new(&dir)));
    if blocks.is_some_and(|blocks| place.starts_with(blocks)) {
        bail!(
            "{} lies among the node's block files, where nothing is written\n  hint: name a file elsewhere with -o",
            path.display()
        );
    }
    Ok(())
}

/// Where a path leads, links followed; what is not there yet is in its folder.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match (
        folder.unwrap_or(Path::new(".")).canonicalize(),
        path.file_name(),
    ) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

impl Target {
    /// Writes all of it, and puts a file in its place.
    pub(super) fn write(self, content: &[u8]) -> anyhow::Result<()> {
        match self {
            Target::Open(mut out) => {
                out.write_all(content)?;
                out.flush()?;
            }
            Target::File(file) => {
                let mut out = file.out()?;
                out.write_all(content)?;
                out.flush()?;
                file.commit()?;
            }
        }
        Ok(())
    }
}

/// A whole number with thousands separators.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A price as people read it: whole dollars, below $100 with cents.
pub(super) fn dollars(usd: f64) -> String {
    if usd >= 100.0 {
        // Prices are far below 2^53.
        format!("${}", grouped(usd.floor() as u64))
    } else {
        format!("${usd:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown_raw() {
        let name = "a\u{1b}[2Jb\u{9b}31m\rc\u{7f}\u{202e}\nwarning: d";
        assert_eq!(
            plain(name),
            "a\\u001b[2Jb\\u009b31m\\u000dc\\u007f\\u202e\\u000awarning: d"
        );
        let ours = "é: gone\n  hint: look";
        assert!(matches!(plain(ours), Cow::Borrowed(same) if same == ours));
    }

    #[test]
    fn prices_are_written_as_people_read_them() {
        assert_eq!(dollars(110_123.9), "$110,123");
        assert_eq!(dollars(999.0), "$999");
        assert_eq!(dollars(1_000_000.0), "$1,000,000");
        assert_eq!(dollars(0.0625), "$0.06");
    }
}
