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

#[cfg(test)]
mod tests {
    use super::*;

    fn data(tidings: &[Arc<Tiding>]) -> Vec<&str> {
        tidings.iter().map(|tiding| tiding.data.as_str()).collect()
    }

    #[test]
    fn who_comes_back_gets_what_he_missed_or_is_told_that_it_is_gone() {
        let events = Events::new();
        let many = KEPT + 10;
        for number in 0..many {
            events.tell(Tiding::new("block", &number));
        }
        let id = |number: usize| format!("{:x}-{number}", events.hub().start);
        let missed = |id: &str| events.subscribe(Some(id)).unwrap().missed;
        assert!(missed(&id(many)).is_empty());
        let last = [(many - 2).to_string(), (many - 1).to_string()];
        assert_eq!(data(&missed(&id(many - 2))), last);
        assert_eq!(missed(&id(10)).len(), KEPT);
        for unknown in [
            id(9),
            id(0),
            id(many + 1),
            format!("0-{many}"),
            "x".into(),
            "".into(),
            "-".into(),
        ] {
            let missed = missed(&unknown);
            assert_eq!((missed.len(), missed[0].name), (1, "resync"), "{unknown}");
        }
        assert!(events.subscribe(None).unwrap().missed.is_empty());
    }

    #[test]
    fn places_are_limited_and_free_again_and_the_end_is_told() {
        let events = Events::new();
        let mut held: Vec<Subscription> = (0..SUBSCRIBERS)
            .map(|_| events.subscribe(None).unwrap())
            .collect();
        assert!(events.subscribe(None).is_none());
        held.pop();
        let mut last = events.subscribe(None).unwrap();
        events.tell(Tiding::resync("test"));
        assert_eq!(last.coming.try_recv().unwrap().name, "resync");
        events.end();
        assert_eq!(
            last.coming.try_recv().unwrap_err(),
            broadcast::error::TryRecvError::Closed
        );
        held.clear();
        assert!(events.subscribe(None).is_none(), "no more");
    }
}
