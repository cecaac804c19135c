//! `blkprice watch`.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;

use super::examples;
use super::exit::{Usage, is_interrupted, told};
use super::follow::Follow;
use super::hook::Hook;
use super::output::say;
use super::price::EngineFlags;
use super::printer::Printer;
use super::progress::Shown;
use super::scan::{Reading, summarize};
use super::sparing::Sparing;
use super::{Outcome, day};
use crate::chain::WindowDay;
use crate::pricing::{self, Engine, Pass};
use crate::scan::poll::{Look, Poll, pause};
use crate::scan::{self, Options, Source, Watch as Watched};
use crate::store::{self, Store};

/// The longest pause, where something is wrong or the work takes long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// So many scans may follow each other at once, since blocks sometimes do; then each pause is as long as the work.
const IN_A_ROW: u32 = 3;
/// How soon the wish to stop, or the end of a command, is noticed.
const TICK: Duration = Duration::from_millis(100);
/// How long the last lines may take to go out.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long a command may go on once the watch is to end: well below the time after which a service is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Scan and price what a running node writes, as it writes it, until told to stop
///
/// First does what `backfill --since-last` does. Then looks at sizes and times of the block files now and again, reads what is
/// new, prices it, and prints a line for each new block: height, hash, header time, UTC day, USD per BTC of that day as it stands,
/// status. After a reorganisation, which is told on stderr, the new blocks at the same heights are printed.
///
/// What passes is waited for: another run on the same database, a disk that is not mounted or full. SIGTERM, SIGINT and SIGHUP end it with exit code 0.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::WATCH)]
pub(super) struct Watch {
    #[command(flatten)]
    reading: Reading,

    /// First day to store (UTC) in a new database; also: yesterday, today
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day::parse)]
    from: Option<WindowDay>,

    #[command(flatten)]
    engine: EngineFlags,

    /// Time between two looks
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    interval: Duration,

    /// A shell command to run once on each new complete day, with BLKPRICE_DAY, _USD, _OPEN, _HIGH, _LOW, _CLOSE,
    /// _CONFIDENCE, _STATUS, _ENGINE and _DB in its environment; what it prints goes to stderr
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,

    /// Print a JSON object for each block
    #[arg(long)]
    json: bool,
}

impl Watch {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if self.engine.shown() != Engine::Path {
            // The terms of the reference method keep live feeds of its price to its author.
            let what = "watch tells the prices of the path engine only; `blkprice price --engine v9.1` stores the others";
            return Err(Usage(what.to_string()).into());
        }
        let shown = Shown::new()?;
        let pool = self.reading.pool()?;
        let source = self.reading.source()?;
        let database = &self.reading.database.db;
        let mut session = Session {
            pricing: self.engine.options()?,
            engines: self.engine.engines(),
            follow: Follow::new(Store::read(database).ok().as_ref(), self.json)?,
            hook: self
                .exec
                .clone()
                .map(|command| Hook::new(command, database.clone(), source.chain)),
            poll: Poll::new(&source),
            sparing: Sparing::default(),
            printer: Printer::start(),
            caught_up: false,
            pool,
            source,
            shown,
            flags: self,
        };
        match session.go_on() {
            Err(error) if is_interrupted(&error) => {}
            ended => ended?,
        }
        if let Some(hook) = &mut session.hook {
            hook.leave(PATIENCE)?;
        }
        session.printer.leave(LAST_LINES)?;
        say("stopped; the next run goes on from here");
        Ok(Outcome::Done)
    }
}

/// A watch under way.
struct Session {
    flags: Watch,
    pool: rayon::ThreadPool,
    source: Source,
    shown: Shown,
    pricing: pricing::Options,
    engines: Vec<Engine>,
    follow: Follow,
    hook: Option<Hook>,
    poll: Poll,
    sparing: Sparing,
    printer: Printer,
    /// The first round is done.
    caught_up: bool,
}

impl Session {
    /// Round after round, until told to stop or nothing can be done about an error.
    fn go_on(&mut self) -> anyhow::Result<()> {
        let mut trouble = Trouble::default();
        let mut in_a_row = 0;
        loop {
            let start = Instant::now();
            let rest = match self.look_and_scan() {
                Ok(scanned) => {
                    trouble.is_over();
                    in_a_row = if scanned { in_a_row + 1 } else { 0 };
                    // A node that synchronises writes without pause.
                    if in_a_row > IN_A_ROW {
                        pause(self.flags.interval, start.elapsed(), LONGEST_PAUSE)
                    } else {
                        self.flags.interval
                    }
                }
                Err(error) if passes(&error) && (self.caught_up || is_busy(&error)) => {
                    self.poll.forget();
                    let rest = trouble.pause(&error, self.flags.interval);
                    pause(rest, start.elapsed(), LONGEST_PAUSE)
                }
                Err(error) => return Err(error),
            };
            self.rest(rest)?;
        }
    }

    /// Whether there was something to scan.
    fn look_and_scan(&mut self) -> anyhow::Result<bool> {
        let Some(look) = self.poll.due()? else {
            return Ok(false);
        };
        self.scan(&look)?;
        self.poll.scanned(look);
        Ok(true)
    }

    /// Scans, prices and tells.
    fn scan(&mut self, look: &Look) -> anyhow::Result<()> {
        let database = &self.flags.reading.database.db;
        if self.caught_up && !database.exists() {
            // Its disk may not be mounted; another made in its place would hold the whole chain once more.
            return Err(store::Error::Absent(database.clone()).into());
        }
        let mut store = Store::open(database, self.source.chain)?;
        let watch = match self.caught_up {
            // Only the first round is long enough to be watched itself.
            false => self.shown.watch(),
            true => Watched {
                progress: &self.sparing,
                ..self.shown.watch()
            },
        };
        let options = Options {
            since_last: true,
            from: self.flags.from.filter(|_| !self.caught_up),
            to: None,
            no_undo: self.flags.reading.no_undo,
            check: self.flags.reading.check,
        };
        let pass = Pass {
            pool: &self.pool,
            engines: &self.engines,
            options: &self.pricing,
            watch: &watch,
        };
        let (report, _) = pass.scan(&self.source, &mut store, &options)?;
        pass.price_after_scan(&mut store)?;
        let news = self.follow.look(&store)?;
        if let Some(hook) = &mut self.hook {
            hook.queue(&mut store)?;
        }
        // Whoever reads what is told may be slow, and the database is others' meanwhile.
        drop(store);
        if self.caught_up {
            self.sparing.tell(look.is_settled());
        } else {
            self.shown.conclude();
            summarize(&report);
            let (dir, every) = (&self.source.blocks_dir, self.flags.interval.as_secs_f64());
            say(&format!("watching {} every {every} s", dir.display()));
        }
        news.said.iter().for_each(|line| say(line));
        for line in news.lines {
            self.printer.put(line, self.shown.watch().stop)?;
        }
        self.caught_up = true;
        Ok(())
    }

    /// Waits, tending the command meanwhile.
    fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        let stop = self.shown.watch().stop;
        while !stop.load(Ordering::Relaxed) {
            self.printer.check()?;
            if let Some(hook) = &mut self.hook {
                match hook.tend() {
                    Err(error) if !passes(&error) => return Err(error),
                    // It is tended again in the next tick.
                    _ => {}
                }
            }
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(TICK));
        }
        Err(scan::Error::Interrupted.into())
    }
}

/// What keeps the watch from going on for now, said once.
#[derive(Debug, Default)]
struct Trouble {
    said: Option<String>,
    pause: Duration,
}

impl Trouble {
    /// How long to wait this time: as ever for another run or for the folder, which a look shows, else twice as long each time.
    fn pause(&mut self, error: &anyhow::Error, interval: Duration) -> Duration {
        let text = told(error);
        if self.said.as_ref() != Some(&text) {
            say(&format!("waiting: {text}"));
            self.said = Some(text);
            self.pause = interval;
        } else if !is_busy(error) && !is_of_the_folder(error) {
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        self.pause
    }

    fn is_over(&mut self) {
        if self.said.take().is_some() {
            say("going on");
        }
    }
}

fn store_error(error: &anyhow::Error) -> Option<&store::Error> {
    match error.downcast_ref::<scan::Error>() {
        Some(scan::Error::Store(error)) => Some(error),
        _ => error.downcast_ref::<store::Error>(),
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    matches!(store_error(error), Some(store::Error::Busy(_)))
}

fn is_of_the_folder(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<scan::Error>(),
        Some(
            scan::Error::BlockFile(_)
                | scan::Error::NoFiles(_)
                | scan::Error::NoneReadable(_)
                | scan::Error::NoBlocks { .. }
        )
    )
}

/// Whether it may be over by itself, or once somebody has made room or mounted a disk.
fn passes(error: &anyhow::Error) -> bool {
    use rusqlite::ErrorCode;
    if is_of_the_folder(error) {
        return true;
    }
    match store_error(error) {
        Some(store::Error::Busy(_) | store::Error::Io { .. } | store::Error::Absent(_)) => true,
        Some(store::Error::Sqlite { source, .. }) => matches!(
            source.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory
            )
        ),
        _ => false,
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.1..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("'{text}' is no number of seconds from 0.1 to 3600"))
}
