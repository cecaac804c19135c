//! Lines of data that go out beside the work: whoever reads them may pause, and nothing waits for him but the lines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

use super::output::put;
use crate::scan;

/// Lines that may wait; more are not made until some have gone.
const WAITING: usize = 10_000;
/// How soon the wish to stop is noticed while they wait.
const TICK: Duration = Duration::from_millis(100);

/// Prints lines on a thread of its own.
#[derive(Debug)]
pub(super) struct Printer {
    lines: SyncSender<String>,
    ended: Receiver<anyhow::Result<()>>,
}

impl Printer {
    pub(super) fn start() -> Printer {
        let (lines, waiting) = mpsc::sync_channel::<String>(WAITING);
        let (end, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let done = waiting.iter().try_for_each(|line| put(&line));
            // Nobody listens any more where the watch has left without waiting.
            let _ = end.send(done);
        });
        Printer { lines, ended }
    }

    /// Prints a line once those before it are printed.
    ///
    /// # Errors
    /// An earlier line could not be printed, or `stop` was set while too many wait.
    pub(super) fn put(&self, mut line: String, stop: &AtomicBool) -> anyhow::Result<()> {
        loop {
            self.check()?;
            line = match self.lines.try_send(line) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(line) | TrySendError::Disconnected(line)) => line,
            };
            if stop.load(Ordering::Relaxed) {
                return Err(scan::Error::Interrupted.into());
            }
            std::thread::sleep(TICK);
        }
    }

    /// Whether all could be printed so far.
    ///
    /// # Errors
    /// It could not: most often, whoever read it has left.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.ended.try_recv().unwrap_or(Ok(()))
    }

    /// Gives the lines that wait so long to go out.
    ///
    /// # Errors
    /// They could not be printed.
    pub(super) fn leave(self, patience: Duration) -> anyhow::Result<()> {
        drop(self.lines);
        self.ended.recv_timeout(patience).unwrap_or(Ok(()))
    }
}
