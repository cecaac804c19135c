//! `--partition-by month`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::place::{contents, export, formats, names, ok, refused};

const MONTHS: [&str; 2] = ["2023-12", "2024-01"];

struct Folder {
    _dir: TempDir,
    path: PathBuf,
}

impl Folder {
    fn new() -> Folder {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        Folder { _dir: dir, path }
    }

    fn args<'a>(&'a self, what: &'a str, format: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let path = self.path.to_str().unwrap();
        let words = [
            what,
            "--format",
            format,
            "--partition-by",
            "month",
            "-o",
            path,
        ];
        [&words[..], more].concat()
    }

    fn write(&self, what: &str, format: &str, more: &[&str]) -> String {
        let output = export(self.args(what, format, more));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(ok(output), b"");
        said
    }

    fn part(&self, month: &str) -> PathBuf {
        self.path.join(format!("month={month}/part-0.csv"))
    }

    fn text(&self, month: &str) -> String {
        fs::read_to_string(self.part(month)).unwrap()
    }

    /// A run that must be refused with this exit code and change nothing.
    #[track_caller]
    fn refuses(&self, what: &str, format: &str, more: &[&str], code: i32) -> String {
        let before = contents(&self.path);
        let said = refused(export(self.args(what, format, more)), code);
        assert_eq!(contents(&self.path), before);
        said
    }
}

#[test]
fn the_months_together_are_the_table() {
    for what in ["prices", "activity", "block-prices", "outputs"] {
        let folder = Folder::new();
        folder.write(what, "csv", &[]);
        let whole = String::from_utf8(ok(export([what]))).unwrap();
        let (header, rows) = whole.split_once('\n').unwrap();
        let mut joined = String::new();
        for month in MONTHS {
            let text = folder.text(month);
            let (first, rest) = text.split_once('\n').unwrap();
            assert_eq!(first, header);
            assert!(rest.lines().all(|row| row.starts_with(month)));
            joined += rest;
        }
        assert_eq!(joined, rows, "{what}");
    }
}

#[test]
fn the_layout_is_that_of_hive_and_all_else_in_it_is_empty() {
    for format in formats() {
        let folder = Folder::new();
        folder.write("outputs", format, &[]);
        assert_eq!(
            names(&folder.path),
            [
                "_SUCCESS".to_string(),
                format!("_blkprice_outputs_main_{format}"),
                "month=2023-12".to_string(),
                format!("month=2023-12/part-0.{format}"),
                "month=2024-01".to_string(),
                format!("month=2024-01/part-0.{format}"),
            ]
        );
        for (path, content) in contents(&folder.path) {
            assert_eq!(path.extension().is_some(), !content.is_empty(), "{path:?}");
        }
    }
}

#[test]
fn another_run_leaves_the_same_bytes() {
    for format in formats() {
        let folder = Folder::new();
        folder.write("outputs", format, &[]);
        let before = contents(&folder.path);
        folder.write("outputs", format, &[]);
        assert!(contents(&folder.path) == before, "{format}");
    }
}

#[test]
fn a_range_within_a_month_writes_the_month_whole_and_no_other() {
    let folder = Folder::new();
    folder.write("outputs", "csv", &[]);
    let january = folder.text("2024-01");
    fs::write(folder.part("2023-12"), "of before").unwrap();
    fs::write(folder.part("2024-01"), "of before").unwrap();
    let said = folder.write(
        "outputs",
        "csv",
        &["--from", "2024-01-09", "--to", "2024-01-12"],
    );
    assert!(said.contains("months are written whole: 2024-01-01 to 2024-01-31"));
    assert!(said.contains(" in 1 month in "), "{said}");
    let open = folder.write("outputs", "csv", &["--from", "2024-01-09"]);
    assert!(open.contains("months are written whole: 2024-01-01 to 2024-01-31"));
    assert_eq!(folder.text("2024-01"), january);
    assert_eq!(folder.text("2023-12"), "of before");
}

#[test]
fn a_month_of_the_range_without_rows_loses_its_old_file_and_nothing_of_others() {
    let folder = Folder::new();
    folder.write("outputs", "csv", &[]);
    for month in ["2023-10", "2023-11", "2030-01"] {
        fs::create_dir(folder.path.join(format!("month={month}"))).unwrap();
        fs::write(folder.part(month), "of before").unwrap();
    }
    // What a run that was killed leaves.
    let left = folder.path.join("month=2023-10/.part-0.csv.blkprice-tmp");
    fs::write(left, "half").unwrap();
    let keep = folder.path.join("month=2023-11/.keep");
    fs::write(&keep, "").unwrap();
    fs::write(folder.path.join("notes.txt"), "mine").unwrap();
    let said = folder.write("outputs", "csv", &["--to", "2024-12-31"]);
    assert!(
        said.contains("removed") && said.contains("month=2023-11"),
        "{said}"
    );
    assert!(!folder.path.join("month=2023-10").exists());
    assert!(keep.exists() && !folder.part("2023-11").exists());
    assert_eq!(folder.text("2030-01"), "of before", "outside of the range");
    assert!(folder.path.join("notes.txt").exists());
}

#[test]
fn a_range_without_a_row_changes_nothing() {
    let folder = Folder::new();
    folder.write("outputs", "csv", &[]);
    fs::create_dir(folder.path.join("month=2030-01")).unwrap();
    fs::write(folder.part("2030-01"), "of before").unwrap();
    let before = contents(&folder.path);
    let said = folder.write("outputs", "csv", &["--from", "2029-01-01"]);
    assert!(said.contains("no stored day in that range"), "{said}");
    assert_eq!(contents(&folder.path), before);
}

#[test]
fn what_others_put_into_a_month_is_refused_and_left() {
    for foreign in ["month=2024-01/data_0.csv", "month=2024-01/part-0.parquet"] {
        let folder = Folder::new();
        folder.write("outputs", "csv", &[]);
        fs::write(folder.path.join(foreign), "theirs").unwrap();
        let said = folder.refuses("outputs", "csv", &[], 1);
        assert!(said.contains(foreign), "{said}");
        // Outside of the range it is in nobody's way.
        folder.write("outputs", "csv", &["--to", "2023-12-31"]);
    }
}

#[test]
fn months_that_no_export_made_are_refused() {
    for there in ["month=2024-01", "month=January", "_SUCCESS"] {
        let folder = Folder::new();
        fs::create_dir_all(folder.path.join(there)).unwrap();
        let said = folder.refuses("outputs", "csv", &[], 1);
        assert!(said.contains("no blkprice export made"), "{said}");
    }
}

#[test]
fn another_table_engine_or_format_is_refused() {
    let folder = Folder::new();
    folder.write("prices", "csv", &["--engine", "v9.1"]);
    for (what, format, more) in [
        ("outputs", "csv", &[][..]),
        ("prices", "csv", &["--engine", "path"]),
        ("prices", "json", &["--engine", "v9.1"]),
    ] {
        let said = folder.refuses(what, format, more, 1);
        assert!(
            said.contains("this folder holds prices_v9.1_main_csv, not"),
            "{said}"
        );
    }
    folder.write("prices", "csv", &["--engine", "v9.1"]);
}

#[test]
fn a_file_in_the_way_is_refused() {
    let folder = Folder::new();
    folder.write("outputs", "csv", &[]);
    fs::remove_dir_all(folder.path.join("month=2024-01")).unwrap();
    fs::write(folder.path.join("month=2024-01"), "a file").unwrap();
    let said = folder.refuses("outputs", "csv", &[], 1);
    assert!(
        said.contains("this is a file, and a folder is to be written"),
        "{said}"
    );

    let file = folder.path.join("notes.txt");
    fs::write(&file, "mine").unwrap();
    let args = [
        "outputs",
        "--partition-by",
        "month",
        "-o",
        file.to_str().unwrap(),
    ];
    let said = refused(export(args), 1);
    assert!(
        said.contains("this is a file, and a folder is to be written"),
        "{said}"
    );
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn a_folder_must_be_named() {
    for args in [
        &["--partition-by", "month"][..],
        &["--partition-by", "month", "-o", "-"],
    ] {
        let said = refused(export([&["outputs"], args].concat()), 2);
        assert!(said.contains("-o DIR"), "{said}");
    }
    assert!(!Path::new("-").exists());
}

#[test]
fn v91_has_no_prices_of_blocks() {
    let said = refused(export(["block-prices", "--engine", "v9.1"]), 2);
    assert!(said.contains("v9.1 has no prices of blocks"), "{said}");
}
