//! Hearing that any object of some kinds was made, changed in what it asks for, or deleted.

use super::{Cluster, triage};
use crate::model::{failure::Failure, kind::Kind, object::ObjectRef};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream, SelectAll},
};
use kube::{
    Api, ResourceExt,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::sleep;

/// How long one watch is asked for: the client takes no longer time.
const SECONDS: u32 = 290;
/// Between the end of a watch and the next one: whatever ends them at once is not to be hurried.
const BETWEEN: Duration = Duration::from_secs(1);

type Event = Result<WatchEvent<DynamicObject>, kube::Error>;

/// What is known of objects from one listening to the next: what they asked for when they were last heard of.
#[derive(Debug, Default)]
pub struct Heard(HashMap<String, Asked>);

/// What of an object tells that its owner wants something else. A status and finalizers are not among it: those we write
/// ourselves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    generation: Option<i64>,
    is_deleted: bool,
    annotation: Option<String>,
}

/// Watches that are open.
pub struct Changes {
    events: SelectAll<BoxStream<'static, Event>>,
    annotation: &'static str,
}

impl Cluster {
    /// Begins to listen to all objects of these kinds, from now on: what is read after this is read no earlier. Beside what an
    /// object's generation tells, the value of one annotation counts.
    ///
    /// # Errors
    /// A [`Failure`] about the kind that cannot be watched.
    pub async fn changes(&self, kinds: &[Kind], annotation: &'static str) -> Result<Changes, Failure> {
        let mut events = SelectAll::new();
        for kind in kinds {
            let about = ObjectRef::global(kind.name.as_ref(), "");
            let listening = listen(self.dynamic(kind, None)).await;
            events.push(listening.map_err(|error| triage::failure(error, &about))?);
        }
        Ok(Changes { events, annotation })
    }
}

impl Changes {
    /// Completes when one of the objects asks for something else than it did when it was last heard of. False if there is
    /// nothing more to be heard: then somebody has to look, and listen anew.
    pub async fn next(&mut self, heard: &mut Heard) -> bool {
        loop {
            match self.events.next().await {
                Some(Ok(WatchEvent::Bookmark(_))) => {}
                Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                    if heard.is_news(&object, self.annotation) {
                        return true;
                    }
                }
                Some(Ok(WatchEvent::Deleted(object))) => {
                    heard.0.remove(&object.uid().unwrap_or_default());
                    return true;
                }
                Some(Ok(WatchEvent::Error(_)) | Err(_)) | None => return false,
            }
        }
    }
}

/// The events of a kind from now on. A watch that ends in its time is begun again where it ended.
async fn listen(api: Api<DynamicObject>) -> Result<BoxStream<'static, Event>, kube::Error> {
    let now = api.list(&ListParams::default().limit(1)).await?;
    let version = Arc::new(Mutex::new(now.metadata.resource_version.unwrap_or_default()));
    let first = begin(api.clone(), Arc::clone(&version)).await?;
    let again = stream::repeat(()).then(move |()| {
        let (api, version) = (api.clone(), Arc::clone(&version));
        async move {
            sleep(BETWEEN).await;
            begin(api, version).await
        }
    });
    Ok(stream::iter([Ok(first)]).chain(again).try_flatten().boxed())
}

/// One watch, which keeps in mind how far it got.
async fn begin(
    api: Api<DynamicObject>,
    version: Arc<Mutex<String>>,
) -> Result<BoxStream<'static, Event>, kube::Error> {
    let since = version.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let events = api
        .watch(&WatchParams::default().timeout(SECONDS), &since)
        .await?;
    let kept = events.inspect_ok(move |event| {
        let reached = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => {
                object.resource_version()
            }
            WatchEvent::Bookmark(bookmark) => Some(bookmark.metadata.resource_version.clone()),
            WatchEvent::Error(_) => None,
        };
        if let Some(reached) = reached {
            *version.lock().unwrap_or_else(PoisonError::into_inner) = reached;
        }
    });
    Ok(kept.boxed())
}

impl Heard {
    fn is_news(&mut self, object: &DynamicObject, annotation: &str) -> bool {
        let asked = Asked {
            generation: object.metadata.generation,
            is_deleted: object.metadata.deletion_timestamp.is_some(),
            annotation: object.annotations().get(annotation).cloned(),
        };
        let before = self.0.insert(object.uid().unwrap_or_default(), asked.clone());
        before != Some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn is_news(heard: &mut Heard, metadata: Value) -> bool {
        let object = json!({"apiVersion": "a.b/v1", "kind": "Thing", "metadata": metadata});
        heard.is_news(&serde_json::from_value(object).unwrap(), "suspend")
    }

    #[test]
    fn a_status_and_finalizers_are_no_news() {
        let mut heard = Heard::default();
        let mut metadata = json!({"name": "it", "uid": "u", "generation": 1, "resourceVersion": "1"});
        assert!(is_news(&mut heard, metadata.clone()));
        metadata["resourceVersion"] = json!("2");
        metadata["finalizers"] = json!(["a.b/c"]);
        assert!(!is_news(&mut heard, metadata.clone()));
        for (field, value) in [
            ("generation", json!(2)),
            ("annotations", json!({"suspend": "true"})),
            ("deletionTimestamp", json!("2026-01-01T00:00:00Z")),
            ("uid", json!("another")),
        ] {
            metadata[field] = value;
            assert!(is_news(&mut heard, metadata.clone()), "{field}");
            assert!(!is_news(&mut heard, metadata.clone()), "{field}");
        }
    }
}
