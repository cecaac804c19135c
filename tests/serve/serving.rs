//! A service under way.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::LATER;
use crate::http::{Reply, ask};
use crate::support::Place;

pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    stderr: Receiver<String>,
    said: Vec<String>,
}

impl Serving {
    /// `blkprice serve` of this place's database on a free port, and further arguments.
    #[track_caller]
    pub(crate) fn start(place: &Place, args: &[&str]) -> Serving {
        Serving::start_on(place, "127.0.0.1:0", args)
    }

    /// The same on that address.
    #[track_caller]
    pub(crate) fn start_on(place: &Place, listen: &str, args: &[&str]) -> Serving {
        let words = ["serve", "--listen", listen];
        Serving::spawn(place.command(words.iter().chain(args)))
    }

    /// Of this command, which serves.
    #[track_caller]
    pub(crate) fn spawn(mut command: Command) -> Serving {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (send, stderr) = channel();
        let pipe = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut serving = Serving {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            stderr,
            said: Vec::new(),
        };
        let line = serving.says("listening on http://");
        serving.address = line.rsplit('/').next().unwrap().parse().unwrap();
        serving
    }

    /// Waits for a line on stderr with `text` in it, behind those waited for before.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> String {
        let start = Instant::now();
        while let Ok(line) = self
            .stderr
            .recv_timeout(LATER.saturating_sub(start.elapsed()))
        {
            self.said.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
        panic!("expected {text:?} in:\n{}", self.said.join("\n"));
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    #[track_caller]
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        ask(self.address, "GET", path, headers)
    }

    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> Value {
        self.get(path).expect(200).json()
    }

    /// Asks until `wanted` says so.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        let start = Instant::now();
        loop {
            let reply = self.get(path);
            if wanted(&reply) {
                return reply;
            }
            assert!(start.elapsed() < LATER, "{path}: {}", reply.text());
            sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.id());
    }

    /// Waits for the end; gives the exit code, and all of stderr.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < LATER, "still running");
            sleep(Duration::from_millis(20));
        };
        self.said.extend(self.stderr.iter());
        (status.code(), self.said.join("\n"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // A test that failed half-way leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
