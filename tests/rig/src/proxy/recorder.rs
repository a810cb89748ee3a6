//! The one numbering of all requests of a run, over all proxies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{StatusCode, request};
use hyper::body::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::timeout;

use super::kill::kill_and_wait;
use super::{Fault, Script};

/// How long a kill waits for the test to name the process: it cannot do so before it has started it.
const NAMING: Duration = Duration::from_secs(5);

/// One request as a proxy saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Number in the run, from 1, in the order of arrival over all proxies.
    pub number: usize,
    /// Name of the proxy, as given to [`super::Proxy::start`].
    pub target: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub path_and_query: String,
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// SHA-256 of the body, in hexadecimal.
    pub body_sha256: String,
    /// Status that was sent to the client; none if the client got no answer.
    pub status: Option<u16>,
    /// The fault that struck this request, or why it could not.
    pub faulted: Option<String>,
}

/// Numbers the requests of a run and holds the script for it. Clones share one numbering.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    run: Mutex<Run>,
    life: watch::Sender<Life>,
}

#[derive(Default)]
struct Run {
    /// Tells the requests of this run from late ones of an earlier run.
    id: u64,
    seen: Vec<Seen>,
    script: Script,
}

/// What is known of the client process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Unnamed,
    Named(u32),
    /// Its end is decided: what it sends from now on is held back.
    Dying(Option<u32>),
    Dead,
}

/// The place of one request in the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    run: u64,
    index: usize,
}

impl Default for Recorder {
    fn default() -> Self {
        Self(Arc::new(Shared {
            run: Mutex::default(),
            life: watch::Sender::new(Life::Unnamed),
        }))
    }
}

impl Recorder {
    /// A recorder with an empty record and no faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a run: the record and the script are empty, the numbering begins at 1, no process is named.
    pub fn reset(&self) {
        let mut run = self.run();
        *run = Run {
            id: run.id + 1,
            ..Run::default()
        };
        drop(run);
        self.0.life.send_replace(Life::Unnamed);
    }

    /// Sets the faults of this run.
    pub fn script(&self, script: Script) {
        self.run().script = script;
    }

    /// Names the client process, which a [`Fault::Kill`] ends. After such a fault nothing is forwarded until
    /// [`Recorder::reset`].
    pub fn victim(&self, pid: u32) {
        self.0.life.send_modify(|life| {
            *life = match *life {
                Life::Unnamed | Life::Named(_) => Life::Named(pid),
                Life::Dying(_) => Life::Dying(Some(pid)),
                Life::Dead => Life::Dead,
            }
        });
    }

    /// The requests of this run so far, in the order of their numbers.
    pub fn requests(&self) -> Vec<Seen> {
        self.run().seen.clone()
    }

    /// Gives a complete request its number and looks up its fault. None: the client process is dead.
    pub(super) async fn admit(
        &self,
        target: &str,
        head: &request::Parts,
        body: &Bytes,
    ) -> Option<(Ticket, Option<Fault>)> {
        let mut life = self.0.life.subscribe();
        let life = life.wait_for(|life| !matches!(life, Life::Dying(_))).await.ok()?;
        if *life == Life::Dead {
            return None;
        }
        drop(life);
        let mut run = self.run();
        let mut seen = seen(run.seen.len() + 1, target, head, body);
        let fault = run.script.strike(&seen);
        seen.faulted = fault.as_ref().map(Fault::to_string);
        run.seen.push(seen);
        Some((
            Ticket {
                run: run.id,
                index: run.seen.len() - 1,
            },
            fault,
        ))
    }

    /// Notes the status that the client is given.
    pub(super) fn answered(&self, ticket: Ticket, status: StatusCode) {
        self.amend(ticket, |seen| seen.status = Some(status.as_u16()));
    }

    /// From now on requests of the client are held back until [`Recorder::kill`] is done.
    pub(super) fn condemn(&self) {
        self.0.life.send_modify(|life| {
            *life = match *life {
                Life::Named(pid) => Life::Dying(Some(pid)),
                Life::Unnamed => Life::Dying(None),
                Life::Dying(_) | Life::Dead => *life,
            }
        });
    }

    /// Ends the client process; when this returns, it is dead.
    pub(super) async fn kill(&self, ticket: Ticket) {
        self.condemn();
        let mut life = self.0.life.subscribe();
        let named = timeout(NAMING, life.wait_for(|life| *life != Life::Dying(None))).await;
        let result = match named.map(|life| life.map(|life| *life)) {
            Ok(Ok(Life::Dying(Some(pid)))) => kill_and_wait(pid).await.map_err(|error| error.to_string()),
            Ok(_) => Ok(()),
            Err(_) => Err("no process was named".to_owned()),
        };
        if let Err(why) = result {
            self.amend(ticket, |seen| seen.faulted = Some(format!("not killed: {why}")));
        }
        self.0.life.send_if_modified(|life| {
            let dying = matches!(life, Life::Dying(_));
            if dying {
                *life = Life::Dead;
            }
            dying
        });
    }

    fn amend(&self, ticket: Ticket, change: impl FnOnce(&mut Seen)) {
        let mut run = self.run();
        if run.id == ticket.run
            && let Some(seen) = run.seen.get_mut(ticket.index)
        {
            change(seen);
        }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.0.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(number: usize, target: &str, head: &request::Parts, body: &Bytes) -> Seen {
    let header = |name: HeaderName| {
        head.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Seen {
        number,
        target: target.to_owned(),
        method: head.method.to_string(),
        path_and_query: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        user_agent: header(USER_AGENT),
        content_type: header(CONTENT_TYPE),
        body_sha256: Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        status: None,
        faulted: None,
    }
}
