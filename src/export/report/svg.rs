//! The pictures: SVG that follows the reader's choice of light or dark, with nothing in it but shapes and text.

mod day;
mod range;
mod scale;

pub(super) use day::day;
pub(super) use range::range;

use super::text::escape;

/// Colours and type; an image in a page follows the reader's system, not the page.
const STYLE: &str = include_str!("assets/picture.css");

/// A picture of `width` by `height` pixels; `body` is SVG.
fn picture(width: f64, height: f64, title: &str, description: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"title description\">\n<title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"panel\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n{body}</svg>\n",
        escape(title),
        escape(description)
    )
}

/// A line of text; `class` says how it looks and where it is held.
fn text(class: &str, x: f64, y: f64, text: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n",
        escape(text)
    )
}

fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    format!(
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n"
    )
}
