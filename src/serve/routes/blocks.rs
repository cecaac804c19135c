//! Blocks and their prices.

use axum::extract::State;

use super::Shared;
use crate::export::blocks::block_prices;
use crate::serve::answer::{Body, Refusal};
use crate::serve::params::Params;

/// Blocks that one request may ask for: ten weeks of them, about 2 MB.
pub const MAX_BLOCKS: u32 = 10_000;
/// Blocks given where no first one is named: a day of them.
const USUAL: u32 = 144;

/// Blocks of a range of heights.
pub(super) async fn blocks(State(service): State<Shared>, params: Params) -> Result<Body, Refusal> {
    params.only(&["from", "to"])?;
    let (from, to) = (params.height("from")?, params.height("to")?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Refusal::bad(
            format!("from={from} is above to={to}"),
            "give the lower height first",
        ));
    }
    let read = service.database.read_long(move |store, written| {
        let tip = store.newest_blocks(1)?.pop().map_or(0, |tip| tip.height);
        let last = to.unwrap_or(tip);
        let first = from.unwrap_or_else(|| last.saturating_sub(USUAL - 1));
        if last.saturating_sub(first) >= MAX_BLOCKS {
            return Ok(None);
        }
        Ok(Some(Body::json(
            &block_prices(store, first, last)?,
            written,
        )))
    });
    read.await?.ok_or_else(|| {
        Refusal::bad(
            format!("more than {MAX_BLOCKS} blocks are too many for one request"),
            "ask for fewer at a time with from and to; `blkprice export` has them all",
        )
    })
}
