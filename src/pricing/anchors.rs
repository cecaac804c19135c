//! Known prices that a user gives the path engine, as text and in the database.

use crate::chain::WindowDay;
use crate::dates;
use crate::price::path::PRICE_RANGE_USD;
use crate::store::{self, Store};

/// Known prices as kept in the database: 'YYYY-MM-DD=USD', by commas; none where there are none.
pub fn write(anchors: &[(WindowDay, f64)]) -> Option<String> {
    let mut sorted = anchors.to_vec();
    sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let parts: Vec<String> = sorted
        .iter()
        .map(|(day, usd)| format!("{}={usd}", dates::show(*day)))
        .collect();
    Some(parts.join(",")).filter(|text| !text.is_empty())
}

/// A known price from 'YYYY-MM-DD=USD'.
///
/// # Errors
/// It is not in that form, or no price.
pub fn parse(text: &str) -> Result<(WindowDay, f64), String> {
    let wrong =
        || format!("'{text}' is no anchor; write it as YYYY-MM-DD=USD, for example 2014-10-01=380");
    let (day, usd) = text.split_once('=').ok_or_else(wrong)?;
    let day = dates::parse(day)?;
    let usd: f64 = usd.trim_start_matches('$').parse().map_err(|_| wrong())?;
    let known = PRICE_RANGE_USD;
    if known.contains(&usd) {
        Ok((day, usd))
    } else {
        Err(format!(
            "{usd} is not between ${} and ${}",
            known.start(),
            known.end()
        ))
    }
}

/// The anchors of the last run.
///
/// # Errors
/// The database cannot be read.
pub fn stored(store: &Store) -> Result<Vec<(WindowDay, f64)>, store::Error> {
    let basis = store.meta("path_basis")?.unwrap_or_default();
    let anchors = basis.split_once(';').map_or("", |(_, anchors)| anchors);
    // What does not parse was not written by us; the worst that follows is a run without anchors.
    Ok(anchors
        .split(',')
        .filter_map(|text| parse(text).ok())
        .collect())
}
