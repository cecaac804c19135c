//! The tables that can be exported, and their columns.

use super::{Column, Kind};

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `daily_price`, of one engine.
    Prices,
    /// `daily_activity`.
    Activity,
    /// `block_price` with the UTC day of each block.
    BlockPrices,
    /// Every qualifying output.
    Outputs,
}

impl Table {
    /// Its columns, in order. The first is the UTC day.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Table::Prices => PRICES,
            Table::Activity => ACTIVITY,
            Table::BlockPrices => BLOCK_PRICES,
            Table::Outputs => OUTPUTS,
        }
    }
}

const DAY: Column = Column::new("day", Kind::Date);
const HEIGHT: Column = Column::new("height", Kind::Integer);
/// The block's header time.
const TIME: Column = Column::new("time", Kind::Time);

const PRICES: &[Column] = &[
    DAY,
    Column::new("engine", Kind::Text),
    Column::nullable("usd", Kind::Usd),
    Column::nullable("open", Kind::Usd),
    Column::nullable("high", Kind::Usd),
    Column::nullable("low", Kind::Usd),
    Column::nullable("close", Kind::Usd),
    Column::nullable("confidence", Kind::Real),
    Column::new("status", Kind::Text),
    Column::new("outputs", Kind::Integer),
    Column::new("points", Kind::Integer),
    Column::new("engine_version", Kind::Integer),
    Column::nullable("low68", Kind::Usd),
    Column::nullable("high68", Kind::Usd),
    Column::nullable("low95", Kind::Usd),
    Column::nullable("high95", Kind::Usd),
    Column::new("final", Kind::Boolean),
    Column::nullable("anchors", Kind::Text),
];

const ACTIVITY: &[Column] = &[
    DAY,
    Column::new("first_height", Kind::Integer),
    Column::new("last_height", Kind::Integer),
    Column::new("blocks", Kind::Integer),
    Column::new("transactions", Kind::Integer),
    Column::new("outputs", Kind::Integer),
    Column::new("sats", Kind::Integer),
    Column::new("complete", Kind::Boolean),
];

const BLOCK_PRICES: &[Column] = &[
    DAY,
    HEIGHT,
    TIME,
    Column::new("usd", Kind::Usd),
    Column::new("low", Kind::Usd),
    Column::new("high", Kind::Usd),
];

const OUTPUTS: &[Column] = &[DAY, HEIGHT, TIME, Column::new("sats", Kind::Integer)];
