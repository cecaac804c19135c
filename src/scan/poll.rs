//! Noticing that a node has written: names, sizes and times of change of the block files, none of them opened.
//!
//! A write within the same tick of the file system's clock as the last look, into space that was allocated ahead, changes
//! neither size nor time. So what was seen soon after a change is scanned once more when the clock must have moved on, and only then
//! left alone; a change is scanned at once all the same.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::survey::SETTLED;
use super::{Error, Source};
use crate::blockfile::files;

/// A block file as a look finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    number: u32,
    /// Bytes and time of change; none where the system does not tell.
    state: Option<(u64, SystemTime)>,
}

/// What the folder looked like at one moment.
#[derive(Clone, Debug)]
pub struct Look {
    files: Vec<Seen>,
    at: Instant,
    /// No file has changed so lately that it can change again unnoticed.
    settled: bool,
}

impl Look {
    /// Whether a scan of it sees records that nobody is writing just now.
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

/// Tells when there is something to scan.
#[derive(Debug)]
pub struct Poll {
    dir: PathBuf,
    /// What was last scanned.
    scanned: Option<Look>,
}

impl Poll {
    /// Everything is new to it.
    pub fn new(source: &Source) -> Poll {
        Poll {
            dir: source.blocks_dir.clone(),
            scanned: None,
        }
    }

    /// Looks at the folder, and gives what was seen if it is to be scanned: it has changed since the last scan, or that
    /// scan came too soon after a change to be sure of.
    ///
    /// # Errors
    /// The folder cannot be read, or it has no block files (more): the disk may not be mounted.
    pub fn due(&self) -> Result<Option<Look>, Error> {
        let files: Vec<Seen> = files::list(&self.dir)?
            .into_iter()
            .map(|file| {
                let meta = std::fs::metadata(&file.path);
                let state = meta.and_then(|meta| Ok((meta.len(), meta.modified()?)));
                Seen {
                    number: file.number,
                    state: state.ok(),
                }
            })
            .collect();
        if files.is_empty() {
            return Err(Error::NoFiles(self.dir.clone()));
        }
        Ok(self.compare(files, Instant::now(), SystemTime::now()))
    }

    /// The scan of `look` is done.
    pub fn scanned(&mut self, look: Look) {
        self.scanned = Some(look);
    }

    /// The next look is to be scanned, whatever it is.
    pub fn forget(&mut self) {
        self.scanned = None;
    }

    fn compare(&self, files: Vec<Seen>, at: Instant, now: SystemTime) -> Option<Look> {
        let before = self.scanned.as_ref().filter(|look| look.files == files);
        let old = |seen: &Seen| {
            seen.state.is_none_or(|(_, changed)| {
                now.duration_since(changed).is_ok_and(|age| age > SETTLED)
            })
        };
        match before {
            Some(look) if look.settled => None,
            // A time of change can lie in the future (another machine's clock), so this goes by our own.
            Some(look) => (at.duration_since(look.at) > SETTLED).then_some(Look {
                files,
                at,
                settled: true,
            }),
            None => Some(Look {
                settled: files.iter().all(old),
                files,
                at,
            }),
        }
    }
}

/// How long to wait after a look: the interval, or as long as the work took, so that it takes at most half the time
/// while a node that synchronises writes without pause; never more than `most`.
pub fn pause(interval: Duration, work: Duration, most: Duration) -> Duration {
    interval.max(work.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll() -> Poll {
        Poll {
            dir: PathBuf::new(),
            scanned: None,
        }
    }

    fn file(size: u64, changed: SystemTime) -> Vec<Seen> {
        vec![Seen {
            number: 0,
            state: Some((size, changed)),
        }]
    }

    #[test]
    fn what_changed_a_moment_ago_is_scanned_at_once_and_once_more_when_it_has_settled() {
        let (start, now) = (Instant::now(), SystemTime::now());
        let mut poll = poll();
        let mut scans = Vec::new();
        // Looked at every half second for a minute; the file changes at 0 s and at 10 s, in the middle between two looks.
        for half in 0..120u32 {
            let since = Duration::from_millis(500) * half;
            let write = if half < 20 { 0 } else { 10 };
            let changed = now + Duration::from_secs(write) - Duration::from_millis(250);
            if let Some(look) = poll.compare(file(9, changed), start + since, now + since) {
                scans.push((half, look.is_settled()));
                poll.scanned(look);
            }
        }
        assert_eq!(scans, [(0, false), (5, true), (20, false), (25, true)]);
    }

    #[test]
    fn what_has_long_settled_is_scanned_once() {
        let (at, now) = (Instant::now(), SystemTime::now());
        let files = file(9, now - Duration::from_secs(60));
        let mut poll = poll();
        let look = poll.compare(files.clone(), at, now).unwrap();
        assert!(look.is_settled());
        poll.scanned(look);
        assert!(poll.compare(files.clone(), at, now).is_none());
        poll.forget();
        assert!(poll.compare(files, at, now).is_some());
    }

    #[test]
    fn times_in_the_future_are_no_reason_to_scan_for_ever() {
        let (start, now) = (Instant::now(), SystemTime::now());
        let files = file(9, now + Duration::from_secs(86_400));
        let mut poll = poll();
        let mut scans = 0;
        for second in 0..100 {
            let since = Duration::from_secs(second);
            if let Some(look) = poll.compare(files.clone(), start + since, now + since) {
                scans += 1;
                poll.scanned(look);
            }
        }
        assert_eq!(scans, 2);
    }

    #[test]
    fn a_file_that_is_new_gone_or_of_another_size_is_a_change() {
        let (at, now) = (Instant::now(), SystemTime::now());
        let long_ago = now - Duration::from_secs(60);
        let mut poll = poll();
        let look = poll.compare(file(9, long_ago), at, now).unwrap();
        poll.scanned(look);
        let mut more = file(9, long_ago);
        more.push(Seen {
            number: 1,
            state: Some((9, long_ago)),
        });
        for other in [more, Vec::new(), file(10, long_ago)] {
            assert!(poll.compare(other.clone(), at, now).is_some(), "{other:?}");
        }
    }

    #[test]
    fn work_takes_at_most_half_the_time() {
        let seconds = Duration::from_secs;
        assert_eq!(pause(seconds(1), seconds(0), seconds(60)), seconds(1));
        assert_eq!(pause(seconds(1), seconds(5), seconds(60)), seconds(5));
        assert_eq!(pause(seconds(1), seconds(500), seconds(60)), seconds(60));
    }
}
