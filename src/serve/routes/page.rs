//! The pages for people.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName};

use super::Shared;
use crate::dates;
use crate::export::report::{self, EVER};
use crate::serve::answer::{Body, Refusal};
use crate::serve::database::{Keep, Written};
use crate::serve::params::{self, Params};
use crate::store::{self, Store};

/// The page carries all it needs, and is nobody else's frame. Its own policy allows exactly the scripts it has.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the page of a day is.
const DAY_LINK: &str = "/days/{day}";

type Page = ([(HeaderName, HeaderValue); 1], Body);

/// The page at `/`: all stored days.
pub(super) async fn all(State(service): State<Shared>, params: Params) -> Result<Page, Refusal> {
    params.only(&[])?;
    let work = |store: &Store, written| {
        let page = report::served_range_page(store, *EVER.start(), *EVER.end(), DAY_LINK);
        html(store, page, written)
    };
    Ok(under_policy(service.database.keep(Keep::Page, work).await?))
}

/// The page of one day.
pub(super) async fn day(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Page, Refusal> {
    params.only(&[])?;
    let day = params::day_of(path)?;
    let stored = service
        .database
        .read(move |store, _| Ok(!store.days_between(day, day)?.is_empty()));
    if !stored.await? {
        return Err(Refusal::absent(
            format!("{} is not in the database", dates::show(day)),
            "/ shows the days that are",
        ));
    }
    // One at a time: it is decoded anew, and takes all processors for a moment.
    let work = move |store: &Store, written| {
        let page = report::served_day_page(store, day, "/", DAY_LINK);
        html(store, page, written)
    };
    let body = service.database.keep(Keep::DayPage(day), work).await?;
    Ok(under_policy(body))
}

/// The page, or a word where nothing is stored of what it is about, or is no more.
fn html(
    store: &Store,
    page: Result<String, report::Error>,
    written: Written,
) -> Result<Body, store::Error> {
    match page {
        Ok(text) => Ok(Body::new("text/html; charset=utf-8", text, written)),
        Err(report::Error::NotStored { .. }) => {
            let word = "nothing is stored yet; reload later\n";
            Ok(Body::new("text/plain; charset=utf-8", word, written))
        }
        Err(report::Error::Store(error)) => Err(error),
        Err(report::Error::Threads(error)) => Err(store::Error::Io {
            path: store.path().to_path_buf(),
            source: std::io::Error::other(error),
        }),
    }
}

fn under_policy(body: Body) -> Page {
    let policy = HeaderValue::from_static(POLICY);
    ([(CONTENT_SECURITY_POLICY, policy)], body)
}
