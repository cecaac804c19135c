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

/// The exit code of a command, its error printed.
pub(super) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(INCOMPLETE),
        Ok(Outcome::Differs) => ExitCode::from(DIFFERS),
        // Whoever read our output has had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", told(&error)));
            ExitCode::from(code_of(&error))
        }
    }
}

/// Flags that do not go together in a way the parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}\n  hint: `blkprice help` shows how it is meant")]
pub(super) struct Usage(pub(super) String);

/// The error with its causes, each said once, and the hints at the end.
pub(super) fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    let mut hints = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let mut said = Vec::new();
        for line in cause.lines() {
            if line.trim_start().starts_with("hint:") {
                hints.push('\n');
                hints.push_str(line);
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
    text + &hints
}

fn code_of(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<Usage>().is_some() {
        return USAGE;
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
