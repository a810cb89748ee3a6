//! Looking at the tenants: their custom resources, then each kind of object once, page by page.

use super::{
    Scope,
    compare::{Remedy, compare},
    desired::{
        Binding, BindingPart, Exactness, Facts, Organization, OrganizationPart, Part, TERRAFORM_SECRET,
        WEBHOOK_KEY, WEBHOOK_SECRET,
    },
    kinds,
    memory::Memory,
    problems::{self, Others},
    resources::{self, Resources},
    seen::{BindingSeen, Leftover, OrganizationSeen, PartSeen, PartState, Seen, TunnelSeen, WebhookSecret},
    surroundings, tunnels,
};
use crate::{
    converge::Context,
    model::{
        config::Config,
        failure::{Failure, Reason},
        kind::{Address, Kind},
        names as product,
        tenants::names,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use subtle::ConstantTimeEq;

/// How many lists, and how many single looks, are under way at once.
const CONCURRENCY: usize = 4;

/// Which part of which tenant an object is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Organization(usize, usize),
    Binding(usize, usize),
}

/// What is wanted, and where.
struct Wanted<'a> {
    organizations: &'a [OrganizationSeen],
    bindings: &'a [BindingSeen],
    facts: &'a Facts,
    places: HashMap<Address, Place>,
    /// All custom resources, by the names that objects have them as owners.
    owners: BTreeSet<&'a str>,
}

/// What was found of one kind.
#[derive(Default)]
struct Found {
    states: Vec<(Place, PartState, WebhookSecret)>,
    strays: Vec<Address>,
    is_served: bool,
}

/// Looks at everything.
pub(super) async fn look(cx: &Context, memory: &Memory, scope: Scope<'_>) -> Result<Seen, Failure> {
    let (resources, mut facts) = futures::try_join!(resources::read(cx), surroundings::look(cx))?;
    let is_defined = resources.is_some();
    let mut resources = resources.unwrap_or_default();
    judge(&mut resources, &cx.config);
    facts.has_tunnels = scope.has_tunnels;
    let named = resources.bindings.iter().filter(|binding| binding.holds_name);
    facts.pipelines = named.map(|binding| binding.spec.pipeline_name.clone()).collect();
    place(&mut resources, &facts);
    let mut strays = listed(cx, &mut resources, &facts, lists()).await?;
    if facts.has_tunnels {
        tunnels::look(cx, memory, scope.token_file, &mut resources.organizations).await;
        add_connectors(&mut resources, &facts);
        strays.extend(listed(cx, &mut resources, &facts, connector_lists()).await?);
    }
    let unlisted = {
        let wanted = Wanted::new(&resources, &facts);
        wanted.unlisted(cx, memory).await?
    };
    set(&mut resources, unlisted);
    applications(cx, &mut resources, &facts).await?;
    Ok(Seen {
        is_defined,
        facts,
        organizations: resources.organizations,
        bindings: resources.bindings,
        bases: resources.bases,
        strays,
        failed: memory.failed(),
        only: scope.only.map(str::to_owned),
        has_deleted: memory.has_deleted(),
        is_patience_over: memory.is_patience_over(),
    })
}

/// Looks at all objects of these lists, and finds those that are of nobody.
async fn listed(
    cx: &Context,
    resources: &mut Resources,
    facts: &Facts,
    lists: Vec<List>,
) -> Result<Vec<Address>, Failure> {
    let found: Vec<(Kind, Found)> = {
        let wanted = Wanted::new(resources, facts);
        let lists = stream::iter(lists).map(|list| wanted.list(cx, list));
        lists.buffer_unordered(CONCURRENCY).try_collect().await?
    };
    let not_served = found.iter().filter(|(_, found)| !found.is_served);
    let not_served: BTreeSet<Kind> = not_served.map(|(kind, _)| kind.clone()).collect();
    let mut strays = Vec::new();
    for (_, found) in found {
        set(resources, found.states);
        strays.extend(found.strays);
    }
    mark_unserved(resources, &not_served);
    Ok(strays)
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

/// Finds what is wrong with each of them. What has no good name has no parts either: whatever is called so is not its own.
fn judge(resources: &mut Resources, config: &Config) {
    for organization in &mut resources.organizations {
        organization.problem = problems::of_organization(&organization.resource, &organization.spec, config);
    }
    let judged: Vec<_> = {
        let mut others = Others::default();
        for organization in &resources.organizations {
            if organization.resource.at.namespace.as_deref() == Some(config.namespaces.platform.as_str()) {
                let problem = organization.problem.as_ref();
                others
                    .organizations
                    .insert(&organization.resource.at.name, (&organization.resource, problem));
            }
        }
        for binding in &resources.bindings {
            if problems::may_hold(&binding.resource, &binding.spec, &config.namespaces) {
                others
                    .holders
                    .entry(&binding.spec.pipeline_name)
                    .or_insert(&binding.resource);
            }
        }
        let holds = |binding: &BindingSeen| {
            let holder = others.holders.get(binding.spec.pipeline_name.as_str());
            holder.is_some_and(|holder| holder.owner == binding.resource.owner)
        };
        let judge = |binding: &BindingSeen| {
            let verdict = problems::of_binding(&binding.resource, &binding.spec, &others, config);
            (holds(binding), verdict)
        };
        resources.bindings.iter().map(judge).collect()
    };
    for (binding, (is_holder, verdict)) in resources.bindings.iter_mut().zip(judged) {
        binding.is_elevated = problems::is_elevated(&binding.spec, config);
        match verdict {
            Ok(pipeline) => binding.pipeline = pipeline,
            Err(problem) => binding.problem = Some(problem),
        }
        binding.holds_name = is_holder;
    }
}

fn missing<P>(part: P, at: Address) -> PartSeen<P> {
    PartSeen {
        part,
        at,
        state: PartState::Missing,
    }
}

fn place(resources: &mut Resources, facts: &Facts) {
    for seen in &mut resources.organizations {
        let is_named = seen
            .problem
            .as_ref()
            .is_none_or(|problem| problem.reason == "InvalidSpec");
        if is_named {
            let tenant = organization(seen, facts);
            let parts = OrganizationPart::all().iter();
            seen.parts = parts.map(|part| missing(*part, part.at(&tenant))).collect();
        }
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

/// One list: of a kind by our labels, or of a kind by a name.
#[derive(Clone, Copy)]
enum List {
    Labelled(&'static Kind),
    Secrets(&'static str),
}

/// Those of the connectors, when it is known which tunnel each of them is for.
fn connector_lists() -> Vec<List> {
    kinds::CONNECTORS.iter().map(List::Labelled).collect()
}

fn lists() -> Vec<List> {
    let labelled = kinds::LABELLED.iter().map(List::Labelled);
    labelled
        .chain([List::Secrets(WEBHOOK_SECRET), List::Secrets(TERRAFORM_SECRET)])
        .collect()
}

/// Selects what belongs to tenants.
pub(super) fn selector() -> String {
    format!(
        "{} in ({},{})",
        product::MANAGED_BY_LABEL,
        names::ORGANIZATION_MANAGER,
        names::BINDING_MANAGER
    )
}

impl<'a> Wanted<'a> {
    fn new(resources: &'a Resources, facts: &'a Facts) -> Self {
        let mut places = HashMap::new();
        for (tenant, seen) in resources.organizations.iter().enumerate() {
            let parts = seen.parts.iter().enumerate();
            places.extend(parts.map(|(at, part)| (part.at.clone(), Place::Organization(tenant, at))));
        }
        for (tenant, seen) in resources.bindings.iter().enumerate() {
            let parts = seen.parts.iter().enumerate();
            places.extend(parts.map(|(at, part)| (part.at.clone(), Place::Binding(tenant, at))));
        }
        let organizations = resources
            .organizations
            .iter()
            .map(|seen| seen.resource.owner.as_str());
        let bindings = resources.bindings.iter().map(|seen| seen.resource.owner.as_str());
        Self {
            organizations: &resources.organizations,
            bindings: &resources.bindings,
            facts,
            places,
            owners: organizations.chain(bindings).collect(),
        }
    }

    async fn list(&self, cx: &Context, list: List) -> Result<(Kind, Found), Failure> {
        let labels = selector();
        let (kind, is_named) = match list {
            List::Labelled(kind) => (kind, false),
            List::Secrets(_) => (&kinds::SECRET, true),
        };
        let found = match list {
            List::Labelled(kind) => self.pages(kind, cx.cluster.find_pages(kind, None, &labels)).await,
            List::Secrets(name) => self.pages(kind, cx.cluster.find_named_pages(kind, name)).await,
        };
        match found {
            Ok(mut found) => {
                if is_named {
                    // Others may have a Secret of that name.
                    found.strays.clear();
                }
                Ok((kind.clone(), found))
            }
            Err(failure) if failure.reason == Reason::NotFound => Ok((kind.clone(), Found::default())),
            Err(failure) => Err(failure),
        }
    }

    async fn pages(
        &self,
        kind: &Kind,
        pages: impl Stream<Item = Result<Vec<Value>, Failure>>,
    ) -> Result<Found, Failure> {
        let found = Found {
            is_served: true,
            ..Found::default()
        };
        pages
            .try_fold(found, async |mut found, page| {
                for live in page {
                    let at = address(kind, &live);
                    match self.places.get(&at) {
                        Some(place) => {
                            let (state, secret) = self.state(*place, &live, true);
                            found.states.push((*place, state, secret));
                        }
                        None => found.strays.push(at),
                    }
                }
                Ok(found)
            })
            .await
    }

    /// How an object compares with what is wanted of it.
    fn state(&self, place: Place, live: &Value, is_listed: bool) -> (PartState, WebhookSecret) {
        let (owner, is_shared) = match place {
            Place::Organization(tenant, part) => {
                let seen = &self.organizations[tenant];
                (&seen.resource.owner, seen.parts[part].part.is_in_shared_place())
            }
            Place::Binding(tenant, part) => {
                let seen = &self.bindings[tenant];
                (&seen.resource.owner, seen.parts[part].part.is_in_shared_place())
            }
        };
        let live_owner = live["metadata"]["annotations"][names::OWNER_ANNOTATION].as_str();
        let is_foreign = match live_owner {
            Some(other) => other != owner && self.owners.contains(other),
            None => is_shared && !is_listed,
        };
        if is_foreign {
            let owner = live_owner.unwrap_or("somebody who is not known here").to_owned();
            return (PartState::Foreign { owner }, WebhookSecret::Missing);
        }
        let (remedy, secret) = self.remedy(place, live);
        let state = PartState::There {
            uid: live["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            remedy,
            is_terminating: !live["metadata"]["deletionTimestamp"].is_null(),
        };
        (state, secret)
    }

    fn remedy(&self, place: Place, live: &Value) -> (Remedy, WebhookSecret) {
        match place {
            Place::Organization(tenant, part) => {
                let seen = &self.organizations[tenant];
                let part = seen.parts[part].part;
                let body = part.body(&organization(seen, self.facts));
                if part != OrganizationPart::WebhookSecret {
                    return (compare(live, &body, part.exactness()), WebhookSecret::Missing);
                }
                let secret = webhook_secret(live, seen.spec.webhook_secret.as_ref());
                // Its value is compared here, and nowhere else; an apply of the rest alone would take it away.
                let labels = Exactness::Exactly(&[]);
                let remedy = match (secret, compare(live, &body, labels)) {
                    (WebhookSecret::Good, Remedy::None) => Remedy::None,
                    _ => Remedy::Apply,
                };
                (remedy, secret)
            }
            Place::Binding(tenant, part) => {
                let seen = &self.bindings[tenant];
                let part = seen.parts[part].part;
                let body = part.body(&binding(seen, self.facts));
                (compare(live, &body, part.exactness()), WebhookSecret::Missing)
            }
        }
    }

    /// What no list showed, but could be there without our labels. In a namespace that this run made, nothing is.
    async fn unlisted(
        &self,
        cx: &Context,
        memory: &Memory,
    ) -> Result<Vec<(Place, PartState, WebhookSecret)>, Failure> {
        let organizations = self.organizations.iter().enumerate().flat_map(|(tenant, seen)| {
            let is_worked_on = seen.problem.is_none() || seen.resource.is_deleted;
            let is_there = seen
                .parts
                .first()
                .is_some_and(|part| part.state != PartState::Missing);
            candidates(&seen.parts, is_worked_on, is_there)
                .map(move |(at, address)| (Place::Organization(tenant, at), address))
        });
        let bindings = self.bindings.iter().enumerate().flat_map(|(tenant, seen)| {
            let is_worked_on = seen.problem.is_none() || seen.resource.is_deleted;
            let is_there = seen
                .parts
                .first()
                .is_some_and(|part| part.state != PartState::Missing);
            candidates(&seen.parts, is_worked_on, is_there)
                .map(move |(at, address)| (Place::Binding(tenant, at), address))
        });
        let unknown = organizations
            .chain(bindings)
            .filter(|(_, address)| address.kind != kinds::SECRET && !memory.is_absent(address));
        let looks = unknown.map(|(place, address)| async move {
            let live = cx.cluster.find(address).await?;
            if live.is_none() {
                memory.absent(address);
            }
            let state = live.map(|live| self.state(place, &live, is_ours(&live)));
            Ok::<_, Failure>(state.map(|(state, secret)| (place, state, secret)))
        });
        let found: Vec<Option<_>> = stream::iter(looks)
            .buffer_unordered(4 * CONCURRENCY)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn candidates<P: Part>(
    parts: &[PartSeen<P>],
    is_worked_on: bool,
    is_there: bool,
) -> impl Iterator<Item = (usize, &Address)> {
    let is_unknown = move |seen: &&PartSeen<P>| {
        seen.state == PartState::Missing && (is_there || seen.part.is_in_shared_place())
    };
    let parts = parts.iter().enumerate();
    parts
        .filter(move |(_, seen)| is_worked_on && is_unknown(seen))
        .map(|(at, seen)| (at, &seen.at))
}

fn is_ours(live: &Value) -> bool {
    let manager = live["metadata"]["labels"][product::MANAGED_BY_LABEL].as_str();
    manager.is_some_and(|manager| [names::ORGANIZATION_MANAGER, names::BINDING_MANAGER].contains(&manager))
}

fn address(kind: &Kind, live: &Value) -> Address {
    let text = |field: &str| live["metadata"][field].as_str().map(str::to_owned);
    Address {
        kind: kind.clone(),
        namespace: text("namespace"),
        name: text("name").unwrap_or_default(),
    }
}

/// Whether there is a value, and if one is given, whether it is that one. The value is not kept.
fn webhook_secret(live: &Value, given: Option<&SecretString>) -> WebhookSecret {
    let encoded = live["data"][WEBHOOK_KEY].as_str().unwrap_or_default();
    match given {
        _ if encoded.is_empty() => WebhookSecret::Missing,
        Some(given) => {
            let expected = SecretString::from(STANDARD.encode(given.expose_secret()));
            let is_it = expected.expose_secret().as_bytes().ct_eq(encoded.as_bytes());
            if is_it.into() {
                WebhookSecret::Good
            } else {
                WebhookSecret::Different
            }
        }
        None => WebhookSecret::Good,
    }
}

fn set(resources: &mut Resources, states: Vec<(Place, PartState, WebhookSecret)>) {
    for (place, state, secret) in states {
        match place {
            Place::Organization(tenant, part) => {
                let seen = &mut resources.organizations[tenant];
                if seen.parts[part].part == OrganizationPart::WebhookSecret {
                    seen.webhook_secret = secret;
                }
                seen.parts[part].state = state;
            }
            Place::Binding(tenant, part) => resources.bindings[tenant].parts[part].state = state,
        }
    }
}

fn mark_unserved(resources: &mut Resources, not_served: &BTreeSet<Kind>) {
    if not_served.is_empty() {
        return;
    }
    for part in resources
        .organizations
        .iter_mut()
        .flat_map(|seen| &mut seen.parts)
    {
        if not_served.contains(&part.at.kind) {
            part.state = PartState::NotServed;
        }
    }
    for part in resources.bindings.iter_mut().flat_map(|seen| &mut seen.parts) {
        if not_served.contains(&part.at.kind) {
            part.state = PartState::NotServed;
        }
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
                at: address(&kinds::APPLICATION, live),
                uid: live["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
                is_terminating: !live["metadata"]["deletionTimestamp"].is_null(),
            })
            .collect();
    }
    Ok(())
}
