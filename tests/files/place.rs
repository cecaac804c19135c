//! Running exports of the test database.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::database::DATABASE;

/// Formats this build can write.
pub(crate) fn formats() -> Vec<&'static str> {
    let mut formats = vec!["csv", "json"];
    if cfg!(feature = "parquet") {
        formats.push("parquet");
    }
    formats
}

/// `blkprice export` of the test database.
pub(crate) fn export<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    export_of(&DATABASE.path, args)
}

pub(crate) fn export_of<S: AsRef<OsStr>>(
    database: &Path,
    args: impl IntoIterator<Item = S>,
) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blkprice"));
    command.arg("export").args(args);
    command.arg("--db").arg(database).output().unwrap()
}

/// Stdout of a run that ended well.
#[track_caller]
pub(crate) fn ok(output: Output) -> Vec<u8> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

/// What a run that failed with this code said.
#[track_caller]
pub(crate) fn refused(output: Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(output.stdout, b"", "nothing on stdout");
    assert!(said.contains("hint:"), "{said}");
    said
}

/// Everything below a folder, by path within it, with its content.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_path_buf();
            if path.is_dir() {
                folders.push(path);
                found.push((name, Vec::new()));
            } else {
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |(path, _): (PathBuf, _)| path.to_str().unwrap().to_string();
    contents(folder).into_iter().map(name).collect()
}
