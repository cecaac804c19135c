//! A program under `strace`, and what it asked the system for.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Place, Ran};

/// What a program and its children did.
pub(crate) struct Traced {
    pub(crate) ran: Ran,
    /// Calls that open or use a socket, and those that could do so unseen.
    pub(crate) network: Vec<String>,
    /// Files opened for writing, made, renamed or removed, with the call.
    pub(crate) written: Vec<(String, String)>,
    /// Programs started, the first among them.
    pub(crate) started: Vec<String>,
    /// Calls with the name of a file.
    pub(crate) files: usize,
    /// Where it ran.
    dir: String,
}

/// Calls with a path that change nothing; all others with a path do, `open` by its flags.
const READING: [&str; 16] = [
    "access",
    "chdir",
    "faccessat",
    "faccessat2",
    "fstat",
    "getcwd",
    "getxattr",
    "lgetxattr",
    "lstat",
    "newfstatat",
    "readlink",
    "readlinkat",
    "stat",
    "statfs",
    "statx",
    "umask",
];

const OPENING: [&str; 3] = ["open", "openat", "openat2"];

/// How the calls of strace's class `%network` begin, and one by which they could be made unseen.
const NETWORK: [&str; 11] = [
    "accept",
    "bind",
    "connect",
    "get",
    "io_uring_setup",
    "listen",
    "recv",
    "send",
    "set",
    "shutdown",
    "socket",
];

/// Whether system calls can be traced; else `test` says that it is skipped.
pub(crate) fn is_possible(test: &str) -> bool {
    let tried = Command::new("strace")
        .args(["-e", "trace=none", "true"])
        .output();
    let possible = tried.is_ok_and(|output| output.status.success());
    if !possible {
        eprintln!("SKIPPED {test}: strace is not installed, or not permitted here");
    }
    possible
}

/// Runs a program in a place, traced.
pub(crate) fn trace<S: AsRef<OsStr>>(place: &Place, program: &str, args: &[S]) -> Traced {
    let logs = tempfile::tempdir().unwrap();
    // A log for each thread, so that no line is cut by another; paths beside the descriptors that relative ones start from.
    let output = Command::new("strace")
        .args(["-ff", "-qq", "-y", "-s", "4096"])
        .args(["-e", "trace=%network,%file,io_uring_setup", "-o"])
        .arg(logs.path().join("log"))
        .arg(program)
        .args(args)
        .current_dir(place.dir())
        .env("HOME", place.dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut traced = Traced {
        ran: Ran::from(output),
        network: Vec::new(),
        written: Vec::new(),
        started: Vec::new(),
        files: 0,
        dir: place.dir().to_str().unwrap().to_string(),
    };
    for log in fs::read_dir(logs.path()).unwrap() {
        let log = fs::read_to_string(log.unwrap().path()).unwrap();
        log.lines().for_each(|line| traced.note(line));
    }
    traced
}

impl Traced {
    /// Takes a line like `openat(AT_FDCWD</dir>, "file", O_RDONLY) = 3</dir/file>` into account.
    fn note(&mut self, line: &str) {
        // Not a call: a signal, an end.
        let Some((name, args)) = line.split_once('(') else {
            return;
        };
        if name.starts_with(['-', '+']) {
            return;
        }
        let opens = OPENING.contains(&name);
        if name.starts_with("exec") {
            // A name looked for along the PATH is tried in several places.
            if line.ends_with(" = 0") {
                self.started.push(line.to_string());
            }
        } else if !READING.contains(&name) && NETWORK.iter().any(|begin| name.starts_with(begin)) {
            self.network.push(line.to_string());
        } else {
            self.files += 1;
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
            let reads = if opens {
                !writes.iter().any(|flag| args.contains(flag))
            } else {
                READING.contains(&name)
            };
            if !reads {
                let paths = paths(args, &self.dir).into_iter();
                let paths = paths.filter(|path| path != "/dev/null");
                self.written
                    .extend(paths.map(|path| (path, line.to_string())));
            }
        }
    }
}

/// The paths among the arguments of a call, made absolute by the folder that stands before a relative one, else by `dir`.
fn paths(args: &str, dir: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folder = dir;
    let mut rest = args;
    while let Some(at) = rest.find(['<', '"']) {
        let (open, close) = (rest.as_bytes()[at], &rest[at + 1..]);
        let end = if open == b'<' { '>' } else { '"' };
        let Some(length) = close.find(end) else {
            break;
        };
        let text = &close[..length];
        if open == b'<' {
            folder = text;
        } else if text.starts_with('/') {
            paths.push(text.to_string());
        } else {
            paths.push(format!("{folder}/{text}"));
        }
        rest = &close[length + 1..];
    }
    paths
}
