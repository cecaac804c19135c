//! The document says what the service does, and the service does what the document says.

use serde_json::Value;

use crate::priced;
use crate::schema::{misfits, resolved};
use crate::serving::Serving;

fn document() -> Value {
    serde_json::from_str(blkprice::serve::OPENAPI).unwrap()
}

/// A path with the examples of its parameters filled in: with those of the path only, and with all.
fn examples(path: &str, get: &Value) -> [String; 2] {
    let mut filled = path.to_string();
    let mut query = Vec::new();
    for parameter in get["parameters"].as_array().into_iter().flatten() {
        let Some(example) = parameter.get("example") else {
            continue;
        };
        let value = example.as_str().map_or(example.to_string(), str::to_string);
        let name = parameter["name"].as_str().unwrap();
        match parameter["in"].as_str().unwrap() {
            "path" => filled = filled.replace(&format!("{{{name}}}"), &value),
            _ => query.push(format!("{name}={value}")),
        }
    }
    [filled.clone(), format!("{filled}?{}", query.join("&"))]
}

#[test]
fn the_document_lists_the_paths_that_there_are() {
    let document = document();
    let mut listed: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut paths = blkprice::serve::paths();
    listed.sort_unstable();
    paths.sort_unstable();
    assert_eq!(listed, paths);
    let limits = [
        format!("more than {} days", blkprice::serve::MAX_DAYS),
        format!("more than {} blocks", blkprice::serve::MAX_BLOCKS),
    ];
    for limit in limits {
        assert!(blkprice::serve::OPENAPI.contains(&limit), "{limit}");
    }
}

#[test]
fn answers_are_as_the_document_describes_them() {
    let place = priced();
    let serving = Serving::start(&place, &["--follow"]);
    let document = serving.json("/api/v1/openapi.json");
    for (path, methods) in document["paths"].as_object().unwrap() {
        let get = &methods["get"];
        let content = &get["responses"]["200"]["content"];
        if path == "/api/v1/events" {
            continue; // endless; its events are checked where they come
        }
        for url in examples(path, get) {
            let reply = serving.get(&url).expect(200);
            let kind = reply.header("content-type").split(';').next().unwrap();
            let schema = resolved(&document, &content[kind]["schema"]);
            assert!(schema.is_object(), "{url}: {kind} is not in the document");
            if kind == "application/json" {
                assert_eq!(misfits(&document, schema, &reply.json(), &url), [""; 0]);
            }
            for name in get["responses"]["200"]["headers"]
                .as_object()
                .into_iter()
                .flatten()
            {
                assert_ne!(
                    reply.header(&name.0.to_ascii_lowercase()),
                    "",
                    "{url}: {name:?}"
                );
            }
        }
    }
    // And the errors that can be had by asking wrongly.
    let schema = &document["components"]["schemas"]["Error"];
    for (url, status) in [
        ("/api/v1/days/2023-01-01", 404),
        ("/api/v1/days/yesterday", 400),
        ("/api/v1/days?from=x", 400),
        ("/api/v1/blocks?from=x", 400),
        ("/api/v1/historical-price?timestamp=x", 400),
        ("/api/v1/status?x=1", 400),
        ("/api/v1/events?x=1", 400),
        ("/nowhere", 404),
    ] {
        let reply = serving.get(url).expect(status);
        assert_eq!(misfits(&document, schema, &reply.json(), url), [""; 0]);
    }
}
