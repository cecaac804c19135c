//! Prices as mempool's own backend serves them, so that its frontend and whoever else reads them can be pointed here.
//!
//! The database knows USD only. Where mempool has no price of a currency it says -1, and so do we.

use axum::extract::State;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Shared;
use crate::chain::WindowDay;
use crate::export::mempool::{Every, Rate, at, history, latest};
use crate::serve::answer::{Body, Refusal};
use crate::serve::database::{Keep, Written};
use crate::serve::params::{Params, shown};
use crate::store::{self, Store};

/// In mempool's order.
const CURRENCIES: [&str; 7] = ["USD", "EUR", "GBP", "CAD", "CHF", "AUD", "JPY"];
/// The time that mempool gives with "no price yet": 2010-07-19, the first day it has one for.
const BEFORE_ALL: u32 = 1_279_497_600;

/// The newest price.
pub(super) async fn prices(State(service): State<Shared>) -> Result<Body, Refusal> {
    let read = service.database.read(|store, written| {
        let rate = latest(store)?.unwrap_or(Rate { time: 0, usd: -1.0 });
        Ok(Body::json(&Row::of(rate, None), written))
    });
    Ok(read.await?)
}

/// The price at a time, or all there are. Other parameters are passed over, as mempool does.
pub(super) async fn historical_price(
    State(service): State<Shared>,
    params: Params,
) -> Result<Body, Refusal> {
    let currency = match params.get("currency")? {
        None => None,
        Some(known) => match CURRENCIES.iter().position(|name| *name == known) {
            Some(number) => Some(number),
            // What mempool says of a currency that it does not know.
            None => return Ok(Body::json(&(), None)),
        },
    };
    let every = service.every;
    let Some(timestamp) = timestamp(&params)? else {
        let which = currency.map_or(Keep::History, Keep::HistoryIn);
        let name = currency.map(|number| CURRENCIES[number]);
        let all = move |store: &Store, written| whole(store, every, name, written);
        return Ok(service.database.keep(which, all).await?);
    };
    let currency = currency.map(|number| CURRENCIES[number]);
    let read = service.database.read(move |store, written| {
        let row = match at(store, every, timestamp)? {
            Some(rate) => Row::of(rate, currency),
            None => Row::before_all(currency),
        };
        Ok(Body::json(&conversion(vec![row]), written))
    });
    Ok(read.await?)
}

/// UTC seconds; none or 0 asks for all.
fn timestamp(params: &Params) -> Result<Option<u32>, Refusal> {
    let Some(text) = params.get("timestamp")? else {
        return Ok(None);
    };
    match text.parse::<i64>() {
        Ok(0) => Ok(None),
        // Before all prices, or after all of them.
        Ok(seconds) => Ok(Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX))),
        Err(_) => Err(Refusal::bad(
            format!("timestamp={} is no time", shown(text)),
            "write it as whole UTC seconds since 1970",
        )),
    }
}

/// All rates, newest first.
fn whole(
    store: &Store,
    every: Every,
    currency: Option<&'static str>,
    written: Written,
) -> Result<Body, store::Error> {
    let rates = history(store, every, WindowDay::MIN, WindowDay::MAX)?;
    let rows = rates.into_iter().rev().map(|rate| Row::of(rate, currency));
    Ok(Body::json(&conversion(rows.collect()), written))
}

/// Rows, and what a dollar is in the other currencies.
#[derive(Serialize)]
struct Conversion {
    prices: Vec<Row>,
    #[serde(rename = "exchangeRates")]
    exchange_rates: ExchangeRates,
}

/// 0 throughout, as mempool says where it has no price in a currency.
struct ExchangeRates;

/// A rate in all currencies, or in one of them and USD.
struct Row {
    time: u32,
    usd: f64,
    other: i8,
    currency: Option<&'static str>,
}

impl Row {
    fn of(rate: Rate, currency: Option<&'static str>) -> Row {
        Row {
            time: rate.time,
            usd: rate.usd,
            other: -1,
            currency,
        }
    }

    /// Before the first price.
    fn before_all(currency: Option<&'static str>) -> Row {
        Row {
            time: BEFORE_ALL,
            usd: 0.0,
            other: 0,
            currency,
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(None)?;
        row.serialize_entry("time", &self.time)?;
        // In one currency mempool names that one first.
        if let Some(currency) = self.currency.filter(|currency| *currency != "USD") {
            row.serialize_entry(currency, &self.other)?;
        }
        // mempool rounds to whole dollars; of the early prices little would be left.
        let steps = if self.usd < 10.0 { 10_000.0 } else { 100.0 };
        let usd = (self.usd * steps).round() / steps;
        if usd.fract() == 0.0 {
            row.serialize_entry("USD", &(usd as i64))?;
        } else {
            row.serialize_entry("USD", &usd)?;
        }
        if self.currency.is_none() {
            for currency in &CURRENCIES[1..] {
                row.serialize_entry(currency, &self.other)?;
            }
        }
        row.end()
    }
}

impl Serialize for ExchangeRates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(CURRENCIES[1..].iter().map(|name| (format!("USD{name}"), 0)))
    }
}

fn conversion(prices: Vec<Row>) -> Conversion {
    Conversion {
        prices,
        exchange_rates: ExchangeRates,
    }
}
