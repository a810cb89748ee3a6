//! Deployments, StatefulSets, DaemonSets and ReplicaSets: what runs for as long as it exists.
//!
//! The rules are those of `kubectl rollout status` (`kubectl/pkg/polymorphichelpers/rollout_status.go`), and besides
//! that nothing of an earlier version is left. What keeps a Pod from running says more than the counters do.

use super::{
    Health, Need, Rule, Verdict, deployment,
    needs::selector,
    pods::{PodTrouble, trouble},
    subject::{Subject, text},
};
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

pub(super) const RULES: &[Rule] = &[
    Rule::new("apps", "Deployment", of_deployment)
        .observing()
        .needing(pods),
    Rule::new("apps", "StatefulSet", stateful_set)
        .observing()
        .needing(pods),
    Rule::new("apps", "DaemonSet", daemon_set)
        .observing()
        .needing(pods),
    Rule::new("apps", "ReplicaSet", replica_set)
        .observing()
        .needing(pods),
];

fn pods(live: &Value) -> Vec<Need> {
    let namespace = text(live, "/metadata/namespace");
    let labels = selector(&live["spec"]["selector"]);
    let need = labels.map(|labels| Need::selected("", "Pod", namespace, labels));
    need.into_iter().collect()
}

fn of_deployment(subject: &Subject<'_>) -> Verdict {
    match serde_json::from_value(subject.live.clone()) {
        Ok(object) => told(deployment(&object), subject, Some("pod-template-hash")),
        Err(error) => Verdict::new(
            Health::Unknown,
            format!("it is not a Deployment that we can read: {error}"),
        ),
    }
}

fn stateful_set(subject: &Subject<'_>) -> Verdict {
    let wanted = subject.number("/spec/replicas").unwrap_or(1);
    let (all, ready) = (
        subject.count("/status/replicas"),
        subject.count("/status/readyReplicas"),
    );
    let updated = subject.count("/status/updatedReplicas");
    let partition = subject.count("/spec/updateStrategy/rollingUpdate/partition");
    let revisions = (
        subject.text("/status/currentRevision"),
        subject.text("/status/updateRevision"),
    );
    let rolls = subject.text("/spec/updateStrategy/type") != "OnDelete";
    // The Pods of an earlier revision may be the ones that block: the controller waits for them to be healthy.
    let waits = |text: String| told(Verdict::progressing(text), subject, None);
    match () {
        () if all > wanted => waits(format!("{all} Pods run, and {wanted} are wanted")),
        () if rolls && updated < wanted - partition => {
            let wanted = wanted - partition;
            waits(format!("{updated} of {wanted} Pods are of the current version"))
        }
        () if ready < wanted => waits(format!("{ready} of {wanted} Pods are ready")),
        () if rolls && partition == 0 && revisions.0 != revisions.1 => {
            waits("its rollout is not complete yet".to_owned())
        }
        () => Verdict::current(format!("{ready} of {wanted} Pods are ready")),
    }
}

fn daemon_set(subject: &Subject<'_>) -> Verdict {
    let wanted = subject.count("/status/desiredNumberScheduled");
    let updated = subject.count("/status/updatedNumberScheduled");
    let available = subject.count("/status/numberAvailable");
    let rolls = subject.text("/spec/updateStrategy/type") != "OnDelete";
    let waits = |text: String| {
        told(
            Verdict::progressing(text),
            subject,
            Some("controller-revision-hash"),
        )
    };
    match () {
        () if wanted == 0 => {
            let verdict = Verdict::current("it runs on no node");
            verdict.warned("no node is one that it runs on")
        }
        () if rolls && updated < wanted => {
            waits(format!("{updated} of {wanted} Pods are of the current version"))
        }
        () if available < wanted => waits(format!("{available} of {wanted} Pods are available")),
        () => Verdict::current(format!("{available} of {wanted} Pods are available")),
    }
}

fn replica_set(subject: &Subject<'_>) -> Verdict {
    let wanted = subject.number("/spec/replicas").unwrap_or(1);
    let (all, available) = (
        subject.count("/status/replicas"),
        subject.count("/status/availableReplicas"),
    );
    let failure = subject
        .condition("ReplicaFailure")
        .filter(|found| found.is_true());
    match failure {
        Some(found) => found.verdict(Health::Degraded),
        None if all > wanted => Verdict::progressing(format!("{all} Pods run, and {wanted} are wanted")),
        None if available < wanted => {
            let text = format!("{available} of {wanted} Pods are available");
            told(Verdict::progressing(text), subject, None)
        }
        None => Verdict::current(format!("{available} of {wanted} Pods are available")),
    }
}

/// The verdict on a rollout, with what keeps its Pods from running. If that will not pass by waiting a little, the
/// verdict is worse than the counters alone.
///
/// With a label for the version, only Pods of the newest one count: those of an earlier one are on their way out, and
/// what is wrong with them may be just what the new one puts right.
fn told(verdict: Verdict, subject: &Subject<'_>, version: Option<&str>) -> Verdict {
    if !matches!(verdict.health, Health::Progressing | Health::Degraded) {
        return verdict;
    }
    let pods = subject.found.pods();
    let of = |pod: &Value| version.map(|label| pod["metadata"]["labels"][label].clone());
    let newest = pods
        .iter()
        .max_by_key(|pod| text(pod, "/metadata/creationTimestamp"));
    let newest = newest.and_then(|pod| of(pod));
    let pods = pods.into_iter().filter(|pod| of(pod) == newest);
    explained(verdict, found_trouble(pods), |_| true)
}

/// A verdict with the trouble of Pods that explains it; trouble that blocks and `counts` makes it worse.
pub(super) fn explained(
    verdict: Verdict,
    trouble: Option<PodTrouble>,
    counts: impl Fn(&PodTrouble) -> bool,
) -> Verdict {
    match trouble {
        Some(trouble) if trouble.is_blocking && counts(&trouble) => {
            let text = trouble.to_string();
            Verdict::degraded(verdict.message)
                .and(&text)
                .because(trouble.reason)
        }
        Some(trouble) => verdict.and(&trouble.to_string()),
        None => verdict,
    }
}

/// The trouble of Pods as the API server writes them.
pub(super) fn found_trouble<'a>(pods: impl Iterator<Item = &'a Value>) -> Option<PodTrouble> {
    let pods = pods.filter_map(|pod| serde_json::from_value(pod.clone()).ok());
    let pods: Vec<Pod> = pods.collect();
    trouble(&pods)
}
