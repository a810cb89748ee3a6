//! Looking at what is installed, and deciding object by object whether an apply would change it.

use super::{
    Seen, Wanted,
    removal::{self, Installed},
};
use crate::{
    converge::Context,
    kubernetes::State,
    model::{
        failure::Failure,
        kind::{Address, NAMESPACE},
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
    let state = match live.as_ref() {
        // It holds more than what is installed. Another level of Pod Security than somebody chose would keep Pods that run
        // in it from ever starting again.
        Some(live) if at.kind == NAMESPACE && live["metadata"]["deletionTimestamp"].is_null() => State::Same,
        live => cx.cluster.compare(&at, live, &body, &[]).await?,
    };
    Ok(Wanted { at, body, state })
}
