//! Waking up when a watched object changes.

use super::Cluster;
use crate::converge::contract::Watch;
use futures::{
    StreamExt,
    stream::{self, BoxStream, FuturesUnordered},
};
use http::Request;
use kube::{Client, core::WatchEvent};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Of one collection, more objects than these share one watch, which hears of all others in it too.
const FEW: usize = 4;

/// The watches of a run. Each stays open from one wait to the next for as long as what it watches is waited for: opening one
/// costs a connection.
#[derive(Default)]
pub struct Watches(Vec<Open>);

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Watches").field(&self.0.len()).finish()
    }
}

impl Watches {
    /// Completes when one of the watched objects changes after it was seen. A watch that cannot be had
    /// never completes: the caller polls besides, so a lost event costs time and never a hang.
    pub async fn changed<'a>(&mut self, cluster: &Cluster, watches: impl Iterator<Item = &'a Watch>) {
        let mut groups = self.groups(watches);
        self.0
            .retain(|open| !open.has_ended && groups.contains_key(&open.of));
        for (of, group) in &groups {
            if !self.0.iter().any(|open| open.of == *of) {
                self.0.push(Open::new(&cluster.client, of.clone(), since(group)));
            }
        }
        let open = self.0.iter_mut().filter_map(|open| {
            let group = groups.remove(&open.of)?;
            Some(open.news(&cluster.client, group))
        });
        let mut listening: FuturesUnordered<_> = open.collect();
        if listening.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// What each watch is about. One of a whole collection stays one as long as anything in it is waited for.
    fn groups<'a>(&self, watches: impl Iterator<Item = &'a Watch>) -> BTreeMap<Of, Vec<&'a Watch>> {
        let mut collections: BTreeMap<&str, Vec<&Watch>> = BTreeMap::new();
        for watch in watches {
            collections.entry(&watch.path).or_default().push(watch);
        }
        let mut groups: BTreeMap<Of, Vec<&Watch>> = BTreeMap::new();
        for (path, all) in collections {
            let whole = Of {
                path: path.to_owned(),
                name: None,
            };
            if all.len() > FEW || self.0.iter().any(|open| open.of == whole) {
                groups.insert(whole, all);
                continue;
            }
            for watch in all {
                let name = Some(watch.name.clone());
                groups
                    .entry(Of {
                        name,
                        ..whole.clone()
                    })
                    .or_default()
                    .push(watch);
            }
        }
        groups
    }
}

/// What a watch is about: an object of a collection, or all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    path: String,
    name: Option<String>,
}

impl Of {
    fn uri(&self, since: Option<&str>) -> String {
        let since = since.map(|version| format!("&resourceVersion={version}"));
        let field = self.name.as_ref();
        let field = field.map(|name| format!("&fieldSelector=metadata.name%3D{name}"));
        format!(
            "{}?watch=true&allowWatchBookmarks=true{}&timeoutSeconds=60{}",
            self.path,
            field.unwrap_or_default(),
            since.unwrap_or_default()
        )
    }
}

/// Of an object that changed, what is looked at.
#[derive(Debug, Clone, Deserialize)]
struct Changed {
    metadata: Metadata,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: String,
    resource_version: Option<String>,
}

/// A watch that was asked for.
struct Open {
    of: Of,
    events: BoxStream<'static, Result<WatchEvent<Changed>, kube::Error>>,
    /// Whether it began at a version that somebody had seen.
    has_since: bool,
    has_ended: bool,
    /// Of a collection: in which version others than those that were waited for have changed meanwhile.
    heard: BTreeMap<String, Option<String>>,
}

impl Open {
    fn new(client: &Client, of: Of, since: Option<String>) -> Self {
        Self {
            events: events(client, of.uri(since.as_deref())),
            of,
            has_since: since.is_some(),
            has_ended: false,
            heard: BTreeMap::new(),
        }
    }

    /// Completes when one of these objects is heard of in a newer version than it was seen in.
    async fn news(&mut self, client: &Client, group: Vec<&Watch>) {
        let heard = group.iter().filter(|watch| watch.since.is_some());
        let mut heard = heard.filter_map(|watch| Some((watch, self.heard.remove(&watch.name)?)));
        if heard.any(|(watch, version)| is_newer(watch, version.as_deref())) {
            return;
        }
        loop {
            match self.events.next().await {
                Some(Ok(WatchEvent::Bookmark(_))) => {}
                Some(Ok(
                    WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object),
                )) => {
                    if self.is_news(&group, object.metadata) {
                        return;
                    }
                }
                // The server has forgotten what changed since then, so it begins with all as it is now.
                Some(Ok(WatchEvent::Error(_))) if self.has_since => {
                    self.events = events(client, self.of.uri(None));
                    self.has_since = false;
                }
                Some(Ok(WatchEvent::Error(_)) | Err(_)) | None => {
                    self.has_ended = true;
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Whether it is one of the watched objects, in a newer version than it was seen in.
    fn is_news(&mut self, group: &[&Watch], found: Metadata) -> bool {
        match group.iter().find(|watch| watch.name == found.name) {
            Some(watch) => is_newer(watch, found.resource_version.as_deref()),
            None => {
                self.heard.insert(found.name, found.resource_version);
                false
            }
        }
    }
}

fn events(client: &Client, uri: String) -> BoxStream<'static, Result<WatchEvent<Changed>, kube::Error>> {
    let client = client.clone();
    let ask = async move {
        let request = Request::get(uri).body(Vec::new());
        let request = request.map_err(kube::Error::HttpError)?;
        client.request_events(request).await
    };
    let begun = stream::once(ask).flat_map(|begun| match begun {
        Ok(events) => events.left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    });
    begun.boxed()
}

/// From the time of the first that was seen.
fn since(group: &[&Watch]) -> Option<String> {
    let since = group.iter().filter_map(|watch| watch.since.as_ref());
    since
        .min_by_key(|version| number(version).unwrap_or_default())
        .cloned()
}

/// Versions are numbers that grow, and may be compared (KEP-5504).
fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}

fn is_newer(watch: &Watch, version: Option<&str>) -> bool {
    match (watch.since.as_deref(), version) {
        (Some(seen), Some(version)) => match (number(seen), number(version)) {
            (Some(seen), Some(version)) => version > seen,
            _ => version != seen,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::client::Body;
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    const PODS: &str = "/api/v1/namespaces/ns/pods";

    fn mk_watch(name: &str, since: Option<&str>) -> Watch {
        Watch {
            path: PODS.to_owned(),
            name: name.to_owned(),
            since: since.map(str::to_owned),
            settling: Watch::SETTLING,
        }
    }

    fn mk_open(name: Option<&str>, events: &[(&str, &str)]) -> Open {
        let object = |name: &str, version: &str| Metadata {
            name: name.to_owned(),
            resource_version: Some(version.to_owned()),
        };
        let events = events.iter().map(|(name, version)| {
            Ok(WatchEvent::Modified(Changed {
                metadata: object(name, version),
            }))
        });
        let events: Vec<_> = events.collect();
        Open {
            of: Of {
                path: PODS.to_owned(),
                name: name.map(str::to_owned),
            },
            events: stream::iter(events).chain(stream::pending()).boxed(),
            has_since: true,
            has_ended: false,
            heard: BTreeMap::new(),
        }
    }

    fn uris(open: Vec<Open>, watches: &[Watch]) -> Vec<String> {
        let groups = Watches(open).groups(watches.iter());
        groups
            .iter()
            .map(|(of, group)| of.uri(since(group).as_deref()))
            .collect()
    }

    #[test]
    fn several_objects_share_a_watch_from_the_oldest_version() {
        let many: Vec<Watch> = ["100", "99", "101", "102", "103"]
            .iter()
            .map(|version| mk_watch(version, Some(version)))
            .collect();
        let whole =
            format!("{PODS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=99");
        assert_eq!(uris(Vec::new(), &many), [whole]);
        let single = uris(Vec::new(), &many[..1]);
        assert!(
            single[0].contains("fieldSelector=metadata.name%3D100&"),
            "{single:?}"
        );
        assert_eq!(uris(Vec::new(), &many[..4]).len(), 4);
        let kept = uris(vec![mk_open(None, &[])], &many[..1]);
        assert!(!kept[0].contains("fieldSelector"), "{kept:?}");
    }

    #[test]
    fn only_a_watched_object_in_a_newer_version_is_news() {
        let (one, other) = (mk_watch("a", Some("100")), mk_watch("b", Some("99")));
        let missing = mk_watch("d", None);
        let group = [&one, &other, &missing];
        let cases = [
            ("a", "101", true),
            ("a", "100", false),
            ("a", "99", false),
            ("a", "x", true),
            ("c", "101", false),
            ("d", "1", true),
        ];
        for (name, version, expected) in cases {
            let found = Metadata {
                name: name.to_owned(),
                resource_version: Some(version.to_owned()),
            };
            assert_eq!(
                mk_open(None, &[]).is_news(&group, found),
                expected,
                "{name} {version}"
            );
        }
    }

    /// Whether the wait for these ends by itself, and the paths that were asked for meanwhile.
    async fn wakes(open: &mut Open, group: &[&Watch]) -> (bool, Vec<String>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let server = tower::service_fn(move |request: Request<Body>| {
            log.lock().unwrap().push(request.uri().to_string());
            async { Err::<http::Response<Body>, _>(tower::BoxError::from("nobody listens")) }
        });
        let client = Client::new(server, "default");
        let news = open.news(&client, group.to_vec());
        let woke = tokio::time::timeout(Duration::from_secs(1), news).await.is_ok();
        (woke, asked.lock().unwrap().clone())
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_before_it_was_waited_for_is_news_once() {
        let mut open = mk_open(None, &[("b", "101"), ("a", "102")]);
        let (one, other) = (mk_watch("a", Some("100")), mk_watch("b", Some("100")));
        assert!(wakes(&mut open, &[&one]).await.0);
        assert!(
            wakes(&mut open, &[&other]).await.0,
            "it changed during the first wait"
        );
        assert!(!wakes(&mut open, &[&one, &other]).await.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_from_a_version_that_is_forgotten_begins_with_what_there_is_now() {
        let mut open = mk_open(Some("a"), &[]);
        let gone = kube::core::Status::failure("too old", "Expired");
        let events = vec![Ok(WatchEvent::Error(gone.boxed()))];
        open.events = stream::iter(events).boxed();
        let (woke, asked) = wakes(&mut open, &[&mk_watch("a", Some("100"))]).await;
        assert!(!woke && open.has_ended);
        assert_eq!(asked, [open.of.uri(None)]);
    }
}
