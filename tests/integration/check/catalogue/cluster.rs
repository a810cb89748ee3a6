//! Faults of the cluster itself.

use super::{
    super::fault::{
        Change::{Condemn, Config, Create, Patch, Status},
        Fault,
    },
    fault, mk, mk_pod,
};
use serde_json::{Value, json};

pub(super) fn cluster() -> Vec<Fault> {
    let claim = |class: Value, more: Value| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": class});
        json_patch::merge(&mut spec, &more);
        json!({ "spec": spec })
    };
    let lost = json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}});
    let mut gone = claim("nowhere".into(), json!({"volumeName": "gone"}));
    json_patch::merge(&mut gone, &lost);
    let volumes = json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "waiting"}}]});
    let held = json!({"metadata": {"finalizers": ["tests.example/held"]}});
    let lease = json!({"spec": {"holderIdentity": "somebody/dead", "leaseDurationSeconds": 30, "renewTime": "2026-01-01T00:00:00.000000Z"}});
    vec![
        fault(
            "APX-CLU-003",
            "Namespace nowhere",
            "NotFound",
            "`aphex-ops namespaces ensure`",
            vec![Config(json!({"namespaces": {"platform": "nowhere"}}))],
        ),
        fault(
            "APX-CLU-004",
            "Namespace stuck",
            "SomeFinalizersRemain",
            "kubectl get -n stuck",
            vec![
                Create(mk("v1", "Namespace", "", "stuck", json!({}))),
                Create(mk("v1", "ConfigMap", "stuck", "held", held)),
                Condemn("v1/Namespace//stuck"),
            ],
        ),
        fault(
            "APX-CLU-006",
            "Node fake-1",
            "DiskPressure",
            "kubectl describe node fake-1",
            vec![Status(
                "v1/Node//fake-1",
                json!({
                    "conditions": [
                        {"type": "Ready", "status": "True", "reason": "KubeletReady"},
                        {"type": "DiskPressure", "status": "True", "reason": "KubeletHasDiskPressure", "message": "full"},
                    ],
                }),
            )],
        ),
        fault(
            "APX-CLU-007",
            "Node fake-2",
            "Paused",
            "kubectl uncordon fake-2",
            vec![Patch("v1/Node//fake-2", json!({"spec": {"unschedulable": true}}))],
        ),
        fault(
            "APX-CLU-008",
            "PersistentVolumeClaim auth-system/waiting",
            "Pending",
            "kubectl -n auth-system describe",
            vec![
                Create(mk(
                    "v1",
                    "PersistentVolumeClaim",
                    "auth-system",
                    "waiting",
                    claim("nowhere".into(), json!({})),
                )),
                Create(mk(
                    "v1",
                    "Pod",
                    "auth-system",
                    "waiting",
                    json!({"spec": mk_pod(volumes)}),
                )),
            ],
        ),
        fault(
            "APX-CLU-009",
            "PersistentVolumeClaim auth-system/lost",
            "Lost",
            "kubectl get persistentvolume gone",
            vec![Create(mk(
                "v1",
                "PersistentVolumeClaim",
                "auth-system",
                "lost",
                gone,
            ))],
        ),
        fault(
            "APX-CLU-010",
            "ResourceQuota platform-system/full",
            "Exhausted",
            "kubectl -n platform-system describe",
            vec![Create(mk(
                "v1",
                "ResourceQuota",
                "platform-system",
                "full",
                json!({"spec": {"hard": {"configmaps": "1"}}}),
            ))],
        ),
        fault(
            "APX-CLU-012",
            "Lease platform-system/aphex-ops-platform",
            "LockLost",
            "delete lease aphex-ops-platform",
            vec![Patch(
                "coordination.k8s.io/v1/Lease/platform-system/aphex-ops-platform",
                lease,
            )],
        ),
        fault(
            "APX-CLU-013",
            "Suppression APX-DNS-001",
            "InvalidConfig",
            "aphex-ops check --only APX-DNS-001",
            vec![Config(
                json!({"suppress": [{"check": "APX-DNS-001", "reason": "was", "until": "2020-01-01"}]}),
            )],
        ),
    ]
}
