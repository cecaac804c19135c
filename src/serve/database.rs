//! Snapshots of the database for many who ask at once, though its file may be replaced at any time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;

use super::Say;
use super::answer::Body;
use crate::chain::WindowDay;
use crate::store::{self, Store};

/// Reads at a time; more would only take turns on the disk.
pub(super) const READERS: usize = 4;
/// Of those, how many may be long at a time: ranges of days or blocks. The newest price need not wait for them.
const LONG: usize = 2;
/// Currencies that the history is asked for in.
const CURRENCIES: usize = 7;
/// Answers that are kept, each with a reader of its own.
pub(super) const KEPT: usize = 4 + CURRENCIES;

/// Which answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// In all currencies.
    History,
    /// In one currency, by its number.
    HistoryIn(usize),
    Status,
    Page,
    /// Of one day.
    DayPage(WindowDay),
}

impl Keep {
    /// Those of one place take turns in it.
    fn place(self) -> usize {
        match self {
            Keep::History => 0,
            Keep::Status => 1,
            Keep::Page => 2,
            Keep::DayPage(_) => 3,
            Keep::HistoryIn(currency) => 4 + currency % CURRENCIES,
        }
    }
}

/// Readers of one database file.
pub(super) struct Database {
    path: PathBuf,
    say: Say,
    /// What is wrong, once said.
    trouble: Mutex<Option<String>>,
    dates: Mutex<Dates>,
    idle: Mutex<Vec<Reader>>,
    turns: Arc<Semaphore>,
    long_turns: Semaphore,
    /// One long answer is made at a time: each takes ten times its size while it is.
    making: Mutex<()>,
    /// Whoever wants one that is being made waits for it, without a thread.
    kept: [Arc<tokio::sync::Mutex<Kept>>; KEPT],
}

/// A connection, and the file it was opened on.
struct Reader {
    store: Store,
    file: Option<FileId>,
}

/// An answer that takes a while, with the connection that notices when it is out of date.
#[derive(Default)]
struct Kept {
    reader: Option<Reader>,
    answer: Option<(Keep, i64, Body)>,
}

/// When the data was last written, UTC seconds, if that can be told from the times of other states.
pub(super) type Written = Option<u64>;

impl Database {
    pub(super) fn new(path: PathBuf, say: Say) -> Database {
        Database {
            path,
            say,
            trouble: Mutex::default(),
            dates: Mutex::default(),
            idle: Mutex::default(),
            turns: Arc::new(Semaphore::new(READERS)),
            long_turns: Semaphore::new(LONG),
            making: Mutex::default(),
            kept: Default::default(),
        }
    }

    /// What `work` reads from one snapshot.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store, Written) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let turn = self.turns.clone().acquire_owned().await;
        let database = self.clone();
        let done = blocking(move || {
            // Held to the end, even if nobody waits for the answer any more.
            let _turn = turn;
            let reader = database.reader()?;
            let written = database.written();
            let snapshot = reader.store.snapshot()?;
            let done = work(&reader.store, written)?;
            drop(snapshot);
            // One that met an error is not used again: its file may be another by now.
            lock(&database.idle).push(reader);
            Ok(done)
        })
        .await;
        self.note(done)
    }

    /// The same for work that takes long.
    pub(super) async fn read_long<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store, Written) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let _turn = self.long_turns.acquire().await;
        self.read(work).await
    }

    /// The answer that `work` makes, made anew only where something was written since.
    pub(super) async fn keep(
        self: &Arc<Self>,
        which: Keep,
        work: impl FnOnce(&Store, Written) -> Result<Body, store::Error> + Send + 'static,
    ) -> Result<Body, store::Error> {
        let database = self.clone();
        let mut kept = self.kept[which.place()].clone().lock_owned().await;
        let done = blocking(move || {
            let kept = &mut *kept;
            let path = &database.path;
            let reader = match kept.reader.take().filter(|reader| reader.is_current(path)) {
                Some(reader) => reader,
                None => {
                    kept.answer = None;
                    Reader::open(path)?
                }
            };
            let version = reader.store.data_version()?;
            let body = match kept.answer.take() {
                Some((made, at, body)) if made == which && at == version => body,
                _ => {
                    let _alone = lock(&database.making);
                    let written = database.written();
                    let snapshot = reader.store.snapshot()?;
                    let body = work(&reader.store, written)?;
                    drop(snapshot);
                    body
                }
            };
            kept.answer = Some((which, version, body.clone()));
            kept.reader = Some(reader);
            Ok(body)
        })
        .await;
        self.note(done)
    }

    /// Says what is wrong, once.
    fn note<T>(&self, done: Result<T, store::Error>) -> Result<T, store::Error> {
        let mut trouble = lock(&self.trouble);
        match &done {
            Ok(_) => {
                if trouble.take().is_some() {
                    (self.say)("the database can be read again");
                }
            }
            Err(error) => {
                let text = error.to_string();
                if trouble.as_ref() != Some(&text) {
                    (self.say)(&format!("cannot answer: {text}"));
                    *trouble = Some(text);
                }
            }
        }
        done
    }

    fn written(&self) -> Written {
        // Looked at before the snapshot is taken: what is written in between is dated too old, and sent again.
        let changed = changed(&self.path);
        lock(&self.dates).date(changed, SystemTime::now())
    }

    fn reader(&self) -> Result<Reader, store::Error> {
        loop {
            let Some(reader) = lock(&self.idle).pop() else {
                return Reader::open(&self.path);
            };
            if reader.is_current(&self.path) {
                return Ok(reader);
            }
        }
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Reader, store::Error> {
        // Asked before it is opened: if it is replaced in between, the reader is taken for outdated, not for current.
        let file = FileId::of(path);
        let store = Store::read(path)?;
        Ok(Reader { store, file })
    }

    fn is_current(&self, path: &Path) -> bool {
        FileId::of(path) == self.file && self.file.is_some()
    }
}

/// What tells a file from another of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// Of the file of that name, if there is one.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<FileId> {
        use std::os::unix::fs::MetadataExt;
        let meta = fs::metadata(path).ok()?;
        Some(FileId(meta.dev(), meta.ino()))
    }

    /// Of the file of that name, if there is one: by its time of birth.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<FileId> {
        let born = fs::metadata(path).ok()?.created().ok()?;
        let born = born.duration_since(UNIX_EPOCH).ok()?;
        Some(FileId(born.as_secs(), u64::from(born.subsec_nanos())))
    }
}

/// The seconds that states of the data are dated by.
///
/// HTTP dates have no fractions, and two states can fall into one second: each gets a second of its own, or none as long as
/// that one has not come.
#[derive(Debug, Default)]
struct Dates {
    /// Time of change of the newest state that was seen.
    changed: Option<SystemTime>,
    date: Written,
    /// The last second given away.
    last: u64,
}

impl Dates {
    fn date(&mut self, changed: Option<SystemTime>, now: SystemTime) -> Written {
        let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).map(|t| t.as_secs()).ok();
        if changed != self.changed {
            self.changed = changed;
            self.date = None;
        }
        if self.date.is_none() {
            let free = second(changed?)?.max(self.last + 1);
            if free <= second(now)? {
                self.last = free;
                self.date = Some(free);
            }
        }
        self.date
    }
}

/// When the file or its write-ahead log was last written.
fn changed(path: &Path) -> Option<SystemTime> {
    let mut log = path.to_path_buf().into_os_string();
    log.push("-wal");
    let changed = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    changed(path).max(changed(Path::new(&log)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, store::Error> + Send + 'static,
) -> Result<T, store::Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: nobody waits for the answer.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What a panic elsewhere left behind is still in order: it is only ever taken or put whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn no_two_states_have_the_same_date_and_none_is_of_the_future() {
        let mut dates = Dates::default();
        assert_eq!(dates.date(None, at(100_000)), None);
        assert_eq!(dates.date(Some(at(100_200)), at(100_300)), Some(100));
        assert_eq!(dates.date(Some(at(100_200)), at(100_400)), Some(100));
        // Another state in the same second, and one more: the next second is theirs, once it comes, in turn.
        assert_eq!(dates.date(Some(at(100_500)), at(100_600)), None);
        assert_eq!(dates.date(Some(at(100_700)), at(100_800)), None);
        assert_eq!(dates.date(Some(at(100_700)), at(101_000)), Some(101));
        assert_eq!(dates.date(Some(at(101_200)), at(101_300)), None);
        assert_eq!(dates.date(Some(at(101_200)), at(105_000)), Some(102));
        assert_eq!(dates.date(Some(at(200_000)), at(200_000)), Some(200));
        // An older file in its place; a file of the future.
        assert_eq!(dates.date(Some(at(50_000)), at(300_000)), Some(201));
        assert_eq!(dates.date(Some(at(900_000)), at(300_000)), None);
    }
}
