//! The pages: a template, the styles and scripts that go into it, and the data.

mod day;
mod range;

pub(super) use day::{day, why};
pub(super) use range::{range, title};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::text::escape;

const TEMPLATE: &str = include_str!("assets/page.html");
const ZOOM: &str = include_str!("assets/zoom.html");
const UPLOT_CSS: &str = include_str!("assets/uplot/uPlot.min.css");
const PAGE_CSS: &str = include_str!("assets/page.css");
const UPLOT_JS: &str = include_str!("assets/uplot/uPlot.iife.min.js");
const PAGE_JS: &str = include_str!("assets/page.js");
const CHARTS_JS: &str = include_str!("assets/charts.js");

/// What is true of a file only.
const ALONE: &str = ", nothing fetched: this page is one file";

/// What makes a page.
struct Page<'a> {
    title: String,
    /// A sentence for search results and previews.
    description: String,
    /// HTML: links to other pages.
    nav: String,
    /// Whether the page is a file of its own, and not a service's.
    is_file: bool,
    /// HTML.
    body: String,
    data: Json,
    /// Run last, in this order.
    scripts: &'a [&'a str],
}

impl Page<'_> {
    fn render(&self) -> String {
        let styles = [UPLOT_CSS, PAGE_CSS];
        let scripts = [&[UPLOT_JS, PAGE_JS, CHARTS_JS], self.scripts].concat();
        // Nothing but these very scripts and styles runs, and nothing is fetched from anywhere.
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data: blob:; base-uri 'none'; form-action 'none'",
            hashes(&scripts),
            hashes(&styles),
        );
        let wrap = |tag: &str, parts: &[&str]| {
            let parts = parts.iter().map(|part| format!("<{tag}>{part}</{tag}>\n"));
            parts.collect::<String>()
        };
        fill(
            TEMPLATE,
            &[
                ("policy", &policy),
                ("title", &escape(&self.title)),
                ("description", &escape(&self.description)),
                ("styles", &wrap("style", &styles)),
                ("nav", &self.nav),
                ("alone", if self.is_file { ALONE } else { "" }),
                ("body", &self.body),
                ("version", env!("CARGO_PKG_VERSION")),
                ("data", &embedded(&self.data)),
                ("scripts", &wrap("script", &scripts)),
            ],
        )
    }
}

/// The sources of a policy that allow exactly these inline texts.
fn hashes(texts: &[&str]) -> String {
    let hash = |text: &&str| {
        format!(
            "'sha256-{}'",
            BASE64.encode(Sha256::digest(text.as_bytes()))
        )
    };
    texts.iter().map(hash).collect::<Vec<_>>().join(" ")
}

/// JSON that no HTML parser sees an end tag or a comment in.
fn embedded(data: &Json) -> String {
    data.to_string().replace('<', "\\u003c")
}

/// `template` with each `{{name}}` replaced, in one pass: what is put in is not looked at again.
fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out =
        String::with_capacity(template.len() + parts.iter().map(|p| p.1.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        if let Some((_, part)) = parts.iter().find(|(known, _)| *known == name) {
            out.push_str(part);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The attribute of an element that is shown where there is something in it.
fn hidden_unless(something: bool) -> &'static str {
    if something { "" } else { " hidden" }
}

/// A figure above the charts: what it is, its value, and a word on it; all plain text.
fn figure(name: &str, value: &str, word: &str) -> String {
    format!(
        "<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n",
        escape(name),
        escape(value),
        escape(word)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_looked_at_again() {
        assert_eq!(
            fill("a {{b}} {{c}} d", &[("b", "{{c}}"), ("c", "3")]),
            "a {{c}} 3 d"
        );
    }

    #[test]
    fn embedded_data_cannot_end_its_element() {
        let data = serde_json::json!("</script><!--");
        let text = embedded(&data);
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), data);
    }
}
