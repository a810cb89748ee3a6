//! Holding Dex's new Pods back from traffic, until the other side knows the secret that they started with.
//!
//! A readiness gate in the Pod template does it: such a Pod is not ready before somebody sets its condition. `secrets rotate`
//! puts the gate there and opens it; where it finds one that was left, `dex scale` takes it away.

use crate::{apply::health, model::names};
use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::{Pod, PodReadinessGate, PodSpec},
};
use serde_json::{Value, json};

/// The Pods of a rollout whose template has the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) struct Gated {
    /// Those of this template.
    pub pods: Vec<GatedPod>,
    /// So many the controller has made by its own count.
    pub updated: i32,
}

/// One Pod that is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::steps) struct GatedPod {
    pub name: String,
    /// Whether nothing but the gate is missing.
    pub has_started: bool,
    /// Whether the gate is open.
    pub is_admitted: bool,
}

impl Gated {
    /// Whether every Pod that the controller has made so far is there and has started.
    pub(in crate::steps) fn has_started(&self) -> bool {
        let count = i32::try_from(self.pods.len()).unwrap_or(i32::MAX);
        self.updated > 0 && count == self.updated && self.pods.iter().all(|pod| pod.has_started)
    }

    /// The Pods whose gate is shut.
    pub(in crate::steps) fn shut(&self) -> Vec<String> {
        let shut = self.pods.iter().filter(|pod| !pod.is_admitted);
        shut.map(|pod| pod.name.clone()).collect()
    }
}

/// What becomes of the gate in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Leave,
    Put,
    Take,
}

impl Gate {
    /// Adds it to a patch of the Deployment's spec.
    pub(super) fn write(self, spec: &mut Value) {
        match self {
            Self::Leave => {}
            Self::Put => {
                let gates = json!([{"conditionType": names::DEX_GATE}]);
                spec["template"]["spec"] = json!({ "readinessGates": gates });
            }
            Self::Take => spec["template"]["spec"] = json!({ "readinessGates": null }),
        }
    }
}

fn gates(pod: Option<&PodSpec>) -> &[PodReadinessGate] {
    pod.and_then(|pod| pod.readiness_gates.as_deref())
        .unwrap_or_default()
}

fn has_gate(pod: Option<&PodSpec>) -> bool {
    gates(pod)
        .iter()
        .any(|gate| gate.condition_type == names::DEX_GATE)
}

/// Whether the gate can be put there: nobody else has one.
pub(super) fn is_free(spec: &DeploymentSpec) -> bool {
    gates(spec.template.spec.as_ref()).is_empty()
}

/// Whether the template has the gate.
pub(super) fn is_gated(spec: &DeploymentSpec) -> bool {
    has_gate(spec.template.spec.as_ref())
}

/// The Pods behind the gate, of all that the Deployment has.
pub(super) fn gated(deployment: &Deployment, pods: &[Pod]) -> Gated {
    let digest = super::recorded(deployment);
    let status = deployment.status.as_ref();
    let is_observed =
        status.is_some_and(|status| status.observed_generation >= deployment.metadata.generation);
    let updated = status
        .and_then(|status| status.updated_replicas)
        .filter(|_| is_observed);
    Gated {
        pods: pods.iter().filter(|pod| is_of(pod, digest)).map(see).collect(),
        updated: updated.unwrap_or_default(),
    }
}

/// Whether a Pod is one of those that have the gate and were started with these secrets.
fn is_of(pod: &Pod, digest: Option<&str>) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let started_with = annotations.and_then(|all| all.get(names::SECRETS_DIGEST_ANNOTATION));
    pod.metadata.deletion_timestamp.is_none()
        && has_gate(pod.spec.as_ref())
        && started_with.map(String::as_str) == digest
}

fn see(pod: &Pod) -> GatedPod {
    GatedPod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        has_started: health::is_true(pod, "ContainersReady"),
        is_admitted: health::is_true(pod, names::DEX_GATE),
    }
}

/// The status that opens the gate of a Pod.
pub(in crate::steps) fn open() -> Value {
    json!({"status": {"conditions": [{"type": names::DEX_GATE, "status": "True"}]}})
}
