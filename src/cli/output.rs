//! The two ways out: data on stdout, everything said to a person on stderr.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

/// A line to the person at the terminal. A closed stderr is nobody's error.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A line of data.
pub(super) fn put(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
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
    fn prices_are_written_as_people_read_them() {
        assert_eq!(dollars(110_123.9), "$110,123");
        assert_eq!(dollars(999.0), "$999");
        assert_eq!(dollars(1_000_000.0), "$1,000,000");
        assert_eq!(dollars(0.0625), "$0.06");
    }
}
