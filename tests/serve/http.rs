//! As much of an HTTP client as it takes, and no more politeness than it takes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::LATER;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// One connection, kept.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LATER)).unwrap();
        Connection {
            reader: BufReader::new(stream),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).unwrap();
    }

    /// The reply to a request of this method; none where the connection was closed instead.
    pub(crate) fn reply(&mut self, method: &str) -> Option<Reply> {
        let (status, headers) = self.head()?;
        let mut body = Vec::new();
        if method == "HEAD" || status == 304 {
        } else if let Some(length) = headers.get("content-length") {
            body = self.rest(length.parse().unwrap());
        } else if headers
            .get("transfer-encoding")
            .is_some_and(|te| te == "chunked")
        {
            while let Some(chunk) = self.chunk() {
                body.extend(chunk);
            }
        }
        Some(Reply {
            status,
            headers,
            body,
        })
    }

    /// Status and headers.
    pub(crate) fn head(&mut self) -> Option<(u16, BTreeMap<String, String>)> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                return Some((status, headers));
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
        }
    }

    /// So many bytes of a body.
    pub(crate) fn rest(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        body
    }

    /// The next chunk of a body in chunks; none at its end.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = usize::from_str_radix(&self.line()?, 16).unwrap();
        let mut chunk = vec![0; size];
        self.reader.read_exact(&mut chunk).unwrap();
        self.line()?;
        (size > 0).then_some(chunk)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            read => {
                read.unwrap();
                Some(line.trim_end().to_string())
            }
        }
    }
}

/// Asks once, over a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut connection = Connection::open(address);
    connection.send(request(address, method, path, headers).as_bytes());
    connection.reply(method).expect("a reply")
}

/// The text of a request; with a Host unless `headers` has one.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        text += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text + "\r\n"
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The error, and that it has a hint.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let value = self.json();
        assert!(
            value["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{value}"
        );
        value["error"].as_str().unwrap().to_string()
    }
}
