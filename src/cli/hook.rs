//! The command that `blkprice watch` runs on each new complete day.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::output::say;
use crate::blockfile::Chain;
use crate::chain::WindowDay;
use crate::dates;
use crate::pricing::Engine;
use crate::store::{self, PriceRow, Store};

/// The days whose command is still to be run, one after the other, beside the watch.
#[derive(Debug)]
pub(super) struct Hook {
    command: String,
    database: PathBuf,
    chain: Chain,
    waiting: VecDeque<WindowDay>,
    running: Option<(WindowDay, Child)>,
    /// Its command has ended, which is not noted in the database yet.
    ended: Option<WindowDay>,
    /// The last day whose command has run or is running.
    dealt: Option<WindowDay>,
}

impl Hook {
    pub(super) fn new(command: String, database: PathBuf, chain: Chain) -> Hook {
        Hook {
            command,
            database,
            chain,
            waiting: VecDeque::new(),
            running: None,
            ended: None,
            dealt: None,
        }
    }

    /// Queues the days that have become complete. Those complete when a database is watched for the first time are history.
    pub(super) fn queue(&mut self, store: &mut Store) -> Result<(), store::Error> {
        let dealt = match self.dealt {
            Some(day) => day,
            None => match store.dealt_with()? {
                Some(day) => day,
                None => {
                    let days = store.complete_days_after(WindowDay::MIN)?;
                    let day = days.last().copied().unwrap_or(0); // 1970: before any block
                    store.set_dealt_with(day)?;
                    day
                }
            },
        };
        self.dealt = Some(dealt);
        // All of them anew: a reorganisation can have taken some away that wait.
        self.waiting = store.complete_days_after(dealt)?.into();
        Ok(())
    }

    /// Looks after the command that runs, and starts the next.
    pub(super) fn tend(&mut self) -> anyhow::Result<()> {
        if let Some((day, child)) = &mut self.running {
            let day = *day;
            match child.try_wait() {
                Ok(None) => return Ok(()),
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => say(&format!(
                    "warning: the command of {} ended with {status}; it is not run again for that day",
                    dates::show(day)
                )),
                Err(error) => say(&format!(
                    "warning: the command of {}: {error}",
                    dates::show(day)
                )),
            }
            self.running = None;
            self.ended = Some(day);
        }
        if !self.note()? {
            return Ok(());
        }
        if let Some(&day) = self.waiting.front() {
            match self.start(day) {
                Ok(Some(child)) => {
                    self.dealt = Some(day);
                    self.running = Some((day, child));
                }
                // It is queued again once it is complete again.
                Ok(None) => {}
                Err(error) => {
                    self.dealt = Some(day);
                    say(&format!(
                        "warning: the command of {} cannot be run: {error}",
                        dates::show(day)
                    ));
                    self.ended = Some(day);
                }
            }
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Notes the day whose command has ended, so that it is run for it no more, unless another run has the database:
    /// then false.
    fn note(&mut self) -> Result<bool, store::Error> {
        let Some(day) = self.ended else {
            return Ok(true);
        };
        // Taken away while the command ran, it is waited for: another made in its place would be taken for it.
        if !self.database.exists() {
            return Err(store::Error::Absent(self.database.clone()));
        }
        match Store::open(&self.database, self.chain) {
            Ok(mut store) => store.set_dealt_with(day)?,
            Err(store::Error::Busy(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.ended = None;
        Ok(true)
    }

    /// Gives the command so long to end; one that goes on is left alone, and run again for its day by the next watch.
    pub(super) fn leave(&mut self, patience: Duration) -> anyhow::Result<()> {
        self.waiting.clear();
        let start = Instant::now();
        while self.running.is_some() && start.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
            self.tend()?;
        }
        if let Some((day, child)) = &self.running {
            say(&format!(
                "warning: the command of {} (process {}) is still running",
                dates::show(*day),
                child.id()
            ));
        }
        self.note()?;
        Ok(())
    }

    /// None where the day is not complete any more, after a reorganisation.
    fn start(&self, day: WindowDay) -> anyhow::Result<Option<Child>> {
        let store = Store::read(&self.database)?;
        let stored = store.days_between(day, day)?.pop();
        if !stored.is_some_and(|stored| stored.complete) {
            return Ok(None);
        }
        let row = store.prices(Engine::Path.name(), day, day)?.pop();
        let row = row
            .unwrap_or_else(|| PriceRow::empty(day, Engine::Path.name(), Engine::Path.version()));
        drop(store);
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.2}"));
        let database = std::path::absolute(&self.database)?;
        let mut command = shell(&self.command);
        command
            .env("BLKPRICE_DAY", dates::show(day))
            .env("BLKPRICE_USD", number(row.usd))
            .env("BLKPRICE_OPEN", number(row.open))
            .env("BLKPRICE_HIGH", number(row.high))
            .env("BLKPRICE_LOW", number(row.low))
            .env("BLKPRICE_CLOSE", number(row.close))
            .env("BLKPRICE_CONFIDENCE", number(row.confidence))
            .env("BLKPRICE_STATUS", row.status)
            .env("BLKPRICE_ENGINE", row.engine)
            .env("BLKPRICE_DB", database)
            .stdin(Stdio::null())
            // Our stdout is the lines of blocks.
            .stdout(Stdio::from(io::stderr()));
        Ok(Some(command.spawn()?))
    }
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}
