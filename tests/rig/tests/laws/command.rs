//! A command as a process of its own: it wants a secret, a config and one token on a server, and may have a bug.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rig::laws::run::Run;

/// Rounds of observing and acting before it gives up.
const ROUNDS: usize = 4;

/// The command against this server. This test executable is the command.
pub(crate) fn command(url: &str, bug: &str) -> Run {
    Run::new(std::env::current_exe().unwrap())
        .args(["--exact", "command::the_command", "--nocapture"])
        .env("COMMAND_SERVER", url.trim_start_matches("http://"))
        .env("COMMAND_BUG", bug)
        .timeout(Duration::from_secs(if bug == "waits for ever" { 4 } else { 30 }))
}

/// Started by [`command`]; as a test of its own it does nothing.
#[test]
fn the_command() {
    let (Ok(server), Ok(bug)) = (std::env::var("COMMAND_SERVER"), std::env::var("COMMAND_BUG")) else {
        return;
    };
    std::process::exit(converge(&Client { server, bug }));
}

fn converge(client: &Client) -> i32 {
    for _ in 0..ROUNDS {
        match client.round() {
            Ok(()) => return 0,
            Err(Problem::Transient) => {}
            Err(Problem::Final(code)) => return code,
        }
    }
    10
}

enum Problem {
    /// Look again.
    Transient,
    /// Exit with this code.
    Final(i32),
}

struct Client {
    server: String,
    bug: String,
}

impl Client {
    fn has(&self, bug: &str) -> bool {
        self.bug == bug
    }

    /// Observes everything and does what is missing. A second round after a write would only confirm it.
    fn round(&self) -> Result<(), Problem> {
        let config = self.observe("/config", "config:")?;
        let secret = self.observe("/secret", "value:")?;
        if self.has("gives up on half of it") && secret.is_some() && config.is_none() {
            return Err(Problem::Final(7));
        }
        if secret.is_none() || self.has("takes the config for a checkpoint of the secret") && config.is_none()
        {
            let method = if secret.is_none() { "POST" } else { "PUT" };
            self.change(method, "/secret", &random())?;
        }
        if let (Some(secret), None, true) = (&secret, &config, self.has("begins again with the same secret"))
        {
            self.change("DELETE", "/secret", "")?;
            self.change("POST", "/secret", secret)?;
        }
        if let (Some(secret), true) = (&secret, self.has("shows the secret in base64")) {
            use base64::Engine;
            eprintln!(
                "{}",
                base64::engine::general_purpose::STANDARD.encode(format!("password={secret}"))
            );
        }
        if let (Some(secret), true) = (&secret, self.has("sends the secret in a path")) {
            self.observe(&format!("/config?password={secret}"), "config:")?;
        }
        let tokens = self.observe("/tokens", "tokens:")?.ok_or(Problem::Transient)?;
        let by_checkpoint = self.has("takes the config for a checkpoint of the token");
        if tokens == "0" || by_checkpoint && config.is_none() {
            self.change("POST", "/tokens", "")?;
        }
        if config.as_deref() != Some("wanted") || self.has("writes what is there") {
            self.change("PUT", "/config", "wanted")?;
        }
        Ok(())
    }

    /// What stands behind `kind` in the answer; none if there is nothing.
    fn observe(&self, path: &str, kind: &str) -> Result<Option<String>, Problem> {
        match self.send("GET", path, "")? {
            (404, _) => Ok(None),
            (200, text) => text
                .strip_prefix(kind)
                .map(|rest| Some(rest.to_owned()))
                .ok_or(Problem::Transient),
            (401 | 403, _) => Err(Problem::Final(6)),
            (500.., _) if self.has("panics at a 5xx") => panic!("unexpected answer"),
            _ => Err(Problem::Transient),
        }
    }

    fn change(&self, method: &str, path: &str, body: &str) -> Result<(), Problem> {
        match self.send(method, path, body)? {
            (200 | 201, text) if text == "done" => Ok(()),
            (401 | 403, _) => Err(Problem::Final(6)),
            _ => Err(Problem::Transient),
        }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), Problem> {
        self.exchange(method, path, body).ok_or_else(|| {
            std::thread::sleep(Duration::from_millis(30));
            Problem::Transient
        })
    }

    /// One request over a connection of its own; none if there was no whole answer.
    fn exchange(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.server).ok()?;
        let patience = if self.has("waits for ever") {
            None
        } else {
            Some(Duration::from_secs(1))
        };
        stream.set_read_timeout(patience).ok()?;
        let (server, length) = (&self.server, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nContent-Length: {length}\r\n");
        stream
            .write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let head = head.to_lowercase();
        let announced = head.split("content-length: ").nth(1)?.split("\r\n").next()?;
        (body.len().to_string() == announced).then(|| (head[9..12].parse().unwrap(), body.to_owned()))
    }
}

fn random() -> String {
    let mut bytes = [0; 24];
    std::fs::File::open("/dev/urandom")
        .unwrap()
        .read_exact(&mut bytes)
        .unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
