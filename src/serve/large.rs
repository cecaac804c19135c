//! Large answers under way: few at a time, or clients that read slowly would fill the memory.

use std::sync::Arc;

use axum::body::{self, Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refusal;

/// Bytes from which on an answer is large; the largest that is not kept anyway has 2 MB.
const LARGE: u64 = 64 << 10;
const PLACES: usize = 24;

/// Room for large answers.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(PLACES))
}

/// A body that holds its place until the last byte of it is handed to the system.
struct Held {
    bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Gives a large answer a place, or turns it away.
pub(super) async fn placed(
    State(room): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    // A stream has no length.
    if body.size_hint().exact().is_none_or(|length| length < LARGE) {
        return Response::from_parts(parts, body);
    }
    let Ok(place) = room.try_acquire_owned() else {
        return Refusal::later(
            "too many large answers at once",
            "ask for less, or again in a moment",
        )
        .into_response();
    };
    // It is in memory already.
    match body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let held = Held {
                bytes,
                _place: place,
            };
            Response::from_parts(parts, Body::from(Bytes::from_owner(held)))
        }
        Err(_) => Refusal::later("the answer could not be made", "ask again").into_response(),
    }
}
