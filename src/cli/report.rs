//! `blkprice report`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use super::output::{say, target};
use super::{Database, Outcome, day, examples};
use crate::chain::WindowDay;
use crate::dates;
use crate::export::report::{
    EVER, day_page, day_picture, range_page, range_picture, stored_within,
};
use crate::store::Store;

/// Make a page, or a picture, of what is stored
///
/// The page is one HTML file that needs no network: open it in any browser. For a range it shows the daily price with its
/// bands, the confidence, the two engines against each other and a calendar of the days; for one day the price through
/// the day, and the day's amounts under the comb of round dollar amounts: why this price. With --svg a picture is
/// written instead.
#[derive(Args, Clone, Debug)]
#[command(after_help = examples::REPORT)]
pub(super) struct Report {
    /// A UTC day, or a range of them: 2025-10-23, yesterday, 2025-10-01..2025-10-31 [default: all that is stored]
    #[arg(value_name = "DAY | FROM..TO", value_parser = day::parse_range)]
    days: Option<(WindowDay, WindowDay)>,

    /// Write a picture (SVG), which follows the reader's choice of light or dark; so does an output named *.svg
    #[arg(long)]
    svg: bool,

    /// The file to write; - is stdout [default: blkprice-DAY.html or blkprice-FROM..TO.html, here]
    #[arg(short, long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(page_or_picture))]
    output: Option<PathBuf>,

    #[command(flatten)]
    database: Database,
}

impl Report {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let store = Store::read(&self.database.db)?;
        let (first, last) = self.days.unwrap_or((*EVER.start(), *EVER.end()));
        let (from, to) = stored_within(&store, first, last)?;
        let one_day = self.days.is_some() && first == last;
        let svg = self.svg || self.output.as_deref().is_some_and(is_svg);
        let path = self.output.unwrap_or_else(|| {
            let days = match one_day {
                true => dates::show(from),
                false => format!("{}..{}", dates::show(from), dates::show(to)),
            };
            PathBuf::from(format!(
                "blkprice-{days}.{}",
                if svg { "svg" } else { "html" }
            ))
        });
        // A name that cannot be written is told before the work; what was there stays until the page is whole.
        let out = target(Some(&path), &store)?;
        let text = match (one_day, svg) {
            (true, false) => day_page(&store, from)?,
            (true, true) => day_picture(&store, from)?,
            (false, false) => range_page(&store, first, last)?,
            (false, true) => range_picture(&store, first, last)?,
        };
        out.write(text.as_bytes())?;
        if path != Path::new("-") {
            say(&format!("wrote {}", path.display()));
        }
        Ok(Outcome::Done)
    }
}

/// Endings of files that are neither pages nor pictures of the kind that is made here.
const OTHERS: [&str; 29] = [
    "avif", "bmp", "csv", "db", "doc", "docx", "eps", "gif", "heic", "ico", "jpeg", "jpg", "json",
    "jxl", "md", "odt", "parquet", "pdf", "png", "ps", "rtf", "sqlite", "tif", "tiff", "tsv",
    "txt", "webp", "xls", "xlsx",
];

/// An output that does not claim to be what is not made.
fn page_or_picture(path: PathBuf) -> Result<PathBuf, String> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match ending {
        Some(ending) if OTHERS.contains(&ending.as_str()) => Err(format!(
            "a report is HTML, or SVG with --svg, but no .{ending}\n  hint: write the page (.html), and its \"Save PNG\" saves what \
             it shows; --svg (or an output named *.svg) writes a picture"
        )),
        _ => Ok(path),
    }
}

fn is_svg(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}
