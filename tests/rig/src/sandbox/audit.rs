//! The API server's audit log: what every client really asked for.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kube::Client;
use serde::Deserialize;

use super::error::SandboxError;
use super::readiness;

/// One request, as the API server recorded it (`audit.k8s.io/v1` Event, level Metadata).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Names the request; its stages share it.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// How far the request had come.
    pub stage: Stage,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or for a path that is no
    /// resource the HTTP method in lower case.
    pub verb: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// Who asked.
    pub user: User,
    /// As whom, when that is somebody else.
    pub impersonated_user: Option<User>,
    /// The client's `User-Agent`.
    #[serde(default)]
    pub user_agent: String,
    /// What about; absent for a path that is no resource.
    pub object_ref: Option<ObjectRef>,
    /// The answer, once there is one.
    pub response_status: Option<ResponseStatus>,
}

/// The stages of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Stage {
    /// It has arrived.
    RequestReceived,
    /// A long-running request (a watch) has begun to answer.
    ResponseStarted,
    /// It has been answered.
    ResponseComplete,
    /// The API server panicked over it.
    Panic,
}

/// A user of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Name of the user; empty where the request ended before it was known.
    #[serde(default)]
    pub username: String,
    /// The groups that it is in.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    pub api_group: String,
    /// API version.
    pub api_version: String,
    /// Plural name of the kind.
    pub resource: String,
    /// For example `scale`, `status`, `token`.
    pub subresource: String,
    /// Empty for cluster-scoped objects and requests over all namespaces.
    pub namespace: String,
    /// Empty for lists and most creates.
    pub name: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ResponseStatus {
    /// HTTP status.
    #[serde(default)]
    pub code: u16,
    /// Kubernetes' reason for a refusal.
    pub reason: Option<String>,
}

impl AuditEvent {
    /// HTTP status of the answer; none while there is no answer, or when the client left before.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.response_status
            .as_ref()
            .map(|status| status.code)
            .filter(|code| *code != 0)
    }

    /// Whether the server was asked to change nothing.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        let query = self.request_uri.split_once('?').map_or("", |(_, query)| query);
        query.split('&').any(|pair| pair.starts_with("dryRun="))
    }

    /// Whether this counts as a write: a create, update, patch or delete that is no dry run, no review (which asks a
    /// question in the form of a create) and not the lock's Lease. Whether it succeeded is the answer's business.
    #[must_use]
    pub fn is_write(&self) -> bool {
        let changes = matches!(
            self.verb.as_str(),
            "create" | "update" | "patch" | "delete" | "deletecollection"
        );
        let counts = self.object_ref.as_ref().is_some_and(|object| {
            let review = object.resource.ends_with("reviews");
            let lease = object.api_group == "coordination.k8s.io" && object.resource == "leases";
            !review && !lease
        });
        changes && counts && !self.is_dry_run()
    }

    /// A watch, a log, a session: it may never complete, so nobody waits for that.
    fn is_long_running(&self) -> bool {
        let subresource = self
            .object_ref
            .as_ref()
            .map_or("", |object| object.subresource.as_str());
        self.verb == "watch" || matches!(subresource, "exec" | "attach" | "portforward" | "proxy" | "log")
    }
}

/// A place in the audit log: everything before it was answered before the mark was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditMark(u64);

impl AuditMark {
    pub(crate) const BEGINNING: Self = Self(0);
}

impl fmt::Display for AuditMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AuditMark {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The file that the API server writes.
#[derive(Debug)]
pub(crate) struct AuditLog {
    path: PathBuf,
    /// Everything before the last mark is known to be settled, and is not read again for the next.
    last: AtomicU64,
}

impl AuditLog {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            last: AtomicU64::new(0),
        }
    }

    /// Settles the log and marks its end.
    pub(crate) async fn mark(&self, client: &Client) -> Result<AuditMark, SandboxError> {
        let (_, end) = self
            .settled(client, AuditMark(self.last.load(Ordering::Relaxed)))
            .await?;
        self.last.fetch_max(end.0, Ordering::Relaxed);
        Ok(end)
    }

    /// The requests since the mark, in the order of their arrival, each with the last stage that it has reached.
    pub(crate) async fn since(
        &self,
        client: &Client,
        mark: AuditMark,
    ) -> Result<Vec<AuditEvent>, SandboxError> {
        self.settled(client, mark).await.map(|(events, _)| latest(events))
    }

    /// Reads until the log is complete: a request of our own, sent now, is in it, and so is the answer to every request
    /// that arrived before (a request is logged twice, when it arrives and when it is answered).
    async fn settled(
        &self,
        client: &Client,
        from: AuditMark,
    ) -> Result<(Vec<AuditEvent>, AuditMark), SandboxError> {
        let sentinel = format!("{SENTINEL}{}", token());
        let request = http::Request::get(&sentinel).body(Vec::new());
        let request =
            request.map_err(|error| SandboxError::io("asking for the version")(io::Error::other(error)))?;
        client
            .request_text(request)
            .await
            .map_err(SandboxError::kubernetes("asking for the version"))?;
        readiness::wait("the audit log", Duration::from_secs(30), &mut [], async || {
            let (mut events, end) = read(&self.path, from).map_err(|error| error.to_string())?;
            if !events.iter().any(|event| event.request_uri == sentinel) {
                return Err("the latest request is not in it yet".to_owned());
            }
            if let Some(pending) = pending(&events) {
                return Err(format!(
                    "no answer yet to {} {}",
                    pending.verb, pending.request_uri
                ));
            }
            events.retain(|event| !event.request_uri.starts_with(SENTINEL));
            Ok((events, end))
        })
        .await
    }
}

/// Path and query of the requests that settle the log, but for what tells them apart.
const SENTINEL: &str = "/version?audit-log-settled=";

fn token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A request that has arrived and not been answered.
fn pending(events: &[AuditEvent]) -> Option<&AuditEvent> {
    let answered: HashSet<&str> = events
        .iter()
        .filter(|event| event.stage > Stage::RequestReceived)
        .map(|event| event.audit_id.as_str())
        .collect();
    events
        .iter()
        .find(|event| !event.is_long_running() && !answered.contains(event.audit_id.as_str()))
}

/// One event for each request that arrived within these events. The end of an older watch is not one.
fn latest(events: Vec<AuditEvent>) -> Vec<AuditEvent> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut requests: Vec<AuditEvent> = Vec::new();
    for event in events {
        match places.get(&event.audit_id) {
            Some(&place) => requests[place] = event,
            None if event.stage == Stage::RequestReceived => {
                places.insert(event.audit_id.clone(), requests.len());
                requests.push(event);
            }
            None => {}
        }
    }
    requests
}

/// The whole lines after the mark, and where they end.
fn read(path: &Path, from: AuditMark) -> io::Result<(Vec<AuditEvent>, AuditMark)> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from.0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last + 1);
    let lines = bytes[..whole]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let events = lines.map(serde_json::from_slice).collect::<Result<Vec<_>, _>>()?;
    Ok((events, AuditMark(from.0 + whole as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, stage: &str, verb: &str, uri: &str) -> AuditEvent {
        let (group, resource) = if uri.contains("leases") {
            ("coordination.k8s.io", "leases")
        } else {
            ("", "secrets")
        };
        serde_json::from_value(serde_json::json!({
            "auditID": id, "stage": stage, "verb": verb, "requestURI": uri, "user": { "username": "u" },
            "objectRef": { "apiGroup": group, "resource": resource },
        }))
        .unwrap()
    }

    #[test]
    fn a_write_is_a_change_that_is_meant() {
        let path = "/api/v1/namespaces/n/secrets";
        assert!(event("1", "ResponseComplete", "create", path).is_write());
        assert!(
            event(
                "1",
                "ResponseComplete",
                "patch",
                &format!("{path}/s?fieldManager=m")
            )
            .is_write()
        );
        assert!(!event("1", "ResponseComplete", "list", path).is_write());
        assert!(
            !event(
                "1",
                "ResponseComplete",
                "patch",
                &format!("{path}/s?force=true&dryRun=All")
            )
            .is_write()
        );
        assert!(
            !event(
                "1",
                "ResponseComplete",
                "update",
                "/apis/coordination.k8s.io/v1/leases/l"
            )
            .is_write()
        );
    }

    #[test]
    fn a_request_counts_once_and_with_its_last_stage() {
        let events = vec![
            event("old", "ResponseComplete", "watch", "/w"),
            event("a", "RequestReceived", "get", "/a"),
            event("b", "RequestReceived", "get", "/b"),
            event("a", "ResponseComplete", "get", "/a"),
        ];
        assert_eq!(pending(&events).map(|event| event.audit_id.as_str()), Some("b"));
        let requests: Vec<_> = latest(events)
            .into_iter()
            .map(|event| (event.audit_id, event.stage))
            .collect();
        let expected = [
            ("a".to_owned(), Stage::ResponseComplete),
            ("b".to_owned(), Stage::RequestReceived),
        ];
        assert_eq!(requests, expected);
    }
}
