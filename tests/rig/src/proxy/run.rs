//! One run of a client process: its requests, the faults in wait for it, and whether it lives.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{StatusCode, request};
use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use super::kill::kill_and_wait;
use super::{Fault, Script, Seen};

/// How long a kill waits for the test to name the process: it cannot do so before it has started it.
const NAMING: Duration = Duration::from_secs(5);

/// Connections belong to the run in which they were made, so that what is late never gets into the next one.
pub(super) struct Run {
    record: Mutex<Record>,
    life: watch::Sender<Life>,
}

#[derive(Default)]
struct Record {
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
    /// The run is over and nobody cares.
    Over,
}

/// The place of one request in the record of its run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket(usize);

impl Default for Run {
    fn default() -> Self {
        Self {
            record: Mutex::default(),
            life: watch::Sender::new(Life::Unnamed),
        }
    }
}

impl Run {
    pub(super) fn set_script(&self, script: Script) {
        self.record().script = script;
    }

    pub(super) fn requests(&self) -> Vec<Seen> {
        self.record().seen.clone()
    }

    /// Names the client process.
    pub(super) fn name(&self, pid: u32) {
        self.life.send_modify(|life| {
            *life = match *life {
                Life::Unnamed | Life::Named(_) => Life::Named(pid),
                Life::Dying(_) => Life::Dying(Some(pid)),
                Life::Dead | Life::Over => *life,
            }
        });
    }

    /// Ends the run for everything that still waits in it.
    pub(super) fn finish(&self) {
        self.life.send_replace(Life::Over);
    }

    /// Returns when the run is over.
    pub(super) async fn over(&self) {
        // It fails only without a sender, and that is us.
        let _ = self.life.subscribe().wait_for(|life| *life == Life::Over).await;
    }

    /// Gives a complete request its number and looks up its fault. None: the client process is dead.
    pub(super) async fn admit(
        &self,
        target: &str,
        head: &request::Parts,
        body: &Bytes,
    ) -> Option<(Ticket, Option<Fault>)> {
        let mut life = self.life.subscribe();
        let life = *life.wait_for(|life| !matches!(life, Life::Dying(_))).await.ok()?;
        if matches!(life, Life::Dead | Life::Over) {
            return None;
        }
        let mut record = self.record();
        let mut seen = Seen::new(record.seen.len() + 1, target, head, body);
        let fault = record.script.strike(&seen);
        seen.faulted = fault.as_ref().map(Fault::to_string);
        record.seen.push(seen);
        Some((Ticket(record.seen.len() - 1), fault))
    }

    /// Notes the status that the client is given.
    pub(super) fn answered(&self, ticket: Ticket, status: StatusCode) {
        self.amend(ticket, |seen| seen.status = Some(status.as_u16()));
    }

    /// From now on requests of the client are held back until [`Run::kill`] is done.
    pub(super) fn condemn(&self) {
        self.life.send_modify(|life| {
            *life = match *life {
                Life::Named(pid) => Life::Dying(Some(pid)),
                Life::Unnamed => Life::Dying(None),
                Life::Dying(_) | Life::Dead | Life::Over => *life,
            }
        });
    }

    /// Ends the client process; when this returns, it is dead.
    pub(super) async fn kill(&self, ticket: Ticket) {
        self.condemn();
        let mut life = self.life.subscribe();
        let named = timeout(NAMING, life.wait_for(|life| *life != Life::Dying(None))).await;
        let result = match named.map(|life| life.map(|life| *life)) {
            Ok(Ok(Life::Dying(Some(pid)))) => kill_and_wait(pid).await.map_err(|error| error.to_string()),
            Ok(_) => Ok(()),
            Err(_) => Err("no process was named".to_owned()),
        };
        if let Err(why) = result {
            self.amend(ticket, |seen| seen.faulted = Some(format!("not killed: {why}")));
        }
        self.life.send_modify(|life| {
            if matches!(life, Life::Dying(_)) {
                *life = Life::Dead;
            }
        });
    }

    fn amend(&self, Ticket(index): Ticket, change: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.record().seen.get_mut(index) {
            change(seen);
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
