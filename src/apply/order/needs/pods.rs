//! What Pods cannot start without.

use super::{CONFIG_MAP, Named, SECRET, SERVICE, SERVICE_ACCOUNT, items};
use crate::apply::manifest::Manifest;
use serde_json::Value;

const CLAIM: (&str, &str) = ("", "PersistentVolumeClaim");
const PRIORITY_CLASS: (&str, &str) = ("scheduling.k8s.io", "PriorityClass");

/// The template of the Pods that a workload makes, or the Pod.
pub(super) fn template(manifest: &Manifest) -> Option<&Value> {
    let object = &manifest.object;
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        ("", "Pod") => Some(object),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => Some(&object["spec"]["template"]),
        ("batch", "CronJob") => Some(&object["spec"]["jobTemplate"]["spec"]["template"]),
        _ => None,
    }
}

pub(super) fn named(manifest: &Manifest) -> Vec<Named<'_>> {
    let Some(template) = template(manifest) else {
        return Vec::new();
    };
    let (pod, namespace) = (&template["spec"], manifest.namespace.as_deref());
    let mut named = Vec::new();
    let account = pod["serviceAccountName"]
        .as_str()
        .or(pod["serviceAccount"].as_str());
    named.extend(account.map(|name| (SERVICE_ACCOUNT, namespace, name)));
    let class = pod["priorityClassName"].as_str();
    named.extend(class.map(|name| (PRIORITY_CLASS, None, name)));
    // Its Pods get their names from it.
    let service = manifest.object["spec"]["serviceName"].as_str();
    let service = service.filter(|_| manifest.is(("apps", "StatefulSet")));
    named.extend(service.map(|name| (SERVICE, namespace, name)));
    let pulls = items(&pod["imagePullSecrets"]).filter_map(|secret| secret["name"].as_str());
    named.extend(pulls.map(|name| (SECRET, namespace, name)));
    let containers = ["initContainers", "containers"]
        .iter()
        .flat_map(|field| items(&pod[*field]));
    let values = items(&pod["volumes"]).flat_map(of_volume);
    let values = values.chain(containers.flat_map(of_container));
    named.extend(values.map(|(kind, name)| (kind, namespace, name)));
    named
}

/// What a Pod takes values or files from, in its own namespace.
type Mounted<'a> = ((&'static str, &'static str), &'a str);

fn of_volume(volume: &Value) -> Vec<Mounted<'_>> {
    let claim = volume["persistentVolumeClaim"]["claimName"].as_str();
    let mut found: Vec<Mounted<'_>> = claim.map(|name| (CLAIM, name)).into_iter().collect();
    found.extend(required(CONFIG_MAP, &volume["configMap"], "name"));
    found.extend(required(SECRET, &volume["secret"], "secretName"));
    for source in items(&volume["projected"]["sources"]) {
        found.extend(required(CONFIG_MAP, &source["configMap"], "name"));
        found.extend(required(SECRET, &source["secret"], "name"));
    }
    found
}

fn of_container(container: &Value) -> Vec<Mounted<'_>> {
    let mut found = Vec::new();
    for source in items(&container["envFrom"]) {
        found.extend(required(CONFIG_MAP, &source["configMapRef"], "name"));
        found.extend(required(SECRET, &source["secretRef"], "name"));
    }
    for variable in items(&container["env"]) {
        let source = &variable["valueFrom"];
        found.extend(required(CONFIG_MAP, &source["configMapKeyRef"], "name"));
        found.extend(required(SECRET, &source["secretKeyRef"], "name"));
    }
    found
}

fn required<'a>(
    kind: (&'static str, &'static str),
    reference: &'a Value,
    field: &str,
) -> Option<Mounted<'a>> {
    let name = reference[field].as_str()?;
    (reference["optional"] != true).then_some((kind, name))
}

#[cfg(test)]
mod tests {
    use crate::apply::order::{needs::testing::*, testing::*};
    use serde_json::json;

    #[test]
    fn pods_need_what_they_start_with() {
        let there = json!({"name": "there"});
        let cases = [
            (json!({"serviceAccountName": "there"}), "ServiceAccount there"),
            (json!({"serviceAccount": "there"}), "ServiceAccount there"),
            (json!({"priorityClassName": "there"}), "PriorityClass there"),
            (json!({"imagePullSecrets": [there]}), "Secret there"),
            (json!({"volumes": [{"configMap": there}]}), "ConfigMap there"),
            (
                json!({"volumes": [{"secret": {"secretName": "there"}}]}),
                "Secret there",
            ),
            (
                json!({"volumes": [{"persistentVolumeClaim": {"claimName": "there"}}]}),
                "PersistentVolumeClaim there",
            ),
            (
                json!({"volumes": [{"projected": {"sources": [{"configMap": there}]}}]}),
                "ConfigMap there",
            ),
            (
                json!({"volumes": [{"projected": {"sources": [{"secret": there}]}}]}),
                "Secret there",
            ),
            (
                json!({"containers": [{"envFrom": [{"configMapRef": there}]}]}),
                "ConfigMap there",
            ),
            (
                json!({"containers": [{"envFrom": [{"secretRef": there}]}]}),
                "Secret there",
            ),
            (
                json!({"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": there}}]}]}),
                "ConfigMap there",
            ),
            (
                json!({"containers": [{"env": [{"valueFrom": {"secretKeyRef": there}}]}]}),
                "Secret there",
            ),
        ];
        for (pod, expected) in cases {
            let template = json!({"template": {"spec": pod}});
            assert_needs("Pod", "ns/subject", json!({"spec": pod}), &[expected]);
            for kind in [
                "apps/Deployment",
                "apps/StatefulSet",
                "apps/DaemonSet",
                "apps/ReplicaSet",
                "batch/Job",
            ] {
                assert_needs(kind, "ns/subject", json!({ "spec": template }), &[expected]);
            }
            let cron = json!({"spec": {"jobTemplate": {"spec": template}}});
            assert_needs("batch/CronJob", "ns/subject", cron, &[expected]);
            // Those of another namespace are others.
            assert!(
                expected.starts_with("PriorityClass")
                    || needs(mk("Pod", "an/subject", json!({"spec": pod})), &mk_others()).is_empty()
            );
        }
        assert_needs(
            "apps/StatefulSet",
            "ns/subject",
            json!({"spec": {"serviceName": "there"}}),
            &["Service there"],
        );
    }

    #[test]
    fn what_is_optional_or_elsewhere_is_no_need() {
        let optional = json!({"name": "there", "optional": true});
        let pods = [
            json!({"volumes": [{"configMap": optional}, {"secret": {"secretName": "there", "optional": true}}]}),
            json!({"containers": [{"envFrom": [{"secretRef": optional}], "env": [{"valueFrom": {"configMapKeyRef": optional}}]}]}),
            json!({"serviceAccountName": "absent", "volumes": [{"configMap": {"name": "absent"}}, {"emptyDir": {}}]}),
            json!("text"),
        ];
        for pod in pods {
            assert_needs("Pod", "ns/subject", json!({ "spec": pod }), &[]);
        }
    }
}
