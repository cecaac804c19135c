//! The command: where it writes, and what it says when it cannot.

use std::fs;

use super::database::{DAY, NOT_STORED, WEEKS};
use super::support::Place;

#[test]
fn a_day_that_is_not_stored_is_named_with_what_is() {
    let ran = WEEKS.run(["report", NOT_STORED]).expect(1);
    ran.says("2023-12-20 is not in the database; it holds 2023-12-09 to 2023-12-29")
        .says("hint:");
    assert!(!WEEKS.dir().join("blkprice-2023-12-20.html").exists());
    WEEKS
        .run(["report", "2010-01-01..2010-12-31"])
        .expect(1)
        .says("2010-01-01..2010-12-31 is not in the database");
    WEEKS
        .run(["report", "2023-13-01"])
        .expect(2)
        .says("is no date");
    WEEKS
        .run(["report", "2023-12-12..2023-12-10"])
        .expect(2)
        .says("ends before it begins");
    let empty = Place::new();
    empty
        .run(["report"])
        .expect(1)
        .says("there is no database here yet")
        .says("hint:");
}

#[test]
fn without_a_name_the_file_is_named_by_its_days_and_said_on_stderr() {
    for (args, name) in [
        (&["report"][..], "blkprice-2023-12-09..2023-12-29.html"),
        (&["report", DAY], "blkprice-2023-12-23.html"),
        (&["report", DAY, "--svg"], "blkprice-2023-12-23.svg"),
        // What there is of the range.
        (
            &["report", "2023-12-25..2024-06-30"],
            "blkprice-2023-12-25..2023-12-29.html",
        ),
        (&["report", "-o", "named.SVG"], "named.SVG"),
    ] {
        let ran = WEEKS.run(args).expect(0).says(&format!("wrote {name}"));
        assert_eq!(ran.stdout, "");
        let text = fs::read_to_string(WEEKS.dir().join(name)).unwrap();
        let start = if name.to_lowercase().ends_with("svg") {
            "<svg"
        } else {
            "<!doctype html>"
        };
        assert!(text.starts_with(start), "{name}");
    }
}

#[test]
fn an_output_that_claims_to_be_something_else_is_refused() {
    for name in ["out.png", "out.JPG", "out.pdf", "prices.csv", "blkprice.db"] {
        for svg in [&[][..], &["--svg"]] {
            WEEKS
                .run([&["report", DAY, "-o", name], svg].concat())
                .expect(2)
                .says("a report is HTML, or SVG with --svg")
                .says("Save PNG");
        }
        assert_eq!(
            WEEKS.dir().join(name).exists(),
            name == "blkprice.db",
            "{name}"
        );
    }
    for name in ["page", "page.htm", "2024.01"] {
        WEEKS.run(["report", DAY, "-o", name]).expect(0);
    }
}

#[test]
fn a_minus_is_stdout() {
    let ran = WEEKS.run(["report", DAY, "-o", "-"]).expect(0);
    assert!(ran.stdout.starts_with("<!doctype html>"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn what_was_there_is_kept_until_the_new_page_is_whole() {
    let place = Place::new();
    let page = place.dir().join("page.html");
    fs::write(&page, "before").unwrap();
    place.run(["report", "-o", "page.html"]).expect(1);
    assert_eq!(fs::read_to_string(&page).unwrap(), "before");
    let db = WEEKS.db();
    let db = db.to_str().unwrap();
    place
        .run(["report", NOT_STORED, "-o", "page.html", "--db", db])
        .expect(1);
    assert_eq!(fs::read_to_string(&page).unwrap(), "before");
    place
        .run(["report", DAY, "-o", "page.html", "--db", db])
        .expect(0);
    assert!(fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    place
        .run(["report", DAY, "-o", "no/such/folder.html", "--db", db])
        .expect(1)
        .says("cannot write no/such/folder.html");
    place
        .run(["report", DAY, "-o", ".", "--db", db])
        .expect(1)
        .says("cannot write .");
    let left: Vec<_> = fs::read_dir(place.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["page.html"], "nothing is left beside it");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_mode_stays_a_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    let target = place.dir().join("target.html");
    fs::write(&target, "before").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("target.html", place.dir().join("link.html")).unwrap();
    let db = WEEKS.db();
    place
        .run([
            "report",
            DAY,
            "-o",
            "link.html",
            "--db",
            db.to_str().unwrap(),
        ])
        .expect(0);
    assert!(
        fs::symlink_metadata(place.dir().join("link.html"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .starts_with("<!doctype")
    );
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o600
    );
    place
        .run([
            "report",
            DAY,
            "-o",
            "/dev/null",
            "--db",
            db.to_str().unwrap(),
        ])
        .expect(0);
}
