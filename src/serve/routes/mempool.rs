//! Prices as mempool's own backend serves them, so that its frontend and whoever else reads them can be pointed here.
//!
//! The database knows USD only. Where mempool has no price of a currency it says -1, and so do we.

use axum::extract::State;
use serde_json::{Map, Value, json};

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
        Ok(Body::json(&row(rate, None), written))
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
        Some(known) => match CURRENCIES.iter().find(|currency| **currency == known) {
            Some(currency) => Some(*currency),
            // What mempool says of a currency that it does not know.
            None => return Ok(Body::json(&Value::Null, None)),
        },
    };
    let every = service.every;
    let Some(timestamp) = timestamp(&params)? else {
        let which = currency.map_or(Keep::History, Keep::HistoryIn);
        let all = move |store: &Store, written| whole(store, every, currency, written);
        return Ok(service.database.keep(which, all).await?);
    };
    let read = service.database.read(move |store, written| {
        let row = match at(store, every, timestamp)? {
            Some(rate) => row(rate, currency),
            None => nothing(currency),
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
    currency: Option<&str>,
    written: Written,
) -> Result<Body, store::Error> {
    let rates = history(store, every, WindowDay::MIN, WindowDay::MAX)?;
    let rows = rates.into_iter().rev().map(|rate| row(rate, currency));
    Ok(Body::json(&conversion(rows.collect()), written))
}

/// A rate in all currencies, or in one of them and USD.
fn row(rate: Rate, currency: Option<&str>) -> Value {
    let missing = json!(-1);
    fill(rate.time, cents(rate.usd), &missing, currency)
}

/// Before the first price.
fn nothing(currency: Option<&str>) -> Value {
    fill(BEFORE_ALL, json!(0), &json!(0), currency)
}

fn fill(time: u32, usd: Value, other: &Value, currency: Option<&str>) -> Value {
    let mut row = Map::new();
    row.insert("time".to_string(), json!(time));
    for name in CURRENCIES {
        let value = match name {
            "USD" => usd.clone(),
            _ if currency.is_none_or(|asked| asked == name) => other.clone(),
            _ => continue,
        };
        row.insert(name.to_string(), value);
    }
    Value::Object(row)
}

/// mempool rounds to whole dollars; of the early prices little would be left.
fn cents(usd: f64) -> Value {
    let steps = if usd < 10.0 { 10_000.0 } else { 100.0 };
    let rounded = (usd * steps).round() / steps;
    if rounded.fract() == 0.0 {
        json!(rounded as i64)
    } else {
        json!(rounded)
    }
}

/// The rows, and what a dollar is in the other currencies: 0, as mempool says where it has no price in one.
fn conversion(rows: Vec<Value>) -> Value {
    let rates: Map<String, Value> = CURRENCIES[1..]
        .iter()
        .map(|currency| (format!("USD{currency}"), json!(0)))
        .collect();
    json!({ "prices": rows, "exchangeRates": rates })
}
