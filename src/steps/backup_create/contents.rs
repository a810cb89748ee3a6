//! What is in a backup: objects, in the order in which they are restored.

use crate::model::{
    config::Config,
    kind::{Address, Kind, NAMESPACE, SECRET},
    names,
    secrets::{KeySpec, catalog},
    tenants::{
        kinds::{KNOWLEDGE_BASE, ORGANIZATION, REPO_BINDING},
        names::{WEBHOOK_SECRET, organization_namespace},
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// When an object is restored: each stage needs the ones before it. The secret of an Organization's webhooks comes before the
/// Organization, which else gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::steps) enum Stage {
    /// What everything else is in.
    Namespaces,
    /// What the platform and its tenants run with.
    Secrets,
    /// The tenants that others belong to.
    Organizations,
    /// The tenants that belong to them.
    Belongings,
}

static KINDS: [(Stage, Kind); 5] = [
    (Stage::Namespaces, NAMESPACE),
    (Stage::Secrets, SECRET),
    (Stage::Organizations, ORGANIZATION),
    (Stage::Belongings, REPO_BINDING),
    (Stage::Belongings, KNOWLEDGE_BASE),
];

/// An object's place in the order.
pub(in crate::steps) type Place = (Stage, Address);

/// Objects without what the server keeps of them. Among them are Secrets, so they are never shown.
#[derive(Default)]
pub(in crate::steps) struct Contents(pub(in crate::steps) BTreeMap<Place, Value>);

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({} objects)", self.0.len())
    }
}

/// As `kubectl apply` takes it, so that a backup can be restored without this program.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<&'a Value>,
}

impl Contents {
    /// Of what was found: with the namespaces that something is in, and nothing that is being deleted.
    pub(super) fn of(found: &BTreeMap<Place, Value>, config: &Config) -> Self {
        let staying = || found.iter().filter(|(_, live)| !is_leaving(live));
        let is_namespace = |stage: Stage| stage == Stage::Namespaces;
        let inside: BTreeSet<&str> = staying()
            .filter(|((stage, _), _)| !is_namespace(*stage))
            .filter_map(|((_, at), _)| at.namespace.as_deref())
            .collect();
        let kept = staying()
            .filter(|((stage, at), _)| !is_namespace(*stage) || inside.contains(at.name.as_str()))
            .map(|(place, live)| (place.clone(), clean(&place.1, live, config)));
        Self(kept.collect())
    }

    /// A document for `kubectl apply`.
    ///
    /// # Errors
    /// None that an object as the API server gives it could lead to.
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&List {
            api_version: "v1",
            kind: "List",
            items: self.0.values().collect(),
        })
    }

    /// The objects of such a document.
    ///
    /// # Errors
    /// What is wrong with it, without a value of it.
    pub(in crate::steps) fn from_json(text: &[u8], config: &Config) -> Result<Self, String> {
        // An error of the parser may quote what it reads.
        let mut list: Value =
            serde_json::from_slice(text).map_err(|_| "it is no JSON document".to_owned())?;
        let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
            return Err("it is no list of objects".to_owned());
        };
        let mut contents = Self::default();
        for object in items {
            let place = place(&object, config)?;
            let object = clean(&place.1, &object, config);
            contents.0.insert(place, object);
        }
        Ok(contents)
    }
}

/// The Secrets of the platform that are in a backup: the generated ones, and those that only an administrator could give again.
pub(super) fn platform_secrets(config: &Config) -> Vec<Address> {
    let address = |namespace: &str, name: &str| Address {
        kind: SECRET,
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    };
    let generated = catalog(config)
        .into_iter()
        .map(|secret| address(&secret.namespace, secret.name));
    let others = [
        address(&config.namespaces.auth, names::API_TOKEN_SECRET),
        address(&config.namespaces.platform, names::CLOUDFLARE_SECRET),
    ];
    generated.chain(others).collect()
}

/// Whether an object of a kind that a backup holds is one that it may hold.
pub(in crate::steps) fn place_of(at: Address) -> Option<Place> {
    let (stage, _) = KINDS.iter().find(|(_, kind)| *kind == at.kind)?;
    Some((*stage, at))
}

/// Whether this is the Secret of an Organization's webhooks.
pub(super) fn is_of_webhooks(at: &Address) -> bool {
    let in_organization = |namespace: &String| namespace.starts_with(&organization_namespace(""));
    at.name == WEBHOOK_SECRET && at.namespace.as_ref().is_some_and(in_organization)
}

/// Whoever knows a recipient can make a file for it, so nothing is taken from one but what a backup holds.
fn place(object: &Value, config: &Config) -> Result<Place, String> {
    let is_kind = |kind: &&Kind| object["kind"] == *kind.name && object["apiVersion"] == kind.api_version();
    let Some(kind) = KINDS.iter().map(|(_, kind)| kind).find(is_kind) else {
        let kind = object["kind"].as_str().unwrap_or("something");
        return Err(format!("{kind} is no kind of object that a backup holds"));
    };
    let at = kind.address(object);
    if at.name.is_empty() || kind.is_namespaced != at.namespace.is_some() {
        return Err(format!("a {} in it has no name or no place", kind.name));
    }
    let is_known = *kind != SECRET || is_of_webhooks(&at) || platform_secrets(config).contains(&at);
    match place_of(at.clone()) {
        Some(place) if is_known => Ok(place),
        _ => Err(format!(
            "{} is none of the platform's Secrets by this configuration",
            at.object()
        )),
    }
}

/// Whether it is being deleted.
pub(in crate::steps) fn is_leaving(live: &Value) -> bool {
    live["metadata"]["deletionTimestamp"].is_string()
}

/// Without what the server and controllers keep: they make it again.
fn clean(at: &Address, live: &Value, config: &Config) -> Value {
    let mut metadata = json!({"name": at.name});
    if let Some(namespace) = &at.namespace {
        metadata["namespace"] = namespace.as_str().into();
    }
    for (field, of_others) in [
        ("labels", "kubernetes.io/metadata.name"),
        ("annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ] {
        if let Some(entries) = live["metadata"][field].as_object() {
            let mut entries = entries.clone();
            entries.remove(of_others);
            metadata[field] = entries.into();
        }
    }
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), at.kind.api_version().into());
    object.insert("kind".to_owned(), at.kind.name.as_ref().into());
    object.insert("metadata".to_owned(), metadata);
    let fields: &[&str] = match &*at.kind.name {
        "Namespace" => &[],
        "Secret" => &["type", "immutable", "data"],
        _ => &["spec"],
    };
    for field in fields {
        if let Some(value) = live.get(*field) {
            object.insert((*field).to_owned(), value.clone());
        }
    }
    if at.name == names::ARGOCD_SECRET {
        keep_ours(&mut object, at, config);
    }
    Value::Object(object)
}

/// Argo CD makes the other keys of its Secret itself.
fn keep_ours(secret: &mut Map<String, Value>, at: &Address, config: &Config) {
    let secrets = catalog(config).into_iter();
    let keys: Vec<KeySpec> = secrets
        .filter(|secret| secret.object() == at.object())
        .flat_map(|secret| secret.keys)
        .collect();
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        data.retain(|key, _| keys.iter().any(|ours| ours.at.key == key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_organization(metadata: Value) -> Value {
        json!({"apiVersion": "aphex.io/v1alpha1", "kind": "Organization", "metadata": metadata,
               "spec": {"displayName": "A"}, "status": {"phase": "Active"}})
    }

    fn mk_namespace(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": "1",
               "labels": {"kubernetes.io/metadata.name": name, "team": "x"}}, "spec": {"finalizers": ["kubernetes"]}})
    }

    fn mk_found(objects: Vec<Value>) -> BTreeMap<Place, Value> {
        let config = Config::default();
        let placed = objects
            .into_iter()
            .map(|object| (place(&object, &config).unwrap(), object));
        placed.collect()
    }

    #[test]
    fn only_what_is_used_is_kept_and_nothing_that_the_server_adds() {
        let last = "kubectl.kubernetes.io/last-applied-configuration";
        let metadata = json!({"name": "a", "namespace": "used", "uid": "1", "finalizers": ["x"],
                              "annotations": {last: "{}", "note": "y"}});
        let leaving = json!({"name": "b", "namespace": "left", "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let found = mk_found(vec![
            mk_organization(metadata),
            mk_organization(leaving),
            mk_namespace("used"),
            mk_namespace("left"),
        ]);
        let contents = Contents::of(&found, &Config::default());
        let objects: Vec<&Value> = contents.0.values().collect();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "used", "labels": {"team": "x"}}});
        let organization = json!({"apiVersion": "aphex.io/v1alpha1", "kind": "Organization",
            "metadata": {"name": "a", "namespace": "used", "annotations": {"note": "y"}}, "spec": {"displayName": "A"}});
        assert_eq!(objects, [&namespace, &organization]);
        let read = Contents::from_json(&contents.to_json().unwrap(), &Config::default()).unwrap();
        assert_eq!(read.0, contents.0);
    }

    #[test]
    fn what_is_no_list_of_such_objects_is_refused_whatever_it_is() {
        for (text, says) in [
            ("", "it is no JSON document"),
            ("\"items\"", "it is no list"),
            ("[]", "it is no list"),
            ("{\"items\": {}}", "it is no list"),
            ("{\"items\": [1]}", "something is no kind"),
            (
                "{\"items\": [{\"kind\": \"Namespace\", \"apiVersion\": \"v2\"}]}",
                "Namespace is no kind",
            ),
        ] {
            let error = Contents::from_json(text.as_bytes(), &Config::default()).err();
            assert!(
                error.as_ref().is_some_and(|error| error.starts_with(says)),
                "{text}: {error:?}"
            );
        }
    }
}
