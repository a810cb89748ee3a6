//! Waking up when a watched object changes.

use super::Cluster;
use crate::converge::contract::Watch;
use futures::{StreamExt, TryStreamExt, stream::FuturesUnordered};
use http::Request;
use kube::core::{DynamicObject, WatchEvent};

impl Cluster {
    /// Completes when one of the watched objects changes after it was seen. A watch that cannot be had
    /// never completes: the caller polls besides, so a lost event costs time and never a hang.
    pub async fn changed<'a>(&self, watches: impl Iterator<Item = &'a Watch>) {
        let mut watching: FuturesUnordered<_> = watches.map(|watch| self.one_changed(watch)).collect();
        if watching.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn one_changed(&self, watch: &Watch) {
        if self.event(watch).await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn event(&self, watch: &Watch) -> Option<()> {
        let since = watch
            .since
            .as_deref()
            .map(|version| format!("&resourceVersion={version}"))
            .unwrap_or_default();
        let uri = format!(
            "{}?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3D{}&timeoutSeconds=60{since}",
            watch.path, watch.name
        );
        let request = Request::get(uri).body(Vec::new()).ok()?;
        let events = self.client.request_events::<DynamicObject>(request).await.ok()?;
        let mut events = std::pin::pin!(events);
        loop {
            match events.try_next().await {
                Ok(Some(WatchEvent::Bookmark(_))) => {}
                Ok(Some(_)) => return Some(()),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}
