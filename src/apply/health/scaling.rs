//! Autoscalers and disruption budgets: they guard what runs, and nothing needs them to run.

use super::{Health, Rule, Verdict, subject::Subject};

pub(super) const RULES: &[Rule] = &[
    Rule::new("autoscaling", "HorizontalPodAutoscaler", autoscaler),
    Rule::new("policy", "PodDisruptionBudget", budget).observing(),
];

/// Reasons of an autoscaler that cannot do its work: those of `gitops-engine/pkg/health/health_hpa.go`, and the one for
/// metrics of containers.
const BROKEN: [&str; 9] = [
    "FailedGetScale",
    "FailedUpdateScale",
    "FailedGetResourceMetric",
    "FailedGetObjectMetric",
    "FailedGetPodsMetric",
    "FailedGetExternalMetric",
    "FailedGetContainerResourceMetric",
    "FailedComputeMetricsReplicas",
    "InvalidSelector",
];

fn autoscaler(subject: &Subject<'_>) -> Verdict {
    let (able, active) = (
        subject.condition("AbleToScale"),
        subject.condition("ScalingActive"),
    );
    let broken = [able, active].into_iter().flatten();
    let mut broken = broken.filter(|found| !found.is_true() && BROKEN.contains(&found.reason));
    let is_true = |found: Option<super::subject::Condition<'_>>| found.is_some_and(|found| found.is_true());
    let least = subject.number("/spec/minReplicas").unwrap_or(1);
    let now = subject.count("/status/currentReplicas");
    let verdict = match (broken.next(), active) {
        (Some(found), _) => found.verdict(Health::Degraded),
        (None, Some(found)) if found.reason == "ScalingDisabled" => found.verdict(Health::Suspended),
        _ if !is_true(able) || !is_true(active) => Verdict::progressing("it does not scale yet"),
        _ if now < least => Verdict::progressing(format!("{now} of at least {least} Pods exist")),
        _ => Verdict::current(format!("{now} Pods exist, and at least {least} are wanted")),
    };
    verdict.not_gating()
}

fn budget(subject: &Subject<'_>) -> Verdict {
    let verdict = match subject.condition("DisruptionAllowed") {
        Some(found) => found.verdict(Health::Current),
        None => Verdict::progressing("its controller has not counted its Pods yet"),
    };
    verdict.not_gating()
}
