//! `blkprice price --recent-blocks N`.

use std::path::Path;

use anyhow::bail;

use super::folder::Folder;
use super::output::put;
use super::price::EngineFlags;
use super::priced::{Shape, line, utxoracle_line};
use super::progress::Shown;
use crate::chain::days::SECONDS;
use crate::chain::header::Place;
use crate::export::day::window_json;
use crate::filter::Window;
use crate::pricing::{Engine, daily, window};
use crate::scan::Known;
use crate::scan::reader::Reader;
use crate::scan::survey::survey;
use crate::store::Store;
use crate::store::StoredBlock;

/// Prices the `count` blocks before the tip: heights tip-count to tip-1.
pub(super) fn price_recent(
    folder: &Folder,
    database: &Path,
    count: u32,
    shape: Shape,
    engine: &EngineFlags,
) -> anyhow::Result<()> {
    let shown = Shown::new()?;
    let store = if database.exists() {
        Some(Store::read(database)?)
    } else {
        None
    };
    let source = folder.source(store.as_ref())?;
    // The database saves reading the headers of files that have not changed, if it is of this folder.
    let same = match &store {
        Some(store) => store.meta("blocks_dir")?.as_deref() == source.blocks_dir.to_str(),
        None => false,
    };
    let known = match store.as_ref().filter(|_| same) {
        Some(store) => Known::load(store)?,
        None => Known::default(),
    };
    let pool = super::scan::pool(None)?;
    let survey = pool.install(|| survey(&source, known, same, &shown.watch()))?;
    let blocks = &survey.chain.blocks;
    let Some(&(tip, at)) = blocks.last() else {
        bail!(
            "{}: no chain was found in its block files",
            source.blocks_dir.display()
        );
    };
    let tip_time = survey.headers[at].time;
    let first = tip.saturating_sub(count);
    let start = blocks.partition_point(|&(height, _)| height < first);
    let window = &blocks[start..blocks.len() - 1];
    if window.len() < count as usize || window[0].0 != first {
        bail!(
            "the {count} blocks before the tip at height {tip} are not all there ({} are)\n  hint: ask for fewer",
            window.len()
        );
    }
    let mut reader = Reader::new(&source, &survey);
    let mut seen = Window::new();
    let mut read = Vec::with_capacity(window.len());
    for &(height, at) in window {
        shown.watch().check()?;
        let header = &survey.headers[at];
        let (block, _) = reader.read(header, &mut seen).map_err(|why| {
            let Place { file, offset } = header.place;
            match header.place.is_nowhere() {
                true => anyhow::anyhow!("block {height} no longer stands in the block files"),
                false => anyhow::anyhow!(
                    "block {height} (block file {file}, offset {offset}) cannot be read: {why}"
                ),
            }
        })?;
        read.push(StoredBlock {
            height,
            time: header.time,
            sats: block.sats,
        });
    }
    // The whole window is there, so it is complete; its day is that of the tip.
    let day = (tip_time / SECONDS) as i32; // at most 49,710
    let row = match engine.shown() {
        Engine::V91 => daily::price_window(&read, day, true, engine.force),
        Engine::Path => window::price_window(&pool, store.as_ref().filter(|_| same), day, read)?,
    };
    let last = tip - 1;
    match shape {
        Shape::Json => put(&window_json(&row, first, last, Some(tip), Some(tip_time)).to_string()),
        Shape::Text => put(&line(&format!("blocks {first}..{last}"), &row)),
        Shape::Utxoracle => match utxoracle_line(day, &row) {
            Some(line) => put(&line),
            None => bail!("the {count} blocks before the tip at height {tip} give no price"),
        },
    }
}
