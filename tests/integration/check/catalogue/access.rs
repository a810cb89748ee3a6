//! Faults of roles and of scheduled jobs.

use super::{
    super::fault::{
        Change::{Create, Delete, Patch},
        Fault,
    },
    fault, mk,
};
use serde_json::json;

const SYNC: &str = "batch/v1/CronJob/platform-system/aphex-ops-dex-sync";
const RBAC: &str = "rbac.authorization.k8s.io/v1";

pub(super) fn rbac() -> Vec<Fault> {
    const INSTALL: &str = "`aphex-ops waves install --only rbac`";
    let bind = |role: &str, kind: &str, name: &str, namespace: Option<&str>| {
        let mut subject = json!({"kind": kind, "name": name});
        match namespace {
            Some(namespace) => subject["namespace"] = namespace.into(),
            None => subject["apiGroup"] = "rbac.authorization.k8s.io".into(),
        }
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role});
        vec![Create(mk(
            RBAC,
            "ClusterRoleBinding",
            "",
            "surplus",
            json!({"roleRef": role, "subjects": [subject]}),
        ))]
    };
    let wide = json!({"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]});
    let surplus = "ClusterRoleBinding surplus";
    let delete = "kubectl delete clusterrolebinding surplus";
    vec![
        fault(
            "APX-RBAC-001",
            "ClusterRole platform-operator",
            "NotFound",
            INSTALL,
            vec![Delete(
                "rbac.authorization.k8s.io/v1/ClusterRole//platform-operator",
            )],
        ),
        fault(
            "APX-RBAC-002",
            "ClusterRoleBinding platform-operators",
            "NotFound",
            INSTALL,
            vec![Delete(
                "rbac.authorization.k8s.io/v1/ClusterRoleBinding//platform-operators",
            )],
        ),
        fault(
            "APX-RBAC-002",
            "ClusterRoleBinding platform-operators",
            "Mismatch",
            INSTALL,
            vec![Patch(
                "rbac.authorization.k8s.io/v1/ClusterRoleBinding//platform-operators",
                json!({"subjects": []}),
            )],
        ),
        fault(
            "APX-RBAC-003",
            "ClusterRole platform-operator",
            "TooPowerful",
            INSTALL,
            vec![Patch(
                "rbac.authorization.k8s.io/v1/ClusterRole//platform-operator",
                wide,
            )],
        ),
        fault(
            "APX-RBAC-004",
            surplus,
            "TooPowerful",
            delete,
            bind("cluster-admin", "Group", "platform-engineering", None),
        ),
        fault(
            "APX-RBAC-004",
            surplus,
            "TooPowerful",
            delete,
            bind("platform-admin", "User", "mallory", None),
        ),
        fault(
            "APX-RBAC-005",
            surplus,
            "TooPowerful",
            delete,
            bind("edit", "Group", "system:authenticated", None),
        ),
        fault(
            "APX-RBAC-006",
            surplus,
            "TooPowerful",
            delete,
            bind(
                "cluster-admin",
                "ServiceAccount",
                "default",
                Some("platform-system"),
            ),
        ),
    ]
}

pub(super) fn jobs() -> Vec<Fault> {
    let object = "CronJob platform-system/aphex-ops-dex-sync";
    vec![
        fault(
            "APX-JOB-001",
            object,
            "Paused",
            "patch cronjob aphex-ops-dex-sync",
            vec![Patch(SYNC, json!({"spec": {"suspend": true}}))],
        ),
        fault(
            "APX-JOB-004",
            "ConfigMap platform-system/aphex-ops-config",
            "NotFound",
            "`aphex-ops install`",
            vec![Delete("v1/ConfigMap/platform-system/aphex-ops-config")],
        ),
        fault(
            "APX-JOB-005",
            object,
            "InvalidValue",
            "`aphex-ops install`",
            vec![Patch(SYNC, json!({"spec": {"schedule": "@every 90h"}}))],
        ),
    ]
}
