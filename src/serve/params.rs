//! The questions of a query string, each checked.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;

use super::answer::Refusal;
use crate::chain::WindowDay;
use crate::dates;

/// The parameters of a query string, decoded.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(pairs)) => Ok(Params(pairs)),
            Err(_) => Err(Refusal::bad(
                "the query string cannot be read",
                "write it as name=value&name=value",
            )),
        }
    }
}

impl Params {
    /// The value of `name`, which comes once at most; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::bad(
                format!("{name} is given twice"),
                "once is enough",
            ));
        }
        Ok(first
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty()))
    }

    /// Refuses what is not among `names`: a misspelt limit would be no limit. And another engine than ours.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        if let Some(engine) = self.get("engine")?
            && engine != crate::price::path::ENGINE
        {
            return Err(Refusal::bad(
                "only prices of the path engine are served",
                "the terms of the reference method keep live feeds of its price to its author; see NOTICE",
            ));
        }
        let known = |name: &str| name == "engine" || names.contains(&name);
        match self.0.iter().find(|(name, _)| !known(name)) {
            Some((name, _)) => Err(Refusal::bad(
                format!("there is no parameter {}", shown(name)),
                "/api/v1/openapi.json lists them",
            )),
            None => Ok(()),
        }
    }

    /// A UTC day.
    pub(super) fn day(&self, name: &str) -> Result<Option<WindowDay>, Refusal> {
        self.get(name)?.map(day).transpose()
    }

    /// A height.
    pub(super) fn height(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let height = |text: &str| match text.parse() {
            Ok(height) if !text.starts_with('+') => Ok(height),
            _ => Err(Refusal::bad(
                format!("{name}={} is no height", shown(text)),
                "write it as a whole number of blocks since the first one",
            )),
        };
        self.get(name)?.map(height).transpose()
    }
}

/// A day as it stands in a question.
pub(super) fn day(text: &str) -> Result<WindowDay, Refusal> {
    dates::parse(text).map_err(|_| {
        Refusal::bad(
            format!("{} is no date", shown(text)),
            "write it as YYYY-MM-DD; days are UTC",
        )
    })
}

/// The day that a path ends with.
pub(super) fn day_of(path: Result<Path<String>, PathRejection>) -> Result<WindowDay, Refusal> {
    match path {
        Ok(Path(text)) => day(&text),
        Err(_) => Err(Refusal::bad(
            "the path is no UTF-8 text",
            "write the day as YYYY-MM-DD",
        )),
    }
}

/// The beginning of what somebody sent us, quoted.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("'{shown}'")
}
