//! Calendar dates at the edges: inside, a day is the number of days since 1970-01-01 (UTC).

use jiff::civil::{Date, date};

use crate::chain::WindowDay;

const EPOCH: Date = date(1970, 1, 1);

/// A day as 'YYYY-MM-DD'.
pub fn show(day: WindowDay) -> String {
    EPOCH
        .checked_add(jiff::Span::new().days(day))
        .map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

/// A day from 'YYYY-MM-DD'.
///
/// # Errors
/// It is no date in that form.
pub fn parse(text: &str) -> Result<WindowDay, String> {
    let canonical = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    text.parse::<Date>()
        .ok()
        .filter(|_| canonical)
        .and_then(|date| EPOCH.until(date).ok())
        .map(|span| span.get_days())
        .ok_or_else(|| format!("'{text}' is no date; write it as YYYY-MM-DD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("2009-01-03", 14_247),
            ("2023-12-15", 19_706),
            ("2106-02-07", 49_710),
        ] {
            assert_eq!(parse(text), Ok(day));
            assert_eq!(show(day), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2024-1-1",
            "2024-02-30",
            "20240101",
            "2024-01-01T00:00",
            "2024/01/01",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
