//! The service: what is stored, over HTTP, to those who ask.
//!
//! `database` reads snapshots, `routes` turns them into `answer`s, `params` takes the questions apart, `guard`
//! and `large` turn away what is not for us or too much, `follow` looks for what is new and `hub` tells the subscribers, and `listen` holds the
//! connections, with their time limits in `patience`. Nothing here writes to the database, and nothing opens a connection.

mod answer;
mod database;
mod follow;
mod guard;
mod hub;
mod large;
mod listen;
mod params;
mod patience;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::export::mempool::Every;
use crate::store::{self, Store};
use database::Database;
use follow::Follower;

pub use guard::{HostName, Origin};
pub use routes::{MAX_BLOCKS, MAX_DAYS, OPENAPI, paths};

/// What to serve, and to whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file.
    pub database: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Tell subscribers of new blocks and days; and start though there is no database yet.
    pub follow: bool,
    /// How often the history in a block explorer's shape has a rate.
    pub every: Every,
    /// Origins of web pages that may read the answers.
    pub allow_origin: Vec<Origin>,
    /// Names, beside localhost, that requests may be addressed to.
    pub allow_host: Vec<HostName>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}{}", listen_hint(.source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No threads, or no signals.
    #[error("the service cannot start: {0}")]
    Io(#[from] io::Error),
}

fn listen_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "\n  hint: another program, or another `blkprice serve`, has that port; name another with --listen"
        }
        io::ErrorKind::AddrNotAvailable => {
            "\n  hint: this machine does not have that address; 127.0.0.1:8380 is the usual one"
        }
        io::ErrorKind::PermissionDenied => {
            "\n  hint: ports below 1024 are for root; name a higher one with --listen"
        }
        _ => "",
    }
}

/// Where lines for the person who runs the service go.
pub type Say = fn(&str);

/// Serves until SIGTERM or SIGINT comes; then ends what is under way, for a few seconds at most.
///
/// # Errors
/// There is no database that can be read (without [`Options::follow`]), or the address cannot be listened on.
pub fn run(options: Options, say: Say) -> Result<(), Error> {
    match Store::read(&options.database) {
        Ok(_) => {}
        Err(store::Error::Absent(_)) if options.follow => {}
        Err(error) => return Err(error.into()),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(database::READERS + database::KEPT)
        .thread_name("blkprice-serve")
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(options, say));
    // A read that is still under way is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(options: Options, say: Say) -> Result<(), Error> {
    let refused = |source| Error::Listen {
        address: options.listen,
        source,
    };
    // Asked for before anybody may connect, so that no signal is missed.
    let stop = listen::stop_signal()?;
    let listener = listen::bind(options.listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    say(&format!("listening on http://{address}"));
    if !address.ip().is_loopback() {
        say(&format!(
            "warning: other machines can reach {address}; behind a proxy on this one, 127.0.0.1 is enough"
        ));
    }
    let database = Arc::new(Database::new(options.database.clone(), say));
    let follower = options
        .follow
        .then(|| Follower::start(options.database.clone(), say));
    let events = follower.as_ref().map(Follower::events);
    let router = routes::router(&options, database, events, address.ip().is_loopback());
    listen::serve(listener, router, stop, || {
        say("stopping");
        drop(follower);
    })
    .await;
    say("stopped");
    Ok(())
}

/// The first line of an error.
fn without_hint(error: &store::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_string()
}
