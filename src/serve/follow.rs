//! What is new in the database while others write to it: polled by one thread, told to all who subscribed.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use super::database::FileId;
use super::{Say, without_hint};
use crate::chain::WindowDay;
use crate::export::blocks::block_prices;
use crate::export::day::day_json;
use crate::price::path::{ENGINE, ENGINE_VERSION};
use crate::store::news::{News, REMEMBERED, Told};
use crate::store::{self, NewestBlock, PriceRow, Store};

/// Subscribers at a time.
const SUBSCRIBERS: usize = 64;
/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(500);
/// A writer stores blocks first and their prices after. Whoever stores blocks and no prices is not waited for any longer.
const SETTLE: Duration = Duration::from_secs(10);
/// Tidings kept for those who lost the stream and come back: more than one look can bring.
const KEPT: usize = 4_096;
/// Days whose beginning and end are told.
const DAYS: WindowDay = 16;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Tiding {
    pub(super) name: &'static str,
    /// For who lost the stream, to say where.
    pub(super) id: Option<String>,
    pub(super) data: String,
}

impl Tiding {
    fn new(name: &'static str, data: &impl Serialize) -> Tiding {
        Tiding {
            name,
            id: None,
            // Numbers and texts only: nothing that JSON could not hold.
            data: serde_json::to_string(data).unwrap_or_default(),
        }
    }

    /// Events are missing; what is new has to be asked for.
    pub(super) fn resync(why: &str) -> Tiding {
        Tiding::new("resync", &json!({ "reason": why }))
    }
}

/// Where tidings are told, and asked for.
#[derive(Clone)]
pub(super) struct Events {
    hub: Arc<Mutex<Hub>>,
    places: Arc<Semaphore>,
}

struct Hub {
    /// None once the service ends.
    sender: Option<broadcast::Sender<Arc<Tiding>>>,
    kept: VecDeque<Arc<Tiding>>,
    /// Tells the numbers of this process from those of an earlier one.
    start: u128,
    number: u64,
}

/// What a subscriber gets.
pub(super) struct Subscription {
    /// What he missed since the event he named.
    pub(super) missed: Vec<Arc<Tiding>>,
    pub(super) coming: broadcast::Receiver<Arc<Tiding>>,
    /// Held as long as he listens.
    pub(super) place: OwnedSemaphorePermit,
}

impl Events {
    fn new() -> Events {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Events {
            hub: Arc::new(Mutex::new(Hub {
                sender: Some(broadcast::Sender::new(KEPT)),
                kept: VecDeque::new(),
                start: since.map_or(0, |since| since.as_millis()),
                number: 0,
            })),
            places: Arc::new(Semaphore::new(SUBSCRIBERS)),
        }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, mut tiding: Tiding) {
        let mut hub = self.hub();
        hub.number += 1;
        tiding.id = Some(format!("{:x}-{}", hub.start, hub.number));
        let tiding = Arc::new(tiding);
        if hub.kept.len() == KEPT {
            hub.kept.pop_front();
        }
        hub.kept.push_back(tiding.clone());
        if let Some(sender) = &hub.sender {
            // Nobody may be listening.
            let _ = sender.send(tiding);
        }
    }

    /// A place among the subscribers, if there is one left; `last` is the id of the last event that came through.
    pub(super) fn subscribe(&self, last: Option<&str>) -> Option<Subscription> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let hub = self.hub();
        let coming = hub.sender.as_ref()?.subscribe();
        let missed = match last {
            None => Vec::new(),
            Some(last) => hub.since(last),
        };
        Some(Subscription {
            missed,
            coming,
            place,
        })
    }
}

impl Hub {
    /// The tidings after the one of this id.
    fn since(&self, last: &str) -> Vec<Arc<Tiding>> {
        let number = last
            .split_once('-')
            .filter(|(start, _)| *start == format!("{:x}", self.start))
            .and_then(|(_, number)| number.parse::<u64>().ok())
            .filter(|number| *number <= self.number);
        let missed = number.and_then(|number| usize::try_from(self.number - number).ok());
        match missed.and_then(|missed| self.kept.len().checked_sub(missed)) {
            Some(from) => self.kept.range(from..).cloned().collect(),
            None => vec![Arc::new(Tiding::resync(
                "the event named is not known here",
            ))],
        }
    }
}

/// The thread that looks, and ends the streams when it is dropped.
pub(super) struct Follower {
    events: Events,
    _stop: mpsc::Sender<()>,
}

impl Follower {
    pub(super) fn start(path: PathBuf, say: Say) -> Follower {
        let events = Events::new();
        let (stop, stopped) = mpsc::channel();
        let mut look = Look::new(path);
        // What is there now is history, not news, so it is looked at before anybody can subscribe.
        let mut trouble = None;
        tell_all(&events, look.look(), &mut trouble, say);
        let to = events.clone();
        std::thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                tell_all(&to, look.look(), &mut trouble, say);
            }
        });
        Follower {
            events,
            _stop: stop,
        }
    }

    pub(super) fn events(&self) -> Events {
        self.events.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.events.hub().sender = None;
    }
}

fn tell_all(
    events: &Events,
    news: Result<Vec<Tiding>, store::Error>,
    trouble: &mut Option<String>,
    say: Say,
) {
    match news {
        Ok(tidings) => {
            if trouble.take().is_some() {
                say("going on");
            }
            tidings.into_iter().for_each(|tiding| events.tell(tiding));
        }
        // Waited for: it may be made, or put back, at any time.
        Err(error) => {
            let text = without_hint(&error);
            if trouble.as_ref() != Some(&text) {
                say(&format!("waiting: {text}"));
                *trouble = Some(text);
            }
        }
    }
}

/// What was seen last.
struct Look {
    path: PathBuf,
    store: Option<Store>,
    file: Option<FileId>,
    version: Option<i64>,
    /// Something was written since the last tidings; when last.
    changed: Option<Instant>,
    told: Told,
    /// The newest days, and whether they are complete.
    days: BTreeMap<WindowDay, bool>,
}

impl Look {
    fn new(path: PathBuf) -> Look {
        Look {
            path,
            store: None,
            file: None,
            version: None,
            changed: None,
            told: Told::default(),
            days: BTreeMap::new(),
        }
    }

    /// What is new.
    fn look(&mut self) -> Result<Vec<Tiding>, store::Error> {
        let mut tidings = Vec::new();
        let file = FileId::of(&self.path);
        if self.store.is_none() || file != self.file {
            self.store = None;
            let store = Store::read(&self.path)?;
            if self.file.is_some() && file != self.file {
                // Another database: its blocks are not news, whatever they are.
                self.told = Told::default();
                self.days.clear();
                tidings.push(Tiding::resync("the database was replaced"));
            }
            self.file = file;
            self.store = Some(store);
            self.version = None;
        }
        let Some(store) = self.store.take() else {
            return Ok(tidings);
        };
        // A connection that meets an error is not used again.
        tidings.extend(self.read(&store)?);
        self.store = Some(store);
        Ok(tidings)
    }

    fn read(&mut self, store: &Store) -> Result<Vec<Tiding>, store::Error> {
        let version = store.data_version()?;
        if self.version != Some(version) {
            self.version = Some(version);
            self.changed = Some(Instant::now());
        }
        let Some(changed) = self.changed else {
            return Ok(Vec::new());
        };
        let _snapshot = store.snapshot()?;
        let is_settled = store.meta("finished")?.is_some() && store.path_changed_from()?.is_none();
        if !is_settled && changed.elapsed() < SETTLE && !self.told.is_empty() {
            return Ok(Vec::new());
        }
        self.changed = None;
        let blocks = store.newest_blocks(REMEMBERED)?;
        let first_day = blocks.last().map_or(0, |tip| tip.day - DAYS);
        let days: BTreeMap<WindowDay, bool> = store
            .days_between(first_day, WindowDay::MAX)?
            .into_iter()
            .map(|day| (day.day, day.complete))
            .collect();
        let tidings = if self.told.is_empty() {
            Vec::new()
        } else {
            self.tidings(store, &blocks, &days)?
        };
        self.told.remember(&blocks);
        self.days = days;
        Ok(tidings)
    }

    /// In this order: what is gone, the new blocks, the days that begin or end with them.
    fn tidings(
        &self,
        store: &Store,
        blocks: &[NewestBlock],
        days: &BTreeMap<WindowDay, bool>,
    ) -> Result<Vec<Tiding>, store::Error> {
        let News { gone, new, more } = self.told.compare(blocks);
        if more {
            return Ok(vec![Tiding::resync(
                "there are more new blocks than are told one by one",
            )]);
        }
        let mut tidings = Vec::new();
        if let Some((height, count)) = gone {
            let reorg = json!({ "height": height, "blocks": count });
            tidings.push(Tiding::new("reorg", &reorg));
        }
        for block in &new {
            let rows = block_prices(store, block.height, block.height)?;
            tidings.extend(rows.iter().map(|row| Tiding::new("block", row)));
        }
        let newest_known = self.days.keys().next_back();
        for (&day, &complete) in days {
            let begins = newest_known.is_none_or(|newest| day > *newest);
            let ends = complete && self.days.get(&day) == Some(&false);
            if !(begins || ends) {
                continue;
            }
            let row = store.prices(ENGINE, day, day)?.pop();
            let row = row.unwrap_or_else(|| PriceRow {
                status: "none".to_string(),
                is_final: false,
                ..PriceRow::empty(day, ENGINE, ENGINE_VERSION)
            });
            for stored in store.days_between(day, day)? {
                tidings.push(Tiding::new("day", &day_json(store, &stored, &row)?));
            }
        }
        Ok(tidings)
    }
}
