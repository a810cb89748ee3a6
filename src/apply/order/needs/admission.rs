//! What the API server calls: registered before it answers, it makes requests fail.

use super::{Plan, SERVICE, items, pods};
use crate::apply::manifest::Manifest;
use serde_json::Value;

const ADMISSION: &str = "admissionregistration.k8s.io";

/// The Services that a registration names, and the workloads whose Pods are behind them.
pub(super) fn behind(plan: &Plan<'_>, manifest: &Manifest) -> Vec<usize> {
    let object = &manifest.object;
    let services: Vec<&Value> = match (manifest.group.as_str(), manifest.kind.as_str()) {
        (ADMISSION, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
            let hooks = items(&object["webhooks"]);
            hooks.map(|hook| &hook["clientConfig"]["service"]).collect()
        }
        ("apiregistration.k8s.io", "APIService") => vec![&object["spec"]["service"]],
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    for service in services {
        let namespace = service["namespace"].as_str();
        let name = service["name"].as_str().unwrap_or_default();
        for at in plan.find((SERVICE, namespace, name)) {
            found.push(at);
            found.extend(
                plan.manifests
                    .get(at)
                    .into_iter()
                    .flat_map(|service| selected(plan, service)),
            );
        }
    }
    found
}

/// The workloads whose Pods a Service selects; one without a selector selects none.
fn selected(plan: &Plan<'_>, service: &Manifest) -> Vec<usize> {
    let selector = service.object["spec"]["selector"].as_object();
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
        return Vec::new();
    };
    let is_selected = |manifest: &Manifest| {
        let labels = pods::template(manifest).map(|template| &template["metadata"]["labels"]);
        let has_all = |labels: &Value| selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        manifest.namespace == service.namespace && lasts(manifest) && labels.is_some_and(has_all)
    };
    let all = plan.manifests.iter().enumerate();
    all.filter(|(_, manifest)| is_selected(manifest))
        .map(|(at, _)| at)
        .collect()
}

/// Whether it keeps Pods that serve: those of a Job end.
fn lasts(manifest: &Manifest) -> bool {
    manifest.group != "batch"
}

#[cfg(test)]
mod tests {
    use crate::apply::order::{needs::testing::*, testing::*};
    use serde_json::{Value, json};

    #[test]
    fn what_the_api_server_calls_needs_what_answers() {
        let workload = |kind: &str, name: &str, app: &str| {
            mk(
                kind,
                name,
                json!({"spec": {"template": {"metadata": {"labels": {"app": app, "x": "y"}}}}}),
            )
        };
        let service = |selector: Value| mk("Service", "ns/hook", json!({"spec": {"selector": selector}}));
        let others = |selector: Value| {
            [
                service(selector),
                workload("apps/Deployment", "ns/a", "hook"),
                workload("apps/Deployment", "ns/b", "other"),
                workload("apps/Deployment", "an/a", "hook"),
                workload("batch/Job", "ns/a", "hook"),
            ]
        };
        let reference = json!({"name": "hook", "namespace": "ns"});
        let hooks = json!({"webhooks": [{"clientConfig": {"url": "https://a"}}, {"clientConfig": {"service": reference}}]});
        let admission = "admissionregistration.k8s.io";
        for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
            let subject = mk(&format!("{admission}/{kind}"), "subject", hooks.clone());
            let found = needs(subject.clone(), &others(json!({"app": "hook"})));
            assert_eq!(found, ["Service hook", "Deployment a"], "{kind}");
            for selector in [json!({}), Value::Null, json!({"app": "hook", "z": "1"})] {
                assert_eq!(needs(subject.clone(), &others(selector)), ["Service hook"]);
            }
        }
        let api = mk(
            "apiregistration.k8s.io/APIService",
            "subject",
            json!({"spec": {"service": reference}}),
        );
        assert_eq!(
            needs(api, &others(json!({"app": "hook"}))),
            ["Service hook", "Deployment a"]
        );
    }
}
