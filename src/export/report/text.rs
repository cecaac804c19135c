//! Numbers and foreign text as the pages and pictures write them.

/// `text` with nothing in it that HTML or XML reads as markup, and without the control characters XML forbids.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A price or an amount in USD as people read it: four figures or so, thousands separated.
pub(super) fn dollars(usd: f64) -> String {
    if usd >= 1000.0 {
        format!("${}", grouped(usd.round()))
    } else if usd >= 1.0 {
        let text = format!("{usd:.2}");
        format!("${}", text.strip_suffix(".00").unwrap_or(&text))
    } else {
        // As many digits as it takes to show three that count.
        let digits = (2.0 - usd.max(1e-9).log10().floor()) as usize; // 3 to 11
        let text = format!("{usd:.digits$}");
        format!("${}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The same, short enough for an axis.
pub(super) fn axis_dollars(usd: f64) -> String {
    match usd >= 1e6 {
        true => format!("${}M", (usd / 1e4).round() / 100.0),
        false => dollars(usd),
    }
}

/// A whole number with thousands separators.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_written_as_people_read_them() {
        for (usd, text) in [
            (110_123.4, "$110,123"),
            (1_000_000.0, "$1,000,000"),
            (999.5, "$999.50"),
            (20.0, "$20"),
            (0.5, "$0.5"),
            (0.0625, "$0.0625"),
        ] {
            assert_eq!(dollars(usd), text);
        }
        assert_eq!(grouped(-123_456.0), "-123,456");
    }

    #[test]
    fn markup_and_control_characters_do_not_survive() {
        assert_eq!(
            escape("</script><b a='\"'>&\u{1b}"),
            "&lt;/script&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}"
        );
    }
}
