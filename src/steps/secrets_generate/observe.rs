//! Looking at the secrets: what is there, what it looks like, which pairs are equal. Never the values.

use crate::{
    converge::Context,
    kubernetes::SecretValues,
    model::{
        config::Config,
        failure::Failure,
        rotation::{Rotatable, unfinished},
        rule::Rule,
        secrets::{self, KeyRef, KeySpec, Origin, Quality, SecretSpec, quality},
    },
};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};
use subtle::ConstantTimeEq;

/// What was seen of all secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(in crate::steps) secrets: Vec<SecretSeen>,
    /// Database volume claims that exist; only looked for when a Secret that guards the database is missing.
    pub(in crate::steps) claims: Vec<String>,
}

/// What was seen of one Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) struct SecretSeen {
    pub spec: SecretSpec,
    /// `None`: it does not exist.
    pub uid: Option<String>,
    pub immutable: bool,
    /// Rotations of its keys that are not finished.
    pub rotating: Vec<Rotatable>,
    pub keys: Vec<KeySeen>,
}

/// What was seen of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) struct KeySeen {
    pub spec: KeySpec,
    pub quality: Quality,
    pub pair: Pair,
}

/// How a key stands to the key that it must be equal to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::steps) enum Pair {
    /// It is no copy.
    None,
    /// Both have the same value.
    Same,
    /// Both have values, and they differ.
    Different,
    /// At least one has no value.
    Incomplete,
}

/// The permissions that looking takes, with the verbs on the Secrets themselves.
pub(in crate::steps) fn rules(config: &Config, verbs: &[&'static str]) -> Vec<Rule> {
    let mut names: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for secret in secrets::catalog(config) {
        names.entry(secret.namespace).or_default().insert(secret.name);
    }
    let mut rules: Vec<Rule> = names
        .iter()
        .map(|(namespace, names)| Rule::named(namespace, "", "secrets", names.iter().copied(), verbs))
        .collect();
    let claims = &config.database.claims;
    if !claims.is_empty() {
        let auth = &config.namespaces.auth;
        rules.push(Rule::named(
            auth,
            "",
            "persistentvolumeclaims",
            claims.iter().cloned(),
            &["get"],
        ));
    }
    rules
}

/// Reads every Secret of the catalog; one request each, and the volume claims only if one could be lost.
pub(in crate::steps) async fn look(cx: &Context) -> Result<Seen, Failure> {
    let catalog = secrets::catalog(&cx.config);
    let mut live: BTreeMap<(String, &'static str), SecretValues> = BTreeMap::new();
    for spec in &catalog {
        if let Some(secret) = cx.cluster.secret(&spec.namespace, spec.name).await? {
            live.insert((spec.namespace.clone(), spec.name), secret);
        }
    }
    let value = |at: &KeyRef| {
        live.get(&(at.namespace.clone(), at.secret))?
            .value(at.key)
            .map(ExposeSecret::expose_secret)
    };
    let see_key = |spec: &KeySpec| KeySeen {
        spec: spec.clone(),
        quality: quality(value(&spec.at)),
        pair: match &spec.origin {
            Origin::Random(_) => Pair::None,
            Origin::CopyOf(source) => compare(value(&spec.at), value(source)),
        },
    };
    let see = |spec: SecretSpec| {
        let secret = live.get(&(spec.namespace.clone(), spec.name));
        SecretSeen {
            uid: secret.map(|secret| secret.uid.clone()),
            immutable: secret.is_some_and(|secret| secret.immutable),
            rotating: secret.map_or_else(Vec::new, |secret| {
                let names: Vec<&str> = secret.keys().collect();
                unfinished(&spec.object(), names.into_iter(), &cx.config)
            }),
            keys: spec.keys.iter().map(see_key).collect(),
            spec,
        }
    };
    let secrets: Vec<SecretSeen> = catalog.into_iter().map(see).collect();
    let could_be_lost = secrets
        .iter()
        .any(|secret| secret.spec.guards_database && secret.uid.is_none());
    let claims = if could_be_lost {
        existing_claims(cx).await?
    } else {
        Vec::new()
    };
    Ok(Seen { secrets, claims })
}

/// Compares in a time that does not depend on where two values differ.
pub(in crate::steps) fn compare(copy: Option<&[u8]>, source: Option<&[u8]>) -> Pair {
    match (copy, source) {
        (Some(copy), Some(source)) if !copy.is_empty() && !source.is_empty() => {
            if bool::from(copy.ct_eq(source)) {
                Pair::Same
            } else {
                Pair::Different
            }
        }
        _ => Pair::Incomplete,
    }
}

/// The database volume claims that exist.
pub(in crate::steps) async fn existing_claims(cx: &Context) -> Result<Vec<String>, Failure> {
    let namespace = &cx.config.namespaces.auth;
    let mut existing = Vec::new();
    for name in &cx.config.database.claims {
        if cx
            .cluster
            .get::<PersistentVolumeClaim>(namespace, name)
            .await?
            .is_some()
        {
            existing.push(name.clone());
        }
    }
    Ok(existing)
}
