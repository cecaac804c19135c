//! Values as the text formats show them.

use std::fmt::Write;

use super::Value;
use crate::chain::WindowDay;
use crate::dates;

/// A value in text.
pub(super) enum Shown<'a> {
    /// There is none.
    Nothing,
    /// A number.
    Bare(&'a str),
    /// Text, to be quoted as the format wants it.
    Text(&'a str),
}

/// Shows values. It has its buffers, and the date of the row before: millions of outputs share a day.
#[derive(Default)]
pub(super) struct Texts {
    number: String,
    date: Option<(WindowDay, String)>,
}

impl Texts {
    pub(super) fn show<'a>(&'a mut self, value: &'a Value) -> Shown<'a> {
        match value {
            Value::Null => Shown::Nothing,
            Value::Date(day) => Shown::Text(self.date(*day)),
            Value::Integer(value) | Value::Time(value) => self.bare(value),
            Value::Boolean(value) => self.bare(u8::from(*value)),
            // As people write it, without exponent. What is not finite is no number.
            Value::Real(value) if value.is_finite() => self.bare(value),
            Value::Real(_) => Shown::Nothing,
            Value::Text(text) => Shown::Text(text),
        }
    }

    fn bare(&mut self, value: impl std::fmt::Display) -> Shown<'_> {
        self.number.clear();
        // Writing into a String does not fail.
        let _ = write!(self.number, "{value}");
        Shown::Bare(&self.number)
    }

    fn date(&mut self, day: WindowDay) -> &str {
        if self.date.as_ref().is_some_and(|(shown, _)| *shown != day) {
            self.date = None;
        }
        &self.date.get_or_insert_with(|| (day, dates::show(day))).1
    }
}
