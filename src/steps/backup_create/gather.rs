//! Reading what is in a backup, as it is in the cluster.

use super::contents::{Place, is_of_webhooks, place_of, platform_secrets};
use crate::{
    converge::Context,
    model::{
        config::Config,
        failure::{Failure, Reason},
        kind::{NAMESPACE, SECRET},
        rule::Rule,
        tenants::{kinds, names::WEBHOOK_SECRET},
    },
};
use futures::TryStreamExt;
use serde_json::Value;
use std::{collections::BTreeMap, iter, pin::pin};

/// The permissions that it takes, and these verbs on the same objects.
pub(in crate::steps) fn rules(config: &Config, more: &[&'static str]) -> Vec<Rule> {
    let with = |look: &'static str| {
        let others = more.iter().copied().filter(|verb| *verb != look);
        iter::once(look).chain(others).collect::<Vec<_>>()
    };
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for at in platform_secrets(config) {
        names
            .entry(at.namespace.unwrap_or_default())
            .or_default()
            .push(at.name);
    }
    let of_platform = names
        .into_iter()
        .map(|(namespace, names)| Rule::named(&namespace, "", "secrets", names, &with("get")));
    let of_webhooks = Rule::cluster("", "secrets", [WEBHOOK_SECRET], &with("list"));
    let kinds = iter::once(NAMESPACE).chain(kinds::ALL.iter().cloned());
    let of_kinds = kinds.map(|kind| Rule::everywhere(&kind, &with("list")));
    of_platform.chain([of_webhooks]).chain(of_kinds).collect()
}

/// All that a backup is made of, and all namespaces.
///
/// # Errors
/// Something cannot be read: a backup with holes would be taken for a whole one.
pub(in crate::steps) async fn look(cx: &Context) -> Result<BTreeMap<Place, Value>, Failure> {
    let mut found = BTreeMap::new();
    for at in platform_secrets(&cx.config) {
        if let Some(live) = cx.cluster.find(&at).await? {
            found.extend(place_of(at).map(|place| (place, live)));
        }
    }
    let kind = SECRET;
    let mut pages = pin!(cx.cluster.find_named_pages(&kind, WEBHOOK_SECRET));
    while let Some(page) = pages.try_next().await? {
        let secrets = page.into_iter().map(|live| (kind.address(&live), live));
        let ours = secrets.filter(|(at, _)| is_of_webhooks(at));
        found.extend(ours.filter_map(|(at, live)| Some((place_of(at)?, live))));
    }
    for kind in [NAMESPACE].iter().chain(&kinds::ALL) {
        let objects = match cx.cluster.find_all(kind, None, "").await {
            // The cluster does not have the kind.
            Err(failure) if failure.reason == Reason::NotFound => Vec::new(),
            objects => objects?,
        };
        let placed = objects
            .into_iter()
            .filter_map(|live| Some((place_of(kind.address(&live))?, live)));
        found.extend(placed);
    }
    Ok(found)
}
