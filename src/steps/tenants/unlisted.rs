//! Looking for what no list of our own showed, but could be there without our labels.

use super::{
    desired::Part,
    kinds,
    memory::Memory,
    seen::{PartSeen, PartState},
    wanted::{CONCURRENCY, Place, State, Wanted},
};
use crate::{
    converge::Context,
    model::{
        failure::Failure,
        kind::{Address, Kind},
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::collections::HashMap;

/// So many objects of a kind are asked for one by one; more are looked for among all of the kind, page by page.
const FEW: usize = 20;

type Unknown<'a> = (Place, &'a Address);

impl Wanted<'_> {
    /// The state of what is there all the same. In a namespace that this run made, nothing is; of namespaces and Secrets, the
    /// lists show those too that are not ours.
    pub(super) async fn unlisted(&self, cx: &Context, memory: &Memory) -> Result<Vec<State>, Failure> {
        let mut kinds: HashMap<&Kind, Vec<Unknown<'_>>> = HashMap::new();
        for (place, address) in self.unknown() {
            let is_known = memory.is_absent(address) || memory.is_new(address.namespace.as_deref());
            if ![kinds::SECRET, kinds::NAMESPACE].contains(&address.kind) && !is_known {
                kinds.entry(&address.kind).or_default().push((place, address));
            }
        }
        let mut found = Vec::new();
        for (kind, unknown) in kinds {
            found.extend(match unknown.len() {
                ..=FEW => self.one_by_one(cx, memory, unknown).await?,
                _ => self.among_all(cx, memory, kind, unknown).await?,
            });
        }
        Ok(found)
    }

    fn unknown(&self) -> impl Iterator<Item = Unknown<'_>> {
        let organizations = self.organizations.iter().enumerate().flat_map(|(tenant, seen)| {
            let is_worked_on = seen.problem.is_none() || seen.resource.is_deleted;
            candidates(&seen.parts, is_worked_on)
                .map(move |(at, address)| (Place::Organization(tenant, at), address))
        });
        let bindings = self.bindings.iter().enumerate().flat_map(|(tenant, seen)| {
            let is_worked_on = seen.problem.is_none() || seen.resource.is_deleted;
            candidates(&seen.parts, is_worked_on)
                .map(move |(at, address)| (Place::Binding(tenant, at), address))
        });
        organizations.chain(bindings)
    }

    async fn one_by_one(
        &self,
        cx: &Context,
        memory: &Memory,
        unknown: Vec<Unknown<'_>>,
    ) -> Result<Vec<State>, Failure> {
        let looks = unknown.into_iter().map(|(place, address)| async move {
            let live = cx.cluster.find(address).await?;
            if live.is_none() {
                memory.absent(address);
            }
            Ok::<_, Failure>(live.map(|live| self.unlisted_state(place, &live)))
        });
        let found: Vec<Option<State>> = stream::iter(looks)
            .buffer_unordered(4 * CONCURRENCY)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn among_all(
        &self,
        cx: &Context,
        memory: &Memory,
        kind: &Kind,
        unknown: Vec<Unknown<'_>>,
    ) -> Result<Vec<State>, Failure> {
        let mut places: HashMap<&Address, Place> = unknown
            .into_iter()
            .map(|(place, address)| (address, place))
            .collect();
        let mut found = Vec::new();
        let mut pages = std::pin::pin!(cx.cluster.find_pages(kind, None, ""));
        while let Some(page) = pages.try_next().await? {
            let theirs = page.iter().filter_map(|live| {
                let place = places.remove(&kind.address(live))?;
                Some(self.unlisted_state(place, live))
            });
            found.extend(theirs);
        }
        places.into_keys().for_each(|address| memory.absent(address));
        Ok(found)
    }

    fn unlisted_state(&self, place: Place, live: &Value) -> State {
        let (state, secret) = self.state(place, live);
        (place, state, secret)
    }
}

/// Those that no list showed: in a namespace that is there, or where others have theirs.
fn candidates<P: Part>(parts: &[PartSeen<P>], is_worked_on: bool) -> impl Iterator<Item = (usize, &Address)> {
    let is_there = parts.first().is_some_and(|part| part.state != PartState::Missing);
    let is_unknown = move |seen: &PartSeen<P>| {
        seen.state == PartState::Missing && (is_there || seen.part.is_in_shared_place())
    };
    let parts = parts.iter().enumerate();
    parts
        .filter(move |(_, seen)| is_worked_on && is_unknown(seen))
        .map(|(at, seen)| (at, &seen.at))
}
