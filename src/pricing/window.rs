//! The path engine over a window that is no day: the newest blocks, the stored days before them seen first.

use super::joint::{convert, to_rows};
use super::{Status, anchors};
use crate::chain::WindowDay;
use crate::price::path::{self, Anchor, DayEvidence, ENGINE, ENGINE_VERSION, Span};
use crate::store::StoredBlock;
use crate::store::{self, PriceRow, Store, StoredDay};

/// What the blocks of a window that is no day give, the stored days before it seen first.
///
/// # Errors
/// The database cannot be read.
pub fn price_window(
    pool: &rayon::ThreadPool,
    store: Option<&Store>,
    day: WindowDay,
    blocks: Vec<StoredBlock>,
) -> Result<PriceRow, store::Error> {
    let blocks = convert(blocks);
    let first_height = blocks.first().map_or(0, |block| block.height);
    let mut evidence = Vec::new();
    let mut state = None;
    let mut known_prices = Vec::new();
    if let Some(store) = store {
        let before: Vec<WindowDay> = store
            .days()?
            .iter()
            .filter(|stored| stored.last < first_height && stored.day < day)
            .map(|stored| stored.day)
            .collect();
        if let Some(&last) = before.last() {
            state = store
                .path_state_before(last)?
                .and_then(|data| path::ForwardState::from_bytes(&data));
        }
        let from = state.as_ref().map_or(WindowDay::MIN, |state| state.day);
        evidence = store
            .path_evidence(ENGINE_VERSION)?
            .iter()
            .filter(|(day, _)| *day > from && before.binary_search(day).is_ok())
            .filter_map(|(_, data)| DayEvidence::from_bytes(data))
            .collect();
        known_prices = anchors::stored(store)?;
    }
    evidence.push(path::evidence(day, &blocks));
    let known: Vec<Anchor> = known_prices
        .iter()
        .map(|&(day, usd)| Anchor { day, usd })
        .collect();
    let decoded = pool.install(|| path::decode(&evidence, 0, &known, state.as_ref()));
    let outputs = blocks.iter().map(|block| block.sats.len() as u64).sum();
    let (first, last) = (
        blocks.iter().map(|b| b.time).min(),
        blocks.iter().map(|b| b.time).max(),
    );
    let start = first.unwrap_or_else(|| Span::of_day(day).start);
    let span = Span {
        start,
        end: last.unwrap_or(start).max(start + 1),
    };
    let mut row = PriceRow {
        status: Status::None.name().to_string(),
        outputs,
        is_final: false,
        ..PriceRow::empty(day, ENGINE, ENGINE_VERSION)
    };
    if let Some(posterior) = decoded.days.last() {
        let price = path::refine(posterior, span, &[], &blocks, &[]);
        let window = StoredDay {
            day,
            first: first_height,
            last: 0,
            blocks: 0,
            outputs,
            complete: true,
            rules_version: 0,
        };
        row = to_rows(&window, &price, false, anchors::write(&known_prices)).0;
    }
    Ok(row)
}
