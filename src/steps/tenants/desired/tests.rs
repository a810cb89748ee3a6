use super::*;
use crate::{
    model::{
        config::Config,
        tenants::{OrganizationSpec, PermissionProfile, RepoBindingSpec},
    },
    steps::tenants::pipeline::{self, Packed},
};
use std::collections::BTreeSet;

const PIPELINE: &str = "apiVersion: tekton.dev/v1\nkind: Pipeline\nspec:\n  params: [{name: git-url}]\n  workspaces: [{name: source}]\n  tasks: []\n";

fn mk_facts(pipelines: &[&str]) -> Facts {
    Facts {
        api_servers: vec![("192.0.2.1".to_owned(), 6443)],
        cluster_ranges: vec!["10.42.0.0/16".to_owned(), "fd00::/64".to_owned()],
        pipelines: pipelines.iter().map(|name| (*name).to_owned()).collect(),
        ..Facts::new(&Config::default())
    }
}

fn mk_spec(pipeline: &str) -> RepoBindingSpec {
    RepoBindingSpec {
        aphex_org: "acme".to_owned(),
        repo_org: "Acme".to_owned(),
        repo_name: "App.One".to_owned(),
        pipeline_name: pipeline.to_owned(),
        template_ref: "run-pipeline-v1".to_owned(),
        pipeline_spec: PIPELINE.to_owned(),
        branch: Some("it's".to_owned()),
        permission_profile: PermissionProfile::Elevated,
    }
}

/// All objects of a binding.
fn objects(spec: &RepoBindingSpec, facts: &Facts, is_elevated: bool) -> Vec<(BindingPart, Value)> {
    let pipeline = Packed::of(&pipeline::parse(&spec.pipeline_spec).unwrap());
    let binding = Binding {
        owner: "RepoBinding/platform-system/app",
        spec,
        pipeline: &pipeline,
        is_elevated,
        facts,
    };
    BindingPart::all()
        .iter()
        .map(|part| (*part, part.body(&binding)))
        .collect()
}

fn body(objects: &[(BindingPart, Value)], part: BindingPart) -> &Value {
    &objects.iter().find(|(other, _)| *other == part).unwrap().1
}

#[test]
fn parts_are_in_the_order_of_their_stages_and_each_is_an_object_of_its_own() {
    let (spec, facts) = (mk_spec("app"), mk_facts(&["app"]));
    let names: BTreeSet<String> = objects(&spec, &facts, false)
        .iter()
        .map(|(_, object)| format!("{} {}", object["kind"], object["metadata"]))
        .collect();
    assert_eq!(names.len(), BindingPart::all().len());
    for (_, object) in objects(&spec, &facts, false) {
        assert_eq!(
            object["metadata"]["annotations"][tenant_names::OWNER_ANNOTATION],
            "RepoBinding/platform-system/app"
        );
        assert_eq!(
            object["metadata"]["labels"][names::MANAGED_BY_LABEL],
            "platform-controller"
        );
    }
    let of_organizations = OrganizationPart::all().iter().map(|part| part.stage());
    assert_eq!(of_organizations.max(), Some(Stage::Door));
}

#[test]
fn a_push_starts_a_run_only_from_its_own_repository_and_branch() {
    let (spec, facts) = (mk_spec("app"), mk_facts(&["app"]));
    let objects = objects(&spec, &facts, false);
    let filter = &body(&objects, BindingPart::Trigger)["spec"]["interceptors"][0]["params"][0]["value"];
    let expected = r"body.repository.full_name.lowerAscii() == 'acme/app.one' && body.ref == 'refs/heads/it\'s' && !body.deleted";
    assert_eq!(filter, expected);
    let template = &body(&objects, BindingPart::Template)["spec"];
    assert_eq!(
        template["params"],
        json!([{"name": "git-url"}]),
        "only what the Pipeline declares is passed"
    );
    let run = &template["resourcetemplates"][0];
    assert_eq!(run["metadata"]["namespace"], "app");
    assert_eq!(
        run["spec"]["taskRunTemplate"]["serviceAccountName"],
        "pipeline-runner"
    );
    assert_eq!(run["spec"]["workspaces"][0]["name"], "source");
}

#[test]
fn a_project_reaches_no_pipeline_that_is_called_alike() {
    let facts = mk_facts(&["app", "app-b", "app-b-c", "apple", "other"]);
    let project = |name: &str| {
        let objects = objects(&mk_spec(name), &facts, false);
        let destinations = body(&objects, BindingPart::Project)["spec"]["destinations"].clone();
        let names = destinations.as_array().unwrap().iter();
        names
            .map(|to| to["namespace"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        project("app"),
        ["app", "app-*", "!app-b", "!app-b-*", "!app-b-c", "!app-b-c-*"]
    );
    assert_eq!(project("other"), ["other", "other-*"]);
}

#[test]
fn more_rights_need_the_configuration_to_say_so() {
    let (spec, facts) = (mk_spec("app"), mk_facts(&["app"]));
    let role = |is_elevated| {
        body(&objects(&spec, &facts, is_elevated), BindingPart::RunnerAccess)["roleRef"]["name"].clone()
    };
    assert_eq!(
        (role(true), role(false)),
        (json!("tenant-elevated"), json!("tenant-standard"))
    );
}

#[test]
fn the_fence_lets_out_to_the_world_but_not_to_the_cluster() {
    let objects = objects(&mk_spec("app"), &mk_facts(&["app"]), false);
    let egress = body(&objects, BindingPart::Fence)["spec"]["egress"].clone();
    let api_server =
        json!({"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "ports": [{"protocol": "TCP", "port": 6443}]});
    assert_eq!(egress[2], api_server);
    let world =
        json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.42.0.0/16", "169.254.0.0/16"]}}]});
    assert_eq!(egress[3], world);
}

#[test]
fn a_listener_takes_only_what_is_signed() {
    let spec = OrganizationSpec {
        display_name: "Acme".to_owned(),
        admin_users: vec!["b@x.org".to_owned(), "a@x.org".to_owned()],
        webhook_secret: None,
    };
    let facts = mk_facts(&[]);
    let organization = Organization {
        name: "acme",
        owner: "Organization/platform-system/acme",
        spec: &spec,
        tunnel: None,
        facts: &facts,
    };
    let listener = OrganizationPart::Listener.body(&organization);
    let parameters = &listener["spec"]["triggerGroups"][0]["interceptors"][0]["params"];
    assert_eq!(
        parameters[0]["value"],
        json!({"secretName": "github-webhook-secret", "secretKey": "secret"})
    );
    assert_eq!(parameters[1]["value"], json!(["push"]));
    let admins = OrganizationPart::Admins.body(&organization);
    assert_eq!(admins["subjects"][0]["name"], "a@x.org");
    let secret = OrganizationPart::WebhookSecret.body(&organization);
    assert!(
        secret.get("data").is_none() && secret.get("stringData").is_none(),
        "its value is made where it is written"
    );
}
