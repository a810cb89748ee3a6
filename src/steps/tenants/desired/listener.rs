//! From a push to a run: what listens, what it takes out of the event, and what it makes.
//!
//! A run is made only for an event that GitHub signed with the organization's secret, that is a push, of exactly this
//! repository, to exactly this branch, and no deletion.

use super::Binding;
use crate::model::tenants::names;
use crate::steps::tenants::pipeline;
use serde_json::{Value, json};

/// The listener.
pub(super) const LISTENER: &str = "github-listener";
/// What it takes out of a push.
pub(super) const PUSH_BINDING: &str = "github-push-binding";

/// The templates that a binding can name: this one.
pub(in crate::steps::tenants) const TEMPLATES: [&str; 1] = ["run-pipeline-v1"];

/// What a push gives to a run: the parameter, and where it is in the event.
const FROM_PUSH: [(&str, &str); 4] = [
    ("git-url", "$(body.repository.clone_url)"),
    ("git-revision", "$(body.after)"),
    ("repo-url", "$(body.repository.clone_url)"),
    ("commit-sha", "$(body.after)"),
];

/// What only the binding knows.
const TENANT_NAME: &str = "tenant-name";

/// All parameters that a run is given, if its Pipeline declares them.
pub(in crate::steps::tenants) fn parameters() -> impl Iterator<Item = &'static str> {
    FROM_PUSH.iter().map(|(name, _)| *name).chain([TENANT_NAME])
}

pub(super) fn push_binding() -> Value {
    let parameters = FROM_PUSH.map(|(name, value)| json!({"name": name, "value": value}));
    json!({"spec": {"params": parameters}})
}

/// It serves the Triggers of its own namespace that carry the organization's label, to pushes that are signed.
///
/// No namespace is named: with any, even its own, Tekton Triggers makes it watch the kinds of all namespaces, which its account
/// may not, and it never starts (`MakeContainer` of its reconciler, `--is-multi-ns`).
pub(super) fn listener(organization: &str) -> Value {
    let secret = json!({"secretName": names::WEBHOOK_SECRET, "secretKey": names::WEBHOOK_KEY});
    json!({"spec": {
        "serviceAccountName": super::organization::LISTENER_ACCOUNT,
        "triggerGroups": [{
            "name": "github-webhooks",
            "interceptors": [{
                "name": "github",
                "ref": {"name": "github", "kind": "ClusterInterceptor"},
                "params": [
                    {"name": "secretRef", "value": secret},
                    {"name": "eventTypes", "value": ["push"]},
                ],
            }],
            "triggerSelector": {
                "labelSelector": {"matchLabels": {names::ORGANIZATION_LABEL: organization}},
            },
        }],
    }})
}

pub(super) fn trigger(binding: &Binding<'_>) -> Value {
    let pipeline = &binding.spec.pipeline_name;
    json!({"spec": {
        "interceptors": [{
            "name": "filter",
            "ref": {"name": "cel", "kind": "ClusterInterceptor"},
            "params": [{"name": "filter", "value": filter(binding)}],
        }],
        "bindings": [
            {"ref": PUSH_BINDING, "kind": "TriggerBinding"},
            {"name": TENANT_NAME, "value": pipeline},
        ],
        "template": {"ref": format!("{pipeline}-trigger-template")},
    }})
}

/// GitHub compares names of repositories without case, and says whether a push deletes its branch.
fn filter(binding: &Binding<'_>) -> String {
    let repository = format!("{}/{}", binding.spec.repo_org, binding.spec.repo_name).to_ascii_lowercase();
    let branch = quoted(&format!("refs/heads/{}", binding.spec.branch()));
    format!(
        "body.repository.full_name.lowerAscii() == {} && body.ref == {branch} && !body.deleted",
        quoted(&repository)
    )
}

/// As a string of the Common Expression Language.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|letter| match letter {
            '\\' | '\'' => vec!['\\', letter],
            letter => vec![letter],
        })
        .collect();
    format!("'{escaped}'")
}

/// The run gets what its Pipeline declares of all that there is, and room for sources if it asks for it.
pub(super) fn template(binding: &Binding<'_>) -> Value {
    let pipeline = &binding.spec.pipeline_name;
    let packed = binding.pipeline.open();
    let declared = pipeline::parameters(&packed);
    let given: Vec<&str> = parameters().filter(|name| declared.contains(name)).collect();
    let pass = |name: &&str| json!({"name": name, "value": format!("$(tt.params.{name})")});
    let mut run = json!({
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {
            "generateName": format!("{pipeline}-"),
            "namespace": pipeline,
            "labels": {"platform.aphex/triggered": "true", names::PIPELINE_LABEL: pipeline},
        },
        "spec": {
            "pipelineRef": {"name": pipeline},
            "params": given.iter().map(pass).collect::<Vec<_>>(),
            "taskRunTemplate": {"serviceAccountName": super::binding::RUNNER},
            "timeouts": {"pipeline": "1h0m0s"},
        },
    });
    if pipeline::workspaces(&packed).contains(&pipeline::SOURCE) {
        run["spec"]["workspaces"] = json!([{
            "name": pipeline::SOURCE,
            "volumeClaimTemplate": {"spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            }},
        }]);
    }
    let declared: Vec<Value> = given.iter().map(|name| json!({"name": name})).collect();
    json!({"spec": {"params": declared, "resourcetemplates": [run]}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_an_expression_stays_a_text() {
        assert_eq!(quoted(r"a'b\c"), r"'a\'b\\c'");
    }
}
