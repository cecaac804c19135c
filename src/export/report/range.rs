//! What the page of a range of days shows.

use serde_json::{Value as Json, json};

use super::columns::Columns;
use super::{Error, not_stored, prices};
use crate::chain::WindowDay;
use crate::export::query::{self, export};
use crate::export::tables::Table;
use crate::pricing::Engine;
use crate::store::{self, PriceRow, Store, StoredDay};

/// Stored days with their prices, ready to be shown.
#[derive(Debug)]
pub struct Range {
    /// First stored day of the range, days since 1970-01-01.
    pub first: WindowDay,
    /// Last stored day of the range.
    pub last: WindowDay,
    pub(super) chain: String,
    pub(super) days: Vec<StoredDay>,
    /// By the path engine, ascending.
    pub(super) path: Vec<PriceRow>,
    /// By v9.1, ascending.
    pub(super) v91: Vec<PriceRow>,
    /// Where the page of a day is, with `{day}` for the day; nowhere in a file of its own.
    pub(super) day_link: Option<String>,
    /// The rows of the exports, as they are exported.
    tables: Json,
}

impl Range {
    /// Reads the stored days from `first` to `last`, both included.
    ///
    /// # Errors
    /// None of these days is stored, or the database cannot be read.
    pub fn gather(store: &Store, first: WindowDay, last: WindowDay) -> Result<Range, Error> {
        // All rows from one state of the database, whatever is written meanwhile.
        let _snapshot = store.snapshot()?;
        let days = store.days_between(first, last)?;
        let (Some(from), Some(to)) = (days.first(), days.last()) else {
            return Err(not_stored(store, first, last)?);
        };
        let (first, last) = (from.day, to.day);
        let table = |table: Table, engine: Engine| {
            let mut columns = Columns::default();
            export(store, table, engine.name(), first, last, &mut columns).map_err(read_error)?;
            Ok::<Json, Error>(columns.to_json())
        };
        Ok(Range {
            first,
            last,
            chain: store.chain()?.unwrap_or_default(),
            days,
            path: prices(store, Engine::Path, first, last)?,
            v91: prices(store, Engine::V91, first, last)?,
            day_link: None,
            tables: json!({
                "path": table(Table::Prices, Engine::Path)?,
                "v91": table(Table::Prices, Engine::V91)?,
                "activity": table(Table::Activity, Engine::Path)?,
            }),
        })
    }

    /// The same without what v9.1 says.
    pub(super) fn of_path_alone(mut self) -> Range {
        self.v91.clear();
        self.tables["v91"] = Columns::of(Table::Prices.columns()).to_json();
        self
    }

    /// What the page draws.
    pub(super) fn to_json(&self) -> Json {
        json!({
            "first": self.first,
            "last": self.last,
            "dayLink": self.day_link,
            "tables": self.tables,
        })
    }

    /// Whether any day has a price, by any engine.
    pub(super) fn has_prices(&self) -> bool {
        let mut rows = self.path.iter().chain(&self.v91);
        rows.any(|row| row.usd.is_some())
    }

    /// How many days there are between the ends, both included.
    pub(super) fn span(&self) -> u32 {
        self.last.abs_diff(self.first) + 1
    }
}

/// A table kept in memory is always written.
pub(super) fn read_error(error: query::Error) -> store::Error {
    match error {
        query::Error::Store(error) => error,
        query::Error::Io(source) => store::Error::Io {
            path: std::path::PathBuf::new(),
            source,
        },
    }
}
