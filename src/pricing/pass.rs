//! The price pass of a run, beside a scan or by itself.

use std::cell::RefCell;

use super::{Engine, Options, daily, joint};
use crate::scan::{self, Report, Source, Watch};
use crate::store::{self, Store};

/// Which engines price, and how.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// The threads to work on.
    pub pool: &'a rayon::ThreadPool,
    /// The engines, each once.
    pub engines: &'a [Engine],
    /// What they are told.
    pub options: &'a Options,
    /// Who watches.
    pub watch: &'a Watch<'a>,
}

impl Pass<'_> {
    /// Scans. Where an engine had priced every stored day before, the days that the scan replaces are priced by it in the
    /// transaction that replaces them, and so are new ones if they are not very many ([`scan::run_and`]): whoever reads the database
    /// meanwhile finds each day with the price that belongs to it. What else is to be priced is left to [`Pass::price`].
    ///
    /// Gives the number of days priced by each engine beside the report.
    ///
    /// # Errors
    /// Those of [`scan::run`] and of [`Pass::price`].
    pub fn scan(
        &self,
        source: &Source,
        store: &mut Store,
        options: &scan::Options,
    ) -> Result<(Report, Vec<(Engine, usize)>), scan::Error> {
        let mut complete = Vec::new();
        for &engine in self.engines {
            if self.is_complete(store, engine)? {
                complete.push(engine);
            }
        }
        let priced = RefCell::new(Vec::new());
        let then = |store: &mut Store| {
            for &engine in &complete {
                let days = self.price_by(store, engine)?;
                priced.borrow_mut().push((engine, days));
            }
            Ok(())
        };
        let report = scan::run_and(self.pool, source, store, options, self.watch, &then)?;
        Ok((report, priced.into_inner()))
    }

    /// Prices, by each engine, what has no price yet or whose price may have changed; gives the number of days priced by each.
    ///
    /// # Errors
    /// The database cannot be read or written, or the run was interrupted.
    pub fn price(&self, store: &mut Store) -> Result<Vec<(Engine, usize)>, scan::Error> {
        let each = self.engines.iter();
        each.map(|&engine| Ok((engine, self.price_by(store, engine)?)))
            .collect()
    }

    fn price_by(&self, store: &mut Store, engine: Engine) -> Result<usize, scan::Error> {
        super::price_all(self.pool, store, engine, self.options, self.watch)
    }

    /// Whether no stored day waits for a price.
    fn is_complete(&self, store: &Store, engine: Engine) -> Result<bool, store::Error> {
        match engine {
            Engine::Path => joint::is_complete(store, self.options.anchors.as_deref()),
            Engine::V91 => daily::is_complete(store, self.options.force),
        }
    }
}
