//! What a new user sees first: the tour, the help, and what is said when something is wrong.

#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "not every helper is of use here"
)]
mod support;

mod compatibility;
mod schema;

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::types::Value;

const TOUR: &str = include_str!("../../docs/tour.md");

/// Cases that run the program as built, and no other program.
fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    let program = Path::new(env!("CARGO_BIN_EXE_blkprice"));
    cases.register_bin("blkprice", trycmd::schema::Bin::Path(program.into()));
    // Asked through the library, in a test of its own.
    cases.register_bin("sqlite3", trycmd::schema::Bin::Ignore);
    cases
}

/// Runs the commands of these documents, each in an empty folder of its own.
///
/// They are copied, since a folder `NAME.out` beside a document makes its commands share a folder of their own. With
/// `TRYCMD=overwrite` the documents are written anew.
fn run_in_a_folder_of_its_own(documents: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = |name: &str| dir.path().join(Path::new(name).file_name().unwrap());
    for name in documents {
        fs::copy(root.join(name), copy(name)).unwrap();
        let out = copy(name).with_extension("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join(".keep"), "").unwrap();
    }
    let overwrite = std::env::var("TRYCMD").is_ok_and(|mode| mode == "overwrite");
    let cases = cases();
    // Not the reader's own node.
    cases.env("HOME", "/nowhere");
    for name in documents {
        cases.case(copy(name));
    }
    cases.run();
    drop(cases);
    if overwrite {
        for name in documents {
            fs::copy(copy(name), root.join(name)).unwrap();
        }
    }
}

#[test]
fn the_tour_shows_what_its_commands_say() {
    run_in_a_folder_of_its_own(&["docs/tour.md"]);
}

#[test]
fn errors_of_a_first_hour_say_what_to_do() {
    run_in_a_folder_of_its_own(&["tests/tour/errors.md", "tests/tour/no_database.md"]);
}

/// The queries that the tour asks `sqlite3`, each with the lines that it shows as the answer.
fn queries() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut queries = Vec::new();
    let mut lines = TOUR.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ sqlite3 tour/blkprice.db ") {
            let answer = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            queries.push((command.trim_matches('"'), answer));
        }
    }
    queries
}

fn shown(value: Value) -> String {
    match value {
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => text,
        other => panic!("the tour shows whole numbers and texts, not {other:?}"),
    }
}

#[test]
fn the_tours_sql_queries_answer_what_it_shows() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_blkprice"));
    demo.args(["demo", "--dir", "tour"]).current_dir(dir.path());
    assert!(demo.output().unwrap().status.success());
    let database = dir.path().join("tour/blkprice.db");
    // Its blocks are found from elsewhere as well.
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_blkprice"))
        .args(["price", "--recent-blocks", "144", "--db"])
        .arg(&database)
        .current_dir("/")
        .output()
        .unwrap();
    assert!(elsewhere.status.success(), "{elsewhere:?}");
    let db = rusqlite::Connection::open(database).unwrap();
    let queries = queries();
    assert_eq!(queries.len(), 2);
    for (query, answer) in queries {
        let mut statement = db.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows: Vec<String> = statement
            .query_map([], |row| {
                let values: rusqlite::Result<Vec<Value>> =
                    (0..columns).map(|at| row.get(at)).collect();
                Ok(values?.into_iter().map(shown).collect::<Vec<_>>().join("|"))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows, answer, "{query}");
    }
}
