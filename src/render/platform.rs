//! The folder that Argo CD reads. Pure.

use super::components::{self, RenderError};
use crate::model::{
    components::{Component, Components, Source},
    config::Config,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Files by path below `gitops.path`: the objects of the components, where their Applications look for them, the
/// Applications themselves, and the root that has them all.
///
/// `releases` are the objects of upstream's files, by component; `installed`, what `install` applies.
///
/// # Errors
/// [`RenderError`] about a file of a release.
pub fn files(
    all: &Components,
    chosen: &[&Component],
    releases: &BTreeMap<String, Vec<Value>>,
    installed: &[Value],
    config: &Config,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut files = BTreeMap::new();
    for component in chosen {
        let Some(application) = components::application(component, config)? else {
            continue;
        };
        files.insert(
            format!("applications/{}.yaml", component.name),
            super::document(&application),
        );
        let Some(folder) = component.git_folder(config.profile) else {
            continue;
        };
        let objects = match &component.source {
            // Argo CD prunes what leaves a repository, and what is in these namespaces with it.
            Source::Install => installed
                .iter()
                .filter(|object| object["kind"] != "Namespace")
                .cloned()
                .collect(),
            _ => {
                let releases = releases.get(&component.name).cloned().unwrap_or_default();
                components::with_releases(component, config, releases)?
            }
        };
        files.insert(
            format!("{folder}/{}.yaml", component.name),
            super::documents(&objects),
        );
    }
    files.insert(
        "root.yaml".to_owned(),
        super::document(&components::root(all, config)?),
    );
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_application_finds_its_folder_and_what_was_fetched_is_in_it() {
        let all = Components::built_in().unwrap();
        let config = Config::default();
        let chosen = ["auth", "tekton", "controllers", "external-secrets", "argocd"]
            .map(|name| all.named(name).unwrap());
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fetched"}});
        let releases = BTreeMap::from([("tekton".to_owned(), vec![map.clone()])]);
        let installed = [map, super::super::platform_namespace("auth-system")];
        let files = files(&all, &chosen, &releases, &installed, &config).unwrap();
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "applications/auth.yaml",
                "applications/controllers.yaml",
                "applications/external-secrets.yaml",
                "applications/tekton.yaml",
                "components/auth/auth.yaml",
                "root.yaml",
                "vendor/controllers/controllers.yaml",
                "vendor/tekton/tekton.yaml",
            ]
        );
        for (path, text) in &files {
            assert!(!text.contains("cannot be rendered"), "{path}");
            assert!(!text.contains("kind: Namespace"), "{path}");
        }
        assert!(files["vendor/tekton/tekton.yaml"].contains("fetched"));
        assert!(files["components/auth/auth.yaml"].contains("kind: Deployment"));
    }
}
