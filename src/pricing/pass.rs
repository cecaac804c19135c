//! The price pass of a run, beside a scan or by itself.

use std::cell::RefCell;

use super::{Engine, Options};
use crate::scan::{self, Report, Source, Watch};
use crate::store::Store;

/// Which engines price, and how.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// The threads to work on.
    pub pool: &'a rayon::ThreadPool,
    /// The engines that are to price. Beside a scan, one that the database has prices of is kept in step with the days in any case.
    pub engines: &'a [Engine],
    /// What they are told.
    pub options: &'a Options,
    /// Who watches.
    pub watch: &'a Watch<'a>,
}

impl Pass<'_> {
    /// Scans, and prices what the scan replaces in the transaction that replaces it, new days too if they are not very many
    /// ([`scan::run_and`]): whoever reads the database meanwhile finds each day with the price that belongs to it. What else is to be
    /// priced is left to [`Pass::price_after_scan`].
    ///
    /// For that, prices that an earlier run left unfinished, or that are to be made on another basis, are finished first. In a database
    /// without prices nothing is priced.
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
        let mut used = Vec::new();
        for engine in Engine::ALL {
            if store.has_prices(engine.name())? {
                used.push(engine);
            }
        }
        let priced = RefCell::new(Vec::new());
        let price = |store: &mut Store| {
            for &engine in &used {
                let days = self.price_by(store, engine)?;
                priced.borrow_mut().push((engine, days));
            }
            Ok(())
        };
        price(store)?;
        let report = scan::run_and(self.pool, source, store, options, self.watch, &price)?;
        Ok((report, priced.into_inner()))
    }

    /// Prices, by each engine named, what has no price yet or whose price may have changed; gives the number of days priced by each.
    ///
    /// # Errors
    /// The database cannot be read or written, or the run was interrupted.
    pub fn price(&self, store: &mut Store) -> Result<Vec<(Engine, usize)>, scan::Error> {
        let each = self.engines.iter();
        each.map(|&engine| Ok((engine, self.price_by(store, engine)?)))
            .collect()
    }

    /// Prices every day anew by each engine named, from the outputs alone; as [`Pass::price`] otherwise.
    ///
    /// # Errors
    /// As there.
    pub fn price_again(&self, store: &mut Store) -> Result<Vec<(Engine, usize)>, scan::Error> {
        for engine in self.engines {
            match engine {
                Engine::Path => store.forget_path()?,
                Engine::V91 => store.outdate_prices(engine.name())?,
            }
        }
        self.price(store)
    }

    /// As [`Pass::price`], by each engine that the database has prices of too.
    ///
    /// # Errors
    /// As there.
    pub fn price_after_scan(&self, store: &mut Store) -> Result<Vec<(Engine, usize)>, scan::Error> {
        let mut priced = Vec::new();
        for engine in Engine::ALL {
            if self.engines.contains(&engine) || store.has_prices(engine.name())? {
                priced.push((engine, self.price_by(store, engine)?));
            }
        }
        Ok(priced)
    }

    fn price_by(&self, store: &mut Store, engine: Engine) -> Result<usize, scan::Error> {
        super::price_all(self.pool, store, engine, self.options, self.watch)
    }
}
