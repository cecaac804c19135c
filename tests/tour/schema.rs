//! `docs/schema.md`, made from `sql/` and a database as the program makes it, so that it cannot go stale.
//!
//! `BLKPRICE_REWRITE=1 cargo test --test tour` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use blkprice::blockfile::Chain;
use blkprice::store::Store;
use rusqlite::Connection;

/// What the SQL says about a table, a view or an index: in general, and column by column.
#[derive(Default)]
struct Remarks {
    about: String,
    columns: BTreeMap<String, String>,
    /// The tables that a view reads.
    reads: Vec<String>,
}

fn add(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more.trim());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The migrations, in order: the files that begin with a number.
fn migrations() -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("sql"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(|c: char| c.is_ascii_digit()) && name.ends_with(".sql")
        })
        .collect();
    files.sort();
    let texts: Vec<String> = files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    texts.join("\n")
}

/// The remarks on each object by its name, and under "" what stands apart at the top.
///
/// Before a statement: what it is, and `--   column  meaning`. Inside a table: behind a column or on the lines before it.
fn remarks(sql: &str) -> BTreeMap<String, Remarks> {
    let mut all = BTreeMap::new();
    for part in sql.split("\n\n") {
        let mut remarks = Remarks::default();
        let mut name = String::new();
        let mut column = String::new();
        let mut ahead = String::new();
        for line in part.lines() {
            let (code, comment) = match line.split_once("--") {
                Some((code, comment)) => (code.trim(), comment),
                None => (line.trim(), ""),
            };
            if name.is_empty() && code.is_empty() {
                match comment.strip_prefix("   ") {
                    Some(entry) => {
                        let (column, meaning) = entry.split_once("  ").unwrap();
                        remarks.columns.insert(column.into(), meaning.trim().into());
                    }
                    None => add(&mut remarks.about, comment),
                }
                continue;
            }
            if name.is_empty() {
                let words: Vec<&str> = code.split_whitespace().collect();
                name = words[2].trim_end_matches('(').to_string();
                assert_eq!(words[0], "CREATE", "{code}");
                continue;
            }
            let words: Vec<&str> = code.split_whitespace().collect();
            for pair in words
                .windows(2)
                .filter(|pair| ["FROM", "JOIN"].contains(&pair[0]))
            {
                remarks
                    .reads
                    .push(pair[1].trim_end_matches(';').to_string());
            }
            if code.is_empty() {
                // On lines of its own: about the next column where the one before is already told of and closed.
                let closed = line.find("--") == line.find(|c| c != ' ') && line.starts_with("  --");
                if closed {
                    add(&mut ahead, comment);
                } else {
                    add(remarks.columns.entry(column.clone()).or_default(), comment);
                }
            } else {
                column = words[0].to_string();
                let mut meaning = std::mem::take(&mut ahead);
                add(&mut meaning, comment);
                if !meaning.is_empty() {
                    remarks.columns.insert(column.clone(), meaning);
                }
            }
        }
        all.insert(name, remarks);
    }
    all
}

struct Column {
    name: String,
    kind: String,
    required: bool,
    key: bool,
}

fn columns(db: &Connection, table: &str) -> Vec<Column> {
    let mut info = db
        .prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)")
        .unwrap();
    info.query_map([table], |row| {
        Ok(Column {
            name: row.get(0)?,
            kind: row.get(1)?,
            required: row.get(2)?,
            key: row.get::<_, i64>(3)? > 0,
        })
    })
    .unwrap()
    .map(Result::unwrap)
    .collect()
}

/// Names of one kind of object, in the order in which they were made.
fn names(db: &Connection, kind: &str) -> Vec<String> {
    let mut names = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = ?1 AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
        .unwrap();
    names
        .query_map([kind], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// What is known of a column, or the test fails: said of it there, or of the column of that name in a table that the view reads.
fn meaning(all: &BTreeMap<String, Remarks>, name: &str, column: &str) -> String {
    let here = &all[name];
    let said = here.columns.get(column).or_else(|| {
        let mut reads = here.reads.iter().filter_map(|table| all.get(table));
        reads.find_map(|table| table.columns.get(column))
    });
    let said = said.unwrap_or_else(|| panic!("sql/ says nothing of {name}.{column}"));
    said.replace('|', "\\|")
}

fn document() -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new.db");
    let version: i64 = {
        let store = Store::open(&path, Chain::Main).unwrap();
        let db = store.connection();
        db.query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap()
    };
    let db = Connection::open(&path).unwrap();
    let sql = migrations();
    let all = remarks(&sql);
    let mut text = String::from(
        "# The database\n\n\
         <!-- Made from sql/ by `BLKPRICE_REWRITE=1 cargo test --test tour`; a test fails where it differs. -->\n\n",
    );
    writeln!(text, "{}", all[""].about).unwrap();
    writeln!(
        text,
        "\nThis is schema {version} (`PRAGMA user_version`). [sql/examples.sql](../sql/examples.sql) has queries to paste.\n\n\
         ## Views: what to build on"
    )
    .unwrap();
    for view in names(&db, "view") {
        writeln!(text, "\n### `{view}`\n\n{}\n", all[&view].about).unwrap();
        writeln!(text, "| column | type | meaning |\n|---|---|---|").unwrap();
        for column in columns(&db, &view) {
            let said = meaning(&all, &view, &column.name);
            // What is computed has no type that SQLite knows of.
            let (kind, said) = match said.split_once(": ") {
                Some((kind, said)) if ["INTEGER", "REAL", "TEXT"].contains(&kind) => (kind, said),
                _ => (column.kind.as_str(), said.as_str()),
            };
            writeln!(text, "| `{}` | {kind} | {said} |", column.name).unwrap();
        }
    }
    writeln!(text, "\n## Tables: an inner matter, which may change").unwrap();
    for table in names(&db, "table") {
        writeln!(text, "\n### `{table}`\n\n{}\n", all[&table].about).unwrap();
        writeln!(text, "| column | type | meaning |\n|---|---|---|").unwrap();
        for column in columns(&db, &table) {
            let kind = match (column.key, column.required) {
                (true, _) => format!("{}, key", column.kind),
                (false, true) => column.kind,
                (false, false) => format!("{} or NULL", column.kind),
            };
            let said = meaning(&all, &table, &column.name);
            writeln!(text, "| `{}` | {kind} | {said} |", column.name).unwrap();
        }
    }
    writeln!(text, "\n## Indexes\n").unwrap();
    for index in names(&db, "index") {
        let on: String = db
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE name = ?1",
                [&index],
                |row| row.get(0),
            )
            .unwrap();
        let on = on.split_once(" ON ").unwrap().1.trim();
        let about = &all[&index].about;
        writeln!(text, "- `{index}` on `{on}`: {}", first_lower(about)).unwrap();
    }
    text
}

fn first_lower(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[test]
fn the_page_about_the_schema_is_what_sql_says() {
    let path = root().join("docs/schema.md");
    let made = document();
    if std::env::var_os("BLKPRICE_REWRITE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = made
        .lines()
        .zip(kept.lines())
        .find(|(made, kept)| made != kept);
    assert_eq!(
        made, kept,
        "\ndocs/schema.md is stale, first at {differs:?};\n  hint: BLKPRICE_REWRITE=1 cargo test --test tour"
    );
}
