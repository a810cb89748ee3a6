//! The tenant that is made to be looked at: an Organization and a `RepoBinding` of its own. Pure.

use crate::{
    model::{
        config::Config,
        kind::{Address, Kind},
        names,
        tenants::names::organization_namespace,
    },
    render::job,
    steps::tenants::{
        choice::Choice,
        kinds::{EVENT_LISTENER, ORGANIZATION, REPO_BINDING},
        resources::owner,
    },
};
use serde_json::{Value, json};

/// Its name, and that of its pipeline.
pub(in crate::steps::tenants) const NAME: &str = "aphex-canary";
/// The repository that its pushes are of; nothing is fetched from there.
pub(in crate::steps::tenants) const REPOSITORY: &str = "aphex-canary/no-such-repository";
const LISTENER: &str = "github-listener";
const PORT: u16 = 8080;

/// The custom resources of the canary, and their kinds.
pub(in crate::steps::tenants) fn resources(config: &Config) -> [(Address, Value); 2] {
    let organization = json!({
        "displayName": "Canary of aphex-ops tenants verify",
        "adminUsers": ["canary@example.com"],
    });
    let (owner, repository) = REPOSITORY.split_once('/').unwrap_or_default();
    let binding = json!({
        "aphexOrg": NAME,
        "repoOrg": owner,
        "repoName": repository,
        "pipelineName": NAME,
        "templateRef": "run-pipeline-v1",
        "pipelineSpec": pipeline(config).to_string(),
    });
    [
        resource(config, ORGANIZATION, organization),
        resource(config, REPO_BINDING, binding),
    ]
}

fn resource(config: &Config, kind: Kind, spec: Value) -> (Address, Value) {
    let namespace = &config.namespaces.platform;
    let body = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name,
        "metadata": {"name": NAME, "namespace": namespace, "labels": {names::MANAGED_BY_LABEL: names::PRODUCT}},
        "spec": spec,
    });
    let at = Address {
        kind,
        namespace: Some(namespace.clone()),
        name: NAME.to_owned(),
    };
    (at, body)
}

/// One step that does nothing, in the one image that every cluster of ours has: our own.
fn pipeline(config: &Config) -> Value {
    let step = json!({
        "name": "nothing",
        "image": job::image(config),
        "command": ["/aphex-ops"],
        "args": ["version"],
    });
    json!({
        "apiVersion": "tekton.dev/v1",
        "kind": "Pipeline",
        "metadata": {"name": NAME},
        "spec": {"tasks": [{"name": "nothing", "taskSpec": {"steps": [step]}}]},
    })
}

/// The canary, and nobody else.
pub(in crate::steps::tenants) fn choices(config: &Config) -> Vec<Choice> {
    let names = resources(config).map(|(at, _)| owner(&at));
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// What listens for its pushes.
pub(in crate::steps::tenants) fn listener() -> Address {
    Address {
        kind: EVENT_LISTENER,
        namespace: Some(organization_namespace(NAME)),
        name: LISTENER.to_owned(),
    }
}

/// Where the listener's Service answers, as Tekton Triggers names it.
pub(super) fn url() -> String {
    let namespace = organization_namespace(NAME);
    format!("http://el-{LISTENER}.{namespace}.svc.cluster.local:{PORT}/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tenants::pipeline;

    #[test]
    fn its_pipeline_is_one_that_a_push_can_start() {
        let [_, (at, binding)] = resources(&Config::default());
        assert_eq!(at.name, NAME);
        pipeline::parse(binding["spec"]["pipelineSpec"].as_str().unwrap()).unwrap();
        assert_eq!(choices(&Config::default()).len(), 2);
    }
}
