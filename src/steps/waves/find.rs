//! Finding the plan's objects: with a list of each kind where that is less to ask, and page by page.

use super::prepared::Prepared;
use crate::{
    apply::applyset,
    converge::Context,
    model::{
        failure::{Failure, Reason},
        kind::{Address, Kind},
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::{collections::BTreeMap, pin::pin};
use tokio::sync::mpsc::Sender;

/// How many requests are under way at once.
pub(super) const CONCURRENCY: usize = 8;
/// Of a kind of which more objects are looked at, a list is asked for first.
const FEW: usize = 8;

/// An object of the plan, and what was found at its place.
pub(super) type Sight = (usize, Option<Value>);

/// Looks for objects of the plan, and sends what was found page by page. Whoever takes the pages may stop taking them. A new
/// set has no members to look for.
pub(super) async fn find(
    cx: &Context,
    prepared: &Prepared,
    wanted: &[usize],
    is_new: bool,
    pages: Sender<Vec<Sight>>,
) -> Result<(), Failure> {
    let mut by_kind: BTreeMap<&Kind, Vec<usize>> = BTreeMap::new();
    for at in wanted {
        by_kind
            .entry(&prepared.addresses[*at].kind)
            .or_default()
            .push(*at);
    }
    let of_kinds = by_kind
        .into_iter()
        .map(|(kind, members)| of_kind(cx, prepared, kind, members, is_new, &pages));
    stream::iter(of_kinds)
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

async fn of_kind(
    cx: &Context,
    prepared: &Prepared,
    kind: &Kind,
    members: Vec<usize>,
    is_new: bool,
    pages: &Sender<Vec<Sight>>,
) -> Result<(), Failure> {
    if members.len() <= FEW || *kind.name == *"Secret" {
        send(pages, one_by_one(cx, prepared, members).await?).await;
        return Ok(());
    }
    let labels = format!("{}={}", applyset::PART_OF, prepared.parent.id());
    let mut places: BTreeMap<&Address, usize> =
        members.iter().map(|at| (&prepared.addresses[*at], *at)).collect();
    let of_set = async {
        if is_new {
            return Ok(());
        }
        listed(cx, kind, None, &labels, &mut places, pages).await
    };
    match of_set.await {
        Err(failure) if is_unknown_kind(&failure) => {}
        Err(failure) => return Err(failure),
        Ok(()) if places.len() <= FEW => {
            let rest = places.into_values().collect();
            send(pages, one_by_one(cx, prepared, rest).await?).await;
            return Ok(());
        }
        Ok(()) => {
            // Made by somebody else, or not at all: then a list of each namespace tells sooner.
            let mut namespaces: Vec<Option<&str>> = places.keys().map(|at| at.namespace.as_deref()).collect();
            namespaces.dedup();
            for namespace in namespaces {
                listed(cx, kind, namespace, "", &mut places, pages).await?;
            }
        }
    }
    send(pages, places.into_values().map(|at| (at, None)).collect()).await;
    Ok(())
}

/// Sends what of a list has one of these places, and takes the places away.
async fn listed(
    cx: &Context,
    kind: &Kind,
    namespace: Option<&str>,
    labels: &str,
    places: &mut BTreeMap<&Address, usize>,
    pages: &Sender<Vec<Sight>>,
) -> Result<(), Failure> {
    let mut found = pin!(cx.cluster.find_pages(kind, namespace, labels));
    while let Some(page) = found.try_next().await? {
        let sights = page.into_iter().filter_map(|live| {
            let at = places.remove(&kind.address(&live))?;
            Some((at, Some(live)))
        });
        let sights = sights.collect();
        send(pages, sights).await;
    }
    Ok(())
}

/// Nobody takes it any more once something has failed; that is told by whoever failed.
async fn send(pages: &Sender<Vec<Sight>>, page: Vec<Sight>) {
    let _ = pages.send(page).await;
}

async fn one_by_one(cx: &Context, prepared: &Prepared, members: Vec<usize>) -> Result<Vec<Sight>, Failure> {
    let each = members.into_iter().map(|at| async move {
        let address = &prepared.addresses[at];
        match cx.cluster.find(address).await {
            Ok(found) => Ok((at, found)),
            Err(failure) if is_unknown_kind(&failure) => Ok((at, None)),
            Err(failure) => Err(failure),
        }
    });
    stream::iter(each).buffered(CONCURRENCY).try_collect().await
}

/// A list of a kind that the server does not have (yet).
pub(super) fn is_unknown_kind(failure: &Failure) -> bool {
    failure.reason == Reason::NotFound
}
