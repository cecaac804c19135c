//! Rates as SQL for the table `prices` of a self-hosted mempool (MySQL or MariaDB).
//!
//! That table has a row a time and a column a currency; mempool writes and reads `time`, a DATETIME, in UTC, and takes -1
//! for a currency it has no price in. The columns of the seven main currencies default to 0, which it would show as a
//! price of nothing, so they are written; those of the others default to -1.

use std::io::{self, Write};

use super::mempool::Rate;
use crate::dates;

/// Rows a statement: far below the server's smallest default `max_allowed_packet`, 1 MiB.
const BATCH: usize = 500;

/// The time zone of the session matters while `time` is a TIMESTAMP, as in mempool's schemas before 78.
const BEGIN: &str = "\
-- USD per BTC as blkprice's path engine found it, for mempool's table prices; times are UTC.
-- Loading this again changes nothing more; of a row that is there already only USD is set.
SET @blkprice_time_zone = @@SESSION.time_zone;
SET SESSION time_zone = '+00:00';
START TRANSACTION;
";

const INSERT: &str = "INSERT INTO prices (time, USD, EUR, GBP, CAD, CHF, AUD, JPY) VALUES\n";

const END: &str = "\
COMMIT;
SET SESSION time_zone = @blkprice_time_zone;
";

/// Writes statements that put these rates into `prices`, all of them or none, and gives the number of rows.
///
/// USD per BTC is rounded to what a FLOAT column holds, seven digits.
///
/// # Errors
/// The output cannot be written.
pub fn write(rates: &[Rate], out: &mut dyn Write) -> io::Result<u64> {
    out.write_all(BEGIN.as_bytes())?;
    let mut rows = 0;
    for batch in rates.chunks(BATCH) {
        out.write_all(INSERT.as_bytes())?;
        for (i, rate) in batch.iter().enumerate() {
            let end = if i + 1 == batch.len() { "\n" } else { ",\n" };
            let time = dates::show_time(rate.time).replace('T', " ");
            let usd = rate.usd as f32; // the column's own precision
            write!(
                out,
                "('{}', {usd}, -1, -1, -1, -1, -1, -1){end}",
                time.trim_end_matches('Z')
            )?;
            rows += 1;
        }
        out.write_all(b"ON DUPLICATE KEY UPDATE USD = VALUES(USD);\n")?;
    }
    out.write_all(END.as_bytes())?;
    out.flush()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rates: &[Rate]) -> String {
        let mut out = Vec::new();
        assert_eq!(write(rates, &mut out).unwrap(), rates.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_rate_is_a_row_with_its_time_in_utc_and_no_other_currency() {
        let sql = written(&[
            Rate {
                time: 1_761_177_600,
                usd: 110_123.456_789,
            },
            Rate {
                time: 1_761_181_200,
                usd: 0.0625,
            },
        ]);
        let rows = "VALUES\n\
             ('2025-10-23 00:00:00', 110123.45, -1, -1, -1, -1, -1, -1),\n\
             ('2025-10-23 01:00:00', 0.0625, -1, -1, -1, -1, -1, -1)\n\
             ON DUPLICATE KEY UPDATE USD = VALUES(USD);\n";
        assert!(sql.contains(rows), "{sql}");
    }

    #[test]
    fn many_rates_are_several_statements_in_one_transaction() {
        let rates: Vec<Rate> = (0..1_001)
            .map(|hour| Rate {
                time: hour * 3_600,
                usd: 1.0,
            })
            .collect();
        let sql = written(&rates);
        let count = |what: &str| sql.matches(what).count();
        assert_eq!(count("INSERT INTO prices"), 3);
        assert_eq!(count("ON DUPLICATE KEY UPDATE USD"), 3);
        assert_eq!(count("START TRANSACTION;"), 1);
        assert_eq!(count("COMMIT;"), 1);
        assert_eq!(count("\n('"), 1_001);
    }

    #[test]
    fn without_a_rate_nothing_is_inserted() {
        assert!(!written(&[]).contains("INSERT"));
    }
}
