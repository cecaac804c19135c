//! Connections: how many, how long they may dawdle, and how they end.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::patience::Patient;

/// Connections at a time; further ones wait in the system's queue.
const CONNECTIONS: u32 = 256;
/// How long a request's head may take to arrive, and a kept connection may stay idle.
const HEAD: Duration = Duration::from_secs(15);
/// How long a peer may take nothing of what it is sent.
const WRITE: Duration = Duration::from_secs(30);
/// Bytes of a request's head: more than any browser sends.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// Bytes that the system may hold for a peer.
const SEND_BUFFER: u32 = 128 << 10;
/// Connections that may wait to be let in.
const BACKLOG: u32 = 256;
/// How long what is under way may take once the service is to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of file descriptors, most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A service that is started again need not wait until the connections of the last one are forgotten. (On Windows this
    // would let two listen at once.)
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Handed down to the connections. The system would let each grow to megabytes.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers whoever connects until `stop` completes. Then calls `stopping`, which has to end the streams, and waits a while for
/// the requests under way.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    stopping: impl FnOnce(),
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (tell, told) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let Some(place) = unless(stop.as_mut(), places.clone().acquire_owned()).await else {
            break;
        };
        let Some(accepted) = unless(stop.as_mut(), listener.accept()).await else {
            break;
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let router = router.clone();
        let told = told.clone();
        tokio::spawn(async move {
            converse(stream, router, told).await;
            drop(place);
        });
    }
    // Nobody else is let in, and connections that are idle end at once.
    drop(listener);
    drop(told);
    drop(tell);
    stopping();
    let _ = tokio::time::timeout(PATIENCE, places.acquire_many(CONNECTIONS)).await;
}

/// What `work` gives, unless `stop` completes before.
async fn unless<T>(
    mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if stop.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Answers the requests of one connection, until the sender of `told` is gone: then the one under way only.
async fn converse(stream: TcpStream, router: Router, mut told: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(
            TokioIo::new(Patient::new(stream, WRITE)),
            TowerToHyperService::new(router),
        );
    let mut connection = pin!(connection);
    let mut stop = pin!(told.changed());
    let mut stopping = false;
    // A peer that goes away, or sends what is no HTTP, is nobody's concern.
    let _ = poll_fn(|cx| {
        if !stopping && stop.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
}

/// Completes on SIGTERM or SIGINT.
#[cfg(unix)]
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ];
    Ok(async move {
        poll_fn(|cx| {
            let came = signals
                .iter_mut()
                .any(|signal| signal.poll_recv(cx).is_ready());
            if came {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    })
}

/// Completes on Ctrl-C.
#[cfg(not(unix))]
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
