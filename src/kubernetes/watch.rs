//! Waking up when a watched object changes.

use super::Cluster;
use crate::converge::contract::Watch;
use futures::{StreamExt, TryStreamExt, stream::FuturesUnordered};
use http::Request;
use kube::core::{DynamicObject, WatchEvent};
use std::collections::BTreeMap;

/// Of one collection, more objects than these share one watch, which hears of all others in it too.
const FEW: usize = 4;

impl Cluster {
    /// Completes when one of the watched objects changes after it was seen. A watch that cannot be had
    /// never completes: the caller polls besides, so a lost event costs time and never a hang.
    pub async fn changed<'a>(&self, watches: impl Iterator<Item = &'a Watch>) {
        let mut collections: BTreeMap<&str, Vec<&Watch>> = BTreeMap::new();
        for watch in watches {
            collections.entry(&watch.path).or_default().push(watch);
        }
        let groups = collections.values().flat_map(|all| match all.len() {
            ..=FEW => all.chunks(1),
            all_of_them => all.chunks(all_of_them),
        });
        let mut watching: FuturesUnordered<_> = groups.map(|group| self.one_changed(group)).collect();
        if watching.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn one_changed(&self, group: &[&Watch]) {
        if self.event(group).await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn event(&self, group: &[&Watch]) -> Option<()> {
        let request = Request::get(uri(group)?).body(Vec::new()).ok()?;
        let events = self.client.request_events::<DynamicObject>(request).await.ok()?;
        let mut events = std::pin::pin!(events);
        loop {
            match events.try_next().await {
                Ok(Some(WatchEvent::Bookmark(_))) => {}
                Ok(Some(WatchEvent::Added(object) | WatchEvent::Modified(object)))
                    if !is_news(group, &object) => {}
                Ok(Some(_)) => return Some(()),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// A watch of one object asks for that object; one of several for the collection, from the time of the first that was
/// seen.
fn uri(group: &[&Watch]) -> Option<String> {
    let since = group.iter().filter_map(|watch| watch.since.as_deref());
    // Versions are numbers that grow, and may be compared (KEP-5504).
    let since = since.min_by_key(|version| version.parse::<u64>().unwrap_or_default());
    let since = since
        .map(|version| format!("&resourceVersion={version}"))
        .unwrap_or_default();
    let first = group.first()?;
    let field = match group {
        [one] => format!("&fieldSelector=metadata.name%3D{}", one.name),
        _ => String::new(),
    };
    let path = &first.path;
    Some(format!(
        "{path}?watch=true&allowWatchBookmarks=true{field}&timeoutSeconds=60{since}"
    ))
}

/// Whether it is one of the watched objects, in another version than it was seen in.
fn is_news(group: &[&Watch], object: &DynamicObject) -> bool {
    let (name, version) = (&object.metadata.name, &object.metadata.resource_version);
    let watched = group.iter().find(|watch| Some(&watch.name) == name.as_ref());
    watched.is_some_and(|watch| watch.since.is_none() || watch.since != *version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_watch(name: &str, since: &str) -> Watch {
        Watch {
            path: "/api/v1/namespaces/ns/pods".to_owned(),
            name: name.to_owned(),
            since: Some(since.to_owned()),
            settling: Watch::SETTLING,
        }
    }

    fn mk_object(name: &str, version: &str) -> DynamicObject {
        let metadata = serde_json::json!({"name": name, "resourceVersion": version});
        serde_json::from_value(serde_json::json!({ "metadata": metadata })).unwrap()
    }

    #[test]
    fn several_objects_share_a_watch_from_the_oldest_version() {
        let (one, other) = (mk_watch("a", "100"), mk_watch("b", "99"));
        let shared = uri(&[&one, &other]).unwrap();
        assert!(
            shared.ends_with("&timeoutSeconds=60&resourceVersion=99") && !shared.contains("fieldSelector")
        );
        assert!(uri(&[&one]).unwrap().contains("fieldSelector=metadata.name%3Da&"));
    }

    #[test]
    fn only_a_watched_object_in_a_new_version_is_news() {
        let (one, other) = (mk_watch("a", "100"), mk_watch("b", "99"));
        let group = [&one, &other];
        for (name, version, expected) in [("a", "101", true), ("a", "100", false), ("c", "101", false)] {
            assert_eq!(
                is_news(&group, &mk_object(name, version)),
                expected,
                "{name} {version}"
            );
        }
    }
}
