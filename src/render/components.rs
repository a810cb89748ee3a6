//! The objects of a component, as one installation gets them. Pure.

use super::overlay::{self, OverlayError};
use crate::model::{
    components::{self, Component, Components, Namespace},
    config::{Config, Profile},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use thiserror::Error;

/// Why a component cannot be rendered.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RenderError {
    /// A file that is no YAML.
    #[error("{path}: {problem}")]
    Syntax {
        /// Its path below `manifests/`.
        path: String,
        /// What is wrong, with its place.
        problem: String,
    },
    /// A document inside an object.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
}

/// Our own objects of a component, in the order of their files.
///
/// # Errors
/// None for the files that are built in.
pub fn objects(component: &Component, config: &Config) -> Result<Vec<Value>, RenderError> {
    with_releases(component, config, Vec::new())
}

/// The objects of a component: ours, and those of upstream's files that ours do not take the place of. Its namespaces are
/// not among them, not even those that a file brings: see [`namespaces`].
///
/// # Errors
/// [`RenderError`] about a file of a release.
pub fn with_releases(
    component: &Component,
    config: &Config,
    releases: Vec<Value>,
) -> Result<Vec<Value>, RenderError> {
    let mut found = Vec::new();
    for (path, text) in component.own_files(config.profile) {
        found.extend(read(path, text)?);
    }
    let home = component
        .namespaces
        .first()
        .map(|namespace| namespace.name.as_str());
    let ours: BTreeSet<_> = found.iter().map(|object| identity(object, home)).collect();
    let namespaces = |object: &Value| {
        let mut names = component.namespaces.iter().map(|namespace| &namespace.name);
        object["kind"] == "Namespace" && names.any(|name| object["metadata"]["name"] == **name)
    };
    let rest = releases
        .into_iter()
        .filter(|object| !ours.contains(&identity(object, home)) && !namespaces(object));
    let rest: Vec<Value> = rest.map(|object| suited(object, config.profile)).collect();
    found.extend(rest);
    for object in &mut found {
        overlay::apply(object, config)?;
    }
    Ok(found)
}

/// Upstream's object without what would never come to rest here: see [`lasting`], and in kind no load balancer ever gives a
/// Service its address (its node has the ports).
fn suited(mut object: Value, profile: Profile) -> Value {
    match object["kind"].as_str() {
        Some("Job") => lasting(&mut object),
        Some("Service") if profile == Profile::Kind && object["spec"]["type"] == "LoadBalancer" => {
            object["spec"]["type"] = "NodePort".into();
        }
        _ => {}
    }
    object
}

/// A Job that Kubernetes removes when it is done would be started again by every run, so it stays; and since a Job cannot
/// be changed, its name follows from what it does: another version of it is another Job.
fn lasting(job: &mut Value) {
    if let Some(spec) = job["spec"].as_object_mut() {
        spec.remove("ttlSecondsAfterFinished");
    }
    let sum = Sha256::digest(job["spec"].to_string());
    let sum: String = sum.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    job["metadata"]["name"] = format!("{name}-{sum}").into();
}

/// What makes two objects of a component the same one; what names no namespace is in the component's first.
fn identity(object: &Value, home: Option<&str>) -> [String; 4] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&object["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let namespace = object["metadata"]["namespace"].as_str().or(home);
    [
        group.to_owned(),
        text(&object["kind"]),
        namespace.unwrap_or_default().to_owned(),
        text(&object["metadata"]["name"]),
    ]
}

/// The namespace of what a component's files put into none.
#[must_use]
pub fn home(component: &Component, config: &Config) -> Option<String> {
    let name = &component.namespaces.first()?.name;
    Some(overlay::namespace(name, config).unwrap_or_else(|| name.clone()))
}

/// The objects of a YAML file.
///
/// # Errors
/// [`RenderError::Syntax`] with the file's path.
pub fn read(path: &str, text: &str) -> Result<Vec<Value>, RenderError> {
    // As kubectl reads them: a mode such as 0644 is octal.
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| RenderError::Syntax {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// The namespaces that a component needs, with the level of Pod Security of each.
#[must_use]
pub fn namespaces(component: &Component, config: &Config) -> Vec<Value> {
    let namespaces = component.namespaces.iter();
    namespaces
        .map(|namespace| self::namespace(namespace, config))
        .collect()
}

fn namespace(namespace: &Namespace, config: &Config) -> Value {
    let name = overlay::namespace(&namespace.name, config).unwrap_or_else(|| namespace.name.clone());
    super::namespace(&name, namespace.pod_security)
}

/// The Argo CD Application of a component; Argo CD itself has none.
///
/// # Errors
/// None for the files that are built in.
pub fn application(component: &Component, config: &Config) -> Result<Option<Value>, RenderError> {
    let Some(text) = components::application_text(component) else {
        return Ok(None);
    };
    let mut object = one(&component.name, text)?;
    overlay::apply_to_application(&mut object, component, config);
    Ok(Some(object))
}

/// The Application of all Applications, for a hand-over.
///
/// # Errors
/// None for the file that is built in.
pub fn root(components: &Components, config: &Config) -> Result<Value, RenderError> {
    let mut object = one("root.yaml", components::text("root.yaml").unwrap_or_default())?;
    overlay::apply_to_root(&mut object, components, config);
    Ok(object)
}

fn one(path: &str, text: &str) -> Result<Value, RenderError> {
    read(path, text).map(|objects| objects.into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ours_take_the_place_of_the_releases_and_its_namespace_is_not_among_them() {
        let components = Components::built_in().unwrap();
        let argocd = components.named("argocd").unwrap();
        let mk =
            |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        let releases = vec![
            mk("ConfigMap", "argocd-cm"),
            mk("ConfigMap", "more"),
            mk("Namespace", "argocd"),
        ];
        let found = with_releases(argocd, &Config::default(), releases).unwrap();
        let named = |name: &str| {
            found
                .iter()
                .filter(|object| object["metadata"]["name"] == name)
                .count()
        };
        assert_eq!((named("argocd-cm"), named("more"), named("argocd")), (1, 1, 0));
        let ours = found
            .iter()
            .find(|object| object["metadata"]["name"] == "argocd-cm")
            .unwrap();
        assert!(ours["data"]["oidc.config"].is_string());
        assert_eq!(home(argocd, &Config::default()).as_deref(), Some("argocd"));
    }

    #[test]
    fn what_would_never_come_to_rest_is_changed() {
        let job = |image: &str| {
            let spec = json!({"ttlSecondsAfterFinished": 0, "template": {"image": image}});
            suited(
                json!({"kind": "Job", "metadata": {"name": "a"}, "spec": spec}),
                Profile::K3s,
            )
        };
        assert_eq!(job("1")["spec"], json!({"template": {"image": "1"}}));
        assert_eq!(job("1"), job("1"));
        assert_ne!(job("1")["metadata"]["name"], job("2")["metadata"]["name"]);
        let service = json!({"kind": "Service", "spec": {"type": "LoadBalancer"}});
        assert_eq!(suited(service.clone(), Profile::K3s), service);
        assert_eq!(suited(service, Profile::Kind)["spec"]["type"], "NodePort");
    }
}
