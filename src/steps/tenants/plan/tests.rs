use super::{
    testing::{mk_binding, mk_organization, mk_seen, mk_there},
    *,
};
use crate::{
    converge::Effect,
    model::{kind::Address, tunnel},
    steps::tenants::{kinds, problems::Problem, seen::Leftover},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is done, but for what is said in statuses.
fn acts(seen: &Seen) -> Vec<String> {
    let is_deed = |act: &&Action| !matches!(act.change, Change::Status { .. });
    let named = |act: &Action| format!("{}: {act}", act.object());
    plan(seen).act.iter().filter(is_deed).map(named).collect()
}

fn status(seen: &Seen, kind: &str) -> Value {
    let plan = plan(seen);
    let mut said = plan.act.into_iter().filter_map(|act| match act.change {
        Change::Status { status, .. } if *act.at.kind.name == *kind => Some(status),
        _ => None,
    });
    said.next().unwrap_or_default()
}

#[test]
fn nothing_is_made_before_the_resource_is_kept() {
    let mut organization = mk_organization(&PartState::Missing);
    organization.resource.finalizers.clear();
    let plan = plan(&mk_seen(vec![organization], Vec::new()));
    let ranks: Vec<_> = plan.act.iter().map(|act| act.sequence().unwrap()).collect();
    assert!(matches!(plan.act[0].change, Change::Hold { .. }));
    assert!(
        ranks[1..]
            .iter()
            .all(|(owner, rank)| *owner == ranks[0].0 && *rank > ranks[0].1)
    );
}

/// Somebody took our finalizer away from an organization that stands.
#[test]
fn nothing_is_made_outside_before_the_resource_is_kept() {
    let mut organization = mk_organization(&mk_there(Remedy::None));
    organization.tunnel = TunnelSeen::Act(tunnel::Action::CreateTunnel);
    let is_outside = |act: &Action| matches!(act.change, Change::Tunnel { .. });
    let mut seen = mk_seen(vec![organization], Vec::new());
    assert!(plan(&seen).act.iter().any(is_outside));
    seen.organizations[0].resource.finalizers.clear();
    assert!(!plan(&seen).act.iter().any(is_outside));
}

#[test]
fn one_stage_comes_after_the_other_and_the_door_last() {
    let plan = plan(&mk_seen(vec![mk_organization(&PartState::Missing)], Vec::new()));
    let stages: Vec<_> = plan.act.iter().map(|act| act.stage.unwrap()).collect();
    assert!(stages.is_sorted() && stages[0] == Stage::Namespace && *stages.last().unwrap() == Stage::Fence);
    let mut organization = mk_organization(&mk_there(Remedy::None));
    let listener = organization
        .parts
        .iter_mut()
        .find(|part| part.part == OrganizationPart::Listener)
        .unwrap();
    listener.state = PartState::Missing;
    let expected = ["EventListener org-acme/github-listener: create"];
    assert_eq!(acts(&mk_seen(vec![organization], Vec::new())), expected);
}

#[test]
fn a_binding_waits_for_the_namespace_of_its_organization() {
    let binding = || mk_binding(&PartState::Missing);
    let without = mk_seen(vec![mk_organization(&PartState::Missing)], vec![binding()]);
    assert!(!acts(&without).iter().any(|act| act.contains("Namespace app")));
    // Nothing is said of it, since it will be different in a moment.
    assert_eq!(status(&without, "RepoBinding"), Value::Null);
    let with = mk_seen(vec![mk_organization(&mk_there(Remedy::None))], vec![binding()]);
    assert_eq!(acts(&with)[0], "Namespace app: create");
}

#[test]
fn what_is_somebody_elses_is_told_and_holds_up_what_comes_after() {
    let mut organization = mk_organization(&PartState::Missing);
    organization.parts[0].state = PartState::Foreign {
        owner: "somebody".to_owned(),
    };
    let seen = mk_seen(vec![organization], Vec::new());
    assert_eq!(acts(&seen), [""; 0]);
    let status = status(&seen, "Organization");
    assert_eq!(status["phase"], "Failed");
    assert_eq!(status["conditions"][0]["reason"], "NotOurs");
}

#[test]
fn what_is_made_anew_is_gone_before_what_comes_after_it() {
    let mut organization = mk_organization(&PartState::Missing);
    organization.parts[0].state = mk_there(Remedy::None);
    organization.parts[1].state = mk_there(Remedy::Recreate);
    let plan = plan(&mk_seen(vec![organization], Vec::new()));
    assert!(plan.act.iter().all(|act| act.stage == Some(Stage::Fence)));
}

#[test]
fn a_failure_is_said_though_there_is_more_to_do() {
    let mut seen = mk_seen(vec![mk_organization(&PartState::Missing)], Vec::new());
    assert_eq!(status(&seen, "Organization"), Value::Null);
    let owner = seen.organizations[0].resource.owner.clone();
    seen.failed.insert(owner, "it is refused".to_owned());
    assert_eq!(status(&seen, "Organization")["phase"], "Failed");
}

#[test]
fn a_problem_is_said_and_nothing_is_done() {
    let mut binding = mk_binding(&mk_there(Remedy::Apply));
    binding.problem = Some(Problem::new("InvalidPipeline", "it is not YAML"));
    let seen = mk_seen(vec![mk_organization(&mk_there(Remedy::None))], vec![binding]);
    assert_eq!(acts(&seen), [""; 0]);
    assert_eq!(status(&seen, "RepoBinding")["phase"], "Failed");
}

#[test]
fn a_binding_leaves_from_the_outside_in() {
    let mut binding = mk_binding(&mk_there(Remedy::None));
    binding.resource.is_deleted = true;
    let application = Leftover {
        at: Address {
            kind: kinds::APPLICATION,
            namespace: Some("argocd".to_owned()),
            name: "own".to_owned(),
        },
        uid: "uid".to_owned(),
        is_terminating: false,
    };
    binding.applications = vec![application];
    let gone = |binding: &mut BindingSeen, which: &[BindingPart]| {
        for part in binding.parts.iter_mut().filter(|part| which.contains(&part.part)) {
            part.state = PartState::Missing;
        }
    };
    let deleted = |binding: BindingSeen| -> (BindingSeen, Vec<String>) {
        let mut seen = mk_seen(vec![mk_organization(&mk_there(Remedy::None))], vec![binding]);
        let mut acts = acts(&seen);
        acts.sort_unstable();
        let names = acts
            .iter()
            .map(|act| act.split(':').next().unwrap_or_default().to_owned());
        let names = names.collect();
        (seen.bindings.remove(0), names)
    };
    let (mut binding, first) = deleted(binding);
    assert_eq!(
        first,
        [
            "Trigger org-acme/app-trigger",
            "TriggerTemplate org-acme/app-trigger-template"
        ]
    );
    gone(&mut binding, &[BindingPart::Trigger, BindingPart::Template]);
    let (mut binding, second) = deleted(binding);
    assert_eq!(second, ["Application argocd/own"]);
    binding.applications.clear();
    let (mut binding, third) = deleted(binding);
    assert_eq!(
        third,
        ["AppProject argocd/app", "RoleBinding argocd/app-argocd-access"]
    );
    gone(&mut binding, &[BindingPart::Project, BindingPart::DeployerAccess]);
    let (mut binding, fourth) = deleted(binding);
    assert_eq!(fourth, ["Namespace app"]);
    gone(&mut binding, BindingPart::all());
    let (_, last) = deleted(binding);
    assert_eq!(last, ["RepoBinding platform-system/app"]);
}

#[test]
fn an_organization_stays_while_it_has_bindings_and_its_tunnel_goes_before_its_namespace() {
    let leaving = || {
        let mut organization = mk_organization(&mk_there(Remedy::None));
        organization.resource.is_deleted = true;
        organization
    };
    let binding = mk_binding(&mk_there(Remedy::None));
    let seen = mk_seen(vec![leaving()], vec![binding]);
    assert!(
        !acts(&seen).iter().any(|act| act.contains("org-acme")),
        "{:?}",
        acts(&seen)
    );
    let mut connected = leaving();
    connected.tunnel = TunnelSeen::Act(tunnel::Action::DeleteRecord {
        record: "1".to_owned(),
    });
    for part in connected
        .parts
        .iter_mut()
        .filter(|part| part.part == OrganizationPart::Connector)
    {
        part.state = PartState::Missing;
    }
    let seen = mk_seen(vec![connected], Vec::new());
    assert_eq!(
        acts(&seen),
        ["Cloudflare DNS record acme.arbiter-dev.com: delete the record"]
    );
}

#[test]
fn a_name_that_nobody_has_is_refused() {
    let mut seen = mk_seen(vec![mk_organization(&mk_there(Remedy::None))], Vec::new());
    seen.only = vec!["acme".parse().unwrap()];
    assert!(plan(&seen).refused.is_empty());
    seen.only = vec!["nobody".parse().unwrap()];
    assert_eq!(plan(&seen).refused[0].object.to_string(), "tenant nobody");
}

#[test]
fn an_organization_is_worked_on_with_its_bindings_and_a_binding_alone() {
    let worked_on = |name: &str| {
        let stand = mk_there(Remedy::Apply);
        let mut seen = mk_seen(vec![mk_organization(&stand)], vec![mk_binding(&stand)]);
        seen.only = vec![name.parse().unwrap()];
        let plan = plan(&seen);
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        let owners: BTreeSet<String> = plan.act.into_iter().map(|act| act.owner).collect();
        owners.into_iter().collect::<Vec<_>>()
    };
    let (organization, binding) = (
        "Organization/platform-system/acme",
        "RepoBinding/platform-system/app",
    );
    for name in ["acme", "organizations/acme", organization] {
        assert_eq!(worked_on(name), [organization, binding], "{name}");
    }
    for name in ["app", "RepoBinding/app", binding] {
        assert_eq!(worked_on(name), [binding], "{name}");
    }
}

#[test]
fn the_parts_of_a_fleet_are_all_of_it_and_each_tenant_is_in_one() {
    let stand = mk_there(Remedy::Apply);
    let of_part = |shard: &str| {
        let mut other = mk_organization(&stand);
        other.resource.at.name = "other".to_owned();
        other.resource.owner = "Organization/platform-system/other".to_owned();
        let organizations = vec![mk_organization(&stand), other];
        let mut seen = mk_seen(organizations, vec![mk_binding(&stand)]);
        seen.shard = Some(shard.parse().unwrap());
        let owners: BTreeSet<String> = plan(&seen).act.into_iter().map(|act| act.owner).collect();
        owners.into_iter().collect::<Vec<_>>()
    };
    let parts = ["0/3", "1/3", "2/3"].map(of_part);
    let mut all: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    all.sort_unstable();
    let (organization, binding) = (
        "Organization/platform-system/acme",
        "RepoBinding/platform-system/app",
    );
    assert_eq!(all, [organization, "Organization/platform-system/other", binding]);
    // A binding needs its organization.
    let part = parts
        .iter()
        .find(|part| part.iter().any(|owner| owner == organization));
    assert!(part.unwrap().iter().any(|owner| owner == binding));
}

#[test]
fn a_listener_that_says_it_does_not_listen_keeps_what_it_listens_for_from_being_ready() {
    let mut organization = mk_organization(&mk_there(Remedy::None));
    let listener = organization.parts.iter_mut();
    for part in listener.filter(|part| part.part == OrganizationPart::Listener) {
        if let PartState::There { complaint, .. } = &mut part.state {
            *complaint = Some("NotReady: no image".to_owned());
        }
    }
    let mut seen = mk_seen(vec![organization], vec![mk_binding(&mk_there(Remedy::None))]);
    assert_eq!(acts(&seen), [""; 0], "it is as wanted, so nothing is done");
    let said = status(&seen, "Organization");
    assert_eq!(said["phase"], "Pending");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .ends_with("is not ready: NotReady: no image")
    );
    assert_eq!(status(&seen, "RepoBinding")["phase"], "Ready");

    seen.facts
        .deaf
        .insert("acme".to_owned(), "it does not listen".to_owned());
    let said = status(&seen, "RepoBinding");
    assert_eq!(
        (&said["phase"], &said["message"]),
        (&"Pending".into(), &"it does not listen".into())
    );
    let conditions = said["conditions"].as_array().unwrap();
    let bad: Vec<_> = conditions
        .iter()
        .filter(|condition| condition["status"] != "True")
        .collect();
    assert_eq!(
        (bad.len(), &bad[0]["type"], &bad[0]["reason"]),
        (1, &"WebhookReady".into(), &"ListenerNotReady".into())
    );
}
