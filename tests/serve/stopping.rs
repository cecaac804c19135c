//! The end: in peace, soon, and with what was begun.

use std::time::{Duration, Instant};

use crate::http::{Connection, request};
use crate::priced;
use crate::serving::Serving;
use crate::support::Place;

#[test]
fn a_signal_ends_it_with_code_zero_whoever_is_connected() {
    let place = priced();
    for signal in ["TERM", "INT"] {
        let serving = Serving::start(&place, &["--follow"]);
        let mut idle = Connection::open(serving.address);
        idle.send(request(serving.address, "GET", "/health", &[]).as_bytes());
        idle.reply("GET").unwrap().expect(200);
        let mut half = Connection::open(serving.address);
        half.send(b"GET /health HTTP/1.1\r\nHo");
        let _silent = Connection::open(serving.address);
        let mut stream = Connection::open(serving.address);
        stream.send(request(serving.address, "GET", "/api/v1/events", &[]).as_bytes());
        stream.head().unwrap();
        let start = Instant::now();
        serving.signal(signal);
        let (code, said) = serving.ended();
        assert_eq!(code, Some(0), "{signal}: {said}");
        assert!(said.ends_with("stopping\nstopped"), "{said}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn the_command_of_the_systemd_unit_is_one() {
    let unit = include_str!("../../scripts/systemd/blkprice-serve.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    // A flag that is not known comes before this one.
    let words = line.unwrap().split(' ').skip(1).chain(["--help"]);
    let ran = Place::new().run(words).expect(0);
    assert!(ran.stdout.contains("--follow"), "{}", ran.stdout);
}

#[test]
fn a_request_that_is_under_way_is_finished() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    // Many answers that nobody has taken yet when the signal comes.
    let mut connection = Connection::open(serving.address);
    let one = request(serving.address, "GET", "/api/v1/days", &[]);
    connection.send(one.as_bytes());
    let (status, headers) = connection.head().unwrap();
    serving.signal("TERM");
    let length: usize = headers["content-length"].parse().unwrap();
    assert_eq!(status, 200);
    let body = connection.rest(length);
    assert_eq!(body.len(), length);
    assert_eq!(serving.ended().0, Some(0));
}
