//! Rates as SQL for the table `prices` of a self-hosted mempool (MySQL or MariaDB).
//!
//! That table has a row a time and a column a currency; mempool writes and reads `time`, a DATETIME, in UTC, and takes -1
//! for a currency it has no price in. The columns of the seven main currencies default to 0, which it would show as a
//! price of nothing, so they are written; those of the others default to -1.

use std::io::{self, Write};

use super::mempool::Rate;
use super::{Column, Kind, Sink, Value};
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

const CLOSE: &str = "\nON DUPLICATE KEY UPDATE USD = VALUES(USD);\n";

/// What a rate is as a row: its time, and USD per BTC.
const COLUMNS: [Column; 2] = [
    Column::new("time", Kind::Time),
    Column::new("USD", Kind::Usd),
];

/// Gives the rates to a sink as a table of its own, and their number.
///
/// # Errors
/// The output cannot be written.
pub fn feed(rates: &[Rate], sink: &mut dyn Sink) -> io::Result<u64> {
    sink.columns(&COLUMNS)?;
    for rate in rates {
        sink.row(&[Value::Time(rate.time.into()), Value::Real(rate.usd)])?;
    }
    sink.finish()?;
    Ok(rates.len() as u64)
}

/// Writes statements that put all of the rates into `prices`, or none of them. USD per BTC is rounded to what a FLOAT
/// column holds, seven digits.
pub struct MempoolSql<W: Write> {
    out: W,
    /// Rows of the statement under way.
    rows: usize,
}

impl<W: Write> MempoolSql<W> {
    /// Statements on `out`.
    pub fn new(out: W) -> MempoolSql<W> {
        MempoolSql { out, rows: 0 }
    }

    fn close(&mut self) -> io::Result<()> {
        self.rows = 0;
        self.out.write_all(CLOSE.as_bytes())
    }
}

impl<W: Write> Sink for MempoolSql<W> {
    fn columns(&mut self, columns: &[Column]) -> io::Result<()> {
        if columns != COLUMNS {
            let what = "mempool's table takes a time and a price";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        self.out.write_all(BEGIN.as_bytes())
    }

    fn row(&mut self, values: &[Value]) -> io::Result<()> {
        let &[Value::Time(time), Value::Real(usd)] = values else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let time = u32::try_from(time).map_err(io::Error::other)?;
        let time = dates::show_time(time).replace('T', " ");
        let before = if self.rows == 0 { INSERT } else { ",\n" };
        write!(
            self.out,
            "{before}('{}', {}, -1, -1, -1, -1, -1, -1)",
            time.trim_end_matches('Z'),
            usd as f32 // the column's own precision
        )?;
        self.rows += 1;
        if self.rows == BATCH {
            self.close()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.close()?;
        }
        self.out.write_all(END.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rates: &[Rate]) -> String {
        let mut out = Vec::new();
        let fed = feed(rates, &mut MempoolSql::new(&mut out)).unwrap();
        assert_eq!(fed, rates.len() as u64);
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
        let rates: Vec<Rate> = (0..1_000)
            .map(|hour| Rate {
                time: hour * 3_600,
                usd: 1.0,
            })
            .collect();
        let sql = written(&rates);
        let count = |what: &str| sql.matches(what).count();
        assert_eq!(count("INSERT INTO prices"), 2);
        assert_eq!(count("ON DUPLICATE KEY UPDATE USD"), 2);
        assert_eq!(count("START TRANSACTION;"), 1);
        assert_eq!(count("COMMIT;"), 1);
        assert_eq!(count("\n('"), 1_000);
    }

    #[test]
    fn without_a_rate_nothing_is_inserted() {
        assert!(!written(&[]).contains("INSERT"));
    }
}
