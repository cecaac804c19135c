//! A `bitcoind` of our own, asked by JSON-RPC over the loopback.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the node may take to start, to stop, or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running node; killed and reaped when dropped.
pub(crate) struct Core {
    program: PathBuf,
    dir: TempDir,
    args: Vec<String>,
    process: Option<Child>,
    url: String,
    authorization: String,
}

#[derive(Deserialize)]
struct Reply<T> {
    result: Option<T>,
    error: Option<Value>,
}

impl Core {
    /// Starts a node with these further arguments; `None`, said loudly, where there is none to start.
    pub(crate) fn start(test: &str, args: &[&str]) -> Option<Core> {
        let Some(program) = std::env::var_os("BITCOIND_EXE") else {
            #[allow(clippy::print_stderr, reason = "a test skipped must be seen")]
            {
                eprintln!("SKIPPED: {test}: BITCOIND_EXE is not set");
            }
            return None;
        };
        let mut core = Core {
            program: PathBuf::from(program),
            dir: tempfile::tempdir().unwrap(),
            args: args.iter().map(ToString::to_string).collect(),
            process: None,
            url: String::new(),
            authorization: String::new(),
        };
        core.run();
        Some(core)
    }

    pub(crate) fn blocks_dir(&self) -> PathBuf {
        self.dir.path().join("regtest/blocks")
    }

    /// The names of its block files, in order.
    pub(crate) fn block_files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.blocks_dir())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("blk"))
            .collect();
        names.sort();
        names
    }

    /// Stops the node as an operator does, and starts it again.
    pub(crate) fn restart(&mut self) {
        let _: String = self.ask("stop", json!([]));
        let mut process = self.process.take().unwrap();
        let since = Instant::now();
        while process.try_wait().unwrap().is_none() {
            if since.elapsed() > PATIENCE {
                self.process = Some(process);
                panic!("the node does not stop");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.run();
    }

    /// The same, with a further argument this time.
    pub(crate) fn restart_with(&mut self, arg: &str) {
        self.args.push(arg.to_string());
        self.restart();
        self.args.pop();
    }

    /// Kills the node (SIGKILL), and starts it again.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.run();
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // An error says that it has ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it, on another port where the one that was free is taken meanwhile.
    fn run(&mut self) {
        let mut said = String::new();
        for _ in 0..5 {
            match self.try_run() {
                Ok(()) => return,
                Err(why) => said = why,
            }
            self.kill();
        }
        panic!("the node does not start: {said}");
    }

    fn try_run(&mut self) -> Result<(), String> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|free| free.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let cookie = self.dir.path().join("regtest/.cookie");
        // A killed node leaves its cookie behind, and it opens nothing.
        let _ = fs::remove_file(&cookie);
        let process = Command::new(&self.program)
            .arg(format!("-datadir={}", self.dir.path().display()))
            .args(["-regtest", "-listen=0", "-connect=0", "-dnsseed=0"])
            .args(["-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1"])
            .arg(format!("-rpcport={port}"))
            .args(["-printtoconsole=0", "-disablewallet", "-dbcache=16"])
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        self.process = Some(process);
        self.url = format!("http://127.0.0.1:{port}/");
        let since = Instant::now();
        loop {
            if let Ok(word) = fs::read_to_string(&cookie) {
                self.authorization = format!("Basic {}", BASE64_STANDARD.encode(word.trim()));
                match self.try_ask::<u32>("getblockcount", json!([])) {
                    Ok(_) => return Ok(()),
                    Err(error) if since.elapsed() > PATIENCE => return Err(error),
                    Err(_) => {}
                }
            }
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            if let Some(status) = ended {
                return Err(format!("{status}; {}", self.last_words()));
            }
            if since.elapsed() > PATIENCE {
                return Err(format!("no answer; {}", self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_words(&self) -> String {
        let log = self.dir.path().join("regtest/debug.log");
        let log = fs::read_to_string(log).unwrap_or_default();
        log.lines().last().unwrap_or("no log").to_string()
    }

    /// The answer to one question.
    #[track_caller]
    pub(crate) fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> T {
        self.try_ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The answer to one question, or what the node or the connection says against it.
    pub(crate) fn try_ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, String> {
        let body = self.post(&request(method, params))?;
        let reply = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        answer(reply)
    }

    /// Tells the node to do something that has no answer.
    #[track_caller]
    pub(crate) fn tell(&self, method: &str, params: Value) {
        let body = self.post(&request(method, params)).unwrap();
        let reply: Reply<Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(reply.error, None, "{method}");
    }

    /// The answers to the same question with other parameters, in their order.
    #[track_caller]
    pub(crate) fn ask_each<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl IntoIterator<Item = Value>,
    ) -> Vec<T> {
        let requests: Vec<Value> = params.into_iter().map(|p| request(method, p)).collect();
        if requests.is_empty() {
            return Vec::new();
        }
        let count = requests.len();
        let body = self.post(&Value::Array(requests)).unwrap();
        let replies: Vec<Reply<T>> = serde_json::from_str(&body).unwrap();
        assert_eq!(replies.len(), count);
        let answers: Result<Vec<T>, String> = replies.into_iter().map(answer).collect();
        answers.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn post(&self, request: &Value) -> Result<String, String> {
        let response = minreq::post(&self.url)
            .with_header("Authorization", &self.authorization)
            .with_header("Content-Type", "application/json")
            .with_timeout(PATIENCE.as_secs())
            .with_body(request.to_string())
            .send()
            .map_err(|error| error.to_string())?;
        Ok(response.as_str().map_err(|e| e.to_string())?.to_string())
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.kill();
    }
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "1.0", "id": 0, "method": method, "params": params })
}

fn answer<T>(reply: Reply<T>) -> Result<T, String> {
    match (reply.result, reply.error) {
        (Some(result), _) => Ok(result),
        (None, error) => Err(error.unwrap_or_default().to_string()),
    }
}
