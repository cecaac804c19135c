//! The two ways out: data on stdout, everything said to a person on stderr.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A line to the person at the terminal. A closed stderr is nobody's error.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(line));
}

/// A line of data.
pub(super) fn put(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let line = escaped(line, |_, _| false);
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
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

/// Where an export goes: the file, made at once so that a wrong name is told before the work, or stdout.
pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    match path.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(Box::new(BufWriter::new(file)))
        }
        None => Ok(Box::new(BufWriter::new(io::stdout()))),
    }
}

/// A file to be written in one go, or stdout.
pub(super) enum Replacement {
    Stdout,
    /// Written beside the file it becomes, so that nobody ever reads half of it.
    Beside(tempfile::NamedTempFile, PathBuf),
    /// No regular file: a pipe, a terminal, /dev/null.
    Plain(File),
}

/// Where a whole file goes; what is there already stays until the new content is complete.
pub(super) fn replace(path: &Path) -> anyhow::Result<Replacement> {
    if path == Path::new("-") {
        return Ok(Replacement::Stdout);
    }
    let cannot = || format!("cannot write {}", path.display());
    // A link stays a link: its target is what is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut before = None;
    if target.exists() {
        let file = File::options()
            .write(true)
            .open(&target)
            .with_context(cannot)?;
        let meta = file.metadata().with_context(cannot)?;
        if !meta.is_file() {
            return Ok(Replacement::Plain(file));
        }
        before = Some(meta.permissions());
    }
    let dir = target.parent().filter(|dir| *dir != Path::new(""));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".blkprice-").suffix(".part");
    #[cfg(unix)]
    {
        // As `File::create` would have it: the umask takes away what it takes away.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder
        .tempfile_in(dir.unwrap_or(Path::new(".")))
        .with_context(cannot)?;
    if let Some(permissions) = before {
        file.as_file()
            .set_permissions(permissions)
            .with_context(cannot)?;
    }
    Ok(Replacement::Beside(file, target))
}

impl Replacement {
    /// Writes the content and puts it in place.
    pub(super) fn write(self, content: &[u8]) -> anyhow::Result<()> {
        match self {
            Replacement::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(content)?;
                out.flush()?;
            }
            Replacement::Plain(mut file) => file.write_all(content)?,
            Replacement::Beside(mut file, target) => {
                let cannot = || format!("cannot write {}", target.display());
                file.write_all(content).with_context(cannot)?;
                file.persist(&target)
                    .map_err(|error| error.error)
                    .with_context(cannot)?;
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
