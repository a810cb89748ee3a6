//! The values of one installation, put into objects that are shipped with the default ones. Pure.
//!
//! Nothing is a template and no text is replaced: each value has a field, and the tables here name the fields. What holds
//! the default value of such a field gets the configured one; whatever else somebody wrote there stays.

mod fields;
mod images;
mod places;
mod settings;
#[cfg(test)]
mod tests;

pub(super) use places::namespace;

use crate::model::{
    components::{Component, Components},
    config::{Config, Profile},
};
use serde_json::Value;
use thiserror::Error;

/// A text inside an object that is not what we ship there.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{kind} {name}: {problem}")]
pub struct OverlayError {
    /// Kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub problem: String,
}

/// Puts the configured hosts, namespaces, addresses and images into an object.
///
/// # Errors
/// [`OverlayError`] if a document inside the object cannot be read.
pub fn apply(object: &mut Value, config: &Config) -> Result<(), OverlayError> {
    // The settings first: they are found by the names that we ship.
    settings::apply(object, config)?;
    places::apply(object, config);
    images::apply(object, config);
    Ok(())
}

/// Puts the configured repository into the Application of a component. Without one, the address stays one that no
/// resolver answers for, so that a forgotten configuration is an error and not somebody else's repository.
pub fn apply_to_application(application: &mut Value, component: &Component, config: &Config) {
    places::apply(application, config);
    if let Some(folder) = component.git_folder(config.profile) {
        set_source(application, &folder, config);
    }
    settings::rename_dex(application, config);
}

/// The same for the root, which leaves out what the profile does not have.
pub fn apply_to_root(application: &mut Value, components: &Components, config: &Config) {
    places::apply(application, config);
    set_source(application, "applications", config);
    let others = components.all().iter();
    let mut files: Vec<String> = others
        .filter(|component| !component.is_in(config.profile))
        .map(|component| format!("{}.yaml", component.name))
        .collect();
    files.sort();
    application["spec"]["source"]["directory"]["exclude"] = format!("{{{}}}", files.join(",")).into();
}

fn set_source(application: &mut Value, folder: &str, config: &Config) {
    let source = &mut application["spec"]["source"];
    let gitops = &config.gitops;
    let base = gitops.path.as_deref().unwrap_or("manifests").trim_matches('/');
    let path = [base, folder].into_iter().filter(|part| !part.is_empty());
    source["path"] = path.collect::<Vec<_>>().join("/").into();
    for (field, value) in [
        ("repoURL", &gitops.repo_url),
        ("targetRevision", &gitops.revision),
    ] {
        if let Some(value) = value {
            source[field] = value.as_str().into();
        }
    }
}

/// Hosts that get no certificate: those of a profile with public hosts must be in the zone.
#[must_use]
pub fn hosts_outside_the_zone(config: &Config) -> Vec<&str> {
    let hosts = &config.hosts;
    let zone = format!(".{}", config.cloudflare_zone());
    let all = [&hosts.auth, &hosts.dex, &hosts.argocd, &hosts.tekton];
    let outside = all.into_iter().filter(|host| !host.ends_with(&zone));
    outside
        .filter(|_| config.profile == Profile::K3s)
        .map(String::as_str)
        .collect()
}
