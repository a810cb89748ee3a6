//! Spec and status of Kubernetes' own kinds.

use super::{mk_condition, mk_observed};
use serde_json::{Value, json};

pub(super) fn part(group: &str, kind: &str) -> Option<(Value, Value)> {
    Some(match (group, kind) {
        ("apps", _) => apps(kind),
        ("batch", "Job") => {
            let spec = json!({"completions": 1, "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u1"}}});
            let conditions = [
                mk_condition("SuccessCriteriaMet", "True", "CompletionsReached"),
                mk_condition("Complete", "True", "CompletionsReached"),
            ];
            (spec, json!({"succeeded": 1, "conditions": conditions}))
        }
        ("batch", "CronJob") => (json!({"suspend": false}), json!({})),
        ("autoscaling", _) => {
            let conditions = [
                mk_condition("AbleToScale", "True", "ReadyForNewScale"),
                mk_condition("ScalingActive", "True", "ValidMetricFound"),
            ];
            let status = json!({"observedGeneration": 2, "currentReplicas": 2, "conditions": conditions});
            (json!({"minReplicas": 2}), status)
        }
        ("policy", _) => {
            let conditions = [mk_observed("DisruptionAllowed", "True", "SufficientPods")];
            (
                json!({}),
                json!({"observedGeneration": 2, "conditions": conditions}),
            )
        }
        ("apiextensions.k8s.io", _) => definition(),
        ("apiregistration.k8s.io", _) => {
            let conditions = [mk_condition("Available", "True", "Passed")];
            (json!({}), json!({"conditions": conditions}))
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            (json!({}), json!({"observedGeneration": 2, "typeChecking": {}}))
        }
        ("networking.k8s.io", "Ingress") => (ingress(), json!({"loadBalancer": {}})),
        ("", _) => return core(kind),
        _ => return None,
    })
}

fn apps(kind: &str) -> (Value, Value) {
    let selector = json!({"matchLabels": {"app": "it"}});
    match kind {
        "Deployment" => (
            json!({
                "replicas": 2, "progressDeadlineSeconds": 600, "selector": selector,
                "template": {"spec": {"containers": []}},
            }),
            json!({
                "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2,
                "conditions": [
                    mk_condition("Available", "True", "MinimumReplicasAvailable"),
                    mk_condition("Progressing", "True", "NewReplicaSetAvailable"),
                ],
            }),
        ),
        "StatefulSet" => (
            json!({
                "replicas": 2, "selector": selector,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            }),
            json!({
                "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "currentRevision": "it-2", "updateRevision": "it-2",
            }),
        ),
        "DaemonSet" => (
            json!({"selector": selector, "updateStrategy": {"type": "RollingUpdate"}}),
            json!({
                "observedGeneration": 2, "desiredNumberScheduled": 2, "currentNumberScheduled": 2,
                "updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2, "numberMisscheduled": 0,
            }),
        ),
        _ => (
            json!({"replicas": 2, "selector": selector}),
            json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2}),
        ),
    }
}

fn core(kind: &str) -> Option<(Value, Value)> {
    Some(match kind {
        "Pod" => (
            json!({"restartPolicy": "Always", "containers": []}),
            json!({"observedGeneration": 2, "phase": "Running", "conditions": [mk_observed("Ready", "True", "")]}),
        ),
        "Service" => (json!({"type": "ClusterIP"}), json!({"loadBalancer": {}})),
        "Namespace" => (json!({"finalizers": ["kubernetes"]}), json!({"phase": "Active"})),
        "ResourceQuota" => (
            json!({"hard": {"pods": "10", "requests.cpu": "2"}}),
            json!({"hard": {"pods": "10", "requests.cpu": "2"}, "used": {"pods": "0"}}),
        ),
        "PersistentVolumeClaim" => (json!({"storageClassName": "standard"}), json!({"phase": "Bound"})),
        "PersistentVolume" => (json!({}), json!({"phase": "Bound"})),
        _ => return None,
    })
}

fn definition() -> (Value, Value) {
    let spec = json!({
        "group": "aphex.io", "names": {"plural": "organizations", "kind": "Organization"},
        "versions": [
            {"name": "v1beta1", "served": true, "storage": false},
            {"name": "v1alpha1", "served": true, "storage": true},
            {"name": "v1", "served": false, "storage": false},
        ],
    });
    let conditions = [
        mk_condition("NamesAccepted", "True", "NoConflicts"),
        mk_condition("Established", "True", "InitialNamesAccepted"),
    ];
    (
        spec,
        json!({"conditions": conditions, "storedVersions": ["v1alpha1"]}),
    )
}

fn ingress() -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let path = json!({"path": "/", "pathType": "Prefix", "backend": backend});
    json!({"ingressClassName": "nginx", "rules": [{"http": {"paths": [path]}}]})
}
