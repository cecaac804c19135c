//! The page of one day.

use std::fmt::Write;

use super::{Page, figure, hidden_unless};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::report::day::{Day, Links};
use crate::export::report::text::{dollars, escape, grouped};
use crate::price::path::RoundAmount;
use crate::store::PriceRow;

const BODY: &str = include_str!("../assets/day.html");
const SCRIPTS: [&str; 3] = [
    include_str!("../assets/through.js"),
    include_str!("../assets/amounts.js"),
    include_str!("../assets/day.js"),
];

/// What explains a price is kept for the engine's present version only.
const OLDER: &str = "What explains a price is missing here, or of an older version of the engine; `blkprice price` makes it.";

/// How the rivals and the price go together.
const CENTRES: &str = "A neighbourhood reaches 12 % to either side of its centre. The price is found within the first of them by a \
                       second, finer pass, so it may differ from the centre.";

/// A rival with a score nearer than this is not told apart by the comb: its price is ten times, or a tenth.
const SAME_SCORE: f64 = 0.5;

/// Fewer payments at a round amount say nothing by themselves.
const HANDFUL: f64 = 5.0;

/// The page: HTML.
pub(in crate::export::report) fn day(day: &Day) -> String {
    let title = title(day);
    let (has_path, has_amounts) = (day.has_path(), day.stored.outputs > 0);
    let if_priced = |words| if day.usd().is_some() { words } else { "" };
    Page {
        description: format!(
            "Bitcoin's price on {}, and why: the day's amounts against round dollar amounts.",
            dates::show(day.day)
        ),
        body: super::fill(
            BODY,
            &[
                ("title", &escape(&title)),
                ("zoom", super::ZOOM),
                ("sub", &escape(&sub(day))),
                ("figures", &figures(day)),
                ("no_path", hidden_unless(has_path)),
                ("no_amounts", hidden_unless(has_amounts)),
                ("no_picture", hidden_unless(has_path || has_amounts)),
                ("why_title", why_title(day)),
                ("comb", if_priced(" with the comb of round dollar amounts")),
                ("unit", if_priced(", in USD at the price laid on")),
                ("why", &escape(&why(day))),
                ("cloud", &escape(&cloud(day))),
                ("ohlc", &escape(&ohlc(day))),
                ("explained", &explained(day)),
            ],
        ),
        title,
        nav: day.links.as_ref().map_or_else(String::new, nav),
        is_file: day.links.is_none(),
        data: day.to_json(),
        scripts: &SCRIPTS,
    }
    .render()
}

/// Links to all days, and to the days before and after.
fn nav(links: &Links) -> String {
    let mut out = format!(
        "<nav aria-label=\"Days\">\n<a href=\"{}\">All days</a>\n",
        escape(&links.home)
    );
    let mut link = |rel: &str, day: Option<WindowDay>, before: &str, after: &str| {
        if let Some(day) = day.map(dates::show) {
            let _ = writeln!(
                out,
                "<a rel=\"{rel}\" href=\"{}\">{before}{day}{after}</a>",
                escape(&links.day.replace("{day}", &day))
            );
        }
    };
    link("prev", links.before, "‹ ", "");
    link("next", links.after, "", " ›");
    out + "</nav>\n"
}

/// `Bitcoin on 2024-02-03: $43,012`.
pub(in crate::export::report) fn title(day: &Day) -> String {
    let price = day.usd().map_or("no price".to_string(), dollars);
    format!("Bitcoin on {}: {price}", dates::show(day.day))
}

/// Status and what it means.
fn sub(day: &Day) -> String {
    let blocks = match day.stored.complete {
        true => format!("All {} blocks of the day are there.", day.stored.blocks),
        false => format!(
            "The day is not complete: {} blocks are there.",
            day.stored.blocks
        ),
    };
    let status = match day.path.as_ref().map(|row| row.status.as_str()) {
        None => "This day has no price yet; `blkprice price` makes it.",
        Some("ok") => "",
        Some("weak") => "The price is weak: there was little to go by.",
        Some("partial") => "The price is that of a part of the day.",
        Some(_) => "No price is to be found in its outputs, and none is made up.",
    };
    format!("{blocks} {status}").trim().to_string()
}

fn figures(day: &Day) -> String {
    let mut out = String::new();
    let pair = |pair: (f64, f64)| format!("{} – {}", dollars(pair.0), dollars(pair.1));
    if let Some(row) = &day.path {
        out += &figure(
            "Price (UTC day)",
            &row.usd.map_or("none".to_string(), dollars),
            &format!(
                "status {}{}",
                row.status,
                if row.is_final { "" } else { ", not final" }
            ),
        );
        if let Some(confidence) = row.confidence {
            out += &figure(
                "Confidence",
                &format!("{confidence:.3}"),
                "chance to be within 2\u{a0}%",
            );
        }
        if let Some(interval) = row.interval68 {
            out += &figure("68 % interval", &pair(interval), "");
        }
        if let Some(interval) = row.interval95 {
            out += &figure("95 % interval", &pair(interval), "");
        }
        if let (Some(open), Some(close)) = (row.open, row.close) {
            out += &figure(
                "Open → close",
                &format!("{} → {}", dollars(open), dollars(close)),
                "",
            );
        }
        if let (Some(low), Some(high)) = (row.low, row.high) {
            out += &figure("Low – high", &pair((low, high)), "");
        }
    }
    if day.path.is_none() {
        out += &figure("Price (UTC day)", "none", "not priced yet");
    }
    if let Some(row) = &day.v91 {
        out += &v91(row, day.usd());
    }
    out += &figure(
        "Outputs that count",
        &grouped(day.stored.outputs as f64),
        &format!("blocks {} to {}", day.stored.first, day.stored.last),
    );
    out
}

fn v91(row: &PriceRow, path: Option<f64>) -> String {
    match (row.usd, path) {
        (Some(usd), Some(path)) => figure(
            "Engine v9.1",
            &dollars(usd),
            &format!("{:+.2} %", (usd / path - 1.0) * 100.0),
        ),
        (Some(usd), None) => figure("Engine v9.1", &dollars(usd), &row.status),
        (None, _) => figure("Engine v9.1", "none", &row.status),
    }
}

fn why_title(day: &Day) -> &'static str {
    match day.usd() {
        Some(_) => "Why this price",
        None => "The day's payments",
    }
}

/// The reason in a sentence or two.
pub(in crate::export::report) fn why(day: &Day) -> String {
    if day.stored.outputs == 0 {
        return "No output of the day counts, so there is nothing to go by.".to_string();
    }
    if day.path.is_none() {
        return "These are the amounts of the day's payments, which have no price yet.".to_string();
    }
    let Some(usd) = day.usd() else {
        return "These are the amounts of the day's payments. No price was found at which they line up on round dollar amounts."
            .to_string();
    };
    let Some(explanation) = &day.explanation else {
        return format!(
            "People pay round dollar amounts; this is how the day's payments lie at {}. {OLDER}",
            dollars(usd)
        );
    };
    let mut text = piles(dollars(usd), &explanation.carried_by);
    if let Some(rival) = &explanation.runner_up {
        let _ = write!(
            text,
            " The next best reading, {}, is {:.1} nats behind{}.",
            dollars(rival.peak.usd),
            rival.nats_behind,
            match rival.score_behind.abs() < SAME_SCORE {
                true =>
                    "; the comb is the same there, but people do not spend that much or that little",
                false => "",
            }
        );
    }
    text
}

/// What lies on round amounts at a price.
fn piles(price: String, carried_by: &[RoundAmount]) -> String {
    let mut many = carried_by.iter().filter(|amount| amount.found >= HANDFUL);
    if many.clone().next().is_none() {
        return format!(
            "People pay round dollar amounts. At {price} only a few of the day's payments lie on them: the days around it decided."
        );
    }
    let example = many.find(|amount| amount.usd >= 1.0);
    let example = example.map_or(String::new(), |amount| {
        format!(
            ": near {} there are {} where {} would be if nobody rounded",
            dollars(amount.usd),
            grouped(amount.found),
            grouped(amount.expected)
        )
    });
    format!(
        "People pay round dollar amounts. At {price} the day's payments pile up on them{example}. At another price the comb \
         misses the piles."
    )
}

fn cloud(day: &Day) -> String {
    let Some(cloud) = &day.cloud else {
        return "Without a price there is no path through the day.".to_string();
    };
    let thinned = match cloud.shown() < cloud.total {
        true => format!(
            " {} of {} points are drawn, evenly chosen.",
            grouped(cloud.shown() as f64),
            grouped(cloud.total as f64)
        ),
        false => format!(" All {} points are drawn.", grouped(cloud.total as f64)),
    };
    format!(
        "Each point is a payment near a round dollar amount: the price at which it would be exactly that amount. Where points \
         crowd, there the price is; the line is the path decoded through them, with its 68 % band.{thinned}"
    )
}

fn ohlc(day: &Day) -> String {
    let Some(row) = &day.path else {
        return String::new();
    };
    let mut text = String::new();
    for (name, usd) in [
        ("Open", row.open),
        ("high", row.high),
        ("low", row.low),
        ("close", row.close),
    ] {
        if let Some(usd) = usd {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{name} {}", dollars(usd));
        }
    }
    text
}

/// The rivals and the round amounts, as tables.
fn explained(day: &Day) -> String {
    if day.path.is_none() {
        return "<p class=\"note\">There is no price to explain yet.</p>".to_string();
    }
    let Some(explanation) = &day.explanation else {
        return format!("<p class=\"note\">{}</p>", escape(OLDER));
    };
    if explanation.peaks.is_empty() {
        return "<p class=\"note\">No price stands out.</p>".to_string();
    }
    let mut peaks = String::new();
    for peak in &explanation.peaks {
        let _ = writeln!(
            peaks,
            "<tr><th scope=\"row\">{}</th><td>{:.3} %</td><td>{:.1}</td></tr>",
            dollars(peak.usd),
            peak.share * 100.0,
            peak.score
        );
    }
    let mut amounts = String::new();
    let seen = |amount: &&RoundAmount| amount.found.max(amount.expected).round() >= 1.0;
    for amount in explanation.carried_by.iter().filter(seen) {
        let _ = writeln!(
            amounts,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td></tr>",
            dollars(amount.usd),
            grouped(amount.sats as f64),
            grouped(amount.found),
            grouped(amount.expected),
            amount.score
        );
    }
    format!(
        "<p class=\"note\">{CENTRES}</p>\n<div class=\"two\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Rivals\"><table><caption>Which prices \
         the day and its neighbours allow: centres of neighbourhoods, their share, and the day's own score</caption><thead><tr>\
         <th scope=\"col\">price</th><th scope=\"col\">share</th><th scope=\"col\">own score</th></tr></thead>\n<tbody>\n{peaks}\
         </tbody></table></div>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Round amounts\"><table><caption>The \
         round amounts that carried the price: amounts found within about 1 %, and expected if nobody rounded</caption><thead><tr>\
         <th scope=\"col\">amount</th><th scope=\"col\">sats</th><th scope=\"col\">found</th><th scope=\"col\">expected</th>\
         <th scope=\"col\">score</th></tr></thead>\n<tbody>\n{amounts}</tbody></table></div></div>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(usd: f64, found: f64, expected: f64) -> RoundAmount {
        RoundAmount {
            usd,
            sats: 1_000_000,
            found,
            expected,
            score: 2.0,
        }
    }

    #[test]
    fn a_handful_of_payments_is_no_reason() {
        let few = [amount(40.0, 1.0, 0.2), amount(0.5, 4.4, 1.0)];
        for few in [&few[..], &[]] {
            let words = piles("$1,011".to_string(), few);
            assert!(words.ends_with("the days around it decided."), "{words}");
            assert!(!words.contains("pile up"), "{words}");
        }
        // Small change is counted, and no example.
        let change = piles("$1".to_string(), &[amount(0.5, 9.0, 2.0)]);
        assert!(change.contains("pile up on them. At another"), "{change}");
        let many = [amount(40.0, 1.0, 0.2), amount(20.0, 80.0, 30.4)];
        let words = piles("$1,011".to_string(), &many);
        assert!(
            words.contains("near $20 there are 80 where 30 would be"),
            "{words}"
        );
    }
}
