//! Exit codes.

use std::io;
use std::process::ExitCode;

use super::Outcome;
use super::output::say;
use crate::{export, scan, store, verify};

const ERROR: u8 = 1;
const USAGE: u8 = 2;
const INCOMPLETE: u8 = 3;
const BUSY: u8 = 4;
const DIFFERS: u8 = 5;
const INTERRUPTED: u8 = 130;

/// The exit code of the command of this name, its error printed.
pub(super) fn code(command: &str, result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(INCOMPLETE),
        Ok(Outcome::Differs) => ExitCode::from(DIFFERS),
        // Whoever read our output has had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = told(&error);
            if error.is::<Usage>() {
                text.push_str(&format!(
                    "\n  hint: `blkprice help {command}` shows how it is meant"
                ));
            }
            say(&format!("error: {text}"));
            ExitCode::from(code_of(&error))
        }
    }
}

/// Flags that do not go together in a way the parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Stopped on somebody's wish, where the next run does not go on from there; says what is left.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {0}")]
pub(super) struct Interrupted(pub(super) &'static str);

/// The error with its causes and, at the end, the hints, each said once.
pub(super) fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    let mut hints: Vec<String> = Vec::new();
    // What SQLite says is part of what the store says of it.
    let of_sqlite = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<rusqlite::Error>() || cause.is::<rusqlite::ffi::Error>()
    };
    for (depth, cause) in error.chain().enumerate() {
        if depth > 0 && of_sqlite(cause) {
            continue;
        }
        let cause = cause.to_string();
        let mut said = Vec::new();
        for line in cause.lines() {
            if line.trim_start().starts_with("hint:") {
                if !hints.iter().any(|hint| hint == line) {
                    hints.push(line.to_string());
                }
            } else {
                said.push(line);
            }
        }
        let said = said.join("\n");
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
    }
    for hint in hints {
        text.push('\n');
        text.push_str(&hint);
    }
    text
}

fn code_of(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() {
        return USAGE;
    }
    if error.is::<Interrupted>() {
        return INTERRUPTED;
    }
    let scan = match error.downcast_ref::<verify::Error>() {
        Some(verify::Error::Interrupted) => return INTERRUPTED,
        Some(verify::Error::Scan(error)) => Some(error),
        None => error.downcast_ref::<scan::Error>(),
    };
    let stored = match scan {
        Some(scan::Error::Interrupted) => return INTERRUPTED,
        Some(scan::Error::Store(error)) => Some(error),
        _ => error.downcast_ref::<store::Error>(),
    };
    match stored {
        Some(store::Error::Busy(_)) => BUSY,
        Some(store::Error::Sqlite { source, .. })
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) =>
        {
            BUSY
        }
        _ => ERROR,
    }
}

/// Whether it is the user's, or the system's, wish to stop.
pub(super) fn is_interrupted(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(scan::Error::Interrupted))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = match error.downcast_ref::<export::query::Error>() {
        Some(export::query::Error::Io(error)) => Some(error),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_and_a_hint_that_come_twice_are_said_once() {
        let error = anyhow::anyhow!("no disk\n  hint: look at it")
            .context("blk00000.dat: no disk\n  hint: look at it")
            .context("nothing was read\n  hint: try again");
        assert_eq!(
            told(&error),
            "nothing was read: blk00000.dat: no disk\n  hint: try again\n  hint: look at it"
        );
    }
}
