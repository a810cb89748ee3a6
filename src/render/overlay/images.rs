//! Images: replaced by prefix wherever a kind has one, and pulled with the configured Secrets.

use super::fields::{each, each_text};
use crate::model::config::Config;
use serde_json::{Value, json};

/// Kinds with the place of the Pod in them.
const PODS: [(&str, &str); 8] = [
    ("Pod", "spec"),
    ("Deployment", "spec template spec"),
    ("StatefulSet", "spec template spec"),
    ("DaemonSet", "spec template spec"),
    ("ReplicaSet", "spec template spec"),
    ("Job", "spec template spec"),
    ("CronJob", "spec jobTemplate spec template spec"),
    ("PodTemplate", "template spec"),
];

/// Images of a Task, which become Pods later.
const TASKS: [&str; 4] = [
    "spec steps * image",
    "spec sidecars * image",
    "spec stepTemplate image",
    "spec image",
];

pub(super) fn apply(object: &mut Value, config: &Config) {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let replaced = |image: &str| Some(config.replaced_image(image));
    if ["Task", "StepAction"].contains(&kind.as_str()) {
        TASKS.iter().for_each(|path| each_text(object, path, &replaced));
    }
    for (_, path) in PODS.iter().filter(|(of, _)| *of == kind) {
        each(object, path, &mut |pod| {
            for containers in ["containers", "initContainers", "ephemeralContainers"] {
                each_text(pod, &format!("{containers} * image"), &replaced);
                each(pod, &format!("{containers} * args"), &mut |arguments| {
                    replace_arguments(arguments, config);
                });
            }
            add_pull_secrets(pod, &config.image_pull_secrets);
        });
    }
}

/// Controllers are told by arguments which images to start: `-entrypoint-image X`, `--acme-http01-solver-image=X`.
fn replace_arguments(arguments: &mut Value, config: &Config) {
    let mut is_image = false;
    for argument in arguments.as_array_mut().into_iter().flatten() {
        let Some(text) = argument.as_str() else { continue };
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (text, None),
        };
        let names_an_image =
            flag.starts_with('-') && (flag.ends_with("-image") || flag.ends_with("-image-win"));
        let new = match value {
            Some(value) if names_an_image => Some(format!("{flag}={}", config.replaced_image(value))),
            None if is_image => Some(config.replaced_image(text)),
            _ => None,
        };
        is_image = names_an_image && value.is_none();
        if let Some(new) = new {
            *argument = new.into();
        }
    }
}

/// Those that are there stay; a Secret is not named twice.
fn add_pull_secrets(pod: &mut Value, secrets: &[String]) {
    if secrets.is_empty() || !pod.is_object() {
        return;
    }
    let mut references = pod["imagePullSecrets"].as_array().cloned().unwrap_or_default();
    for name in secrets {
        let reference = json!({"name": name});
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    pod["imagePullSecrets"] = references.into();
}
