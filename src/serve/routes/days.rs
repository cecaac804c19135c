//! Days and their prices.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use super::Shared;
use crate::dates;
use crate::export::day::days_json;
use crate::price::path::ENGINE;
use crate::serve::answer::{Body, Refusal};
use crate::serve::params::{self, Params};

/// Days that one request may ask for: ten years of them, about 2 MB.
pub const MAX_DAYS: i32 = 3_660;
/// Days given where no first one is named.
const USUAL: i32 = 31;

/// The priced days of a range.
pub(super) async fn days(State(service): State<Shared>, params: Params) -> Result<Body, Refusal> {
    params.only(&["from", "to"])?;
    let (from, to) = (params.day("from")?, params.day("to")?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let (from, to) = (dates::show(from), dates::show(to));
        return Err(Refusal::bad(
            format!("from={from} is after to={to}"),
            "give the earlier day first",
        ));
    }
    let read = service.database.read_long(move |store, written| {
        let newest = store.newest_blocks(1)?.pop().map_or(0, |tip| tip.day);
        let last = to.unwrap_or(newest);
        let first = from.unwrap_or_else(|| last.saturating_sub(USUAL - 1));
        if last.saturating_sub(first) >= MAX_DAYS {
            return Ok(None);
        }
        Ok(Some(Body::json(
            &days_json(store, ENGINE, first, last)?,
            written,
        )))
    });
    read.await?.ok_or_else(|| {
        Refusal::bad(
            format!("more than {MAX_DAYS} days are too many for one request"),
            "ask for fewer at a time with from and to; `blkprice export` has them all",
        )
    })
}

/// One day: all that `blkprice price DAY --json` has.
pub(super) async fn day(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Body, Refusal> {
    params.only(&[])?;
    let day = params::day_of(path)?;
    let read = service.database.read(move |store, written| {
        if let Some(row) = days_json(store, ENGINE, day, day)?.pop() {
            return Ok(Ok(Body::json(&row, written)));
        }
        let held = match (store.first_day()?, store.newest_blocks(1)?.pop()) {
            (Some(first), Some(tip)) => {
                format!("it has {} to {}", dates::show(first), dates::show(tip.day))
            }
            _ => "it has no days yet".to_string(),
        };
        let is_stored = !store.days_between(day, day)?.is_empty();
        Ok(Err((is_stored, held)))
    });
    let text = dates::show(day);
    read.await?.map_err(|(is_stored, held)| match is_stored {
        true => Refusal::absent(
            format!("{text} has no price by the path engine yet"),
            "the owner makes it with `blkprice price`",
        ),
        false => Refusal::absent(
            format!("{text} is not in the database: {held}"),
            "/api/v1/status tells what there is",
        ),
    })
}
