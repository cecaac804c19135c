//! What is new, as it comes: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use super::Shared;
use crate::serve::answer::Refusal;
use crate::serve::hub::{Subscription, Tiding};
use crate::serve::params::Params;

/// How often a silent stream shows that it is alive; proxies end one that is silent for a minute.
const ALIVE: Duration = Duration::from_secs(15);
/// When a client that lost the stream is to come back.
const AGAIN: Duration = Duration::from_secs(3);

/// The stream.
pub(super) async fn events(
    State(service): State<Shared>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    params.only(&[])?;
    let Some(events) = &service.events else {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "the database is not followed",
            "the owner starts the service with `blkprice serve --follow`",
        ));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let Some(subscription) = events.subscribe(last) else {
        return Err(Refusal::later("too many subscribers", "ask again later"));
    };
    let Subscription {
        missed,
        coming,
        place,
    } = subscription;
    let first = Event::default().retry(AGAIN).comment("following");
    let missed = missed.into_iter().map(|tiding| event(&tiding));
    let coming = BroadcastStream::new(coming).map(move |tiding| {
        let _held = &place;
        tiding.map_or_else(
            |_| event(&Tiding::resync("the stream fell behind")),
            |t| event(&t),
        )
    });
    let stream = tokio_stream::once(first)
        .chain(tokio_stream::iter(missed))
        .chain(coming)
        .map(Ok::<Event, Infallible>);
    let sse = Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE));
    // A proxy that gathers the stream before it passes it on would keep the news back.
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(([unbuffered], sse).into_response())
}

fn event(tiding: &Tiding) -> Event {
    let event = Event::default().event(tiding.name).data(&tiding.data);
    match &tiding.id {
        Some(id) => event.id(id),
        None => event,
    }
}
