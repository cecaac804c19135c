//! Who may ask, from where, how much, and how many at once.

use std::thread::sleep;
use std::time::Duration;

use crate::http::{Connection, ask, request};
use crate::serving::Serving;
use crate::{LATER, priced};

#[test]
fn web_pages_of_chosen_origins_only_may_read_the_answers() {
    let place = priced();
    let ours = "https://wallet.example";
    let closed = Serving::start(&place, &[]);
    let reply = closed
        .get_with("/api/v1/prices", &[("Origin", ours)])
        .expect(200);
    assert_eq!(reply.header("access-control-allow-origin"), "");
    ask(
        closed.address,
        "OPTIONS",
        "/api/v1/prices",
        &[("Origin", ours)],
    )
    .expect(405);

    let open = Serving::start(
        &place,
        &[
            "--allow-origin",
            ours,
            "--allow-origin",
            "http://localhost:3000",
        ],
    );
    for (origin, allowed) in [
        (ours, ours),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://evil.example", ""),
        ("https://wallet.example.evil.example", ""),
        ("null", ""),
    ] {
        let reply = open
            .get_with("/api/v1/prices", &[("Origin", origin)])
            .expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), allowed);
        assert!(
            reply.header("vary").contains("origin"),
            "{:?}",
            reply.headers
        );
        let error = open.get_with("/nowhere", &[("Origin", origin)]).expect(404);
        assert_eq!(error.header("access-control-allow-origin"), allowed);
    }
    let asked = [("Origin", ours), ("Access-Control-Request-Method", "GET")];
    let preflight = ask(open.address, "OPTIONS", "/api/v1/prices", &asked).expect(200);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET,HEAD");
    for origin in [
        "*",
        "null",
        "wallet.example",
        "https://wallet.example/",
        "https://",
        "https://a b",
    ] {
        let ran = place.run(["serve", "--allow-origin", origin]).expect(2);
        assert!(ran.stderr.contains("no origin"), "{}", ran.stderr);
    }
}

#[test]
fn what_takes_long_leaves_room_for_what_does_not() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let address = serving.address;
    std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..100)
            .map(|i| {
                scope.spawn(move || {
                    let path = ["/days/2024-02-01", "/api/v1/days", "/api/v1/blocks"][i % 3];
                    (0..5).for_each(|_| {
                        let status = ask(address, "GET", path, &[]).status;
                        assert!([200, 503].contains(&status), "{path}: {status}");
                    });
                })
            })
            .collect();
        let (mut answered, mut refused) = (0, 0);
        while !crowd.iter().all(|one| one.is_finished()) {
            for path in ["/api/v1/prices", "/health"] {
                match serving.get(path).status {
                    200 => answered += 1,
                    _ => refused += 1,
                }
            }
        }
        assert!(
            answered > 2 * refused,
            "{answered} answered, {refused} refused"
        );
    });
}

#[test]
fn requests_for_another_host_are_refused() {
    let place = priced();
    let serving = Serving::start(&place, &["--allow-host", "prices.example"]);
    let port = serving.address.port();
    for (host, status) in [
        ("localhost".to_string(), 200),
        (format!("LOCALHOST:{port}"), 200),
        ("127.0.0.1".to_string(), 200),
        (format!("[::1]:{port}"), 200),
        ("prices.example".to_string(), 200),
        ("prices.example:8443".to_string(), 200),
        (format!("evil.example:{port}"), 403),
        ("localhost.evil.example".to_string(), 403),
        ("127.0.0.1.evil.example".to_string(), 403),
        (String::new(), 403),
    ] {
        for path in ["/api/v1/prices", "/", "/nowhere"] {
            let reply = serving.get_with(path, &[("Host", &host)]);
            let expected = if status == 200 && path == "/nowhere" {
                404
            } else {
                status
            };
            assert_eq!(reply.status, expected, "{host} {path}");
        }
    }
    // The host of the first line counts as well.
    let mut connection = Connection::open(serving.address);
    connection.send(b"GET http://evil.example/api/v1/prices HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let error = connection.reply("GET").unwrap().expect(403).error();
    assert_eq!(
        error,
        "the request is addressed to another host than this one"
    );
    // Two names, and a name behind another.
    for host in [
        "localhost\r\nHost: evil.example",
        "localhost:1@evil.example",
    ] {
        let mut connection = Connection::open(serving.address);
        connection.send(format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        connection.reply("GET").unwrap().expect(403);
    }
    // HTTP/1.0 knows no Host, and no browser speaks it.
    let mut connection = Connection::open(serving.address);
    connection.send(b"GET /health HTTP/1.0\r\n\r\n");
    connection.reply("GET").unwrap().expect(200);
}

#[test]
fn ranges_have_a_limit_and_the_error_says_it() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    for (path, limit) in [
        ("/api/v1/days?from=1970-01-01&to=2024-02-03", "3660 days"),
        ("/api/v1/days?from=0001-01-01", "3660 days"),
        ("/api/v1/days?from=-009999-01-01", "is no date"),
        ("/api/v1/blocks?from=0&to=10000", "10000 blocks"),
        ("/api/v1/blocks?from=0&to=4294967295", "10000 blocks"),
        (
            "/api/v1/days?from=2024-02-03&to=2024-02-01",
            "from=2024-02-03 is after to=2024-02-01",
        ),
        ("/api/v1/blocks?from=2&to=1", "from=2 is above to=1"),
    ] {
        let error = serving.get(path).expect(400).error();
        assert!(error.contains(limit), "{path}: {error}");
    }
    serving
        .get("/api/v1/days?from=2014-02-01&to=2024-02-03")
        .expect(200);
    serving.get("/api/v1/blocks?from=0&to=9999").expect(200);
}

#[test]
fn subscribers_beyond_the_limit_are_told_to_come_later() {
    let place = priced();
    let serving = Serving::start(&place, &["--follow"]);
    let mut streams: Vec<Connection> = Vec::new();
    let refused = loop {
        let mut connection = Connection::open(serving.address);
        connection.send(request(serving.address, "GET", "/api/v1/events", &[]).as_bytes());
        let (status, headers) = connection.head().unwrap();
        if status != 200 {
            assert_eq!(status, 503);
            break headers;
        }
        streams.push(connection);
        assert!(streams.len() < 1_000);
    };
    assert_eq!(streams.len(), 64);
    assert!(refused["retry-after"].parse::<u32>().unwrap() > 0);
    // The rest of the service goes on, and a place that is given up is free again.
    serving.get("/api/v1/prices").expect(200);
    streams.pop();
    let start = std::time::Instant::now();
    loop {
        let mut connection = Connection::open(serving.address);
        connection.send(request(serving.address, "GET", "/api/v1/events", &[]).as_bytes());
        if connection.head().unwrap().0 == 200 {
            break;
        }
        assert!(start.elapsed() < LATER);
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn large_answers_that_nobody_reads_are_few_and_the_small_ones_go_on() {
    let place = priced();
    let blocks = "INSERT INTO chain_block (height, day, hash, time, bits, file, offset, size, transactions, outputs) \
         WITH RECURSIVE n (height) AS (SELECT 1000 UNION ALL SELECT height + 1 FROM n WHERE height < 10999) \
         SELECT height, 19756, randomblob(32), 1706918400, 0, 0, 0, 0, 0, 0 FROM n";
    place.open_db().execute_batch(blocks).unwrap();
    let serving = Serving::start(&place, &[]);
    let large = "/api/v1/blocks?from=1000&to=10999";
    assert!(serving.get(large).expect(200).body.len() > 1_000_000);
    let mut unread = Vec::new();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let mut connection = Connection::open(serving.address);
        connection.send(request(serving.address, "GET", large, &[]).as_bytes());
        statuses.push(connection.head().unwrap().0);
        unread.push(connection);
    }
    assert_eq!(statuses[..24], [200; 24]);
    assert_eq!(statuses[24..], [503; 16]);
    assert_eq!(serving.get(large).error(), "too many large answers at once");
    serving.get("/api/v1/prices").expect(200);
    serving.get("/api/v1/days").expect(200);
    drop(unread);
    serving.until(large, |reply| reply.status == 200);
}

#[test]
fn other_machines_are_let_in_with_a_warning_only() {
    let place = priced();
    let mut serving = Serving::start_on(&place, "0.0.0.0:0", &[]);
    serving.says("warning: other machines can reach 0.0.0.0:");
    // By whatever name they know this one.
    let address = ([127, 0, 0, 1], serving.address.port()).into();
    ask(address, "GET", "/health", &[("Host", "node.local")]).expect(200);
}
