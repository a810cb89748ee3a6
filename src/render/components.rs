//! The objects of a component, as one installation gets them. Pure.

use super::overlay::{self, OverlayError};
use crate::model::{
    components::{self, Component, Components, Namespace},
    config::Config,
    names,
};
use serde_json::Value;
use thiserror::Error;

/// Label that says which Pods a namespace takes.
pub const POD_SECURITY_LABEL: &str = "pod-security.kubernetes.io/enforce";

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
    let mut found = Vec::new();
    for (path, text) in component.own_files(config.profile) {
        for mut object in read(path, text)? {
            overlay::apply(&mut object, config)?;
            found.push(object);
        }
    }
    Ok(found)
}

/// The objects of a YAML file.
///
/// # Errors
/// [`RenderError::Syntax`] with the file's path.
pub fn read(path: &str, text: &str) -> Result<Vec<Value>, RenderError> {
    serde_saphyr::from_multiple(text).map_err(|error| RenderError::Syntax {
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
    let mut object = super::namespace(&name);
    object["metadata"]["labels"][POD_SECURITY_LABEL] = namespace.pod_security.word().into();
    object
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

/// The wave that an Application says it is in.
///
/// # Errors
/// The annotation's text, if it is no whole number; absent, it is wave 0.
pub fn wave(application: &Value) -> Result<i64, String> {
    match &application["metadata"]["annotations"][names::SYNC_WAVE_ANNOTATION] {
        Value::Null => Ok(0),
        Value::String(text) => text.parse().map_err(|_| text.clone()),
        other => Err(other.to_string()),
    }
}
