//! `verify`: prices, and what they rest on, that do not follow from the stored outputs.

use std::fs;

use crate::support::{Place, Ran, small_chain};

/// A day in the middle, and another.
const DAY: &str = "2024-02-05";
const OTHER: &str = "2024-02-09";

fn verify(place: &Place, args: &[&str]) -> Ran {
    place.run(place.words("verify", args))
}

#[track_caller]
fn sound(place: &Place) -> String {
    let ran = verify(place, &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// A place of 20 days that were scanned and priced in two runs, so that the second goes on from what the first has left.
fn grown(seed: u64, args: &[&str]) -> Place {
    let blocks = small_chain(20, seed);
    let place = Place::new();
    let part = &blocks[..blocks.len() * 17 / 20];
    place.files().blocks_per_file(100).write(part).unwrap();
    place.backfill(args).expect(0);
    sound(&place);
    let mut writer = place.files().append().unwrap();
    for block in &blocks[part.len()..] {
        writer.block(block).unwrap();
    }
    writer.finish().unwrap();
    place.backfill(&["--since-last"]).expect(0);
    place
}

#[test]
fn prices_of_several_runs_and_with_anchors_follow_from_the_outputs() {
    let place = grown(320, &[]);
    let said = sound(&place);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(" and 40 prices computed again; "), "{said}");
    let anchored = grown(321, &["--anchor", "2024-02-04=51000"]);
    let rows = anchored.query("SELECT count(*) FROM price WHERE anchors = '2024-02-04=51000'");
    assert_eq!(rows, ["20"]);
    sound(&anchored);
    anchored.backfill(&["--no-anchor"]).expect(0);
    sound(&anchored);
    // Of a sample only its days are computed again.
    let said = verify(&place, &["--sample", "3", "--seed", "1"]).expect(0);
    assert!(said.stdout.contains(" and 6 prices computed again, "));
}

#[test]
fn each_altered_price_is_found_and_its_day_engine_and_column_named() {
    let place = grown(322, &[]);
    place
        .open_db()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let whole = fs::read(place.db()).unwrap();
    let number = |date: &str| format!("(SELECT day FROM utc_day WHERE date = '{date}')");
    let (day, other) = (number(DAY), number(OTHER));
    let of = |engine: &str, set: &str| {
        format!("UPDATE price SET {set} WHERE day = {day} AND engine = '{engine}'")
    };
    let heights = format!("height IN (SELECT height FROM chain_block WHERE day = {day})");
    // What is done, what is said of the day, and whether that is seen without computing prices again.
    let damages = [
        (
            of("path", "usd = usd * 1.000001"),
            "the price by path: usd: ",
            false,
        ),
        (
            of("v9.1", "usd = usd * 1.5"),
            "the price by v9.1: usd: ",
            false,
        ),
        (
            of("path", "usd = usd * 1.5"),
            "the price by path: usd is ",
            true,
        ),
        (of("path", "open = low"), "the price by path: open: ", false),
        (
            of("path", "confidence = 0.123"),
            "the price by path: confidence: ",
            false,
        ),
        (
            of("path", "confidence = 2"),
            "the confidence by path is no probability",
            true,
        ),
        (of("path", "high = low"), "above high", true),
        (
            of("path", "low95 = 0"),
            "the price by path is 0, in low95",
            true,
        ),
        (
            of("path", "low68 = high95 + 1"),
            "the price by path: low68 is ",
            true,
        ),
        (
            of("path", "status = 'partial'"),
            "the status of the price by path is 'partial'",
            true,
        ),
        (
            of("v9.1", "status = 'none'"),
            "the status of the price by v9.1 is 'none'",
            true,
        ),
        (
            of(
                "path",
                "status = CASE status WHEN 'ok' THEN 'weak' ELSE 'ok' END",
            ),
            "the price by path: status: ",
            false,
        ),
        (
            of("path", "points = points + 1"),
            "the price by path: points: ",
            false,
        ),
        (
            of("path", "final = 1 - final"),
            "the price by path: final: ",
            false,
        ),
        (
            of("path", "anchors = '2024-02-04=51000'"),
            "the price by path: anchors: ",
            false,
        ),
        (
            of("path", "usd = 'much'"),
            "the stored rows are damaged: ",
            true,
        ),
        (
            format!("DELETE FROM price WHERE day = {day} AND engine = 'path'"),
            "its price by path is gone",
            true,
        ),
        (
            format!("DELETE FROM price WHERE day = {day} AND engine = 'v9.1'"),
            "its price by v9.1 is gone",
            true,
        ),
        (
            format!("UPDATE path_block SET usd = usd * 2 WHERE {heights}"),
            "block prices by path: usd of ",
            false,
        ),
        (
            format!("UPDATE path_block SET low = high * 2 WHERE {heights}"),
            "the price of block ",
            true,
        ),
        (
            format!(
                "DELETE FROM path_block WHERE height = (SELECT min(height) FROM path_block WHERE {heights})"
            ),
            "number of block prices by path: ",
            true,
        ),
        (
            format!("DELETE FROM path_evidence WHERE day = {day}"),
            "its path evidence is gone",
            false,
        ),
        (
            format!(
                "UPDATE path_evidence SET data = CAST(substr(data, 1, length(data) - 8) || x'0000C04200008042' AS BLOB) WHERE day = {day}"
            ),
            "its path evidence does not follow from its outputs",
            false,
        ),
        (
            format!("UPDATE utc_day SET complete = 0 WHERE day = {day}"),
            "it is said to be incomplete",
            true,
        ),
        (
            format!(
                "INSERT INTO missing_height SELECT first_height, first_height, 'x' FROM utc_day WHERE day = {day}"
            ),
            "are said to be missing, and block ",
            true,
        ),
    ];
    for (sql, said, by_rows) in damages {
        fs::write(place.db(), &whole).unwrap();
        place.open_db().execute_batch(&sql).unwrap();
        let ran = verify(&place, &[]).expect(5);
        let found = |ran: &Ran| {
            ran.stdout
                .lines()
                .any(|line| line.starts_with(&format!("{DAY}: ")) && line.contains(said))
        };
        assert!(found(&ran), "{sql}\nexpected {said:?} in:\n{}", ran.stdout);
        let of_other = format!("{OTHER}: ");
        assert!(!ran.stdout.contains(&of_other), "{sql}\n{}", ran.stdout);
        let alone = verify(&place, &["--sample", "0"]);
        assert_eq!(alone.code, Some(if by_rows { 5 } else { 0 }), "{sql}");
        assert!(!by_rows || found(&alone), "{sql}\n{}", alone.stdout);
    }
    for (sql, said) in [
        (
            "UPDATE meta SET value = 'x' WHERE key = 'path_basis'".to_string(),
            "database: path_basis is noted as 'x'",
        ),
        (
            "INSERT INTO meta VALUES ('path_changed_from', 'xx')".to_string(),
            "database: path_changed_from is noted as 'xx', which is no day",
        ),
        (
            "UPDATE utc_day SET complete = 1".to_string(),
            "2024-02-20: it is said to be complete, and the chain ends in it",
        ),
        (
            "UPDATE price SET status = 'ok'".to_string(),
            "2024-02-20: the status of the price by path is 'ok'",
        ),
        (
            "UPDATE price SET final = 1 - final".to_string(),
            "2024-02-20: the price by path: final: ",
        ),
        (
            format!("DELETE FROM price WHERE day IN ({day}, {other}) AND engine = 'path'"),
            "2024-02-09: its price by path is gone",
        ),
    ] {
        fs::write(place.db(), &whole).unwrap();
        place.open_db().execute_batch(&sql).unwrap();
        let ran = verify(&place, &[]).expect(5);
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(said)),
            "{sql}\n{}",
            ran.stdout
        );
    }
}

#[test]
fn prices_of_another_version_and_of_changed_days_are_told_as_not_checked() {
    let place = grown(323, &[]);
    let db = place.open_db();
    db.execute_batch(
        "UPDATE price SET engine_version = 1, usd = 1 WHERE engine = 'path' AND usd IS NOT NULL",
    )
    .unwrap();
    let ran = verify(&place, &[]);
    let line = "not checkable: a price of it was made by another version of the engine";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    let place = grown(324, &[]);
    let sql = "INSERT INTO meta SELECT 'path_changed_from', max(day) FROM utc_day";
    place.open_db().execute_batch(sql).unwrap();
    let said = sound(&place);
    let line =
        "2024-02-06 to 2024-02-20: not checkable: days have changed since it was priced by path; ";
    assert!(said.contains(line), "{said}");
    // Those before are still checked.
    let sql = format!(
        "UPDATE price SET usd = usd * 1.001 WHERE day = (SELECT day FROM utc_day WHERE date = '{DAY}')"
    );
    place.open_db().execute_batch(&sql).unwrap();
    let ran = verify(&place, &[]).expect(5);
    assert!(
        ran.stdout.contains("2024-02-05: the price by path: usd: "),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_wrong_with_prices_is_mended_by_pricing_again() {
    let place = grown(325, &[]);
    let digest = place.digest();
    let of_day = format!("WHERE day = (SELECT day FROM utc_day WHERE date = '{DAY}')");
    for sql in [
        format!("UPDATE price SET usd = usd * 1.02 {of_day}"),
        format!("UPDATE path_evidence SET data = zeroblob(length(data)) {of_day}"),
        "UPDATE path_block SET high = high * 2".to_string(),
    ] {
        assert!(place.open_db().execute(&sql, []).unwrap() > 0);
        let ran = verify(&place, &[]).expect(5);
        assert!(
            ran.stderr.contains("`blkprice price --again`"),
            "{}",
            ran.stderr
        );
        place.run(["price", "--again"]).expect(0);
        sound(&place);
        assert_eq!(place.digest(), digest, "{sql}");
    }
    // Rows that say themselves that they are of old, or are not there, need no flag.
    for sql in [
        "UPDATE price SET usd = usd * 1.02, engine_version = 1 WHERE engine = 'path' AND day",
        "UPDATE price SET usd = usd * 1.02, engine_version = 0 WHERE engine = 'v9.1' AND day",
        "DELETE FROM price WHERE day",
    ] {
        let sql = format!("{sql} = (SELECT day FROM utc_day WHERE date = '{DAY}')");
        assert!(place.open_db().execute(&sql, []).unwrap() > 0);
        place.run(["price"]).expect(0);
        assert_eq!(place.digest(), digest, "{sql}");
    }
}

/// What the next run would go on from is not believed where it is damaged.
#[test]
fn prices_behind_a_damaged_state_are_those_of_a_fresh_run() {
    let blocks = small_chain(40, 326);
    let part = blocks.len() * 3 / 4;
    for damage in [
        "data = CAST(substr(data, 1, length(data) / 2) || zeroblob(length(data) - length(data) / 2) AS BLOB)",
        "data = zeroblob(length(data))",
        "data = x''",
    ] {
        let place = Place::new();
        place
            .files()
            .blocks_per_file(100)
            .write(&blocks[..part])
            .unwrap();
        place.backfill(&[]).expect(0);
        let damage = format!("UPDATE path_state SET {damage}");
        assert!(place.open_db().execute(&damage, []).unwrap() > 0);
        let mut writer = place.files().append().unwrap();
        for block in &blocks[part..] {
            writer.block(block).unwrap();
        }
        writer.finish().unwrap();
        place.backfill(&["--since-last"]).expect(0);
        let fresh = Place::at(place.blocks());
        fresh.backfill(&[]).expect(0);
        assert_eq!(place.digest(), fresh.digest(), "{damage}");
    }
}
