//! About the service itself: its state, and what it answers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::Shared;
use crate::dates;
use crate::export::status::status_json;
use crate::serve::answer::{Body, Refusal, fleeting, reason};
use crate::serve::database::Keep;
use crate::serve::params::Params;

/// The OpenAPI document of the service.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Whether the database can be read, and how old its newest block is.
pub(super) async fn health(State(service): State<Shared>) -> Response {
    let read = service.database.read(|store, _| {
        let tip = store.newest_blocks(1)?.pop();
        let days = tip.map_or(Ok(Vec::new()), |tip| store.days_between(tip.day, tip.day))?;
        Ok((tip, days))
    });
    match read.await {
        Ok((tip, days)) => {
            let age = tip.map(|tip| Timestamp::now().as_second() - i64::from(tip.time));
            let value = json!({
                "status": "ok",
                "version": env!("CARGO_PKG_VERSION"),
                "following": service.events.is_some(),
                "tip_height": tip.map(|tip| tip.height),
                "tip_hash": tip.map(|tip| tip.hash.to_string()),
                "tip_time": tip.map(|tip| tip.time),
                "tip_age": age,
                "last_day": days.last().map(|day| dates::show(day.day)),
            });
            fleeting(StatusCode::OK, &value)
        }
        Err(error) => {
            let (error, hint) = reason(&error);
            let value = json!({ "status": "unavailable", "error": error, "hint": hint });
            fleeting(StatusCode::SERVICE_UNAVAILABLE, &value)
        }
    }
}

/// What the database holds: all that `blkprice status --json` has, save where things are on this machine.
pub(super) async fn status(State(service): State<Shared>, params: Params) -> Result<Body, Refusal> {
    params.only(&[])?;
    let status = service.database.keep(Keep::Status, |store, written| {
        let mut value = status_json(store)?;
        if let Some(facts) = value.as_object_mut() {
            facts.remove("database");
            facts.remove("blocks_dir");
            facts.insert("version".to_string(), json!(env!("CARGO_PKG_VERSION")));
        }
        Ok(Body::json(&value, written))
    });
    Ok(status.await?)
}

/// The document itself.
pub(super) async fn openapi() -> Body {
    Body::new("application/json", OPENAPI, None)
}
