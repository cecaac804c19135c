//! The page for people.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName};

use super::Shared;
use crate::serve::answer::{Body, Refusal};
use crate::serve::database::{Keep, Written};
use crate::store::{self, Store};

/// The page carries all it needs, and is nobody else's frame.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page at `/`.
pub(super) async fn page(
    State(service): State<Shared>,
) -> Result<([(HeaderName, HeaderValue); 1], Body), Refusal> {
    let body = service.database.keep(Keep::Page, html).await?;
    let policy = HeaderValue::from_static(POLICY);
    Ok(([(CONTENT_SECURITY_POLICY, policy)], body))
}

fn html(_: &Store, written: Written) -> Result<Body, store::Error> {
    let links: String = super::paths()
        .into_iter()
        .filter(|path| path.len() > 1)
        .map(|path| match path.contains('{') {
            true => format!("<li><code>{path}</code></li>\n"),
            false => format!("<li><a href=\"{path}\"><code>{path}</code></a></li>\n"),
        })
        .collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>blkprice</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>:root {{ color-scheme: light dark }} \
         body {{ font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}</style>\n\
         <h1>blkprice</h1>\n<p>Bitcoin's USD price, decoded from this node's block files.</p>\n<ul>\n{links}</ul>\n</html>\n"
    );
    Ok(Body::new("text/html; charset=utf-8", page, written))
}
