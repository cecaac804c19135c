//! Pages and pictures of what is stored: one self-contained HTML file, or one SVG.
//!
//! [`Range`] and [`Day`] gather what is to be shown; `html` and `svg` write it. A page carries its data, its scripts and
//! its styles in itself and forbids itself, by a content security policy, to fetch anything.
//!
//! The chart library in `assets/uplot` is uPlot 1.6.32, under the MIT licence that stands beside it.

mod cloud;
mod columns;
mod day;
mod html;
mod range;
mod summary;
mod svg;
mod text;

use day::Links;

pub use day::Day;
pub use range::Range;

use std::path::PathBuf;

use crate::chain::WindowDay;
use crate::dates;
use crate::pricing::Engine;
use crate::store::{self, PriceRow, Store, StoredDay};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the days asked for is stored.
    #[error("{}: {asked} is not in the database; {held}\n  hint: `blkprice status` shows what there is; `blkprice scan --since-last` adds what is new", .path.display())]
    NotStored {
        /// The database.
        path: PathBuf,
        /// The day or the days.
        asked: String,
        /// What it holds instead.
        held: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The page of the stored days from `first` to `last` (days since 1970-01-01), both included: HTML.
///
/// # Errors
/// None of these days is stored, or the database cannot be read.
pub fn range_page(store: &Store, first: WindowDay, last: WindowDay) -> Result<String, Error> {
    Ok(html::range(&Range::gather(store, first, last)?))
}

/// The same for a service: by the path engine alone, since the authors of the method behind v9.1 reserve live feeds of its
/// price, and with a link to the page of each day, `day_link` with its `{day}` replaced by 'YYYY-MM-DD'.
///
/// # Errors
/// None of these days is stored, or the database cannot be read.
pub fn served_range_page(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
    day_link: &str,
) -> Result<String, Error> {
    let mut range = Range::gather(store, first, last)?.of_path_alone();
    range.day_link = Some(day_link.to_string());
    Ok(html::range(&range))
}

/// The page of one stored day for a service, by the path engine alone, with links to the page at `home` and, by `day_link` as
/// in [`served_range_page`], to the stored days before and after it: HTML.
///
/// # Errors
/// The day is not stored, or the database cannot be read.
pub fn served_day_page(
    store: &Store,
    day: WindowDay,
    home: &str,
    day_link: &str,
) -> Result<String, Error> {
    let mut page = Day::gather(store, day)?.of_path_alone();
    page.links = Some(Links {
        home: home.to_string(),
        day: day_link.to_string(),
        before: nearest(store, |reach| (day - reach, day - 1), <[_]>::last)?,
        after: nearest(store, |reach| (day + 1, day + reach), <[_]>::first)?,
    });
    Ok(html::day(&page))
}

/// The nearest stored day to one side: mostly it is near, so few days are read.
fn nearest(
    store: &Store,
    within: impl Fn(i32) -> (WindowDay, WindowDay),
    pick: fn(&[StoredDay]) -> Option<&StoredDay>,
) -> Result<Option<WindowDay>, store::Error> {
    for reach in [10, *EVER.end()] {
        let (first, last) = within(reach);
        if let Some(day) = pick(&store.days_between(first, last)?) {
            return Ok(Some(day.day));
        }
    }
    Ok(None)
}

/// The page of one stored day (days since 1970-01-01): HTML.
///
/// # Errors
/// The day is not stored, or the database cannot be read.
pub fn day_page(store: &Store, day: WindowDay) -> Result<String, Error> {
    Ok(html::day(&Day::gather(store, day)?))
}

/// The picture of the stored days from `first` to `last` (days since 1970-01-01), both included: SVG.
///
/// # Errors
/// None of these days is stored, or the database cannot be read.
pub fn range_picture(store: &Store, first: WindowDay, last: WindowDay) -> Result<String, Error> {
    Ok(svg::range(&Range::gather(store, first, last)?))
}

/// The picture of one stored day (days since 1970-01-01): SVG.
///
/// # Errors
/// The day is not stored, or the database cannot be read.
pub fn day_picture(store: &Store, day: WindowDay) -> Result<String, Error> {
    Ok(svg::day(&Day::gather(store, day)?))
}

/// The first and the last stored day within `first` to `last`.
///
/// # Errors
/// None of these days is stored, or the database cannot be read.
pub fn stored_within(
    store: &Store,
    first: WindowDay,
    last: WindowDay,
) -> Result<(WindowDay, WindowDay), Error> {
    let days = store.days_between(first, last)?;
    match (days.first(), days.last()) {
        (Some(from), Some(to)) => Ok((from.day, to.day)),
        _ => Err(not_stored(store, first, last)?),
    }
}

/// Says that none of these days is stored, and which are.
fn not_stored(store: &Store, first: WindowDay, last: WindowDay) -> Result<Error, store::Error> {
    let days = store.days()?;
    let asked = match (first == last, (first..=last) == EVER) {
        (true, _) => dates::show(first),
        (_, true) => "any day".to_string(),
        _ => format!("{}..{}", dates::show(first), dates::show(last)),
    };
    let held = match (days.first(), days.last()) {
        (Some(from), Some(to)) => format!(
            "it holds {} to {}",
            dates::show(from.day),
            dates::show(to.day)
        ),
        _ => "it holds no days".to_string(),
    };
    Ok(Error::NotStored {
        path: store.path().to_path_buf(),
        asked,
        held,
    })
}

/// The prices of an engine, without what no price can be: a damaged database may hold anything.
fn prices(
    store: &Store,
    engine: Engine,
    first: WindowDay,
    last: WindowDay,
) -> Result<Vec<PriceRow>, store::Error> {
    let possible = |usd: &f64| usd.is_finite() && *usd > 0.0;
    let pair = |(low, high): &(f64, f64)| possible(low) && possible(high);
    let mut rows = store.prices(engine.name(), first, last)?;
    for row in &mut rows {
        for price in [
            &mut row.usd,
            &mut row.open,
            &mut row.high,
            &mut row.low,
            &mut row.close,
        ] {
            *price = price.filter(possible);
        }
        row.interval68 = row.interval68.filter(pair);
        row.interval95 = row.interval95.filter(pair);
    }
    Ok(rows)
}

/// Before any block, to after any that a u32 header time can reach.
pub const EVER: std::ops::RangeInclusive<WindowDay> = 0..=50_000;
