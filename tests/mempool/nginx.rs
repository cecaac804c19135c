//! `scripts/nginx/blkprice-prices.conf` in a real nginx: the two paths go to blkprice, all others to mempool.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::store::priced_days;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers every request with its name and the request's path.
fn stub(name: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = request.split(' ').nth(1).unwrap();
            let body = format!("{name} {path}");
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    port
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A connection, once somebody listens.
fn connect(port: u16) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) if Instant::now() > until => panic!("port {port}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// The body of a page, asked for by a name that only nginx answers to.
fn get(port: u16, path: &str) -> String {
    let mut stream = connect(port);
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: mempool.example\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{path}: {answer}");
    body.to_string()
}

/// nginx with the snippet, before a mempool at one port and blkprice at another.
fn nginx(dir: &Path, mempool: u16, blkprice: u16) -> Option<(Running, u16)> {
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).exists())?;
    let snippet = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/nginx/blkprice-prices.conf");
    let snippet = fs::read_to_string(snippet).unwrap();
    let moved = snippet.replace("127.0.0.1:8380", &format!("127.0.0.1:{blkprice}"));
    assert_ne!(moved, snippet, "the snippet names serve's own address");
    fs::write(dir.join("blkprice-prices.conf"), moved).unwrap();
    let port = free_port();
    let home = dir.display();
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {home}/{kind};\n"))
        .collect();
    // The snippet behind mempool's own locations, where order could matter.
    let conf = format!(
        "daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; {temp}\n\
           server {{ listen 127.0.0.1:{port};\n\
             location /api/v1 {{ proxy_pass http://127.0.0.1:{mempool}/api/v1; }}\n\
             location /api/ {{ proxy_pass http://127.0.0.1:{mempool}/api/v1/; }}\n\
             include {home}/blkprice-prices.conf;\n\
           }} }}\n"
    );
    fs::write(dir.join("nginx.conf"), conf).unwrap();
    let run = |test: bool| {
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(dir)
            .arg("-c")
            .arg(dir.join("nginx.conf"));
        command.arg("-e").arg(dir.join("error.log"));
        if test {
            command.arg("-t");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let checked = run(true).output().unwrap();
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "nginx -t: {told}");
    let child = run(false).stderr(Stdio::null()).spawn().unwrap();
    Some((Running(child), port))
}

#[test]
fn nginx_asks_blkprice_for_the_two_price_paths_and_mempool_for_all_else() {
    let dir = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = nginx(dir.path(), stub("mempool"), stub("blkprice")) else {
        eprintln!(
            "SKIPPED nginx_asks_blkprice_for_the_two_price_paths_and_mempool_for_all_else: nginx is not installed"
        );
        return;
    };
    for (path, answer) in [
        ("/api/v1/prices", "blkprice /api/v1/prices"),
        (
            "/api/v1/historical-price?currency=USD&timestamp=1761177600",
            "blkprice /api/v1/historical-price?currency=USD&timestamp=1761177600",
        ),
        ("/api/v1/blocks", "mempool /api/v1/blocks"),
        ("/api/v1/prices/else", "mempool /api/v1/prices/else"),
        (
            "/api/v1/fees/recommended",
            "mempool /api/v1/fees/recommended",
        ),
    ] {
        assert_eq!(get(port, path), answer);
    }
}

#[test]
fn nginx_hands_out_what_blkprice_serve_says() {
    let name = "nginx_hands_out_what_blkprice_serve_says";
    let place = priced_days();
    if place.run(["serve", "--help"]).code != Some(0) {
        eprintln!("SKIPPED {name}: this blkprice was built without `serve`");
        return;
    }
    let upstream = free_port();
    let listen = format!("127.0.0.1:{upstream}");
    let mut command = place.command(["serve", "--listen", &listen]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _serve = Running(command.spawn().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = nginx(dir.path(), stub("mempool"), upstream) else {
        eprintln!("SKIPPED {name}: nginx is not installed");
        return;
    };
    // Until it listens, nginx would say 502.
    drop(connect(upstream));
    let prices: serde_json::Value = serde_json::from_str(&get(port, "/api/v1/prices")).unwrap();
    assert_eq!(prices["EUR"], -1, "{prices}");
    assert!(prices["USD"].as_f64().unwrap() > 100_000.0, "{prices}");
    // In the middle of 2025-10-10.
    let path = "/api/v1/historical-price?currency=USD&timestamp=1760097600";
    let history: serde_json::Value = serde_json::from_str(&get(port, path)).unwrap();
    let row = &history["prices"][0];
    assert!(row["time"].as_i64().unwrap() <= 1_760_097_600, "{history}");
    assert!(row["USD"].as_f64().unwrap() > 100_000.0, "{history}");
}
