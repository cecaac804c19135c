//! A CSV of daily prices or candles.
//!
//! The first line names the columns, in any order and case: a day (`date`, `day` or `time`, starting with
//! YYYY-MM-DD), and `open`, `high`, `low`, `close`, or the price of the day (`price`, `price_usd`, `usd` or `mean`), or both.
//! Where the price of the day is not given it is the mean of the candle's four prices, or else `close`.

use std::collections::BTreeMap;
use std::io::Read;

use crate::chain::WindowDay;
use crate::dates;

/// What is known of a day, USD per BTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// The price of the day as given, or the mean of open, high, low and close, or the only price there is.
    pub mean: f64,
    /// At the start of the day.
    pub open: Option<f64>,
    /// Highest.
    pub high: Option<f64>,
    /// Lowest.
    pub low: Option<f64>,
    /// At the end of the day.
    pub close: Option<f64>,
}

impl Candle {
    /// How far `usd` lies outside the day's range, as a share of the nearer end; 0 inside. Needs a candle.
    pub fn outside(&self, usd: f64) -> Option<f64> {
        let (low, high) = self.low.zip(self.high)?;
        Some((low / usd - 1.0).max(usd / high - 1.0).max(0.0))
    }
}

/// The known prices.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    days: BTreeMap<WindowDay, Candle>,
}

/// Why a file is no truth.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not CSV, or cannot be read.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// No column for the day, or none for a price.
    #[error("its first line names no {0} column; it has: {1}")]
    Column(&'static str, String),
    /// A field is not what its column is for.
    #[error("line {line}: {what}")]
    Field {
        /// Line of the file.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

impl Truth {
    /// Reads a CSV. A row without any price is left out.
    ///
    /// # Errors
    /// A column is missing, a field cannot be read, a day stands there twice, or a low is above its high.
    pub fn read(file: impl Read) -> Result<Truth, Error> {
        let mut csv = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file);
        let names: Vec<String> = csv
            .headers()?
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let find = |wanted: &[&str]| {
            wanted
                .iter()
                .find_map(|want| names.iter().position(|name| name == want))
        };
        let missing = |what| Error::Column(what, names.join(", "));
        let day = find(&["date", "day", "time"]).ok_or_else(|| missing("date"))?;
        let candle = [
            find(&["open"]),
            find(&["high"]),
            find(&["low"]),
            find(&["close"]),
        ];
        let single = find(&["price", "price_usd", "usd", "mean"]);
        if candle[3].is_none() && single.is_none() {
            return Err(missing("price"));
        }
        let mut truth = Truth::default();
        for record in csv.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let field =
                |at: Option<usize>| price(at.and_then(|at| record.get(at)).unwrap_or(""), line);
            let text = record.get(day).unwrap_or("");
            let date = dates::parse(text.get(..10).unwrap_or(text))
                .map_err(|what| Error::Field { line, what })?;
            let [open, high, low, close] = [
                field(candle[0])?,
                field(candle[1])?,
                field(candle[2])?,
                field(candle[3])?,
            ];
            let four = match (open, high, low, close) {
                (Some(open), Some(high), Some(low), Some(close)) => {
                    // Quartered first: the sum of four large numbers may be none.
                    Some(open / 4.0 + high / 4.0 + low / 4.0 + close / 4.0)
                }
                _ => None,
            };
            if let (Some(low), Some(high)) = (low, high)
                && low > high
            {
                let what = format!("its low, {low}, is above its high, {high}");
                return Err(Error::Field { line, what });
            }
            if truth.days.contains_key(&date) {
                let what = format!("{} stands there a second time", dates::show(date));
                return Err(Error::Field { line, what });
            }
            if let Some(mean) = field(single)?.or(four).or(close) {
                truth.days.insert(
                    date,
                    Candle {
                        mean,
                        open,
                        high,
                        low,
                        close,
                    },
                );
            }
        }
        Ok(truth)
    }

    /// What is known of a day.
    pub fn get(&self, day: WindowDay) -> Option<&Candle> {
        self.days.get(&day)
    }

    /// All that is known, by day.
    pub fn days(&self) -> impl Iterator<Item = (WindowDay, &Candle)> {
        self.days.iter().map(|(&day, candle)| (day, candle))
    }

    /// Number of days.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }
}

/// A positive price; an empty field or one that is not positive is none. Commas may only group thousands: a comma as the
/// decimal sign would make a price a thousand times too large.
fn price(text: &str, line: u64) -> Result<Option<f64>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::Field {
        line,
        what: format!("'{text}' is no price; write it as 61000.5 or 61,000.5"),
    };
    let plain = text.trim_start_matches('$');
    let whole = plain.split('.').next().unwrap_or(plain);
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let grouped =
        groups.all(|group| group.len() == 3) && (first.len() <= 3 || !whole.contains(','));
    let after = &plain[whole.len()..];
    if !grouped || after.contains(',') {
        return Err(wrong());
    }
    match plain.replace(',', "").parse::<f64>() {
        Ok(price) if price.is_finite() && !price.is_subnormal() => {
            Ok(Some(price).filter(|price| *price > 0.0))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candles_and_single_prices_are_told_by_their_columns() {
        let candles =
            Truth::read("date,open,high,low,close\n2024-01-01,1,4,0.5,2.5\n".as_bytes()).unwrap();
        let candle = candles.get(dates::parse("2024-01-01").unwrap()).unwrap();
        assert_eq!(
            (candle.mean, candle.high, candle.low),
            (2.0, Some(4.0), Some(0.5))
        );
        assert_eq!(candle.outside(1.0), Some(0.0));
        assert_eq!(candle.outside(5.0), Some(0.25));
        assert_eq!(candle.outside(0.25), Some(1.0));
        let single =
            Truth::read("Day,Price_USD,points\n2024-01-01,\"42,256\",3\n2024-01-02,,\n".as_bytes())
                .unwrap();
        assert_eq!(single.len(), 1);
        assert_eq!(single.get(19_723).unwrap().mean, 42_256.0);
        assert_eq!(single.get(19_723).unwrap().outside(1.0), None);
    }

    #[test]
    fn what_cannot_be_read_names_its_line_or_column() {
        let error = |text: &str| Truth::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error("when,price\n").contains("no date column"));
        assert!(error("date,volume\n").contains("no price column"));
        assert!(error("date,price\n2024-01-01,1\nyesterday,2\n").contains("line 3: 'yesterday'"));
        assert!(error("date,price\n2024-01-01,cheap\n").contains("line 2: 'cheap' is no price"));
        assert!(error("date,price\n2024-01-01,inf\n").contains("no price"));
        assert!(error("date,price\n2024-01-01,\"61.000,5\"\n").contains("'61.000,5' is no price"));
        assert!(error("date,price\n2024-01-01,\"1,23\"\n").contains("no price"));
        assert!(
            error("date,price\n2024-01-01,1\n2024-01-01,2\n").contains("line 3: 2024-01-01 stands")
        );
        assert!(error("date,high,low,close\n2024-01-01,1,2,1\n").contains("above its high"));
        assert!(error("date,price\nüüüüüüüü,1\n").contains("line 2"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends_without_panic(text in "[dateopnhiglwcs,0-9\\-\n.\"é]{0,200}") {
            let _ = Truth::read(text.as_bytes());
        }
    }
}
