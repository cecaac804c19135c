//! A connection that gives up on a peer who does not take what it is sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A stream whose writes fail once none of their bytes is taken for so long.
pub(super) struct Patient {
    stream: TcpStream,
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, limit: Duration) -> Patient {
        Patient {
            stream,
            limit,
            waiting: None,
        }
    }

    /// What a write gave, or that it has waited too long.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        // Whoever polls again waits again.
        waiting.as_mut().reset(Instant::now() + limit);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn write_all(patient: &mut Patient, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = poll_fn(|cx| Pin::new(&mut *patient).poll_write(cx, bytes)).await?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    #[test]
    fn a_peer_who_takes_nothing_is_given_up_and_one_who_is_slow_is_not() {
        let peers = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = peers.local_addr().unwrap();
        let limit = Duration::from_millis(400);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // More than the system's buffers hold.
        let bytes = vec![0; 32 << 20];
        let written = |slow: bool| {
            runtime.block_on(async {
                let stream = TcpStream::connect(address).await.unwrap();
                let (mut peer, _) = peers.accept().unwrap();
                let reader = std::thread::spawn(move || {
                    let mut buffer = vec![0; 4 << 20];
                    while slow && std::io::Read::read(&mut peer, &mut buffer).unwrap() > 0 {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    peer
                });
                let mut patient = Patient::new(stream, limit);
                let written = write_all(&mut patient, &bytes).await;
                drop(patient);
                reader.join().unwrap();
                written.map_err(|error| error.kind())
            })
        };
        assert_eq!(written(false), Err(io::ErrorKind::TimedOut));
        assert_eq!(written(true), Ok(()));
    }
}
