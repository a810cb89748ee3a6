//! What `manifests/` ships: complete, labelled, consistent with the code, and accepted by a real API server.

mod references;
mod server;

use crate::golden;
use aphex_ops::{
    apply::manifest::wave,
    model::{
        components::{Component, Components, FILES, Source},
        config::{Config, Profile},
        names,
    },
    render::components,
};
use serde_json::Value;
use std::collections::BTreeSet;

fn list() -> Components {
    Components::built_in().unwrap()
}

/// Every object of ours with its file, also those of one profile only; Applications included.
fn shipped() -> Vec<(String, Value)> {
    let files = FILES.iter().filter(|(path, _)| *path != "components.yaml");
    let mut found = Vec::new();
    for (path, text) in files {
        let objects = components::read(path, text).unwrap();
        found.extend(objects.into_iter().map(|object| ((*path).to_owned(), object)));
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Those of a kind.
fn of_kind<'a>(objects: &'a [(String, Value)], kind: &str) -> Vec<&'a (String, Value)> {
    objects
        .iter()
        .filter(|(_, object)| object["kind"] == kind)
        .collect()
}

fn is_in(component: &Component, profile: Profile) -> Vec<Value> {
    let config = Config {
        profile,
        ..Config::default()
    };
    components::objects(component, &config).unwrap()
}

#[test]
fn every_file_is_built_in_and_no_other() {
    let folder = golden::root().join("manifests");
    let there: BTreeSet<String> = golden::files(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .collect();
    let built_in: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(built_in, there);
}

#[test]
fn every_file_says_what_it_is_for_and_is_small() {
    for (path, text) in FILES {
        assert!(text.starts_with("# "), "{path} does not say what it is for");
        assert!(text.lines().count() < 300, "{path} is long");
    }
}

#[test]
fn every_file_belongs_to_a_component_and_every_component_has_its_files() {
    let list = list();
    let mut owned = BTreeSet::from(["components.yaml".to_owned(), "root.yaml".to_owned()]);
    for component in list.all() {
        owned.insert(format!("applications/{}.yaml", component.name));
        for profile in Profile::ALL
            .into_iter()
            .filter(|profile| component.is_in(*profile))
        {
            let files: Vec<_> = component.own_files(profile).collect();
            assert_eq!(
                component.own_folder(profile).is_some(),
                !files.is_empty(),
                "{}",
                component.name
            );
            owned.extend(files.into_iter().map(|(path, _)| path.to_owned()));
        }
    }
    let strays: Vec<_> = FILES.iter().filter(|(path, _)| !owned.contains(*path)).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

#[test]
fn every_object_carries_our_label_and_no_name_is_there_twice() {
    let mut seen = BTreeSet::new();
    for (path, object) in shipped() {
        let metadata = &object["metadata"];
        assert_eq!(
            metadata["labels"][names::MANAGED_BY_LABEL],
            names::PRODUCT,
            "{path}: {metadata}"
        );
        let key = (
            object["kind"].to_string(),
            metadata["namespace"].to_string(),
            metadata["name"].to_string(),
        );
        let by_profile = path.contains("/kind/") || path.contains("/k3s/");
        assert!(
            seen.insert(key.clone()) || by_profile,
            "{path}: {key:?} is there twice"
        );
    }
    assert!(seen.len() > 60, "only {} objects", seen.len());
}

#[test]
fn the_profile_kind_has_nothing_that_only_k3s_has() {
    let list = list();
    let chosen = list.select(&Default::default(), Profile::Kind).unwrap();
    for component in chosen {
        for object in is_in(component, Profile::Kind) {
            let group = text(&object["apiVersion"]).split('/').next().unwrap_or_default();
            let foreign = ["gateway.networking.k8s.io", "helm.cattle.io"].contains(&group);
            assert!(!foreign, "{}: {group}", component.name);
            assert!(
                !object.to_string().contains("cloudflare"),
                "{}: {object}",
                component.name
            );
        }
    }
}

#[test]
fn every_component_but_argo_cd_has_an_application_of_its_wave() {
    let list = list();
    for component in list.all() {
        let application = components::application(component, &Config::default()).unwrap();
        assert_eq!(
            application.is_none(),
            component.name == "argocd",
            "{}",
            component.name
        );
        let Some(application) = application else { continue };
        assert_eq!(
            application["metadata"]["name"],
            format!("platform-{}", component.name)
        );
        assert_eq!(
            wave(&application).map(i64::from),
            Ok(component.wave),
            "{}",
            component.name
        );
        let options = application["spec"]["syncPolicy"]["syncOptions"].to_string();
        assert!(options.contains("ServerSideApply=true") && options.contains("CreateNamespace=true"));
        if let Source::Chart(chart) = &component.source {
            let source = &application["spec"]["source"];
            let said = [&source["repoURL"], &source["chart"], &source["targetRevision"]].map(text);
            assert_eq!(
                said,
                [&chart.repository, &chart.name, &chart.version].map(String::as_str)
            );
        }
    }
    let auth = components::application(list.named("auth").unwrap(), &Config::default())
        .unwrap()
        .unwrap();
    assert!(
        auth["spec"]["syncPolicy"]["syncOptions"]
            .to_string()
            .contains("RespectIgnoreDifferences=true")
    );
    assert_eq!(
        auth["spec"]["ignoreDifferences"][0]["jsonPointers"][0],
        "/spec/replicas"
    );
}

#[test]
fn a_bad_wave_is_an_error() {
    let says = |value: Value| {
        let annotations = serde_json::json!({names::SYNC_WAVE_ANNOTATION: value});
        wave(&serde_json::json!({"metadata": {"annotations": annotations}})).ok()
    };
    assert_eq!(says("-1".into()), Some(-1));
    assert_eq!(says("ten".into()), None);
    assert_eq!(says(10.into()), None, "Argo CD reads texts");
}
