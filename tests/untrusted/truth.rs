//! The CSV of `score`, of any bytes.

use blkprice::score::{Measure, Truth, errors, pair, reliability};
use blkprice::store::PriceRow;

use super::counting::held;

/// The file's bytes.
pub(crate) fn check(bytes: &[u8]) {
    let (truth, cost) = held(|| Truth::read(bytes));
    // A day of a few bytes is a candle of eighty in a tree; the reader has a buffer of its own.
    assert!(
        cost <= (32 << 10) + 40 * bytes.len(),
        "{cost} bytes for {}",
        bytes.len()
    );
    let Ok(truth) = truth else { return };
    let days: Vec<i32> = truth.days().map(|(day, _)| day).collect();
    assert_eq!(days.len(), truth.len());
    let mut text = String::from("date,open,high,low,close,price\n");
    for &day in &days {
        let candle = truth.get(day).unwrap();
        let prices = [
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            Some(candle.mean),
        ];
        text += &blkprice::dates::show(day);
        for price in prices {
            text += ",";
            if let Some(price) = price {
                assert!(price > 0.0 && price.is_finite(), "{price}");
                text += &format!("{price}");
            }
        }
        text += "\n";
    }
    let again = Truth::read(text.as_bytes()).unwrap();
    for &day in &days {
        assert_eq!(again.get(day), truth.get(day), "{text}");
    }

    let rows: Vec<PriceRow> = days
        .iter()
        .map(|&day| PriceRow {
            usd: (day % 3 != 0).then_some(61_000.0),
            confidence: (day % 3 == 1).then_some(0.9),
            ..PriceRow::empty(day, "path", 1)
        })
        .collect();
    let (pairs, without) = pair(&rows, &truth);
    assert_eq!((pairs.len(), without), (rows.len(), 0));
    for measure in Measure::ALL {
        let sum = errors(&pairs, measure);
        assert!(sum.priced <= sum.days && sum.median <= sum.p95 && sum.p95 <= sum.worst);
    }
    let binned: usize = reliability(&pairs).iter().map(|bin| bin.days).sum();
    assert_eq!(
        binned,
        rows.iter().filter(|row| row.confidence.is_some()).count()
    );
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "date,open,high,low,close\n2024-01-01,1,4,0.5,2.5\n2024-01-02,,,,\n2024-01-03,2,2,2,2\n",
        "Day,Price_USD,points\n2024-01-01,\"42,256\",3\n2024-01-02,,\n2024-01-03T00:00:00Z,$61000.5,1\n",
        "time,usd,low,high,close\r\n2010-07-18,0.08,0.07,0.09,1e-2\r\n9999-12-31,1,1,1,1\r\n",
        "date;price\n2024-01-01;1\n",
        "date,price\n2024-01-01,\"61.000,5\"\n2024-02-30,1\n",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
