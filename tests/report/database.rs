//! The databases that the pages are made from.

use std::path::Path;
use std::sync::LazyLock;

use blkprice::blockfile::Chain;
use blkprice::store::Store;
use blkprice::synth::ChainSpec;
use rusqlite::{Connection, params};

use super::support::{Place, active};

/// Days of [`WEEKS`]; the first six are before v9.1 begins.
pub(crate) const FIRST_DAY: i32 = 19_700;
pub(crate) const DAYS: u32 = 21;
/// A day without a price, and a day that is not stored.
pub(crate) const WITHOUT: &str = "2023-12-14";
pub(crate) const NOT_STORED: &str = "2023-12-20";
/// A day with a price by both engines.
pub(crate) const DAY: &str = "2023-12-23";

/// Three weeks of a synthetic chain, scanned and priced by the program. One day has lost its price, and one is gone.
pub(crate) static WEEKS: LazyLock<Place> = LazyLock::new(|| {
    let spec = ChainSpec {
        first_day: FIRST_DAY,
        days: DAYS,
        blocks_per_day: 24.0,
        transactions_per_day: 2_500.0,
        ..ChainSpec::default()
    };
    let place = Place::with(&active(spec.blocks()));
    place.backfill(&[]).expect(0);
    let db = place.open_db();
    db.execute(
        "UPDATE price SET usd = NULL, open = NULL, high = NULL, low = NULL, close = NULL, confidence = NULL, low68 = NULL, \
         high68 = NULL, low95 = NULL, high95 = NULL, status = 'none' \
         WHERE engine = 'path' AND day = (SELECT day FROM utc_day WHERE date = ?1)",
        [WITHOUT],
    )
    .unwrap();
    for table in ["price", "day_outputs", "utc_day"] {
        let gone =
            format!("DELETE FROM {table} WHERE day = (SELECT day FROM utc_day WHERE date = ?1)");
        db.execute(&gone, [NOT_STORED]).unwrap();
    }
    place
});

/// What a hostile database says wherever it may say something.
pub(crate) const HOSTILE: &str = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">]]>&{{data}}";

/// A database of many days, made row by row: every status there is, days without a price, gaps, and, where `hostile`,
/// text that tries to break out of the page.
pub(crate) fn of_many_days(path: &Path, days: i32, hostile: bool) {
    drop(Store::open(path, Chain::Main).unwrap());
    let mut db = Connection::open(path).unwrap();
    let write = db.transaction().unwrap();
    let first = 19_000 - days;
    for i in 0..days {
        if i % 97 == 50 {
            continue; // not stored
        }
        let day = first + i;
        write
            .execute(
                "INSERT INTO utc_day VALUES (?1, date(?1 * 86400, 'unixepoch'), ?2, ?2 + 143, 144, 300000, 200000, 5000000000, ?3, 1)",
                params![day, i * 144, i % 61 != 7],
            )
            .unwrap();
        let part = f64::from(i) / f64::from(days);
        let usd = 0.1 * 10f64.powf(6.0 * part) * (1.0 + 0.2 * (f64::from(i) / 40.0).sin());
        let status = match i {
            _ if hostile && i % 5 == 0 => HOSTILE,
            _ if i % 61 == 7 => "partial",
            _ if i < days / 20 => "none",
            _ if i < days / 4 => "weak",
            _ => "ok",
        };
        let priced = status != "none";
        let times = |factor: f64| priced.then_some(usd * factor);
        write
            .execute(
                "INSERT INTO price VALUES (?1, 'path', ?2, ?3, ?4, ?5, ?6, ?7, ?8, 200000, 90000, 1, ?9, ?10, ?11, ?12, 1, ?13)",
                params![
                    day, times(1.0), times(0.991), times(1.023), times(0.977), times(1.008),
                    priced.then_some(0.5 + 0.49 * part), status, times(0.99), times(1.01), times(0.97), times(1.03),
                    hostile.then_some(HOSTILE),
                ],
            )
            .unwrap();
        let supported = i > days * 4 / 5;
        let theirs = supported.then(|| (usd * if i % 30 == 0 { 0.5 } else { 1.003 }).floor());
        write
            .execute(
                "INSERT INTO price (day, engine, usd, status, outputs, points, engine_version, final) \
                 VALUES (?1, 'v9.1', ?2, ?3, 200000, 4000, 1, 1)",
                params![day, theirs, if supported { "ok" } else { "unsupported" }],
            )
            .unwrap();
    }
    write.commit().unwrap();
}
