//! Looking at what is installed, and deciding object by object whether an apply would change it.

use super::{
    Seen, State, Wanted,
    removal::{self, Installed},
};
use crate::{
    converge::{Context, contract::Refusal},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::Address,
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

/// How many objects are looked at at once.
const CONCURRENCY: usize = 8;

/// One list of each kind shows what carries our label, with all that a decision takes; only what is in none of them,
/// because it is missing or not labelled yet, is asked for by name.
pub(super) async fn look(cx: &Context, objects: Vec<Value>) -> Result<Seen, Failure> {
    let mut listed = removal::all(cx).await?;
    let mut tasks = Vec::new();
    for body in objects {
        let at = Address::of(&body)?;
        let found = listed.iter().position(|(other, _)| *other == at);
        let found = found.map(|position| listed.swap_remove(position).1);
        tasks.push((at, body, found));
    }
    // The namespaces are first, and being first is what a plan needs them to be.
    let wanted = stream::iter(tasks)
        .map(|(at, body, found)| see(cx, at, body, found))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let stale = listed.into_iter().map(|(at, live)| Installed::new(at, &live));
    Ok(Seen {
        wanted,
        stale: stale.collect(),
    })
}

async fn see(cx: &Context, at: Address, body: Value, found: Option<Value>) -> Result<Wanted, Failure> {
    let live = match found {
        Some(live) => Some(live),
        None => cx.cluster.find(&at).await?,
    };
    let state = match live {
        Some(live) => state(cx, &at, &live, &body).await?,
        None => State::Missing,
    };
    Ok(Wanted { at, body, state })
}

async fn state(cx: &Context, at: &Address, live: &Value, body: &Value) -> Result<State, Failure> {
    let metadata = &live["metadata"];
    if metadata["deletionTimestamp"].is_string() {
        let version = metadata["resourceVersion"].as_str().map(str::to_owned);
        return Ok(State::Terminating { version });
    }
    let uid = removal::uid(live);
    match cx.cluster.would_change(at, live, body).await {
        Ok(true) => Ok(State::Different { uid }),
        Ok(false) => Ok(State::Same),
        Err(failure) if failure.exit == Exit::Human => Ok(State::Refused(refusal(failure)?)),
        // Deleted, or made anew, since it was seen, or its namespace is on its way out: the next look tells which.
        Err(failure) if [Reason::Conflict, Reason::NotFound].contains(&failure.reason) => {
            Ok(State::Different { uid })
        }
        Err(failure) => Err(failure),
    }
}

/// Only about this object is decided, so only it may be applied to: not one that was made anew meanwhile.
pub(super) fn only(body: &Value, uid: Option<&str>) -> Value {
    let mut body = body.clone();
    if let Some(uid) = uid {
        body["metadata"]["uid"] = uid.into();
    }
    body
}

/// The failure as something that a plan can hold.
fn refusal(failure: Failure) -> Result<Refusal, Failure> {
    match (failure.object, failure.hint) {
        (Some(object), hint) => Ok(Refusal {
            exit: failure.exit,
            reason: failure.reason,
            object,
            message: failure.message,
            hint: hint.unwrap_or_else(|| "mend or delete the object, then run this again".to_owned()),
        }),
        (None, _) => Err(Failure::new(Exit::Bug, Reason::Unexpected, failure.message)),
    }
}
