//! The health of a Deployment.

use super::{Health, Verdict};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus};

/// The value of `progressDeadlineSeconds` that means none (`deploymentutil.HasProgressDeadline`).
const NO_DEADLINE: i32 = i32::MAX;

/// Judges a Deployment by what its controller says of the generation that the object has now.
///
/// Besides what `kubectl rollout status` asks for, old Pods must be gone and the controller must have said
/// that the new ones are in place, so that a status of an earlier rollout is never taken for this one's.
#[must_use]
pub fn deployment(deployment: &Deployment) -> Verdict {
    let metadata = &deployment.metadata;
    if metadata.deletion_timestamp.is_some() {
        let finalizers = metadata.finalizers.as_deref().unwrap_or_default().join(", ");
        let message = match finalizers.as_str() {
            "" => "it is being deleted".to_owned(),
            _ => format!("it is being deleted, and waits for the finalizers {finalizers}"),
        };
        return Verdict::new(Health::Terminating, message);
    }
    let (Some(spec), Some(status)) = (&deployment.spec, &deployment.status) else {
        return Verdict::new(Health::Progressing, "its controller has not looked at it yet");
    };
    if status.observed_generation < metadata.generation {
        let message = "its controller has not seen the last change yet";
        return Verdict::new(Health::Progressing, message);
    }
    if spec.paused == Some(true) {
        return Verdict::new(Health::Suspended, "its rollout is paused");
    }
    degraded(status).unwrap_or_else(|| rollout(spec, status))
}

fn degraded(status: &DeploymentStatus) -> Option<Verdict> {
    let failing = |kind: &str, value: &str| condition(status, kind).filter(|found| found.status == value);
    let late = failing("Progressing", "False");
    let found = failing("ReplicaFailure", "True").or(late)?;
    Some(Verdict::new(Health::Degraded, explained(found)))
}

fn rollout(spec: &DeploymentSpec, status: &DeploymentStatus) -> Verdict {
    let wanted = spec.replicas.unwrap_or(1);
    let (all, updated) = (status.replicas.unwrap_or(0), status.updated_replicas.unwrap_or(0));
    let available = status.available_replicas.unwrap_or(0);
    let is_placed = |found: &DeploymentCondition| {
        found.status == "True" && found.reason.as_deref() == Some("NewReplicaSetAvailable")
    };
    let has_deadline = spec
        .progress_deadline_seconds
        .is_some_and(|seconds| seconds != NO_DEADLINE);
    let progressing = match () {
        () if wanted == 0 && all == 0 => {
            return Verdict::new(Health::Current, "scaled to 0, as its spec says");
        }
        () if updated < wanted => format!("{updated} of {wanted} Pods are of the current version"),
        () if all > updated => format!("{} Pods of an earlier version still run", all - updated),
        () if all > wanted => format!("{all} Pods run, and {wanted} are wanted"),
        () if available < updated => format!("{available} of {wanted} Pods are available"),
        () if condition(status, "Available").is_none_or(|found| found.status != "True") => {
            "it does not say that it is available yet".to_owned()
        }
        () if has_deadline && !condition(status, "Progressing").is_some_and(is_placed) => {
            "its rollout is not complete yet".to_owned()
        }
        () => {
            let message = format!("{available} of {wanted} Pods are available");
            return Verdict::new(Health::Current, message);
        }
    };
    Verdict::new(Health::Progressing, progressing)
}

fn condition<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status
        .conditions
        .as_ref()?
        .iter()
        .find(|found| found.type_ == kind)
}

fn explained(found: &DeploymentCondition) -> String {
    let reason = found.reason.as_deref().unwrap_or(&found.type_);
    match found.message.as_deref() {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A finished rollout of one replica, as the API server shows it.
    fn mk_done() -> Value {
        json!({
            "metadata": {"generation": 3},
            "spec": {
                "replicas": 1, "progressDeadlineSeconds": 600,
                "selector": {}, "template": {"spec": {"containers": []}},
            },
            "status": {
                "observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                "availableReplicas": 1,
                "conditions": [
                    {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                ],
            },
        })
    }

    fn judge(changes: &[(&str, Value)]) -> Verdict {
        let mut object = mk_done();
        for (path, value) in changes {
            let (parent, field) = path.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[field] = value.clone();
        }
        deployment(&serde_json::from_value(object).unwrap())
    }

    fn mk_conditions(available: &str, progressing: &str, reason: &str) -> Value {
        json!([
            {"type": "Available", "status": available},
            {"type": "Progressing", "status": progressing, "reason": reason, "message": "says why"},
        ])
    }

    #[test]
    fn every_state_has_its_verdict() {
        use Health::*;
        let failure = json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]);
        type Changes<'a> = &'a [(&'a str, Value)];
        let cases: [(Changes<'_>, Health, &str); 23] = [
            (&[], Current, "1 of 1 Pods are available"),
            (&[("/spec/replicas", json!(null))], Current, "1 of 1"),
            (
                &[("/status/replicas", json!(2))],
                Progressing,
                "1 Pods of an earlier version",
            ),
            (
                &[("/metadata/generation", json!(4))],
                Progressing,
                "not seen the last change",
            ),
            (
                &[("/status/observedGeneration", json!(null))],
                Progressing,
                "not seen the last change",
            ),
            (&[("/status/observedGeneration", json!(9))], Current, ""),
            (&[("/status", json!({}))], Progressing, "not seen the last change"),
            (&[("/status", json!(null))], Progressing, "has not looked at it"),
            (&[("/spec/paused", json!(true))], Suspended, "paused"),
            (
                &[("/spec/paused", json!(true)), ("/metadata/generation", json!(4))],
                Progressing,
                "not seen",
            ),
            (
                &[("/spec/replicas", json!(0))],
                Progressing,
                "1 Pods run, and 0 are wanted",
            ),
            (
                &[("/spec/replicas", json!(0)), ("/status/replicas", json!(0))],
                Current,
                "scaled to 0",
            ),
            (
                &[("/spec/replicas", json!(2))],
                Progressing,
                "1 of 2 Pods are of the current version",
            ),
            (
                &[("/status/updatedReplicas", json!(0))],
                Progressing,
                "0 of 1 Pods are of the current",
            ),
            (
                &[("/status/availableReplicas", json!(0))],
                Progressing,
                "0 of 1 Pods are available",
            ),
            (
                &[("/status/conditions", json!([]))],
                Progressing,
                "does not say that it is available",
            ),
            (
                &[(
                    "/status/conditions",
                    mk_conditions("False", "True", "NewReplicaSetAvailable"),
                )],
                Progressing,
                "does not say",
            ),
            (
                &[(
                    "/status/conditions",
                    mk_conditions("True", "True", "ReplicaSetUpdated"),
                )],
                Progressing,
                "not complete",
            ),
            (
                &[
                    (
                        "/status/conditions",
                        mk_conditions("True", "Unknown", "DeploymentPaused"),
                    ),
                    ("/spec/progressDeadlineSeconds", json!(2_147_483_647)),
                ],
                Current,
                "",
            ),
            (
                &[(
                    "/status/conditions",
                    mk_conditions("True", "False", "ProgressDeadlineExceeded"),
                )],
                Degraded,
                "ProgressDeadlineExceeded: says why",
            ),
            (
                &[
                    (
                        "/status/conditions",
                        mk_conditions("True", "False", "ProgressDeadlineExceeded"),
                    ),
                    ("/metadata/generation", json!(4)),
                ],
                Progressing,
                "not seen the last change",
            ),
            (
                &[("/status/conditions", failure)],
                Degraded,
                "FailedCreate: exceeded quota",
            ),
            (
                &[
                    ("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")),
                    ("/metadata/finalizers", json!(["foregroundDeletion"])),
                ],
                Terminating,
                "foregroundDeletion",
            ),
        ];
        for (changes, health, text) in cases {
            let verdict = judge(changes);
            assert_eq!(verdict.health, health, "{changes:?}: {}", verdict.message);
            assert!(verdict.message.contains(text), "{changes:?}: {}", verdict.message);
        }
    }

    #[test]
    fn scaling_down_to_zero_waits_for_the_last_pod() {
        let verdict = judge(&[
            ("/spec/replicas", json!(0)),
            ("/status/updatedReplicas", json!(0)),
        ]);
        assert_eq!(
            (verdict.health, verdict.message.as_str()),
            (Health::Progressing, "1 Pods of an earlier version still run")
        );
    }
}
