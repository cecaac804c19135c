//! From one who tells to all who listen, those included who were away for a moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// Subscribers at a time.
const SUBSCRIBERS: usize = 64;
/// Tidings kept for those who lost the stream and come back: more than one look can bring.
const KEPT: usize = 4_096;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Tiding {
    pub(super) name: &'static str,
    /// For who lost the stream, to say where.
    pub(super) id: Option<String>,
    pub(super) data: String,
}

impl Tiding {
    pub(super) fn new(name: &'static str, data: &impl Serialize) -> Tiding {
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
    pub(super) fn new() -> Events {
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

    /// To all who listen, now or later.
    pub(super) fn tell(&self, mut tiding: Tiding) {
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

    /// Ends all streams.
    pub(super) fn end(&self) {
        self.hub().sender = None;
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
