//! A watch under way, its lines as they come.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Place, Ran};

pub(crate) struct Watching {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// All of stderr so far.
    said: Vec<String>,
}

impl Watching {
    pub(crate) fn start(place: &Place, args: &[&str]) -> Watching {
        Watching::of(&mut place.command(place.words("watch", args)))
    }

    /// One that is started by this command.
    pub(crate) fn of(command: &mut Command) -> Watching {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Watching {
            stdout: lines(child.stdout.take().unwrap()),
            stderr: lines(child.stderr.take().unwrap()),
            said: Vec::new(),
            child,
        }
    }

    /// The next line of stdout, which comes within `limit`.
    #[track_caller]
    pub(crate) fn line(&mut self, limit: Duration) -> String {
        match self.stdout.recv_timeout(limit) {
            Ok(line) => line,
            Err(error) => {
                self.said.extend(self.stderr.try_iter());
                panic!("{error} after {limit:?}; stderr:\n{}", self.said.join("\n"))
            }
        }
    }

    /// Waits for a line on stderr with `text` in it, behind those waited for before.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str, limit: Duration) {
        let start = Instant::now();
        while let Ok(line) = self
            .stderr
            .recv_timeout(limit.saturating_sub(start.elapsed()))
        {
            self.said.push(line);
            if self.said.last().is_some_and(|line| line.contains(text)) {
                return;
            }
        }
        panic!(
            "expected {text:?} within {limit:?} in:\n{}",
            self.said.join("\n")
        );
    }

    /// Sends the signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Sends the signal; the watch leaves within a few seconds. What it gives has the rest of stdout and all of stderr.
    #[track_caller]
    pub(crate) fn leave(mut self, signal: &str) -> Ran {
        self.signal(signal);
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "still running");
            sleep(Duration::from_millis(20));
        };
        self.said.extend(self.stderr.iter());
        Ran {
            code: status.code(),
            stdout: self.stdout.iter().collect(),
            stderr: self.said.join("\n"),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // A test that failed half-way leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}
