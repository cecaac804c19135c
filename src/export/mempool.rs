//! Prices as a block explorer keeps them: one USD rate a day or an hour, by the time it begins to hold.
//!
//! Only the path engine's prices: whoever asks for these shows them live.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use crate::chain::WindowDay;
use crate::chain::days::SECONDS;
use crate::price::path::ENGINE;
use crate::store::{Error, Store};

const HOUR: u32 = 3_600;

/// Of a row of `price`: none of the day's blocks has a price.
const WITHOUT_BLOCKS: &str = "NOT EXISTS (SELECT 1 FROM utc_day AS d JOIN path_block AS b \
     ON b.height BETWEEN d.first_height AND d.last_height WHERE d.day = price.day)";

/// How often there is a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// The mean over the blocks of each UTC hour that has any.
    Hour,
    /// The price of each UTC day.
    Day,
}

/// A rate that holds from its time on until the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// UTC seconds since 1970: where the hour or the day starts, or a block's own time.
    pub time: u32,
    /// USD per BTC.
    pub usd: f64,
}

/// The rates from day `first` to day `last`, ascending, no time twice. Days without a price, and hours without a block,
/// have none. [`Every::Hour`] gives a day whose blocks have no prices of their own one rate at its start.
///
/// # Errors
/// The database cannot be read.
pub fn history(
    store: &Store,
    every: Every,
    first: WindowDay,
    last: WindowDay,
) -> Result<Vec<Rate>, Error> {
    match every {
        Every::Day => daily(store, first, last, "1"),
        Every::Hour => {
            let mut rates: BTreeMap<u32, f64> = BTreeMap::new();
            for rate in daily(store, first, last, WITHOUT_BLOCKS)? {
                rates.insert(rate.time, rate.usd);
            }
            for rate in hourly(store, first, last)? {
                rates.insert(rate.time, rate.usd);
            }
            Ok(rates
                .into_iter()
                .map(|(time, usd)| Rate { time, usd })
                .collect())
        }
    }
}

/// The newest rate at or before `timestamp` (UTC seconds), as [`history`] has it; none before the first one.
///
/// # Errors
/// The database cannot be read.
pub fn at(store: &Store, every: Every, timestamp: u32) -> Result<Option<Rate>, Error> {
    let day = (timestamp / SECONDS) as WindowDay; // at most 49,710
    let newest = |first, last| -> Result<Option<Rate>, Error> {
        let rates = history(store, every, first, last)?;
        Ok(rates.into_iter().rfind(|rate| rate.time <= timestamp))
    };
    // An hour can have a rate though its day has no price: by blocks of the next day that bear an earlier time.
    if let Some(rate) = newest(day - 1, day)? {
        return Ok(Some(rate));
    }
    let mut before = day - 1;
    while let Some(priced) = priced_before(store, before)? {
        if let Some(rate) = newest(priced, priced + 1)? {
            return Ok(Some(rate));
        }
        before = priced;
    }
    Ok(None)
}

/// The newest price there is: that of the highest block that has one, with its header time; else the newest day's, with the
/// time of its last block.
///
/// # Errors
/// The database cannot be read.
pub fn latest(store: &Store) -> Result<Option<Rate>, Error> {
    let block = first_row(
        store,
        "SELECT c.time, p.usd FROM path_block AS p JOIN chain_block AS c ON c.height = p.height \
         ORDER BY p.height DESC LIMIT 1",
        params![],
    )?;
    if block.is_some() {
        return Ok(block);
    }
    first_row(
        store,
        "SELECT c.time, coalesce(p.close, p.usd) FROM price AS p JOIN utc_day AS d ON d.day = p.day \
         JOIN chain_block AS c ON c.height = d.last_height WHERE p.engine = ?1 AND p.usd IS NOT NULL \
         ORDER BY p.day DESC LIMIT 1",
        params![ENGINE],
    )
}

/// The days' prices where `condition` holds, from their first second on.
fn daily(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
    condition: &str,
) -> Result<Vec<Rate>, Error> {
    // A day before 1970 or after 2106 has no time.
    let sql = format!(
        "SELECT day * 86400, usd FROM price WHERE engine = ?1 AND day BETWEEN max(?2, 0) AND min(?3, 49709) \
         AND usd IS NOT NULL AND {condition} ORDER BY day"
    );
    rows(store, &sql, params![ENGINE, first, last])
}

/// The means over the blocks of each hour of these days.
fn hourly(store: &Store, first: WindowDay, last: WindowDay) -> Result<Vec<Rate>, Error> {
    let midnight = |day: WindowDay| i64::from(day) * i64::from(SECONDS);
    // Header times go back by an hour or two, so the last hour of a day can have blocks of the next one.
    let sql = format!(
        "SELECT c.time / {HOUR} * {HOUR} AS hour, avg(p.usd) FROM chain_block AS c CROSS JOIN path_block AS p \
         ON p.height = c.height WHERE c.day BETWEEN ?1 AND ?2 + 1 AND c.time >= ?3 AND c.time < ?4 \
         GROUP BY hour ORDER BY hour"
    );
    let end = midnight(last.saturating_add(1));
    rows(store, &sql, params![first, last, midnight(first), end])
}

/// The newest day before `day` that has a price.
fn priced_before(store: &Store, day: WindowDay) -> Result<Option<WindowDay>, Error> {
    store
        .connection()
        .prepare_cached(
            "SELECT day FROM price WHERE engine = ?1 AND day < ?2 AND usd IS NOT NULL ORDER BY day DESC LIMIT 1",
        )
        .and_then(|mut query| query.query_row(params![ENGINE, day], |row| row.get(0)).optional())
        .map_err(|source| refused(store, source))
}

fn first_row(
    store: &Store,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<Rate>, Error> {
    Ok(rows(store, sql, params)?.into_iter().next())
}

fn rows(store: &Store, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Rate>, Error> {
    let run = || -> rusqlite::Result<Vec<Rate>> {
        let mut query = store.connection().prepare_cached(sql)?;
        query.query_map(params, rate)?.collect()
    };
    run().map_err(|source| refused(store, source))
}

fn rate(row: &Row<'_>) -> rusqlite::Result<Rate> {
    Ok(Rate {
        time: row.get(0)?,
        usd: row.get(1)?,
    })
}

fn refused(store: &Store, source: rusqlite::Error) -> Error {
    Error::Sqlite {
        path: store.path().to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests;
