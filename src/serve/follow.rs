//! What is new in the database while others write to it: looked for by one thread.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::database::FileId;
use super::hub::{Events, Tiding};
use super::{Say, without_hint};
use crate::chain::WindowDay;
use crate::export::blocks::block_prices;
use crate::export::day::day_json;
use crate::price::path::{ENGINE, ENGINE_VERSION};
use crate::store::news::{News, REMEMBERED, Told};
use crate::store::{self, NewestBlock, PriceRow, Store};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(500);
/// A writer stores blocks first and their prices after. Whoever stores blocks and no prices is not waited for any longer.
const SETTLE: Duration = Duration::from_secs(10);
/// Days whose beginning and end are told.
const DAYS: WindowDay = 16;

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
        self.events.end();
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
    /// Another database has taken its place, which is still to be told.
    replaced: bool,
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
            replaced: false,
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
                self.replaced = true;
            }
            self.file = file;
            self.store = Some(store);
            self.version = None;
        }
        let Some(store) = self.store.take() else {
            return Ok(tidings);
        };
        // A connection that meets an error is not used again, and what was to be told is told at the next look.
        let news = self.read(&store)?;
        if std::mem::take(&mut self.replaced) {
            tidings.push(Tiding::resync("the database was replaced"));
        }
        tidings.extend(news);
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
