//! A client that has the answer already is told so; one that has an old one is not.

use std::io::Read;

use crate::http::ask;
use crate::serving::Serving;
use crate::{node_with, priced, rich_chain};

const PATHS: [&str; 8] = [
    "/",
    "/days/2024-02-01",
    "/api/v1/status",
    "/api/v1/prices",
    "/api/v1/historical-price?currency=USD",
    "/api/v1/days",
    "/api/v1/days/2024-02-01",
    "/api/v1/blocks",
];

#[test]
fn a_known_answer_is_not_sent_again() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    for path in PATHS {
        let full = serving.get(path).expect(200);
        let (tag, date) = (full.header("etag"), full.header("last-modified"));
        assert!(
            tag.starts_with("W/\"") && date.ends_with(" GMT"),
            "{path}: {tag} {date}"
        );
        assert_eq!(full.header("cache-control"), "public, no-cache");
        for (name, value) in [
            ("If-None-Match", tag),
            ("If-None-Match", tag.trim_start_matches("W/")),
            ("If-None-Match", &format!("\"x\", {tag}")),
            ("If-None-Match", "*"),
            ("If-Modified-Since", date),
            ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ] {
            let short = serving.get_with(path, &[(name, value)]).expect(304);
            assert_eq!(short.header("vary"), "accept-encoding");
            assert_eq!(short.header("etag"), tag, "{path} {name}");
            assert!(short.body.is_empty());
        }
        for (name, value) in [
            ("If-None-Match", "\"other\""),
            ("If-Modified-Since", "Thu, 01 Jan 2009 00:00:00 GMT"),
            ("If-Modified-Since", "yesterday"),
        ] {
            serving.get_with(path, &[(name, value)]).expect(200);
        }
        // The tag counts, not the date.
        let both = [("If-None-Match", "\"other\""), ("If-Modified-Since", date)];
        serving.get_with(path, &both).expect(200);
        let head = ask(serving.address, "HEAD", path, &[]).expect(200);
        assert_eq!(head.header("etag"), tag);
        assert_eq!(head.header("content-length"), full.body.len().to_string());
    }
    assert_eq!(serving.get("/health").header("cache-control"), "no-store");
    assert_eq!(serving.get("/nowhere").header("cache-control"), "no-store");
}

#[test]
fn a_new_block_makes_old_copies_out_of_date_at_once() {
    let blocks = rich_chain(3, 81);
    let (place, mut node) = node_with(&blocks[..50]);
    let serving = Serving::start(&place, &[]);
    let old: Vec<_> = PATHS.map(|path| serving.get(path).expect(200)).into();
    node.write(0, &blocks[50..]);
    place.backfill(&["--since-last"]).expect(0);
    for (path, old) in PATHS.iter().zip(&old) {
        // In the same second perhaps; and a block of the third day may or may not change the page of the first.
        let since = [("If-Modified-Since", old.header("last-modified"))];
        serving.get_with(path, &since).expect(200);
        let new = serving.get_with(path, &[("If-None-Match", old.header("etag"))]);
        let same = old.body == serving.get(path).body;
        assert_eq!(new.status, if same { 304 } else { 200 }, "{path}");
        let may_stay = path.starts_with("/days/");
        assert!(!same || may_stay, "{path}: it says the chain's tip");
    }
}

#[test]
fn answers_are_compressed_for_who_can_read_that() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    for path in PATHS {
        let plain = serving.get(path).expect(200);
        let packed = serving
            .get_with(path, &[("Accept-Encoding", "br, gzip")])
            .expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert_eq!(packed.header("vary"), "accept-encoding");
        assert_eq!(packed.header("etag"), plain.header("etag"));
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(packed.body.as_slice())
            .read_to_end(&mut body)
            .unwrap();
        assert_eq!(body, plain.body, "{path}");
        let tag = [
            ("Accept-Encoding", "gzip"),
            ("If-None-Match", packed.header("etag")),
        ];
        serving.get_with(path, &tag).expect(304);
        let refused = serving
            .get_with(path, &[("Accept-Encoding", "gzip;q=0")])
            .expect(200);
        assert_eq!(refused.header("content-encoding"), "");
    }
}
