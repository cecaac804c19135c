//! A place with a blocks folder and a database, and the program run on them as a user runs it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use blkprice::synth::{BlockFiles, ChainBlock, ChainSpec, RawBlock};
use rusqlite::Connection;
use tempfile::TempDir;

/// A temporary folder with `blocks/` and `blkprice.db` in it; the program runs with it as its home and working folder.
pub(crate) struct Place {
    dir: TempDir,
    blocks: PathBuf,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// A place without blocks and without a database.
    pub(crate) fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let blocks = dir.path().join("blocks");
        Place { dir, blocks }
    }

    /// A place with these blocks, in the plainest layout.
    pub(crate) fn with(blocks: &[RawBlock]) -> Place {
        let place = Place::new();
        place.files().write(blocks).unwrap();
        place
    }

    /// A place whose blocks are elsewhere.
    pub(crate) fn at(blocks: impl Into<PathBuf>) -> Place {
        let mut place = Place::new();
        place.blocks = blocks.into();
        place
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn blocks(&self) -> &Path {
        &self.blocks
    }

    pub(crate) fn file(&self, number: u32) -> PathBuf {
        self.blocks.join(format!("blk{number:05}.dat"))
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir().join("blkprice.db")
    }

    /// The builder of this place's block files.
    pub(crate) fn files(&self) -> BlockFiles {
        BlockFiles::new(&self.blocks)
    }

    /// The program, to be run in this place.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blkprice"));
        command
            .args(args)
            .current_dir(self.dir())
            .env("HOME", self.dir())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with these arguments and nothing else.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// `blkprice scan` of this place's folder, and further arguments.
    pub(crate) fn scan(&self, args: &[&str]) -> Ran {
        self.run(self.words("scan", args))
    }

    /// `blkprice backfill` of this place's folder, and further arguments.
    pub(crate) fn backfill(&self, args: &[&str]) -> Ran {
        self.run(self.words("backfill", args))
    }

    /// A subcommand with this place's folder as `--blocks-dir`.
    pub(crate) fn words(&self, subcommand: &str, args: &[&str]) -> Vec<String> {
        let mut words = vec![subcommand.to_string(), "--blocks-dir".to_string()];
        words.push(self.blocks.to_str().unwrap().to_string());
        words.extend(args.iter().map(ToString::to_string));
        words
    }

    /// The last line of `blkprice status --digest`.
    pub(crate) fn digest(&self) -> String {
        let ran = self.run(["status", "--digest"]).expect(0);
        let last = ran.stdout.lines().last().unwrap_or_default().to_string();
        assert_eq!(last.len(), 64, "a digest: {}", ran.stdout);
        last
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.run(["status", "--json"]).expect(0).stdout).unwrap()
    }

    pub(crate) fn open_db(&self) -> Connection {
        Connection::open(self.db()).unwrap()
    }

    /// The rows of a query, each as its values joined by spaces.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let db = self.open_db();
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.column_count();
        statement
            .query_map([], |row| {
                let values = (0..columns).map(|i| row.get::<_, rusqlite::types::Value>(i));
                let words: rusqlite::Result<Vec<String>> = values.map(|v| Ok(show(v?))).collect();
                Ok(words?.join(" "))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// Heights and hashes of the stored chain.
    pub(crate) fn chain(&self) -> Vec<(u32, String)> {
        let db = self.open_db();
        let mut statement = db
            .prepare("SELECT height, hash FROM block ORDER BY height")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }
}

fn show(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "NULL".to_string(),
        Value::Integer(i) => i.to_string(),
        Value::Real(r) => r.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The run, if it ended with this exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Ran {
        let Ran { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    /// The run, if it said this on stderr.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ran {
        assert!(
            self.stderr.contains(text),
            "expected {text:?} in:\n{}",
            self.stderr
        );
        self
    }

    /// The run, if it did not say this on stderr.
    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Ran {
        assert!(
            !self.stderr.contains(text),
            "did not expect {text:?} in:\n{}",
            self.stderr
        );
        self
    }
}

/// A small chain with payments: so many days of about 20 blocks from 2024-02-01.
pub(crate) fn small_chain(days: u32, seed: u64) -> Vec<RawBlock> {
    active(small_spec(days, seed).blocks())
}

/// What [`small_chain`] is made by.
pub(crate) fn small_spec(days: u32, seed: u64) -> ChainSpec {
    ChainSpec {
        seed,
        days,
        blocks_per_day: 20.0,
        transactions_per_day: 400.0,
        ..ChainSpec::default()
    }
}

/// The blocks of the active chain.
pub(crate) fn active(blocks: impl Iterator<Item = ChainBlock>) -> Vec<RawBlock> {
    blocks.filter(|b| !b.stale).map(|b| b.block).collect()
}

/// Heights and hashes as they should be stored.
pub(crate) fn heights_and_hashes(blocks: &[RawBlock]) -> Vec<(u32, String)> {
    blocks
        .iter()
        .map(|block| (block.height, block.hash.to_string()))
        .collect()
}

/// Size and time of change of everything below a folder, by path.
pub(crate) fn listing(dir: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut entries = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                folders.push(path.clone());
            }
            entries.push((path, meta.len(), meta.modified().unwrap()));
        }
    }
    let meta = fs::metadata(dir).unwrap();
    entries.push((dir.to_path_buf(), meta.len(), meta.modified().unwrap()));
    entries.sort();
    entries
}

/// Makes the files of a folder look as if nothing had touched them for `seconds`, so that a scan trusts their times.
pub(crate) fn age(dir: &Path, seconds: u64) {
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    for entry in fs::read_dir(dir).unwrap() {
        let file = fs::File::options()
            .write(true)
            .open(entry.unwrap().path())
            .unwrap();
        file.set_modified(time).unwrap();
    }
}

/// The folder of data that is not ours to copy, named by `BLKPRICE_SHARED`; without it the test says that it is skipped.
pub(crate) fn shared_data(test: &str) -> Option<PathBuf> {
    let Some(shared) = std::env::var_os("BLKPRICE_SHARED") else {
        eprintln!("SKIPPED: {test}: BLKPRICE_SHARED is not set");
        return None;
    };
    Some(PathBuf::from(shared).join("data"))
}

/// Unpacks a `.tar.xz` file into `to`.
pub(crate) fn unpack(archive: &Path, to: &Path) {
    let mut packed = std::io::BufReader::new(fs::File::open(archive).unwrap());
    let mut plain = Vec::new();
    lzma_rs::xz_decompress(&mut packed, &mut plain).unwrap();
    tar::Archive::new(plain.as_slice()).unpack(to).unwrap();
}
