//! Looking at the plan's objects: all of them once, later only at those that are waited for.

use super::{
    find::{CONCURRENCY, is_unknown_kind},
    memory::Known,
    prepared::Prepared,
};
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
use std::collections::BTreeSet;

/// Compares an object with what is wanted. A member of another set is not ours to apply.
async fn compare(
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

/// Compares what was found at an object's place with what is wanted, and judges it if it is that.
pub(super) async fn look(
    cx: &Context,
    prepared: &Prepared,
    at: usize,
    mut known: Known,
    live: Option<Value>,
) -> Result<Known, Failure> {
    let body = prepared.bodies[at].beside(live.as_ref());
    let state = match &live {
        Some(live) if known.is_as_compared(live) => State::Same,
        _ => compare(cx, prepared, &prepared.addresses[at], &body, live.as_ref()).await?,
    };
    known.body = Some(body);
    known.is_stale = false;
    match (state, live) {
        (State::Same, Some(live)) => {
            known.seen_same(&live, false);
            judge(cx, prepared, at, &mut known, &live).await?;
        }
        (state, _) => known.state = state,
    }
    Ok(known)
}

/// The verdict on an object that needs no look at anything else.
pub(super) fn settled(prepared: &Prepared, known: &Known, live: &Value) -> Option<Verdict> {
    let verdict = prepared
        .expressions
        .judge(live, known.baseline(), &Found::default());
    let is_plain = verdict.health == Health::Current && verdict.warning.is_none();
    Some(verdict).filter(|_| is_plain && health::probe(live).is_none())
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
    let mut verdict = prepared.expressions.judge(live, known.baseline(), &found);
    let is_plain = verdict.health == Health::Current && verdict.warning.is_none();
    if !is_plain {
        found = related(cx, prepared, known, live).await?;
        verdict = prepared.expressions.judge(live, known.baseline(), &found);
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
    if !is_plain && known.wants_events() {
        let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
        // They are good to have, and indispensable for nothing.
        let events = cx.cluster.events_about(&prepared.addresses[at], uid).await;
        known.events = events.unwrap_or_default();
    }
    known.causes = health::causes(live, &verdict, &found, &known.events)
        .into_iter()
        .skip(1)
        .collect();
    known.judged(verdict, live);
    Ok(())
}

async fn related(cx: &Context, prepared: &Prepared, known: &Known, live: &Value) -> Result<Found, Failure> {
    let mut found = Found::default();
    for need in health::needs(live, known.baseline()) {
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
        // Pods only say why something is not ready, and for that a moment ago is good enough.
        Need::Selected {
            kind: "Pod",
            namespace,
            labels,
            ..
        } => cx.cluster.glance(kind, namespace, labels).await,
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
    let address = kind.address(live);
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
    CONFIG_MAP.address(parent)
}

/// Namespaces that neither the cluster nor the plan has. Where an object was found in one, it is not asked for.
pub(super) async fn missing_namespaces(
    cx: &Context,
    prepared: &Prepared,
    known: &[Known],
) -> Result<Vec<Refusal>, Failure> {
    let seen = prepared.addresses.iter().zip(known);
    let seen = seen.filter(|(_, known)| known.state != State::Missing);
    let seen: BTreeSet<&str> = seen.filter_map(|(at, _)| at.namespace.as_deref()).collect();
    let mut refused = Vec::new();
    let foreign = prepared.foreign_namespaces().into_iter();
    for name in foreign.filter(|name| !seen.contains(name.as_str())) {
        let at = Address {
            kind: NAMESPACE,
            namespace: None,
            name: name.clone(),
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
