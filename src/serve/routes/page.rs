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

type Page = ([(HeaderName, HeaderValue); 1], Body);

/// The page at `/`: all stored days.
pub(super) async fn all(State(service): State<Shared>) -> Result<Page, Refusal> {
    let work = |store: &Store, written| {
        let page = report::served_range_page(store, *EVER.start(), *EVER.end(), "/days/{day}");
        let empty = || {
            Body::new(
                "text/plain",
                "no days are stored yet; reload later\n",
                written,
            )
        };
        Ok(html(store, page, written)?.unwrap_or_else(empty))
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
    let work =
        move |store: &Store, written| html(store, report::served_day_page(store, day), written);
    let body = service.database.read(work).await?.ok_or_else(|| {
        Refusal::absent(
            format!("{} is not in the database", dates::show(day)),
            "/ shows the days that are",
        )
    })?;
    Ok(under_policy(body))
}

/// None where nothing of what was asked for is stored.
fn html(
    store: &Store,
    page: Result<String, report::Error>,
    written: Written,
) -> Result<Option<Body>, store::Error> {
    match page {
        Ok(text) => Ok(Some(Body::new("text/html; charset=utf-8", text, written))),
        Err(report::Error::NotStored { .. }) => Ok(None),
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
