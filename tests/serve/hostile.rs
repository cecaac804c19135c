//! Whatever is sent, an answer or an end comes, and the next one is served as ever.

use std::time::{Duration, Instant};

use crate::http::{Connection, ask, request};
use crate::priced;
use crate::serving::Serving;

#[test]
fn strange_questions_get_an_error_that_says_what_is_wrong() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let long = "9".repeat(5_000);
    for (path, status) in [
        (format!("/api/v1/days/{long}"), 400),
        (format!("/api/v1/days?from={long}"), 400),
        (format!("/api/v1/blocks?from={long}"), 400),
        (format!("/api/v1/historical-price?timestamp={long}"), 400),
        (format!("/api/v1/blocks?{long}"), 400),
        (format!("/{long}"), 404),
        ("/api/v1/days/%ff%fe".to_string(), 400),
        ("/api/v1/days/%zz".to_string(), 400),
        ("/api/v1/days?from=%ff".to_string(), 400),
        ("/api/v1/days?from=%".to_string(), 400),
        ("/api/v1/days?from=2024-02-01%00".to_string(), 400),
        (
            "/api/v1/days?from=2024-02-01&from=2024-02-02".to_string(),
            400,
        ),
        ("/api/v1/days?From=2024-02-01".to_string(), 400),
        ("/api/v1/days/2024-02-30".to_string(), 400),
        ("/api/v1/days/2024-02-01'--".to_string(), 400),
        ("/api/v1/days/9999-12-31".to_string(), 404),
        ("/api/v1/days/0001-01-01".to_string(), 404),
        ("/api/v1/blocks?from=-1".to_string(), 400),
        ("/api/v1/blocks?from=%2b1".to_string(), 400),
        ("/api/v1/blocks?from=1e3".to_string(), 400),
        ("/api/v1/blocks?to=4294967296".to_string(), 400),
        ("/api/v1/historical-price?timestamp=1.5".to_string(), 400),
        (
            "/api/v1/historical-price?timestamp=9223372036854775808".to_string(),
            400,
        ),
        ("/api/v1/historical-price?timestamp=now".to_string(), 400),
        ("/../../etc/passwd".to_string(), 404),
        ("/api/v1/days/..%2f..%2fetc%2fpasswd".to_string(), 400),
        ("/api/v1/../../blkprice.db".to_string(), 404),
        ("/api/v1/prices/".to_string(), 404),
        ("//api/v1/prices".to_string(), 404),
        ("/api/v1/Prices".to_string(), 404),
    ] {
        let reply = serving.get(&path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let error = reply.error();
        assert!(error.len() < 200, "{path}: {error}");
        assert!(
            !reply.text().contains(place.dir().to_str().unwrap()),
            "{path}"
        );
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
        let reply = ask(
            serving.address,
            method,
            "/api/v1/prices",
            &[("Content-Length", "0")],
        )
        .expect(405);
        assert!(reply.error().contains(method));
        assert_eq!(reply.header("allow"), "GET,HEAD");
    }
    serving.get("/api/v1/prices").expect(200);
}

#[test]
fn what_is_no_http_ends_the_connection_and_nothing_else() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let headers = |count: usize, length: usize| {
        let header = format!("X: {}\r\n", "y".repeat(length));
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
            header.repeat(count)
        )
    };
    for text in [
        "\0\0\0\0\r\n\r\n".to_string(),
        "\u{16}\u{3}\u{1}\u{2}".repeat(100) + "\r\n\r\n",
        "GET /\r\n\r\n".to_string(),
        "GET / HTTP/9.9\r\n\r\n".to_string(),
        "GET /\u{e9} HTTP/1.1\r\n\r\n".to_string() + "\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n".to_string(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_string(),
        format!(
            "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "a".repeat(15_000)
        ),
        headers(1_000, 1),
        headers(2, 15_000),
    ] {
        let mut connection = Connection::open(serving.address);
        connection.send(text.as_bytes());
        if let Some(reply) = connection.reply("GET") {
            assert!(reply.status >= 400, "{text:.40}: {}", reply.status);
        }
        serving.get("/health").expect(200);
    }
}

#[test]
fn one_who_sends_slowly_or_nothing_is_not_waited_for() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let start = Instant::now();
    let mut silent = Connection::open(serving.address);
    let mut slow = Connection::open(serving.address);
    slow.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX");
    let mut idle = Connection::open(serving.address);
    idle.send(request(serving.address, "GET", "/health", &[]).as_bytes());
    idle.reply("GET").unwrap().expect(200);
    let drip = std::thread::spawn(move || {
        // A byte a second does not help.
        while start.elapsed() < Duration::from_secs(25) {
            std::thread::sleep(Duration::from_secs(1));
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| slow.send(b"x"))).is_err() {
                return true;
            }
        }
        false
    });
    serving.get("/health").expect(200);
    let told = |connection: &mut Connection| match connection.reply("GET") {
        None => true,
        Some(reply) => reply.status == 408,
    };
    assert!(told(&mut silent) && told(&mut idle));
    assert!(start.elapsed() > Duration::from_secs(10), "no haste either");
    assert!(drip.join().unwrap(), "closed while bytes still came");
}

#[test]
fn a_body_that_nobody_asked_for_is_not_waited_for() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    for header in [
        ("Content-Length", "1000000000"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
    ] {
        let start = Instant::now();
        let mut connection = Connection::open(serving.address);
        let headers = [header, ("Content-Length", "7")];
        let count = if header.0 == "Expect" { 2 } else { 1 };
        connection.send(request(serving.address, "GET", "/health", &headers[..count]).as_bytes());
        connection.reply("GET").unwrap().expect(200);
        assert!(connection.reply("GET").is_none(), "closed");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_crowd_of_silent_connections_keeps_nobody_out_for_long() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let crowd: Vec<Connection> = (0..300)
        .map(|_| Connection::open(serving.address))
        .collect();
    serving.get("/health").expect(200);
    drop(crowd);
}

#[test]
fn requests_one_after_the_other_and_all_at_once_over_a_kept_connection_are_answered_in_order() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let mut connection = Connection::open(serving.address);
    let heights: Vec<u32> = (0..40).collect();
    let all: String = heights
        .iter()
        .map(|h| {
            request(
                serving.address,
                "GET",
                &format!("/api/v1/blocks?from={h}&to={h}"),
                &[],
            )
        })
        .collect();
    connection.send(all.as_bytes());
    for height in heights {
        let reply = connection.reply("GET").unwrap().expect(200);
        assert_eq!(reply.json()[0]["height"], height);
    }
}

#[test]
fn a_crowd_is_answered_or_told_to_come_again() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let address = serving.address;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..200)
            .map(|i| {
                let path = [
                    "/api/v1/historical-price",
                    "/api/v1/days",
                    "/api/v1/blocks?from=0",
                ][i % 3];
                scope.spawn(move || ask(address, "GET", path, &[]).status)
            })
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert!(
        statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses.iter().filter(|status| **status == 200).count() >= 64);
    serving.get("/api/v1/days").expect(200);
}
