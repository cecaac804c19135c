//! The stream of what is new, while another process writes.

use serde_json::Value;

use crate::http::{Connection, request};
use crate::schema::misfits;
use crate::serving::Serving;
use crate::support::Place;
use crate::{LATER, node_with, priced, rich_chain};

/// A subscriber.
struct Stream {
    connection: Connection,
    text: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Stream {
    fn open(serving: &Serving, headers: &[(&str, &str)]) -> Stream {
        let mut connection = Connection::open(serving.address);
        connection.send(request(serving.address, "GET", "/api/v1/events", headers).as_bytes());
        let (status, headers) = connection.head().unwrap();
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-cache");
        let mut stream = Stream {
            connection,
            text: String::new(),
        };
        let first = stream.block().unwrap();
        assert!(
            first.contains("retry: 3000") && first.contains(": following"),
            "{first}"
        );
        stream
    }

    /// The next block of lines; none at the end of the stream.
    fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_string();
                self.text = rest.to_string();
                return Some(block);
            }
            self.text += &String::from_utf8(self.connection.chunk()?).unwrap();
        }
    }

    /// The next event, comments passed over.
    fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block()?;
            let field = |name: &str| {
                let start = format!("{name}: ");
                block.lines().find_map(|line| line.strip_prefix(&start))
            };
            let Some(data) = field("data") else {
                continue;
            };
            return Some(Event {
                name: field("event").unwrap().to_string(),
                id: field("id").unwrap_or_default().to_string(),
                data: serde_json::from_str(data).unwrap(),
            });
        }
    }

    /// So many events, each as the document describes it.
    #[track_caller]
    fn take(&mut self, count: usize) -> Vec<Event> {
        let document: Value = serde_json::from_str(blkprice::serve::OPENAPI).unwrap();
        let schemas = &document["components"]["schemas"];
        let events: Vec<Event> = (0..count).map(|_| self.next().unwrap()).collect();
        for event in &events {
            let mut name = event.name.clone();
            name[..1].make_ascii_uppercase();
            assert_eq!(
                misfits(&document, &schemas[&name], &event.data, &name),
                [""; 0]
            );
        }
        events
    }
}

fn add(place: &Place) {
    place.backfill(&["--since-last"]).expect(0);
}

/// Names of events, with the height or the day and its status.
fn told(events: &[Event]) -> Vec<String> {
    let told = events.iter().map(|event| match event.name.as_str() {
        "day" => format!(
            "day {} {}",
            event.data["day"].as_str().unwrap(),
            event.data["status"].as_str().unwrap()
        ),
        name => format!("{name} {}", event.data["height"]),
    });
    told.collect()
}

#[test]
fn without_follow_there_is_no_stream_and_the_error_says_why() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let reply = serving.get("/api/v1/events").expect(409);
    assert_eq!(reply.error(), "the database is not followed");
    assert!(reply.text().contains("--follow"));
}

#[test]
fn each_new_block_and_day_is_told_and_a_reorganisation_before_its_blocks() {
    let blocks = rich_chain(3, 85);
    let day = |block: usize| blocks[block].time / 86_400;
    let (place, mut node) = node_with(&blocks[..30]);
    let serving = Serving::start(&place, &["--follow"]);
    let mut stream = Stream::open(&serving, &[]);
    let mut second = Stream::open(&serving, &[]);
    // What was there before is no news. A block of the day that is under way:
    assert_eq!(day(29), day(30));
    node.write(0, &blocks[30..31]);
    add(&place);
    let events = stream.take(1);
    assert_eq!(told(&events), ["block 30"]);
    let url = "/api/v1/blocks?from=30&to=30";
    assert_eq!(
        serving.json(url)[0],
        events[0].data,
        "priced, as it stands in the database"
    );
    assert!(events[0].data["usd"].is_number(), "{events:?}");
    assert_eq!(told(&second.take(1)), ["block 30"]);
    // Across midnight: the day before is complete, another has begun.
    let midnight = (31..blocks.len()).find(|&at| day(at) > day(30)).unwrap();
    node.write(0, &blocks[31..=midnight]);
    add(&place);
    let count = midnight - 30;
    let events = stream.take(count + 2);
    let expected: Vec<String> = (31..=midnight)
        .map(|height| format!("block {height}"))
        .collect();
    assert_eq!(told(&events)[..count], expected);
    let days = told(&events)[count..].to_vec();
    assert_eq!(days[1], "day 2024-02-03 partial");
    assert!(
        ["day 2024-02-02 ok", "day 2024-02-02 weak"].contains(&days[0].as_str()),
        "{days:?}"
    );
    assert_eq!(serving.json("/api/v1/days/2024-02-02"), events[count].data);
    // A branch of more work from three blocks below the tip.
    let rival = blocks[midnight - 3].branch(5, 9);
    node.write(1, &rival);
    add(&place);
    let events = stream.take(6);
    assert_eq!(events[0].name, "reorg");
    assert_eq!(events[0].data["height"], midnight - 2);
    assert_eq!(events[0].data["blocks"], 3);
    let expected: Vec<String> = rival
        .iter()
        .map(|block| format!("block {}", block.height))
        .collect();
    assert_eq!(told(&events[1..]), expected);
    assert_eq!(events[1].data["hash"], rival[0].hash.to_string());
    // Who lost the stream gets what he missed; who names what nobody knows is told that events are missing.
    let seen = second.take(1);
    let mut again = Stream::open(&serving, &[("Last-Event-ID", &seen[0].id)]);
    let missed = again.take(count - 1 + 2 + 6);
    assert_eq!(missed.last().unwrap().id, events.last().unwrap().id);
    let mut lost = Stream::open(&serving, &[("Last-Event-ID", "1-7")]);
    assert_eq!(lost.take(1)[0].name, "resync");
}

#[test]
fn another_database_in_its_place_is_told_and_its_blocks_are_no_news() {
    let blocks = rich_chain(2, 86);
    let (place, mut node) = node_with(&blocks[..20]);
    let serving = Serving::start(&place, &["--follow"]);
    let mut stream = Stream::open(&serving, &[]);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", place.db().display()));
    }
    add(&place);
    let events = stream.take(1);
    assert_eq!(events[0].name, "resync");
    assert_eq!(events[0].data["reason"], "the database was replaced");
    node.write(0, &blocks[20..21]);
    add(&place);
    assert_eq!(told(&stream.take(1)), ["block 20"]);
}

#[test]
fn a_silent_stream_shows_that_it_is_alive_and_ends_when_the_service_stops() {
    let place = priced();
    let serving = Serving::start(&place, &["--follow"]);
    let mut stream = Stream::open(&serving, &[]);
    let start = std::time::Instant::now();
    let comment = stream.block().unwrap();
    assert!(
        comment.starts_with(':') && start.elapsed() < LATER,
        "{comment:?}"
    );
    serving.signal("TERM");
    assert!(stream.next().is_none(), "the end");
    assert_eq!(serving.ended().0, Some(0));
}
