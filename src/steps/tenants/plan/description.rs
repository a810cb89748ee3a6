//! What belongs to each tenant, one row an object: whether it is there, and as wanted.

use super::{
    BindingSeen, OrganizationSeen, Part, PartSeen, PartState, Resource, Seen, TunnelSeen, undefined,
};
use crate::{
    converge::{
        Plan,
        contract::{Note, Nothing},
    },
    model::{
        failure::Reason,
        object::ObjectRef,
        tenants::{Condition, Status},
        tunnel::Names,
    },
    steps::tenants::{
        action::describe,
        choice::nobody,
        compare::Remedy,
        desired::OrganizationPart,
        problems::{self, Problem},
    },
};

/// Each tenant that is chosen, with its objects below it; then what is ours and nobody's, if all are chosen.
pub(in crate::steps::tenants) fn plan(seen: &Seen) -> Plan<Nothing> {
    let mut plan = Plan::default();
    if !seen.is_defined {
        plan.notes.push(undefined());
    }
    let organizations = seen.organizations.iter();
    for tenant in organizations.filter(|tenant| seen.is_chosen(&tenant.resource)) {
        organization(tenant, seen, &mut plan.notes);
    }
    for tenant in seen
        .bindings
        .iter()
        .filter(|tenant| seen.is_chosen_binding(tenant))
    {
        binding(tenant, seen, &mut plan.notes);
    }
    for base in seen.bases.iter().filter(|base| seen.is_chosen(&base.resource)) {
        let problem = problems::of_base(&base.spec);
        plan.notes
            .push(stated(&base.resource, base.status.as_ref(), problem.as_ref()));
    }
    if seen.sees_to_the_rest() {
        let is_known = |owner: &String| seen.everybody().any(|resource| resource.owner == *owner);
        let nobodies = seen
            .strays
            .iter()
            .filter(|stray| !stray.owner.as_ref().is_some_and(is_known));
        plan.notes
            .extend(nobodies.map(|stray| super::report::stray(&stray.at)));
    }
    let unknown = seen.unknown().map(|name| nobody(name, seen.everybody()));
    plan.refused.extend(unknown);
    plan
}

fn organization(tenant: &OrganizationSeen, seen: &Seen, notes: &mut Vec<Note>) {
    let resource = &tenant.resource;
    notes.push(stated(resource, tenant.status.as_ref(), tenant.problem.as_ref()));
    let is_known = is_known(resource, tenant.problem.as_ref());
    let is_connected = matches!(tenant.tunnel, TunnelSeen::Done { .. });
    parts(resource, &tenant.parts, notes, |part| {
        is_known && (is_connected || !OrganizationPart::CONNECTOR.contains(&part))
    });
    let (reason, message) = match &tenant.tunnel {
        TunnelSeen::Off => return extra(resource, seen, notes),
        TunnelSeen::Done { .. } if resource.is_deleted => (None, "gone".to_owned()),
        TunnelSeen::Done { .. } => (None, "as wanted".to_owned()),
        TunnelSeen::Act(action) => (
            Some(Reason::Mismatch),
            format!("differs: {} comes next", describe(action)),
        ),
        TunnelSeen::Refused(message) | TunnelSeen::Unavailable(message) => {
            (Some(Reason::NotReady), message.clone())
        }
    };
    let tunnel = Names::of(&resource.at.name, &seen.facts.zone).tunnel_object();
    notes.push(note(tunnel, reason, message).part_of(resource.at.object()));
    extra(resource, seen, notes);
}

fn binding(tenant: &BindingSeen, seen: &Seen, notes: &mut Vec<Note>) {
    let resource = &tenant.resource;
    notes.push(stated(resource, tenant.status.as_ref(), tenant.problem.as_ref()));
    let is_known = is_known(resource, tenant.problem.as_ref());
    parts(resource, &tenant.parts, notes, |_| is_known);
    let leftovers = tenant.applications.iter();
    notes.extend(leftovers.map(|leftover| {
        let message = "it is removed with its tenant";
        note(leftover.at.object(), Some(Reason::Terminating), message).part_of(resource.at.object())
    }));
    extra(resource, seen, notes);
}

/// Whether it can be said what is wanted: of a tenant that cannot be worked on, or leaves, it is not.
fn is_known(resource: &Resource, problem: Option<&Problem>) -> bool {
    problem.is_none() && !resource.is_deleted
}

/// What the tenant says of itself, with its conditions.
fn stated<S: Status>(resource: &Resource, status: Option<&S>, problem: Option<&Problem>) -> Note {
    let current = status.filter(|status| status.observed_generation() == resource.generation);
    let mut words = Vec::new();
    if resource.is_deleted {
        words.push("it is being deleted".to_owned());
    }
    if resource.is_suspended {
        words.push("it is suspended".to_owned());
    }
    match (current, problem) {
        (Some(status), _) => {
            words.push(status.summary());
            words.extend(status.conditions().iter().map(condition));
        }
        (None, Some(problem)) => words.push(format!("{}: {}", problem.reason, problem.message)),
        (None, None) => words.push("nobody has looked at it since it changed".to_owned()),
    }
    let reason = match () {
        () if resource.is_deleted => Some(Reason::Terminating),
        () if resource.is_suspended => Some(Reason::Paused),
        () if current.is_some_and(S::is_good) => None,
        () => Some(Reason::NotReady),
    };
    note(resource.at.object(), reason, words.join("; "))
}

fn condition(condition: &Condition) -> String {
    let Condition {
        kind, status, reason, ..
    } = condition;
    match status.as_str() {
        "True" => format!("{kind}={status}"),
        _ => format!("{kind}={status} ({reason})"),
    }
}

/// The namespace with what is in it, then what is elsewhere.
fn parts<P: Part>(
    resource: &Resource,
    parts: &[PartSeen<P>],
    notes: &mut Vec<Note>,
    is_compared: impl Fn(P) -> bool,
) {
    let Some((namespace, others)) = parts.split_first() else {
        return;
    };
    let is_inside = |part: &&PartSeen<P>| part.at.namespace.as_ref() == Some(&namespace.at.name);
    let of = |part: &PartSeen<P>, parent: ObjectRef| {
        let (reason, message) = state(part, is_compared(part.part));
        note(part.at.object(), reason, message).part_of(parent)
    };
    notes.push(of(namespace, resource.at.object()));
    let inside = others.iter().filter(is_inside);
    notes.extend(inside.map(|part| of(part, namespace.at.object())));
    let outside = others.iter().filter(|part| !is_inside(part));
    notes.extend(outside.map(|part| of(part, resource.at.object())));
}

/// Whether an object is there and as wanted, in words.
fn state<P>(part: &PartSeen<P>, is_compared: bool) -> (Option<Reason>, String) {
    match &part.state {
        PartState::Missing => (Some(Reason::NotFound), "missing".to_owned()),
        PartState::NotServed => {
            let message = format!("missing: the cluster has no {}", part.at.kind.name);
            (Some(Reason::NotFound), message)
        }
        PartState::Foreign { owner } => {
            let message = format!("differs: it is there already and belongs to {owner}");
            (Some(Reason::Mismatch), message)
        }
        PartState::There {
            is_terminating: true, ..
        } => (Some(Reason::Terminating), "it is being deleted".to_owned()),
        PartState::There { .. } if !is_compared => (None, "there".to_owned()),
        PartState::There {
            remedy: Remedy::None,
            complaint: Some(said),
            ..
        } => (
            Some(Reason::NotReady),
            format!("as wanted, and not ready: {said}"),
        ),
        PartState::There {
            remedy: Remedy::None, ..
        } => (None, "as wanted".to_owned()),
        PartState::There { differs, .. } if differs.is_empty() => {
            let message = "differs: it has fields that are not wanted any more";
            (Some(Reason::Mismatch), message.to_owned())
        }
        PartState::There { differs, .. } => {
            (Some(Reason::Mismatch), format!("differs: {}", differs.join(", ")))
        }
    }
}

/// What was made for it and is not wanted.
fn extra(resource: &Resource, seen: &Seen, notes: &mut Vec<Note>) {
    let own = seen.strays.iter();
    let own = own.filter(|stray| stray.owner.as_ref() == Some(&resource.owner));
    notes.extend(own.map(|stray| {
        let message =
            "extra: it was made for this tenant, which does not want it any more; it is left as it is";
        note(stray.at.object(), Some(Reason::Mismatch), message).part_of(resource.at.object())
    }));
}

fn note(object: ObjectRef, reason: Option<Reason>, message: impl Into<String>) -> Note {
    Note {
        reason,
        ..Note::unchanged(object, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::kind::Address,
        steps::tenants::{
            kinds,
            plan::testing::{mk_binding, mk_organization, mk_seen, mk_there},
            seen::Stray,
        },
    };

    fn mk_differing() -> PartState {
        PartState::There {
            uid: "uid".to_owned(),
            remedy: Remedy::Apply,
            differs: vec!["data.secret".to_owned()],
            is_terminating: false,
            complaint: None,
        }
    }

    /// `parent > object: message` of every row.
    fn rows(seen: &Seen) -> Vec<String> {
        let parent = |note: &Note| note.part_of.as_ref().map(|parent| format!("{parent} > "));
        let notes = plan(seen).notes.into_iter();
        notes
            .map(|note| {
                format!(
                    "{}{}: {}",
                    parent(&note).unwrap_or_default(),
                    note.object,
                    note.message
                )
            })
            .collect()
    }

    fn has(rows: &[String], expected: &str) -> bool {
        rows.iter().any(|row| row == expected)
    }

    #[test]
    fn every_object_of_a_tenant_has_a_row_below_it() {
        let mut organization = mk_organization(&mk_there(Remedy::None));
        let part = |kind| move |part: &&mut PartSeen<OrganizationPart>| part.part == kind;
        organization
            .parts
            .iter_mut()
            .find(part(OrganizationPart::WebhookSecret))
            .unwrap()
            .state = mk_differing();
        organization
            .parts
            .iter_mut()
            .find(part(OrganizationPart::Store))
            .unwrap()
            .state = PartState::Missing;
        organization
            .parts
            .iter_mut()
            .find(part(OrganizationPart::Listener))
            .unwrap()
            .state = PartState::NotServed;
        let rows = rows(&mk_seen(vec![organization], Vec::new()));
        assert_eq!(rows.len(), 1 + OrganizationPart::all().len());
        for expected in [
            "Organization platform-system/acme: nobody has looked at it since it changed",
            "Organization platform-system/acme > Namespace org-acme: as wanted",
            "Namespace org-acme > Secret org-acme/github-webhook-secret: differs: data.secret",
            "Organization platform-system/acme > ClusterSecretStore org-acme-store: missing",
            "Namespace org-acme > EventListener org-acme/github-listener: missing: the cluster has no EventListener",
        ] {
            assert!(has(&rows, expected), "{expected}: {rows:#?}");
        }
    }

    #[test]
    fn what_is_elsewhere_is_below_its_tenant_and_what_is_extra_is_said() {
        let stray = |name: &str, owner: Option<&str>| Stray {
            at: Address {
                kind: kinds::NAMESPACE,
                namespace: None,
                name: name.to_owned(),
            },
            owner: owner.map(str::to_owned),
        };
        let mut seen = mk_seen(Vec::new(), vec![mk_binding(&mk_there(Remedy::None))]);
        seen.strays = vec![
            stray("old", Some("RepoBinding/platform-system/app")),
            stray("lost", None),
        ];
        let found = rows(&seen);
        assert!(
            has(
                &found,
                "RepoBinding platform-system/app > Trigger org-acme/app-trigger: as wanted"
            ),
            "{found:#?}"
        );
        assert!(
            found.iter().any(|row| row.contains("> Namespace old: extra: ")),
            "{found:#?}"
        );
        assert!(
            found.iter().any(|row| row.starts_with("Namespace lost: ")),
            "{found:#?}"
        );
        seen.only = vec!["app".parse().unwrap()];
        assert!(!rows(&seen).iter().any(|row| row.contains("Namespace lost")));
    }

    #[test]
    fn what_cannot_be_known_of_a_tenant_is_not_compared() {
        let mut binding = mk_binding(&mk_differing());
        binding.problem = Some(Problem::new("InvalidPipeline", "it is not YAML"));
        let rows = rows(&mk_seen(Vec::new(), vec![binding]));
        assert!(
            has(
                &rows,
                "RepoBinding platform-system/app: InvalidPipeline: it is not YAML"
            ),
            "{rows:#?}"
        );
        assert!(
            has(&rows, "RepoBinding platform-system/app > Namespace app: there"),
            "{rows:#?}"
        );
    }
}
