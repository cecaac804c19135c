//! The program on a database.

use std::path::Path;
use std::process::Command;

/// Stdout of a run with these arguments that ends with this exit code.
pub(crate) fn run(args: &[&str], db: &Path, code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blkprice"));
    let output = command.args(args).arg("--db").arg(db).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}
