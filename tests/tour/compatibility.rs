//! What those who come from UTXOracle.py find again: the line they parse, and the names in the JSON.

use crate::support::{Place, Ran};
use blkprice::synth::{BlockFiles, ChainSpec};

/// Three days of blocks, the last one cut short, and both engines' prices.
fn priced() -> Place {
    let place = Place::new();
    let spec = ChainSpec {
        days: 3,
        ..ChainSpec::default()
    };
    let mut files = BlockFiles::new(place.blocks()).create().unwrap();
    for block in spec.blocks() {
        files.block(&block.block).unwrap();
    }
    files.finish().unwrap();
    place.backfill(&[]).expect(0);
    place
}

fn price(place: &Place, args: &[&str]) -> Ran {
    let words = ["price"].iter().chain(args);
    place.run(words)
}

/// The whole dollars of a line as scripts take them out of it.
fn parsed(line: &str) -> (String, u64) {
    let (date, price) = line.split_once(" price: $").unwrap();
    (date.to_string(), price.replace(',', "").parse().unwrap())
}

#[test]
fn the_utxoracle_line_holds_the_date_in_english_and_the_whole_dollars_of_either_engine() {
    let place = priced();
    for engine in ["path", "v9.1"] {
        let day = ["2024-02-01", "--engine", engine];
        let ran = price(&place, &[&day[..], &["--format", "utxoracle"]].concat()).expect(0);
        let json = price(&place, &[&day[..], &["--json"]].concat()).expect(0);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        let usd = json["price"].as_f64().unwrap();
        let (date, dollars) = parsed(ran.stdout.strip_suffix('\n').unwrap());
        assert_eq!(date, "Feb 01, 2024");
        assert_eq!(dollars, usd as u64, "{engine}: truncated");
        assert_eq!(ran.stderr, "", "nothing to remark on a good day");
    }
    let default = price(&place, &["2024-02-01", "--format", "utxoracle"]).expect(0);
    let path = ["2024-02-01", "--format", "utxoracle", "--engine", "path"];
    assert_eq!(default.stdout, price(&place, &path).stdout);
}

#[test]
fn a_range_is_a_line_a_day_and_remarks_go_to_stderr() {
    let place = priced();
    let ran = price(&place, &["2024-02-01..2024-02-03", "--format", "utxoracle"]).expect(0);
    let dates: Vec<String> = ran.stdout.lines().map(|line| parsed(line).0).collect();
    assert_eq!(dates, ["Feb 01, 2024", "Feb 02, 2024", "Feb 03, 2024"]);
    assert_eq!(
        ran.stderr,
        "note: 2024-02-03: partial: the day is not complete\n"
    );
}

#[test]
fn a_day_without_a_price_has_no_line() {
    let place = priced();
    let db = place.open_db();
    db.execute(
        "UPDATE price SET usd = NULL, status = 'none' WHERE day = (SELECT min(day) FROM price)",
        [],
    )
    .unwrap();
    let ran = price(&place, &["2024-02-01", "--format", "utxoracle"]).expect(1);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr
            .contains("no price is to be found in its outputs"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("error: 2024-02-01 has no price"),
        "{}",
        ran.stderr
    );
    let ran = price(&place, &["2024-02-01..2024-02-02", "--format", "utxoracle"]).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("2024-02-01"), "{}", ran.stderr);
    // The other formats tell of it on stdout.
    let text = price(&place, &["2024-02-01"]).expect(0);
    assert!(text.stdout.contains("price: none"), "{}", text.stdout);
}

#[test]
fn recent_blocks_as_json_have_price_confidence_timestamp_and_block_height() {
    let place = priced();
    let ran = price(&place, &["--recent-blocks", "144", "--json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let tip = place.query("SELECT height, time FROM block ORDER BY height DESC LIMIT 1");
    let told = format!("{} {}", json["block_height"], json["timestamp"]);
    assert_eq!(told, tip[0], "of the tip");
    assert_eq!(
        json["last_height"],
        json["block_height"].as_u64().unwrap() - 1
    );
    assert!(json["price"].as_f64().unwrap() > 10_000.0, "{json}");
    let confidence = json["confidence"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&confidence), "{json}");
    assert_eq!(json["engine"], "path", "live output is of the path engine");
    // As a line, it is of the day of the tip.
    let ran = price(&place, &["--recent-blocks", "144", "--format", "utxoracle"]).expect(0);
    let (date, dollars) = parsed(ran.stdout.trim_end());
    assert_eq!(date, "Feb 03, 2024");
    assert_eq!(dollars, json["price"].as_f64().unwrap() as u64);
}

#[test]
fn every_command_has_a_man_page_and_completions() {
    let place = Place::new();
    place.run(["man", "pages"]).expect(0);
    let help = place.run(["--help"]).expect(0).stdout;
    let listed = help.split("Commands:\n").nth(1).unwrap();
    let commands = listed
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' ')) // a long description goes on
        .filter_map(|line| line.split_whitespace().next());
    let mut count = 0;
    for command in commands.filter(|command| *command != "help") {
        let page = place.dir().join(format!("pages/blkprice-{command}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains("Examples"), "{command}");
        count += 1;
    }
    assert!(count >= 11, "{listed}");
    for shell in ["bash", "zsh", "fish"] {
        let script = place.run(["completions", shell]).expect(0).stdout;
        assert!(script.contains("mempool-sql"), "{shell}");
    }
}
