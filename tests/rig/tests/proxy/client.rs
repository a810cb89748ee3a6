//! Clients: one in this process, and one that is a process of its own and can be killed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// Names the address and the paths for [`a_process_that_sends_requests`].
const REQUESTS: &str = "PROXY_TEST_REQUESTS";

/// What a client got for one request: all bytes until the server closed, and how that ended.
pub(crate) struct Got {
    pub(crate) text: String,
    pub(crate) error: Option<std::io::ErrorKind>,
    /// Open until the answer is dealt with: closing it tells the server that it is.
    _stream: TcpStream,
}

/// Sends `GET path` over a connection of its own, blocking; `None` if no connection was made.
fn request(address: &str, path: &str) -> Option<Got> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: test\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (mut bytes, mut chunk) = (Vec::new(), [0; 512]);
    let error = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(error) => break Some(error.kind()),
        }
    };
    Some(Got {
        text: String::from_utf8(bytes).unwrap(),
        error,
        _stream: stream,
    })
}

/// Sends `GET path` from this process.
pub(crate) async fn get(url: &str, path: &'static str) -> Option<Got> {
    let address = url.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || request(&address, path))
        .await
        .unwrap()
}

/// Starts a process that sends `GET` to each path in turn, writes what it got, and exits 0 after the last one.
pub(crate) fn spawn(url: &str, paths: &[&str]) -> Child {
    let requests = format!("{} {}", url.trim_start_matches("http://"), paths.join(" "));
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "client::a_process_that_sends_requests", "--nocapture"])
        .env(REQUESTS, requests)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// This test executable, started by [`spawn`], is the client; as a test of its own it does nothing.
#[test]
fn a_process_that_sends_requests() {
    let Ok(requests) = std::env::var(REQUESTS) else {
        return;
    };
    let mut words = requests.split(' ');
    let address = words.next().unwrap();
    for path in words {
        let got = request(address, path).unwrap();
        writeln!(std::io::stdout(), "{path}: {}", got.text).unwrap();
        std::io::stdout().flush().unwrap();
    }
}
