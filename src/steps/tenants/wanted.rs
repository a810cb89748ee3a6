//! Comparing what is there with what is wanted, list by list, page by page.

use super::{
    compare::{Remedy, compare, differing},
    desired::{Exactness, Facts, OrganizationPart, Part, TERRAFORM_SECRET, WEBHOOK_KEY, WEBHOOK_SECRET},
    kinds,
    observe::{binding, organization},
    resources::Resources,
    seen::{BindingSeen, OrganizationSeen, PartSeen, PartState, Stray, WebhookSecret},
    teams,
};
use crate::{
    converge::Context,
    model::{
        failure::{Failure, Reason},
        kind::{Address, Kind},
        names as product,
        tenants::{Status, names},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{Stream, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use subtle::ConstantTimeEq;

/// How many lists, and how many single looks, are under way at once.
pub(super) const CONCURRENCY: usize = 4;

/// Longer than a listener takes to be started anew.
const LASTING: SignedDuration = SignedDuration::from_mins(5);

/// Which part of which tenant an object is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Organization(usize, usize),
    Binding(usize, usize),
}

/// What is wanted, and where.
pub(super) struct Wanted<'a> {
    pub(super) organizations: &'a [OrganizationSeen],
    pub(super) bindings: &'a [BindingSeen],
    facts: &'a Facts,
    /// All custom resources, by the names that objects have them as owners.
    owners: BTreeSet<&'a str>,
}

/// Objects by their addresses.
pub(super) type Places<'a> = HashMap<&'a Address, Place>;

/// How it is with one object.
pub(super) type State = (Place, PartState, WebhookSecret);

/// What was found of one kind.
#[derive(Default)]
pub(super) struct Found {
    pub(super) states: Vec<State>,
    pub(super) strays: Vec<Stray>,
    pub(super) teams: teams::Found,
    pub(super) is_served: bool,
}

impl Found {
    /// Takes an object that has no place.
    fn nobodys(&mut self, at: Address, live: &Value) {
        let is_labelled = at.kind != kinds::NAMESPACE || is_ours(live);
        if is_labelled && !self.teams.add_access(&at, live) {
            let owner = owner_of(live).map(str::to_owned);
            self.strays.push(Stray { at, owner });
        }
    }
}

/// One list: of a kind by our labels, or of a kind by a name.
#[derive(Clone, Copy)]
pub(super) enum List {
    Labelled(&'static Kind),
    Secrets(&'static str),
}

/// Those of the connectors, when it is known which tunnel each of them is for.
pub(super) fn connector_lists() -> Vec<List> {
    kinds::CONNECTORS.iter().map(List::Labelled).collect()
}

pub(super) fn lists() -> Vec<List> {
    let labelled = kinds::LABELLED.iter().map(List::Labelled);
    labelled
        .chain([List::Secrets(WEBHOOK_SECRET), List::Secrets(TERRAFORM_SECRET)])
        .collect()
}

/// Whether its labels say that it belongs to a tenant, which on a namespace only the platform can make them say.
fn is_ours(live: &Value) -> bool {
    let manager = live["metadata"]["labels"][product::MANAGED_BY_LABEL].as_str();
    manager.is_some_and(|manager| [names::ORGANIZATION_MANAGER, names::BINDING_MANAGER].contains(&manager))
}

/// Selects what belongs to tenants or lets teams ask for them.
fn selector() -> String {
    format!(
        "{} in ({},{},{})",
        product::MANAGED_BY_LABEL,
        names::ORGANIZATION_MANAGER,
        names::BINDING_MANAGER,
        names::TEAM_MANAGER
    )
}

impl<'a> Wanted<'a> {
    pub(super) fn new(resources: &'a Resources, facts: &'a Facts) -> Self {
        let organizations = resources.organizations.iter();
        let organizations = organizations.map(|seen| seen.resource.owner.as_str());
        let bindings = resources.bindings.iter().map(|seen| seen.resource.owner.as_str());
        Self {
            organizations: &resources.organizations,
            bindings: &resources.bindings,
            facts,
            owners: organizations.chain(bindings).collect(),
        }
    }

    /// Where every object belongs.
    pub(super) fn places(&self) -> Places<'a> {
        let organizations = self.organizations.iter().enumerate().flat_map(|(tenant, seen)| {
            let parts = seen.parts.iter().enumerate();
            parts.map(move |(at, part)| (&part.at, Place::Organization(tenant, at)))
        });
        let bindings = self.bindings.iter().enumerate().flat_map(|(tenant, seen)| {
            let parts = seen.parts.iter().enumerate();
            parts.map(move |(at, part)| (&part.at, Place::Binding(tenant, at)))
        });
        organizations.chain(bindings).collect()
    }

    pub(super) async fn list(
        &self,
        cx: &Context,
        places: &Places<'_>,
        list: List,
    ) -> Result<(Kind, Found), Failure> {
        let (kind, is_named) = match list {
            List::Labelled(kind) => (kind, false),
            List::Secrets(_) => (&kinds::SECRET, true),
        };
        // The namespaces of people and teams have no label of ours.
        let labels = match *kind == kinds::NAMESPACE {
            true => String::new(),
            false => selector(),
        };
        let found = match list {
            List::Labelled(kind) => {
                self.pages(kind, places, cx.cluster.find_pages(kind, None, &labels))
                    .await
            }
            List::Secrets(name) => {
                self.pages(kind, places, cx.cluster.find_named_pages(kind, name))
                    .await
            }
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
        places: &Places<'_>,
        pages: impl Stream<Item = Result<Vec<Value>, Failure>>,
    ) -> Result<Found, Failure> {
        let found = Found {
            is_served: true,
            ..Found::default()
        };
        pages
            .try_fold(found, async |mut found, page| {
                for live in page {
                    let at = kind.address(&live);
                    // Also one that a tenant would like to have: it is not the tenant's.
                    if *kind == kinds::NAMESPACE && !is_ours(&live) {
                        found.teams.add_namespace(&live);
                    }
                    match places.get(&at) {
                        Some(place) => {
                            let (state, secret) = self.state(*place, &live);
                            found.states.push((*place, state, secret));
                        }
                        None => found.nobodys(at, &live),
                    }
                }
                Ok(found)
            })
            .await
    }

    /// How an object compares with what is wanted of it.
    pub(super) fn state(&self, place: Place, live: &Value) -> (PartState, WebhookSecret) {
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
        let live_owner = owner_of(live);
        let is_foreign = match live_owner {
            Some(other) => other != owner && self.owners.contains(other),
            None => is_shared && !is_ours(live),
        };
        if is_foreign {
            let owner = live_owner.unwrap_or("somebody who is not known here").to_owned();
            return (PartState::Foreign { owner }, WebhookSecret::Missing);
        }
        let (remedy, differs, secret) = self.remedy(place, live);
        let complaint = self.complaint(place, live);
        (PartState::there(live, remedy, differs, complaint), secret)
    }

    /// What keeps an object from doing its work, of those whose controllers say so. Before they have said anything, nothing does;
    /// and where it has worked, only what lasts: all bindings of an organization have something new to say with it.
    fn complaint(&self, place: Place, live: &Value) -> Option<String> {
        let Place::Organization(tenant, part) = place else {
            return None;
        };
        let seen = &self.organizations[tenant];
        if !seen.parts[part].part.says_how_it_is() {
            return None;
        }
        let (said, since) = complaint(live)?;
        let has_worked = seen.status.as_ref().is_some_and(Status::is_good);
        let is_short = since.is_some_and(|since| Timestamp::now().duration_since(since) < LASTING);
        (!(has_worked && is_short)).then_some(said)
    }

    /// What mends it, and which fields differ.
    fn remedy(&self, place: Place, live: &Value) -> (Remedy, Vec<String>, WebhookSecret) {
        let compared = |body: &Value, exactness: Exactness| {
            let remedy = compare(live, body, exactness);
            let differs = match remedy {
                Remedy::None => Vec::new(),
                _ => differing(live, body, exactness),
            };
            (remedy, differs)
        };
        match place {
            Place::Organization(tenant, part) => {
                let seen = &self.organizations[tenant];
                let part = seen.parts[part].part;
                let body = part.body(&organization(seen, self.facts));
                if part != OrganizationPart::WebhookSecret {
                    let (remedy, differs) = compared(&body, part.exactness());
                    return (remedy, differs, WebhookSecret::Missing);
                }
                // Its value is compared here, and nowhere else; an apply of the rest alone would take it away.
                let labels = Exactness::Exactly(&[]);
                let (remedy, mut differs) = compared(&body, labels);
                let secret = webhook_secret(live, seen.spec.webhook_secret.as_ref());
                if secret == WebhookSecret::Good {
                    return (remedy, differs, secret);
                }
                differs.push(format!("data.{WEBHOOK_KEY}"));
                (Remedy::Apply, differs, secret)
            }
            Place::Binding(tenant, part) => {
                let seen = &self.bindings[tenant];
                let part = seen.parts[part].part;
                let body = part.body(&binding(seen, self.facts));
                let (remedy, differs) = compared(&body, part.exactness());
                (remedy, differs, WebhookSecret::Missing)
            }
        }
    }
}

/// The first condition that says that it is not ready, and since when.
fn complaint(live: &Value) -> Option<(String, Option<Timestamp>)> {
    let conditions = live["status"]["conditions"].as_array()?;
    let is_no = |found: &&Value| {
        ["Ready", "Available"].contains(&found["type"].as_str().unwrap_or_default())
            && found["status"] == "False"
    };
    let found = conditions.iter().find(is_no)?;
    let words = ["reason", "message"].map(|field| found[field].as_str().unwrap_or_default());
    let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let since = found["lastTransitionTime"].as_str().unwrap_or_default();
    Some((said.join(": "), since.parse().ok()))
}

/// The custom resource that an object says it was made for.
fn owner_of(live: &Value) -> Option<&str> {
    live["metadata"]["annotations"][names::OWNER_ANNOTATION].as_str()
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

pub(super) fn set(resources: &mut Resources, states: Vec<State>) {
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

pub(super) fn mark_unserved(resources: &mut Resources, not_served: &BTreeSet<Kind>) {
    fn mark<P>(parts: &mut [PartSeen<P>], not_served: &BTreeSet<Kind>) {
        for part in parts.iter_mut().filter(|part| not_served.contains(&part.at.kind)) {
            part.state = PartState::NotServed;
        }
    }
    if not_served.is_empty() {
        return;
    }
    for seen in &mut resources.organizations {
        mark(&mut seen.parts, not_served);
    }
    for seen in &mut resources.bindings {
        mark(&mut seen.parts, not_served);
    }
}
