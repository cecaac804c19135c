//! The database under the service: not there yet, written to, replaced, damaged.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use blkprice::synth::{RawBlock, payment};

use crate::http::ask;
use crate::serving::Serving;
use crate::support::{Place, small_chain};
use crate::{node_with, priced, rich_chain};

#[test]
fn without_a_database_it_does_not_start_unless_it_is_to_follow() {
    let place = Place::with(&small_chain(2, 82));
    let ran = place.run(["serve", "--listen", "127.0.0.1:0"]).expect(1);
    ran.says("there is no database here yet")
        .says("hint: make one with `blkprice backfill`");
    fs::write(
        place.db(),
        "not a database, but long enough to be looked at as one",
    )
    .unwrap();
    for args in [vec![], vec!["--follow"]] {
        let words = ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(args);
        place.run(words).expect(1).says("not a blkprice database");
    }
    fs::remove_file(place.db()).unwrap();

    let mut serving = Serving::start(&place, &["--follow"]);
    let reply = serving.get("/health").expect(503);
    assert_eq!(reply.json()["status"], "unavailable");
    assert_eq!(reply.error(), "there is no database yet");
    let reply = serving.get("/api/v1/prices").expect(503);
    assert_eq!(reply.error(), "there is no database yet");
    assert!(reply.header("retry-after").parse::<u32>().unwrap() > 0);
    serving.says("cannot answer");
    place.backfill(&[]).expect(0);
    serving.until("/health", |reply| reply.status == 200);
    serving.says("the database can be read again");
    assert_eq!(serving.json("/api/v1/status")["days"], 2);
}

#[test]
fn a_port_in_use_is_told_with_a_hint() {
    let place = priced();
    let serving = Serving::start(&place, &[]);
    let address = serving.address.to_string();
    let ran = place.run(["serve", "--listen", &address]).expect(1);
    ran.says(&format!("cannot listen on {address}"))
        .says("hint: another program");
    for wrong in [
        "8380",
        "127.0.0.1",
        "localhost",
        "example.com:80",
        "127.0.0.1:99999",
        "",
    ] {
        place
            .run(["serve", "--listen", wrong])
            .expect(2)
            .says("no address with a port");
    }
    place
        .run(["serve", "--listen", "203.0.113.7:8380"])
        .expect(1)
        .says("hint: this machine does not have");
}

#[test]
fn it_recovers_from_a_database_that_is_taken_away_damaged_or_replaced() {
    let place = priced();
    let other = Place::with(&rich_chain(2, 83));
    other.backfill(&[]).expect(0);
    let serving = Serving::start(&place, &["--follow"]);
    assert_eq!(serving.json("/api/v1/status")["days"], 3);
    let all = serving.json("/api/v1/historical-price");
    // Taken away.
    let aside = place.dir().join("aside.db");
    let moved = |from: &std::path::Path, to: &std::path::Path| {
        fs::rename(from, to).unwrap();
        for suffix in ["-wal", "-shm"] {
            let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
            let _ = fs::rename(name(from), name(to));
        }
    };
    moved(&place.db(), &aside);
    for path in [
        "/health",
        "/api/v1/status",
        "/api/v1/historical-price",
        "/api/v1/days",
        "/",
    ] {
        let error = serving.get(path).expect(503).error();
        assert_eq!(error, "there is no database yet", "{path}");
    }
    // Another one in its place.
    fs::copy(other.db(), place.db()).unwrap();
    serving.until("/health", |reply| reply.status == 200);
    assert_eq!(serving.json("/api/v1/status")["days"], 2);
    assert_ne!(serving.json("/api/v1/historical-price"), all);
    // Garbage in its place.
    fs::remove_file(place.db()).unwrap();
    fs::write(place.db(), [7; 8_192]).unwrap();
    let reply = serving.get("/health").expect(503);
    assert_eq!(reply.error(), "the file is not a blkprice database");
    assert!(!reply.text().contains(place.dir().to_str().unwrap()));
    // The first one back.
    fs::remove_file(place.db()).unwrap();
    moved(&aside, &place.db());
    serving.until("/health", |reply| reply.status == 200);
    assert_eq!(serving.json("/api/v1/historical-price"), all);
}

/// Two branches that overtake each other, and the chains they make in turn.
fn rivals(trunk: &[RawBlock]) -> Vec<Vec<RawBlock>> {
    let fork = trunk.len() - 25;
    let branch = |seed: u64, length: usize| {
        let mut made: Vec<RawBlock> = Vec::new();
        for i in 0..length as u64 {
            let mut block = made
                .last()
                .unwrap_or(&trunk[fork - 1])
                .next(3_600)
                .seed(seed);
            for j in 0..20 {
                block.add(&payment(20_000 + seed * 1_000 + j, 70_001 + i));
            }
            made.push(block.finish());
        }
        made
    };
    (1..4)
        .map(|turn| branch(turn, 25 + turn as usize * 3))
        .collect()
}

#[test]
fn no_answer_is_half_of_one_chain_and_half_of_another() {
    let trunk = rich_chain(4, 84);
    let (place, mut node) = node_with(&trunk);
    let serving = Serving::start(&place, &["--follow"]);
    let address = serving.address;
    let stop = AtomicBool::new(false);
    let asked = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|reader| {
                let stop = &stop;
                let json = |path| ask(address, "GET", path, &[]).expect(200).json();
                scope.spawn(move || {
                    let mut asked = 0;
                    while !stop.load(Ordering::Relaxed) {
                        if reader == 0 {
                            // Every block is the parent's child: its hash is looked up in the same answer's days.
                            let blocks = json("/api/v1/blocks?from=0");
                            let blocks = blocks.as_array().unwrap();
                            for (height, block) in blocks.iter().enumerate() {
                                assert_eq!(block["height"], height, "no gap");
                            }
                        } else {
                            let days = json("/api/v1/days");
                            let days = days.as_array().unwrap();
                            for pair in days.windows(2) {
                                let next = pair[0]["last_height"].as_u64().unwrap() + 1;
                                assert_eq!(pair[1]["first_height"], next, "days join");
                                assert_eq!(pair[0]["tip_height"], pair[1]["tip_height"]);
                            }
                        }
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        for (file, rival) in rivals(&trunk).iter().enumerate() {
            node.write(file + 1, rival);
            place.backfill(&["--since-last"]).expect(0);
        }
        stop.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum::<u32>()
    });
    assert!(asked > 10, "{asked}");
    // And in the end all of it is the winner's.
    let status = place.status();
    assert_eq!(serving.json("/health")["tip_hash"], status["tip_hash"]);
}
