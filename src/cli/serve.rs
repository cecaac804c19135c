//! `blkprice serve`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::output::say;
use super::{Database, Outcome};
use crate::export::mempool::Every;
use crate::serve::{self, HostName, Options, Origin};

/// Answer HTTP requests for prices, read-only on the database
///
/// Prices of the path engine, as JSON, under /api/v1: days, blocks, status, and `prices` and `historical-price` in the shapes
/// that a self-hosted mempool reads; /api/v1/openapi.json describes all of it. Listens on this machine only unless told
/// otherwise. SIGTERM and SIGINT end it with exit code 0.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes a free one, which is told on stderr
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8380", value_parser = address)]
    listen: SocketAddr,

    /// Tell subscribers of /api/v1/events of each new block and day that `watch`, or a timer, stores meanwhile; and wait for a
    /// database that is not there yet
    #[arg(long)]
    follow: bool,

    /// How often historical-price has a rate
    #[arg(long, value_enum, default_value_t = Rates::Hour)]
    every: Rates,

    /// Let web pages of this origin read the answers (repeatable): https://wallet.example
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,

    /// Answer requests addressed to this name, beside localhost (repeatable): for a proxy that passes the name on
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<HostName>,

    #[command(flatten)]
    database: Database,
}

const EXAMPLES: &str = "\
Examples:
  blkprice serve --follow --db /var/lib/blkprice/blkprice.db
  curl http://127.0.0.1:8380/api/v1/days/2025-10-23
  curl 'http://127.0.0.1:8380/api/v1/historical-price?currency=USD&timestamp=1761177600'
  curl -N http://127.0.0.1:8380/api/v1/events";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rates {
    Hour,
    Day,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let options = Options {
            database: self.database.db,
            listen: self.listen,
            follow: self.follow,
            every: match self.every {
                Rates::Hour => Every::Hour,
                Rates::Day => Every::Day,
            },
            allow_origin: self.allow_origin,
            allow_host: self.allow_host,
        };
        serve::run(options, say)?;
        Ok(Outcome::Done)
    }
}

/// An address; of names only `localhost`, as asking for others would leave this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numbers = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    numbers.as_deref().unwrap_or(text).parse().map_err(|_| {
        format!("'{text}' is no address with a port; write it as 127.0.0.1:8380 or [::1]:8380")
    })
}
