//! Looking at the plan's objects: all of them once, later only at those that are waited for.

use super::{memory::Known, prepared::Prepared};
use crate::{
    apply::{
        Key,
        applyset::{self, Live},
        health::{self, Answer, Found, Health, Need, Probe, Verdict},
    },
    converge::{Context, contract::Refusal},
    kubernetes::State,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::{Address, CONFIG_MAP, Kind, NAMESPACE},
        names,
        object::ObjectRef,
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How many requests are under way at once.
const CONCURRENCY: usize = 8;
/// Of a kind of which more objects are looked at, a list is asked for first.
const FEW: usize = 8;

/// An object of the plan, and what was found at its place.
pub(super) type Sight = (usize, Option<Value>);

/// Looks for objects of the plan; also, what carries the set's label and is of the same kinds but not in the plan.
pub(super) async fn find(cx: &Context, prepared: &Prepared, wanted: &[usize]) -> Result<Vec<Sight>, Failure> {
    let mut by_kind: BTreeMap<&Kind, Vec<usize>> = BTreeMap::new();
    for at in wanted {
        by_kind
            .entry(&prepared.addresses[*at].kind)
            .or_default()
            .push(*at);
    }
    let of_kinds = by_kind
        .into_iter()
        .map(|(kind, members)| of_kind(cx, prepared, kind, members));
    let found: Vec<Vec<Sight>> = stream::iter(of_kinds)
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn of_kind(
    cx: &Context,
    prepared: &Prepared,
    kind: &Kind,
    members: Vec<usize>,
) -> Result<Vec<Sight>, Failure> {
    if members.len() <= FEW || *kind.name == *"Secret" {
        return one_by_one(cx, prepared, members).await;
    }
    let labels = format!("{}={}", applyset::PART_OF, prepared.parent.id());
    let mut places: BTreeMap<&Address, usize> =
        members.iter().map(|at| (&prepared.addresses[*at], *at)).collect();
    let mut sights = Vec::new();
    let mut take = |live: Value, places: &mut BTreeMap<&Address, usize>| {
        let address = address(kind, &live);
        sights.extend(places.remove(&address).map(|at| (at, Some(live))));
    };
    match cx.cluster.find_all(kind, None, &labels).await {
        Ok(found) => found.into_iter().for_each(|live| take(live, &mut places)),
        Err(failure) if is_unknown_kind(&failure) => {
            sights.extend(members.into_iter().map(|at| (at, None)));
            return Ok(sights);
        }
        Err(failure) => return Err(failure),
    }
    if places.len() > FEW {
        // Made by somebody else, or not at all: then a list of each namespace tells sooner.
        let mut namespaces: Vec<Option<&str>> = places.keys().map(|at| at.namespace.as_deref()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        for namespace in namespaces {
            for live in cx.cluster.find_all(kind, namespace, "").await? {
                take(live, &mut places);
            }
        }
        sights.extend(places.into_values().map(|at| (at, None)));
    } else {
        sights.extend(one_by_one(cx, prepared, places.into_values().collect()).await?);
    }
    Ok(sights)
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
fn is_unknown_kind(failure: &Failure) -> bool {
    failure.reason == Reason::NotFound
}

fn address(kind: &Kind, live: &Value) -> Address {
    let text = |field: &str| live["metadata"][field].as_str().map(str::to_owned);
    Address {
        kind: kind.clone(),
        namespace: text("namespace"),
        name: text("name").unwrap_or_default(),
    }
}

/// Compares an object with what is wanted. A member of another set is not ours to apply.
pub(super) async fn compare(
    cx: &Context,
    prepared: &Prepared,
    at: &Address,
    body: &Value,
    live: Option<&Value>,
) -> Result<State, Failure> {
    let is_stable = |live: &&Value| live["metadata"]["deletionTimestamp"].is_null();
    let id = body["metadata"]["labels"][applyset::PART_OF].as_str();
    let membership = live
        .filter(is_stable)
        .map(|live| applyset::is_member(live, id.unwrap_or_default()));
    if let Some(Err(foreign)) = membership {
        return Ok(State::Refused(Refusal {
            exit: Exit::Human,
            reason: Reason::FieldConflict,
            object: at.object(),
            message: foreign.to_string(),
            hint: "take it out of that set, or out of these manifests".to_owned(),
        }));
    }
    cx.cluster.compare(at, live, body, &prepared.adopted).await
}

/// Judges an object of the plan that is as wanted, with all that the verdict needs of others.
pub(super) async fn judge(
    cx: &Context,
    prepared: &Prepared,
    at: usize,
    known: &mut Known,
    live: &Value,
) -> Result<(), Failure> {
    let mut found = Found::default();
    let mut verdict = health::judge(live, known.baseline(), &found);
    let is_plain = verdict.health == Health::Current && verdict.warning.is_none();
    if !is_plain {
        found = related(cx, prepared, live).await?;
        verdict = health::judge(live, known.baseline(), &found);
    }
    if verdict.health == Health::Current
        && let Some(probe) =
            health::probe(live).filter(|_| known.baseline().is_some_and(|baseline| baseline.is_changed))
    {
        verdict = probed(cx, &probe, verdict).await?;
    }
    if verdict.settles && !prepared.has_status(&prepared.addresses[at].kind) {
        verdict = Verdict::new(Health::Current, "it exists, and its kind has no status");
    }
    known.causes = health::causes(live, &verdict, &found, &[])
        .into_iter()
        .skip(1)
        .collect();
    known.judged(verdict, live);
    Ok(())
}

async fn related(cx: &Context, prepared: &Prepared, live: &Value) -> Result<Found, Failure> {
    let mut found = Found::default();
    for need in health::needs(live) {
        let answer = answer(cx, prepared, &need).await;
        found.insert(need, answer);
    }
    Ok(found)
}

/// None of them is indispensable, so what cannot be had is no failure.
async fn answer(cx: &Context, prepared: &Prepared, need: &Need) -> Answer {
    let (group, name) = match need {
        Need::Object { group, kind, .. } | Need::Selected { group, kind, .. } => (*group, *kind),
    };
    let Some(kind) = prepared.kind(group, name) else {
        return Answer::Unknown("the cluster has no such kind".to_owned());
    };
    let objects = match need {
        Need::Object { namespace, name, .. } => {
            let at = Address {
                kind: kind.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            cx.cluster
                .find(&at)
                .await
                .map(|found| found.into_iter().map(blanked).collect())
        }
        Need::Selected {
            namespace, labels, ..
        } => cx.cluster.find_all(kind, Some(namespace), labels).await,
    };
    match objects {
        Ok(objects) => Answer::Objects(objects),
        Err(failure) => Answer::Unknown(failure.reason.to_string()),
    }
}

/// Of a Secret only the names of its keys are looked at.
fn blanked(mut object: Value) -> Value {
    if object["kind"] == "Secret" {
        for value in object["data"]
            .as_object_mut()
            .into_iter()
            .flat_map(|data| data.values_mut())
        {
            *value = Value::from("");
        }
    }
    object
}

async fn probed(cx: &Context, probe: &Probe, verdict: Verdict) -> Result<Verdict, Failure> {
    let Probe::ServedVersion {
        group,
        version,
        plural,
    } = probe;
    let kind = Kind {
        group: group.clone().into(),
        version: version.clone().into(),
        name: plural.clone().into(),
        plural: plural.clone().into(),
        is_namespaced: false,
    };
    match cx.cluster.is_served(&kind).await {
        Ok(true) => Ok(verdict),
        Ok(false) => Ok(Verdict::new(
            Health::Progressing,
            format!("{plural}.{group} is not served yet"),
        )),
        Err(failure) => Err(failure),
    }
}

/// All live members of the set, in the kinds that its parent names.
pub(super) async fn members(
    cx: &Context,
    prepared: &Prepared,
    set: &applyset::Parent,
) -> Result<Vec<(Address, Live)>, Failure> {
    let labels = format!("{}={}", applyset::PART_OF, set.id());
    let labels = labels.as_str();
    // A kind that is no more has no objects.
    let kinds = set
        .kinds
        .iter()
        .filter_map(|(group, name)| prepared.kind(group, name));
    let lists = kinds.map(|kind| async move {
        // A kind of this set that is gone took its objects along.
        let found = match cx.cluster.find_all(kind, None, labels).await {
            Err(failure) if is_unknown_kind(&failure) => Vec::new(),
            found => found?,
        };
        let members = found.into_iter().map(|live| member(kind, &live));
        Ok::<_, Failure>(members.collect::<Vec<_>>())
    });
    let lists: Vec<Vec<(Address, Live)>> = stream::iter(lists).buffered(CONCURRENCY).try_collect().await?;
    Ok(lists.into_iter().flatten().collect())
}

fn member(kind: &Kind, live: &Value) -> (Address, Live) {
    let address = address(kind, live);
    let key = Key::new(
        &kind.group,
        &kind.name,
        address.namespace.as_deref(),
        &address.name,
    );
    let metadata = live["metadata"].clone();
    (address, Live { key, metadata })
}

/// The set's parent as it is; `None` if there is none.
pub(super) async fn parent(
    cx: &Context,
    prepared: &Prepared,
) -> Result<Result<Option<applyset::Parent>, Refusal>, Failure> {
    let at = parent_address(&prepared.parent.render());
    let Some(live) = cx.cluster.find(&at).await? else {
        return Ok(Ok(None));
    };
    Ok(applyset::Parent::parse(&live, names::PRODUCT)
        .map(Some)
        .map_err(|error| Refusal {
            exit: Exit::Human,
            reason: Reason::FieldConflict,
            object: at.object(),
            message: error.to_string(),
            hint: "choose another --set, or remove that ConfigMap if its set is no longer used".to_owned(),
        }))
}

pub(super) fn parent_address(parent: &Value) -> Address {
    address(&CONFIG_MAP, parent)
}

/// Namespaces that neither the cluster nor the plan has. Where an object was found in one, it is not asked for.
pub(super) async fn missing_namespaces(
    cx: &Context,
    prepared: &Prepared,
    known: &[Known],
) -> Result<Vec<Refusal>, Failure> {
    let made = prepared.addresses.iter().filter(|at| at.kind == NAMESPACE);
    let made: BTreeSet<&str> = made.map(|at| at.name.as_str()).collect();
    let seen = prepared.addresses.iter().zip(known);
    let seen = seen.filter(|(_, known)| known.state != State::Missing);
    let seen: BTreeSet<&str> = seen.filter_map(|(at, _)| at.namespace.as_deref()).collect();
    let all = prepared.addresses.iter().filter_map(|at| at.namespace.as_deref());
    let all: BTreeSet<&str> = all.chain([prepared.parent.namespace.as_str()]).collect();
    let mut refused = Vec::new();
    for name in all
        .into_iter()
        .filter(|name| !made.contains(name) && !seen.contains(name))
    {
        let at = Address {
            kind: NAMESPACE,
            namespace: None,
            name: name.to_owned(),
        };
        if cx.cluster.find(&at).await?.is_none() {
            refused.push(Refusal {
                exit: Exit::Usage,
                reason: Reason::NotFound,
                object: at.object(),
                message: "it does not exist, and no manifest makes it".to_owned(),
                hint: format!("add it to the manifests, or run kubectl create namespace {name}"),
            });
        }
    }
    Ok(refused)
}

/// Names something that is no object of the cluster.
pub(super) fn input_object(failure: &Failure) -> ObjectRef {
    failure
        .object
        .clone()
        .unwrap_or_else(|| ObjectRef::global("manifests", ""))
}
