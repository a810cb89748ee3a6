//! Hearing that any object of some kinds was made, changed in what it asks for, or deleted.

use super::{Cluster, triage};
use crate::model::{failure::Failure, kind::Kind, object::ObjectRef};
use futures::{
    StreamExt,
    stream::{BoxStream, SelectAll},
};
use kube::{
    ResourceExt,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
};
use std::{collections::HashMap, time::Duration};

/// The longest that the API server keeps a watch open when it is asked for a time.
const LONGEST: Duration = Duration::from_secs(290);

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
    events: SelectAll<BoxStream<'static, Result<WatchEvent<DynamicObject>, kube::Error>>>,
    annotation: &'static str,
}

impl Cluster {
    /// Begins to listen to all objects of these kinds, from now on: what is read after this is read no earlier. Beside what an
    /// object's generation tells, the value of one annotation counts.
    ///
    /// # Errors
    /// A [`Failure`] about the kind that cannot be watched.
    pub async fn changes(&self, kinds: &[Kind], annotation: &'static str) -> Result<Changes, Failure> {
        let seconds = u32::try_from(LONGEST.as_secs()).unwrap_or(u32::MAX);
        let parameters = WatchParams::default().timeout(seconds);
        let mut events = SelectAll::new();
        for kind in kinds {
            let about = ObjectRef::global(kind.name.as_ref(), "");
            let failed = |error| triage::failure(error, &about);
            let api = self.dynamic(kind, None);
            let now = api.list(&ListParams::default().limit(1)).await.map_err(failed)?;
            let version = now.metadata.resource_version.unwrap_or_default();
            let watch = api.watch(&parameters, &version).await.map_err(failed)?;
            events.push(watch.boxed());
        }
        Ok(Changes { events, annotation })
    }
}

impl Changes {
    /// Completes when one of the objects asks for something else than it did when it was last heard of, and when there is
    /// nothing more to be heard: somebody has to look then.
    pub async fn next(&mut self, heard: &mut Heard) {
        while let Some(event) = self.events.next().await {
            match event {
                Ok(WatchEvent::Bookmark(_)) => {}
                Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                    if heard.is_news(&object, self.annotation) {
                        return;
                    }
                }
                Ok(WatchEvent::Deleted(object)) => {
                    heard.0.remove(&object.uid().unwrap_or_default());
                    return;
                }
                Ok(WatchEvent::Error(_)) | Err(_) => return,
            }
        }
    }
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
