//! What `export prices --format mempool-sql` writes, and what it refuses.

use crate::store::priced_days;
use crate::support::Place;

fn export(place: &Place, args: &[&str]) -> crate::support::Ran {
    let mut words = vec!["export", "prices", "--format", "mempool-sql"];
    words.extend(args);
    place.run(words)
}

/// The lines that are rows.
fn rows(sql: &str) -> Vec<&str> {
    sql.lines().filter(|line| line.starts_with("('")).collect()
}

#[test]
fn a_day_with_a_price_is_a_row_at_its_first_second_and_one_without_is_none() {
    let place = priced_days();
    let sql = export(&place, &[]).expect(0).stdout;
    let rows = rows(&sql);
    assert_eq!(rows.len(), 19);
    assert_eq!(
        rows[0],
        "('2025-10-01 00:00:00', 110000.125, -1, -1, -1, -1, -1, -1),"
    );
    assert!(!sql.contains("2025-10-06"), "a day without a price: {sql}");
}

#[test]
fn an_hour_is_a_row_with_the_mean_of_its_blocks() {
    let place = priced_days();
    let day = ["--from", "2025-10-01", "--to", "2025-10-01"];
    let every = [&day[..], &["--every", "hour"]].concat();
    let sql = export(&place, &every).expect(0).stdout;
    let hours = rows(&sql);
    assert_eq!(hours.len(), 24);
    // Its two blocks are $0 and $1 above the day's.
    assert_eq!(
        hours[0],
        "('2025-10-01 00:00:00', 110000.625, -1, -1, -1, -1, -1, -1),"
    );
    assert_eq!(
        rows(&export(&place, &day).expect(0).stdout).len(),
        1,
        "without --every: a row a day"
    );
}

#[test]
fn prices_of_v91_are_refused_with_the_reason() {
    let place = priced_days();
    let ran = export(&place, &["--engine", "v9.1", "-o", "prices.sql"]).expect(2);
    assert!(ran.stderr.contains("path engine only"), "{}", ran.stderr);
    assert!(ran.stderr.contains("NOTICE"), "{}", ran.stderr);
    assert!(!place.dir().join("prices.sql").exists(), "nothing is made");
}

#[test]
fn anything_but_prices_is_refused_and_so_is_every_without_the_format() {
    let place = priced_days();
    for what in ["outputs", "activity"] {
        let ran = place
            .run(["export", what, "--format", "mempool-sql"])
            .expect(2);
        assert!(ran.stderr.contains("writes prices"), "{}", ran.stderr);
    }
    let ran = place
        .run(["export", "prices", "--every", "hour", "--format", "csv"])
        .expect(2);
    assert!(
        ran.stderr.contains("belongs to --format mempool-sql"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_range_without_a_price_inserts_nothing_and_says_so() {
    let place = priced_days();
    let ran = export(&place, &["--to", "2020-01-01"]).expect(0);
    assert!(!ran.stdout.contains("INSERT"), "{}", ran.stdout);
    assert!(ran.stderr.contains("no price by path"), "{}", ran.stderr);
}
