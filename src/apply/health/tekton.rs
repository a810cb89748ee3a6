//! Tekton: what its operator installs, what listens to events, and runs.
//!
//! Their controllers are made with knative's, which writes `status.observedGeneration` after each look, where a kind has
//! one (`knative.dev/pkg/reconciler/reconcile_common.go`).

use super::{
    Health, Need, Rule, Verdict,
    needs::Found,
    plain::exists,
    subject::{Subject, text},
    verdict::Doubt,
};
use serde_json::Value;

const OPERATOR: &str = "operator.tekton.dev";
const TRIGGERS: &str = "triggers.tekton.dev";
const PIPELINE: &str = "tekton.dev";

pub(super) const RULES: &[Rule] = &[
    Rule::new(OPERATOR, "TektonConfig", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonPipeline", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonTrigger", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonInstallerSet", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonDashboard", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonChain", installed)
        .observing()
        .with_conditions(),
    Rule::new(OPERATOR, "TektonResult", installed)
        .observing()
        .with_conditions(),
    Rule::new(TRIGGERS, "EventListener", listener)
        .observing()
        .with_conditions()
        .needing(deployment),
    Rule::new(TRIGGERS, "Trigger", exists),
    Rule::new(TRIGGERS, "TriggerBinding", exists),
    Rule::new(TRIGGERS, "ClusterTriggerBinding", exists),
    Rule::new(TRIGGERS, "TriggerTemplate", exists),
    Rule::new(TRIGGERS, "Interceptor", exists),
    Rule::new(TRIGGERS, "ClusterInterceptor", interceptor),
    Rule::new(PIPELINE, "Pipeline", exists),
    Rule::new(PIPELINE, "Task", exists),
    Rule::new(PIPELINE, "StepAction", exists),
    Rule::new(PIPELINE, "PipelineRun", run).with_conditions(),
    Rule::new(PIPELINE, "TaskRun", run).with_conditions(),
    Rule::new(PIPELINE, "CustomRun", run).with_conditions(),
];

/// What the operator installs is not ready, for the reason `Error`, during every normal installation
/// (`tektonconfig_lifecycle.go`), so that is no failure.
fn installed(subject: &Subject<'_>) -> Verdict {
    match subject.condition("Ready") {
        Some(found) if found.is_true() => found.verdict(Health::Current),
        Some(found) => found.verdict(Health::Progressing),
        None => Verdict::progressing("it does not say yet whether it is ready"),
    }
}

/// A listener that has an address, and whose Deployment is the current one.
fn listener(subject: &Subject<'_>) -> Verdict {
    for kind in ["Ready", "Available"] {
        match subject.condition(kind) {
            Some(found) if found.is_true() => {}
            Some(found) if found.is_false() && kind == "Ready" => return found.verdict(Health::Degraded),
            Some(found) => return found.verdict(Health::Progressing),
            None => return Verdict::progressing(format!("it does not say yet whether it is {kind}")),
        }
    }
    let url = subject.text("/status/address/url");
    if url.is_empty() {
        return Verdict::progressing("it has no address yet");
    }
    let checks = deployment(subject.live).into_iter().map(|need| {
        let verdict = super::judge(subject.found.object(&need)?, None, &Found::default());
        match verdict.health {
            Health::Current => Ok(()),
            _ => Err(Doubt::Denied(format!("{need}: {}", verdict.message))),
        }
    });
    Verdict::current(format!("it listens at {url}")).confirmed(checks)
}

/// The Deployment of a listener, if it has one.
fn deployment(live: &Value) -> Vec<Need> {
    if live["spec"]["resources"]["customResource"].is_object() {
        return Vec::new();
    }
    let name = match text(live, "/status/configuration/generatedName") {
        "" => format!("el-{}", text(live, "/metadata/name")),
        name => name.to_owned(),
    };
    let namespace = text(live, "/metadata/namespace");
    vec![Need::object("apps", "Deployment", Some(namespace), &name)]
}

/// An interceptor that can be called: one behind a Service has an address once its controller has looked at it, and one
/// that speaks TLS, by its label, has a CA.
fn interceptor(subject: &Subject<'_>) -> Verdict {
    let config = &subject.live["spec"]["clientConfig"];
    let labels = &subject.live["metadata"]["labels"];
    let is_called_by_url = !text(config, "/url").is_empty();
    if !is_called_by_url && subject.text("/status/address/url").is_empty() {
        return Verdict::progressing("it has no address yet");
    }
    if labels["server/type"] == "https" && text(config, "/caBundle").is_empty() {
        return Verdict::progressing("it has no caBundle yet");
    }
    Verdict::current("it can be called")
}

fn run(subject: &Subject<'_>) -> Verdict {
    match subject.condition("Succeeded") {
        Some(found) if found.is_true() => found.verdict(Health::Current),
        Some(found) if found.is_false() => found.verdict(Health::Failed),
        Some(found) => found.verdict(Health::Progressing),
        None => Verdict::progressing("it has not started yet"),
    }
}
