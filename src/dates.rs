//! Calendar dates at the edges: inside, a day is the number of days since 1970-01-01 (UTC).

use jiff::civil::{Date, date};

use crate::chain::WindowDay;
use crate::chain::days::SECONDS;

const EPOCH: Date = date(1970, 1, 1);

/// The date of a day, unless it is beyond the calendar, as in a damaged database.
fn date_of(day: WindowDay) -> Option<Date> {
    let span = jiff::Span::new().try_days(day).ok()?;
    EPOCH.checked_add(span).ok()
}

/// A day as 'YYYY-MM-DD'.
pub fn show(day: WindowDay) -> String {
    date_of(day).map_or_else(|| format!("day {day}"), |date| date.to_string())
}

/// A day as 'Oct 01, 2025', as English-speaking logs have it.
pub fn show_english(day: WindowDay) -> String {
    date_of(day).map_or_else(
        || format!("day {day}"),
        |date| date.strftime("%b %d, %Y").to_string(),
    )
}

/// A time, UTC seconds since 1970, as 'YYYY-MM-DDThh:mm:ssZ'.
pub fn show_time(seconds: u32) -> String {
    let (day, second) = (seconds / SECONDS, seconds % SECONDS);
    format!(
        "{}T{:02}:{:02}:{:02}Z",
        show(day as WindowDay), // at most 49,710
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The first and the last day of the month that a day lies in.
pub fn month(day: WindowDay) -> (WindowDay, WindowDay) {
    let bounds = |date: Date| {
        let day_of = |date: Date| EPOCH.until(date).map(|span| span.get_days());
        Some((
            day_of(date.first_of_month()).ok()?,
            day_of(date.last_of_month()).ok()?,
        ))
    };
    date_of(day)
        .and_then(bounds)
        // Beyond the calendar, as in `show`: a month of its own.
        .unwrap_or((day, day))
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
        .ok_or_else(|| match meant(text) {
            Some(date) => format!("'{text}' is no date; write it as {date}"),
            None if canonical => {
                format!("'{text}' is no date; there is no such day in the calendar")
            }
            None => format!("'{text}' is no date; write it as YYYY-MM-DD"),
        })
}

/// The date that year, month and day stand for that are written in another way, as 2025/10/23 or 2025-1-1.
fn meant(text: &str) -> Option<Date> {
    let mut parts = text.split(['-', '/', '.']);
    let mut number = || parts.next().map(str::parse::<i16>);
    let (year, month, day) = (number()?.ok()?, number()?.ok()?, number()?.ok()?);
    let small = |number: i16| i8::try_from(number).ok();
    if parts.next().is_some() || year < 1970 {
        return None;
    }
    Date::new(year, small(month)?, small(day)?).ok()
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
    fn english_dates_have_two_digits_for_the_day() {
        assert_eq!(show_english(14_247), "Jan 03, 2009");
        assert_eq!(show_english(parse("2025-10-23").unwrap()), "Oct 23, 2025");
    }

    #[test]
    fn a_day_knows_its_month() {
        for (day, first, last) in [
            ("2024-02-10", "2024-02-01", "2024-02-29"),
            ("2023-12-31", "2023-12-01", "2023-12-31"),
            ("1970-01-01", "1970-01-01", "1970-01-31"),
        ] {
            let (from, to) = month(parse(day).unwrap());
            assert_eq!((show(from).as_str(), show(to).as_str()), (first, last));
        }
        assert_eq!(month(i32::MAX), (i32::MAX, i32::MAX));
    }

    #[test]
    fn a_day_beyond_the_calendar_is_shown_by_its_number() {
        assert_eq!(show(i32::MAX), "day 2147483647");
        assert_eq!(show_english(i32::MIN), "day -2147483648");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(show_time(1_231_006_505), "2009-01-03T18:15:05Z");
        assert_eq!(show_time(u32::MAX), "2106-02-07T06:28:15Z");
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

    #[test]
    fn a_date_in_another_form_is_told_how_to_write_it() {
        for (text, told) in [
            ("2025/10/23", "write it as 2025-10-23"),
            ("2025-1-1", "write it as 2025-01-01"),
            ("2025-13-01", "no such day"),
            ("2025-02-29", "no such day"),
            ("23.10.2025", "YYYY-MM-DD"),
            ("Oct 23, 2025", "YYYY-MM-DD"),
            ("2025-10-23-1", "YYYY-MM-DD"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
