//! Days as people write them on the command line.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::chain::WindowDay;
use crate::chain::days::SECONDS;
use crate::dates;

/// The UTC day it is, by this machine's clock.
pub(super) fn today() -> WindowDay {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = now.map_or(0, |time| time.as_secs() / u64::from(SECONDS));
    WindowDay::try_from(days).unwrap_or(WindowDay::MAX)
}

/// A day as YYYY-MM-DD, `today` or `yesterday` (UTC).
///
/// # Errors
/// It is none of these.
pub(super) fn parse(text: &str) -> Result<WindowDay, String> {
    match text.to_ascii_lowercase().as_str() {
        "today" => Ok(today()),
        "yesterday" => Ok(today() - 1),
        _ => dates::parse(text),
    }
}

/// A day, or two of them with `..` between.
///
/// # Errors
/// One is no day, or the second is before the first.
pub(super) fn parse_range(text: &str) -> Result<(WindowDay, WindowDay), String> {
    let Some((from, to)) = text.split_once("..") else {
        return parse(text).map(|day| (day, day));
    };
    if from.is_empty() || to.is_empty() || to.starts_with('.') {
        return Err(
            "a range is two days with two dots between: 2025-10-01..2025-10-31".to_string(),
        );
    }
    let (from, to) = (parse(from)?, parse(to)?);
    if from > to {
        return Err(format!(
            "it ends before it begins; write {}..{}",
            dates::show(to),
            dates::show(from)
        ));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_days_in_order() {
        let day = |text| dates::parse(text).unwrap();
        let october = (day("2025-10-01"), day("2025-10-31"));
        assert_eq!(parse_range("2025-10-01..2025-10-31"), Ok(october));
        assert_eq!(parse_range("2025-10-01"), Ok((october.0, october.0)));
        for (text, told) in [
            ("2025-10-31..2025-10-01", "write 2025-10-01..2025-10-31"),
            ("2025-10-01..", "two days"),
            ("2025-10-01...2025-10-31", "two dots"),
            ("2025-10-01..31", "'31' is no date"),
        ] {
            let error = parse_range(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn yesterday_is_the_day_before_today() {
        assert_eq!(parse("Yesterday").unwrap() + 1, parse("today").unwrap());
        assert!(today() > 20_000, "2024-10-04 is long past");
    }
}
