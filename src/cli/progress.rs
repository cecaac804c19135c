//! Progress on stderr: a bar on a terminal, a line now and then elsewhere; and Ctrl-C.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};

use super::output::{plain, put, say};
use crate::scan::{Progress, Unit, Warning, Watch};

/// A broken disk can give a warning a block; so many are shown, the rest is counted.
const SHOWN_WARNINGS: u64 = 40;

/// Between two plain lines.
const EVERY: Duration = Duration::from_secs(10);

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Takes note of Ctrl-C and of the system's wish to stop. Asked twice it is at once: the database is left as after a crash, which it
/// is made for. A hangup that was ignored when we were started, as under `nohup`, stays so.
#[cfg(unix)]
fn listen() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::flag;

    let hangup = Some(SIGHUP).filter(|signal| !is_ignored(*signal));
    for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&STOP))?;
        flag::register(signal, Arc::clone(&STOP))?;
    }
    // A limit on the size of files (`ulimit -f`) is then an error of the write and not the end of the process.
    flag::register(SIGXFSZ, Arc::default())?;
    Ok(())
}

/// Whether the signal is ignored, where the system tells it (Linux, `proc_pid_status(5)`).
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// As far as the system has such signals.
#[cfg(not(unix))]
fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
}

/// Progress for a person.
pub(super) struct Shown {
    terminal: bool,
    phase: Mutex<Option<Phase>>,
    done: AtomicU64,
    ordinary: AtomicU64,
    warnings: AtomicU64,
}

struct Phase {
    what: String,
    unit: Unit,
    total: u64,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

impl Shown {
    /// Progress on stderr, with Ctrl-C and the system's wish to stop taken note of.
    pub(super) fn new() -> anyhow::Result<Shown> {
        listen().context("cannot listen for signals")?;
        Ok(Shown {
            terminal: io::stderr().is_terminal(),
            phase: Mutex::new(None),
            done: AtomicU64::new(0),
            ordinary: AtomicU64::new(0),
            warnings: AtomicU64::new(0),
        })
    }

    /// What a run is watched by.
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch {
            progress: self,
            stop: &STOP,
        }
    }

    /// A line of data, above the bar if there is one.
    pub(super) fn put(&self, line: &str) -> anyhow::Result<()> {
        self.with(
            |phase| match phase.as_ref().and_then(|phase| phase.bar.as_ref()) {
                Some(bar) => bar.suspend(|| put(line)),
                None => put(line),
            },
        )
    }

    /// Says how many warnings were not shown.
    pub(super) fn conclude(&self) {
        let more = self
            .warnings
            .swap(0, Ordering::Relaxed)
            .saturating_sub(SHOWN_WARNINGS);
        if more > 0 {
            say(&format!(
                "warning: {more} more warnings like these; `blkprice status` lists all gaps"
            ));
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Phase>) -> T) -> T {
        // A thread that panicked while holding this leaves nothing broken in it.
        act(&mut self.phase.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Progress for Shown {
    fn start(&self, what: &str, total: u64, unit: Unit) {
        self.done.store(0, Ordering::Relaxed);
        let bar = self.terminal.then(|| {
            let bar = ProgressBar::new(total);
            bar.set_style(style(unit));
            bar.set_message(what.to_string());
            bar
        });
        let now = Instant::now();
        self.with(|phase| {
            *phase = Some(Phase {
                what: what.to_string(),
                unit,
                total,
                began: now,
                said: now,
                bar,
            });
        });
    }

    fn advance(&self, count: u64) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        self.with(|phase| {
            let Some(phase) = phase else { return };
            if let Some(bar) = &phase.bar {
                bar.set_position(done);
            } else if phase.said.elapsed() >= EVERY {
                phase.said = Instant::now();
                say(&line(phase, done));
            }
        });
    }

    fn finish(&self) {
        self.with(|phase| {
            let Some(phase) = phase.take() else { return };
            if let Some(bar) = phase.bar {
                bar.finish_and_clear();
            } else if phase.began.elapsed() >= EVERY {
                say(&line(&phase, self.done.load(Ordering::Relaxed)));
            }
        });
        let ordinary = self.ordinary.swap(0, Ordering::Relaxed);
        if ordinary > 0 {
            say(&format!(
                "note: {ordinary} block file(s) end in zeros: space the node allocates ahead"
            ));
        }
    }

    fn warn(&self, warning: &Warning) {
        if warning.is_ordinary() {
            self.ordinary.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.with(
            |phase| match phase.as_ref().and_then(|phase| phase.bar.as_ref()) {
                Some(bar) => bar.println(plain(&format!("warning: {warning}"))),
                None => say(&format!("warning: {warning}")),
            },
        );
    }
}

fn style(unit: Unit) -> ProgressStyle {
    let template = match unit {
        Unit::Bytes => {
            "{msg} [{bar:30}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left"
        }
        Unit::Files => "{msg} [{bar:30}] {pos} of {len} files",
        Unit::Days => "{msg} [{bar:30}] {pos} of {len} days, {eta} left",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line(phase: &Phase, done: u64) -> String {
    let seconds = phase.began.elapsed().as_secs_f64().max(1e-3);
    let share = done as f64 / phase.total.max(1) as f64;
    let left = if done == 0 || done >= phase.total {
        String::new()
    } else {
        let left = Duration::from_secs_f64((seconds / share - seconds).clamp(0.0, 1e9));
        format!(", {} left", HumanDuration(left))
    };
    let what = &phase.what;
    match phase.unit {
        Unit::Bytes => format!(
            "{what}: {} of {} ({:.1} %), {}/s{left}",
            HumanBytes(done),
            HumanBytes(phase.total),
            share * 100.0,
            HumanBytes((done as f64 / seconds) as u64)
        ),
        Unit::Files => format!("{what}: {done} of {} files{left}", phase.total),
        Unit::Days => format!("{what}: {done} of {} days{left}", phase.total),
    }
}
