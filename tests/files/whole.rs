//! A file is there whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use blkprice::export::replacement::{Error, Replacement};

use crate::place::{export, formats, names, ok, refused};

fn written(file: &Replacement, text: &str) {
    let mut out = file.out().unwrap();
    out.write_all(text.as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
fn the_file_of_before_stays_until_the_new_one_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("prices.csv");
    fs::write(&place, "old").unwrap();
    let file = Replacement::begin(&place).unwrap();
    written(&file, "half of the new");
    assert_eq!(fs::read(&place).unwrap(), b"old");
    drop(file);
    assert_eq!(fs::read(&place).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["prices.csv"], "nothing is left behind");

    let file = Replacement::begin(&place).unwrap();
    written(&file, "new");
    file.commit().unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["prices.csv"]);
}

#[test]
fn what_a_killed_run_left_behind_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join(".prices.csv.blkprice-tmp");
    fs::write(&left, "a long text of a run that was killed").unwrap();
    let place = dir.path().join("prices.csv");
    let file = Replacement::begin(&place).unwrap();
    written(&file, "new");
    file.commit().unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["prices.csv"]);
}

#[test]
fn two_runs_do_not_write_one_file_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("prices.csv");
    let first = Replacement::begin(&place).unwrap();
    assert!(matches!(Replacement::begin(&place), Err(Error::Busy(_))));
    let said = refused(export([Path::new("prices"), Path::new("-o"), &place]), 1);
    assert!(said.contains("another export is writing it"), "{said}");
    first.commit().unwrap();
    Replacement::begin(&place).unwrap().commit().unwrap();
}

#[test]
fn every_table_and_format_goes_into_a_file_as_to_stdout() {
    let dir = tempfile::tempdir().unwrap();
    for what in ["prices", "activity", "block-prices", "outputs"] {
        for format in formats() {
            let file = dir.path().join(format!("{what}.{format}"));
            let args = ["export", what, "--format", format];
            let printed = ok(export(&args[1..]));
            let args = [&args[1..], &["-o", file.to_str().unwrap()]].concat();
            assert_eq!(ok(export(args)), b"");
            assert!(fs::read(file).unwrap() == printed, "{what} as {format}");
        }
    }
    assert_eq!(names(dir.path()).len(), 4 * formats().len());
}

#[test]
fn a_name_that_promises_another_format_is_remarked_on() {
    let dir = tempfile::tempdir().unwrap();
    for (name, remarked) in [
        ("a.parquet", true),
        ("a.json", true),
        ("a.csv", false),
        ("a.txt", false),
        ("a", false),
    ] {
        let file = dir.path().join(name);
        let output = export(["activity", "-o", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ok(output);
        assert_eq!(said.contains("is written as csv"), remarked, "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent/prices.csv");
    for place in [absent.as_path(), dir.path()] {
        let output = export([Path::new("prices"), Path::new("-o"), place]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(place.to_str().unwrap()), "{said}");
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_with_a_hint_how_to_build_it_where_it_is_not_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prices.parquet");
    let args = [
        "prices",
        "--format",
        "parquet",
        "-o",
        file.to_str().unwrap(),
    ];
    let said = refused(export(args), 1);
    assert!(said.contains("built without Parquet"), "{said}");
    assert!(said.contains("--features parquet"), "{said}");
    assert!(!file.exists());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_is_followed_and_the_rights_of_the_file_stay() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        let real = dir.path().join("real/prices.csv");
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("link.csv");
        symlink(&real, &link).unwrap();
        let file = Replacement::begin(&link).unwrap();
        written(&file, "new");
        file.commit().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(dir.path()), ["link.csv", "real", "real/prices.csv"]);
    }

    #[test]
    fn somebodys_link_at_the_name_of_the_new_file_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        fs::write(&other, "precious").unwrap();
        symlink(&other, dir.path().join(".prices.csv.blkprice-tmp")).unwrap();
        assert!(Replacement::begin(&dir.path().join("prices.csv")).is_err());
        assert_eq!(fs::read(&other).unwrap(), b"precious");
    }

    #[test]
    fn a_device_is_written_as_it_is() {
        ok(export(["prices", "-o", "/dev/null"]));
        let printed = ok(export(["prices", "-o", "/dev/stdout"]));
        assert_eq!(printed, ok(export(["prices", "-o", "-"])));
    }
}
