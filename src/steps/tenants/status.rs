//! What is said in the status of a tenant. Pure.

use super::{
    desired::{BindingPart, Facts, OrganizationPart, WEBHOOK_KEY, WEBHOOK_SECRET},
    problems::Problem,
    seen::{BaseSeen, BindingSeen, OrganizationSeen, PartSeen, PartState, TunnelSeen},
};
use crate::model::tenants::{
    BindingPhase, Condition, KnowledgeBasePhase, KnowledgeBaseStatus, OrganizationPhase, OrganizationStatus,
    Provisioned, RepoBindingStatus, WebhookConfiguration, names,
};

/// What keeps it from being complete, if anything does: the first part that is not good, and why.
fn obstacle<P>(parts: &[PartSeen<P>]) -> Option<Problem> {
    parts.iter().find_map(|part| {
        let object = part.at.object();
        match &part.state {
            PartState::Foreign { owner } => Some(Problem::new(
                "NotOurs",
                format!("{object} is there already and belongs to {owner}"),
            )),
            PartState::NotServed => Some(Problem {
                is_pending: true,
                ..Problem::new(
                    "KindNotInstalled",
                    format!("the cluster has no {}", part.at.kind.name),
                )
            }),
            PartState::There {
                is_terminating: true, ..
            } => Some(Problem {
                is_pending: true,
                ..Problem::new("Terminating", format!("{object} is being deleted"))
            }),
            state if state.is_good() => part.complaint().map(|message| Problem {
                is_pending: true,
                ..Problem::new("NotReady", message)
            }),
            _ => None,
        }
    })
}

/// The problem of a tenant: its own, a failure of this run, or an object's.
fn trouble<P>(own: Option<&Problem>, failed: Option<&String>, parts: &[PartSeen<P>]) -> Option<Problem> {
    own.cloned()
        .or_else(|| failed.map(|message| Problem::new("ProvisioningFailed", message.clone())))
        .or_else(|| obstacle(parts))
}

fn are_good<P: Copy>(parts: &[PartSeen<P>], which: impl Fn(P) -> bool) -> bool {
    let mut chosen = parts.iter().filter(|part| which(part.part)).peekable();
    chosen.peek().is_some() && chosen.all(|part| part.state.is_well())
}

/// `True` if it is good, else why not.
fn condition(kind: &str, is_good: bool, trouble: Option<&Problem>, generation: i64) -> Condition {
    let mut condition = if is_good {
        Condition::new(kind, true, "Provisioned", "")
    } else {
        match trouble {
            Some(problem) => Condition::new(kind, false, problem.reason, problem.message.clone()),
            None => Condition::new(kind, false, "Provisioning", ""),
        }
    };
    condition.observed_generation = Some(generation);
    condition
}

fn of_tunnel(seen: &TunnelSeen) -> Option<Problem> {
    match seen {
        TunnelSeen::Refused(message) => Some(Problem::new("TunnelRefused", message.clone())),
        TunnelSeen::Unavailable(message) => Some(Problem {
            is_pending: true,
            ..Problem::new("CloudflareUnavailable", message.clone())
        }),
        TunnelSeen::Off | TunnelSeen::Act(_) | TunnelSeen::Done { .. } => None,
    }
}

/// The status of an Organization; its conditions have no times yet.
pub(super) fn of_organization(
    seen: &OrganizationSeen,
    facts: &Facts,
    failed: Option<&String>,
) -> OrganizationStatus {
    use OrganizationPart as P;
    let name = &seen.resource.at.name;
    let trouble = trouble(seen.problem.as_ref(), failed, &seen.parts).or_else(|| of_tunnel(&seen.tunnel));
    let generation = seen.resource.generation;
    let about = |kind: &str, which: fn(P) -> bool| {
        condition(kind, are_good(&seen.parts, which), trouble.as_ref(), generation)
    };
    let is_connected = !matches!(seen.tunnel, TunnelSeen::Act(_));
    let is_complete = trouble.is_none() && is_connected && are_good(&seen.parts, |_| true);
    let (phase, message) = match &trouble {
        Some(problem) if problem.is_pending => (OrganizationPhase::Pending, problem.message.clone()),
        Some(problem) => (OrganizationPhase::Failed, problem.message.clone()),
        None if is_complete => (
            OrganizationPhase::Active,
            "Organization provisioned successfully".to_owned(),
        ),
        None => (
            OrganizationPhase::Pending,
            "Organization is being provisioned".to_owned(),
        ),
    };
    OrganizationStatus {
        namespace: names::organization_namespace(name),
        webhook_url: names::webhook_url(name, &facts.zone),
        cluster_secret_store: names::secret_store(name),
        phase,
        message,
        observed_generation: generation,
        conditions: vec![
            about("NamespaceReady", |part| part == P::Namespace),
            about("RBACReady", |part| {
                matches!(
                    part,
                    P::Admins | P::ListenerAccount | P::ListenerAccess | P::ListenerInterceptors
                )
            }),
            about("SecretStoreReady", |part| {
                matches!(part, P::StoreAccount | P::StoreAccess | P::Store)
            }),
            about("ListenerReady", |part| {
                matches!(part, P::WebhookSecret | P::PushBinding | P::Listener)
            }),
        ],
    }
}

/// The status of a `RepoBinding`; its conditions have no times yet.
pub(super) fn of_binding(seen: &BindingSeen, facts: &Facts, failed: Option<&String>) -> RepoBindingStatus {
    use BindingPart as P;
    let deaf = facts.deaf.get(&seen.spec.aphex_org).map(|message| Problem {
        is_pending: true,
        ..Problem::new("ListenerNotReady", message.clone())
    });
    let is_heard = deaf.is_none();
    let trouble = trouble(seen.problem.as_ref(), failed, &seen.parts).or(deaf);
    let generation = seen.resource.generation;
    let is_whole = are_good(&seen.parts, |_| true);
    let about = |kind: &str, is_good: bool| condition(kind, is_good, trouble.as_ref(), generation);
    let has = |which: fn(P) -> bool| are_good(&seen.parts, which);
    let is_complete = trouble.is_none() && is_whole;
    let (phase, message) = match &trouble {
        Some(problem) if problem.is_pending => (BindingPhase::Pending, problem.message.clone()),
        Some(problem) => (BindingPhase::Failed, problem.message.clone()),
        None if is_complete => (
            BindingPhase::Ready,
            "Tenant resources provisioned successfully".to_owned(),
        ),
        None => (
            BindingPhase::Provisioning,
            "Tenant resources are being provisioned".to_owned(),
        ),
    };
    let organization = names::organization_namespace(&seen.spec.aphex_org);
    RepoBindingStatus {
        phase,
        message,
        observed_generation: generation,
        conditions: vec![
            about("NamespaceReady", has(|part| part == P::Namespace)),
            about("RBACReady", has(is_rbac)),
            about("AppProjectReady", has(|part| part == P::Project)),
            about("NetworkPolicyReady", has(|part| part == P::Fence)),
            about(
                "TriggerReady",
                has(|part| matches!(part, P::Template | P::Trigger)),
            ),
            about("WebhookReady", is_whole && is_heard),
        ],
        webhook_configuration: WebhookConfiguration {
            url: names::webhook_url(&seen.spec.aphex_org, &facts.zone),
            secret: format!("{organization}/{WEBHOOK_SECRET}, key {WEBHOOK_KEY}"),
            events: vec!["push".to_owned()],
        },
        provisioned_resources: provisioned(seen),
    }
}

fn is_rbac(part: BindingPart) -> bool {
    use BindingPart as P;
    matches!(
        part,
        P::SecretsAccess | P::Runner | P::RunnerAccess | P::ListenerAccess | P::DeployerAccess
    )
}

fn provisioned(seen: &BindingSeen) -> Provisioned {
    use BindingPart as P;
    let is = |which: fn(P) -> bool| are_good(&seen.parts, which);
    Provisioned {
        namespace: is(|part| part == P::Namespace),
        pipeline: is(|part| part == P::Pipeline),
        service_account: is(|part| part == P::Runner),
        rbac: is(is_rbac),
        app_project: is(|part| part == P::Project),
        resource_quota: is(|part| matches!(part, P::Quota | P::Limits)),
        network_policy: is(|part| part == P::Fence),
        terraform_secret: is(|part| part == P::Terraform),
        // The listener lets itself into the namespace by this.
        trigger_binding: is(|part| part == P::ListenerAccess),
        trigger_template: is(|part| part == P::Template),
        trigger: is(|part| part == P::Trigger),
        // There is no list to keep: what is bound is allowed.
        allowlist_updated: is(|part| part == P::Trigger),
    }
}

/// The status of a knowledge base; its times are not set yet.
pub(super) fn of_base(seen: &BaseSeen) -> KnowledgeBaseStatus {
    let problem = super::problems::of_base(&seen.spec);
    let count = seen.spec.repositories.len();
    let mut condition = match &problem {
        None => Condition::new("Ready", true, "Tracking", ""),
        Some(problem) => Condition::new("Ready", false, problem.reason, problem.message.clone()),
    };
    condition.observed_generation = Some(seen.resource.generation);
    KnowledgeBaseStatus {
        phase: match problem {
            None => KnowledgeBasePhase::Ready,
            Some(_) => KnowledgeBasePhase::Failed,
        },
        message: match &problem {
            None if count == 1 => "Tracking 1 repository".to_owned(),
            None => format!("Tracking {count} repositories"),
            Some(problem) => format!("Validation failed: {}", problem.message),
        },
        last_reconcile_time: String::new(),
        observed_generation: seen.resource.generation,
        conditions: vec![condition],
    }
}
