//! Looking at the tenants: their custom resources, then each kind of object once.

use super::{
    Scope,
    desired::{Binding, BindingPart, Facts, Organization, OrganizationPart, Part},
    judge::judge,
    kinds,
    memory::Memory,
    resources::{self, Resources},
    seen::{BindingSeen, Leftover, OrganizationSeen, PartSeen, PartState, Seen, Stray, TunnelSeen},
    surroundings,
    teams::{self, Team},
    tunnels,
    wanted::{self, CONCURRENCY, Found, List, Wanted, connector_lists, lists},
};
use crate::{
    converge::Context,
    model::{
        failure::{Failure, Reason},
        kind::{Address, Kind},
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Looks at everything.
pub(super) async fn look(cx: &Context, memory: &Memory, scope: Scope<'_>) -> Result<Seen, Failure> {
    let (resources, mut facts) = futures::try_join!(resources::read(cx), surroundings::look(cx))?;
    let is_defined = resources.is_some();
    let mut resources = resources.unwrap_or_default();
    resources.given = surroundings::given(cx, &resources).await?;
    judge(&mut resources, &cx.config);
    facts.has_tunnels = scope.has_tunnels;
    let named = resources.bindings.iter().filter(|binding| binding.holds_name);
    facts.pipelines = named.map(|binding| binding.spec.pipeline_name.clone()).collect();
    place(&mut resources, &facts);
    let (teams, mut strays) = listed(cx, &mut resources, &facts, lists()).await?;
    if facts.has_tunnels {
        tunnels::look(cx, memory, scope.token_file, &mut resources.organizations).await;
        add_connectors(&mut resources, &facts);
        let (_, connectors) = listed(cx, &mut resources, &facts, connector_lists()).await?;
        strays.extend(connectors);
    }
    let unlisted = {
        let wanted = Wanted::new(&resources, &facts);
        wanted.unlisted(cx, memory).await?
    };
    wanted::set(&mut resources, unlisted);
    facts.deaf = deaf(&resources);
    applications(cx, &mut resources, &facts).await?;
    Ok(Seen {
        is_defined,
        facts,
        organizations: resources.organizations,
        bindings: resources.bindings,
        bases: resources.bases,
        teams,
        strays,
        failed: memory.failed(),
        only: scope.only.to_vec(),
        shard: None,
        has_deleted: memory.has_deleted(),
        is_patience_over: memory.is_patience_over(),
    })
}

/// Looks at all objects of these lists, and finds those that are a team's or nobody's.
async fn listed(
    cx: &Context,
    resources: &mut Resources,
    facts: &Facts,
    lists: Vec<List>,
) -> Result<(Vec<Team>, Vec<Stray>), Failure> {
    let found: Vec<(Kind, Found)> = {
        let wanted = Wanted::new(resources, facts);
        let places = wanted.places();
        let lists = stream::iter(lists).map(|list| wanted.list(cx, &places, list));
        lists.buffer_unordered(CONCURRENCY).try_collect().await?
    };
    let not_served = found.iter().filter(|(_, found)| !found.is_served);
    let not_served: BTreeSet<Kind> = not_served.map(|(kind, _)| kind.clone()).collect();
    let mut strays = Vec::new();
    let mut teams = teams::Found::default();
    for (_, found) in found {
        wanted::set(resources, found.states);
        strays.extend(found.strays);
        teams.extend(found.teams);
    }
    wanted::mark_unserved(resources, &not_served);
    let (teams, elsewhere) = teams.teams();
    strays.extend(elsewhere);
    Ok((teams, strays))
}

fn add_connectors(resources: &mut Resources, facts: &Facts) {
    for seen in resources
        .organizations
        .iter_mut()
        .filter(|seen| !seen.parts.is_empty())
    {
        let tenant = organization(seen, facts);
        let parts = OrganizationPart::CONNECTOR.map(|part| missing(part, part.at(&tenant)));
        seen.parts.extend(parts);
    }
}

/// The organizations whose listeners complain.
fn deaf(resources: &Resources) -> BTreeMap<String, String> {
    let complaint = |seen: &OrganizationSeen| {
        let mut parts = seen.parts.iter();
        let listener = parts.find(|part| part.part == OrganizationPart::Listener)?;
        let message = listener.complaint()?;
        Some((seen.resource.at.name.clone(), message))
    };
    resources.organizations.iter().filter_map(complaint).collect()
}

fn missing<P>(part: P, at: Address) -> PartSeen<P> {
    PartSeen {
        part,
        at,
        state: PartState::Missing,
    }
}

fn place(resources: &mut Resources, facts: &Facts) {
    for seen in resources.organizations.iter_mut().filter(|seen| seen.holds_name) {
        let tenant = organization(seen, facts);
        let parts = OrganizationPart::all().iter();
        seen.parts = parts.map(|part| missing(*part, part.at(&tenant))).collect();
    }
    for seen in resources.bindings.iter_mut().filter(|seen| seen.holds_name) {
        let tenant = binding(seen, facts);
        let parts = BindingPart::all().iter();
        seen.parts = parts.map(|part| missing(*part, part.at(&tenant))).collect();
    }
}

pub(super) fn organization<'a>(seen: &'a OrganizationSeen, facts: &'a Facts) -> Organization<'a> {
    Organization {
        name: &seen.resource.at.name,
        owner: &seen.resource.owner,
        spec: &seen.spec,
        tunnel: match &seen.tunnel {
            TunnelSeen::Done { id } => Some(id),
            _ => None,
        },
        facts,
    }
}

pub(super) fn binding<'a>(seen: &'a BindingSeen, facts: &'a Facts) -> Binding<'a> {
    Binding {
        owner: &seen.resource.owner,
        spec: &seen.spec,
        pipeline: &seen.pipeline,
        is_elevated: seen.is_elevated,
        facts,
    }
}

/// Argo CD's Applications of tenants that are being deleted.
async fn applications(cx: &Context, resources: &mut Resources, facts: &Facts) -> Result<(), Failure> {
    let is_leaving = |seen: &BindingSeen| seen.resource.is_deleted && !seen.parts.is_empty();
    if !resources.bindings.iter().any(is_leaving) {
        return Ok(());
    }
    let all = cx
        .cluster
        .find_all(&kinds::APPLICATION, Some(&facts.argocd), "")
        .await;
    let all = match all {
        Err(failure) if failure.reason == Reason::NotFound => Vec::new(),
        all => all?,
    };
    for seen in resources.bindings.iter_mut().filter(|seen| is_leaving(seen)) {
        let pipeline = &seen.spec.pipeline_name;
        let own = all.iter().filter(|live| live["spec"]["project"] == **pipeline);
        seen.applications = own
            .map(|live| Leftover {
                at: kinds::APPLICATION.address(live),
                uid: live["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
                is_terminating: !live["metadata"]["deletionTimestamp"].is_null(),
            })
            .collect();
    }
    Ok(())
}
