//! What to do about Dex's Deployment as it was seen.

use super::{
    Change,
    gate::{Gate, Gated},
};
use crate::{
    apply::health::{Health, PodTrouble, Verdict},
    converge::{
        Plan, Wait,
        contract::{Note, Refusal, Watch},
    },
    model::{exit::Exit, failure::Reason, object::ObjectRef},
};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    pub(in crate::steps) namespace: String,
    pub(in crate::steps) name: String,
    pub(in crate::steps) live: Option<Live>,
    /// A Secret without which Dex cannot start, and what it lacks.
    pub(in crate::steps) missing: Option<(ObjectRef, String)>,
}

/// What was seen of the Deployment.
#[derive(Debug, Clone)]
pub(in crate::steps) struct Live {
    pub(in crate::steps) version: String,
    pub(in crate::steps) replicas: i32,
    pub(in crate::steps) is_paused: bool,
    /// Whether its template has no readiness gate at all.
    pub(in crate::steps) is_free: bool,
    /// Its Pods, if they are held back from traffic.
    pub(in crate::steps) gated: Option<Gated>,
    pub(in crate::steps) digest: Digest,
    pub(in crate::steps) verdict: Verdict,
    /// What keeps its Pods from running.
    pub(in crate::steps) trouble: Option<PodTrouble>,
    /// Whether it says itself that it fails.
    pub(in crate::steps) fails: bool,
    /// Whether it says so for longer than the grace period.
    pub(in crate::steps) is_grace_over: bool,
}

/// How the digest that is recorded on the Deployment relates to the secrets that exist now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::steps) enum Digest {
    Same,
    Different,
    Absent,
}

impl Seen {
    /// What was seen of the Deployment, if it exists and its secrets do.
    pub(in crate::steps) fn live(&self) -> Option<&Live> {
        self.live.as_ref().filter(|_| self.missing.is_none())
    }

    /// A rollout whose Pods are held back from traffic.
    pub(in crate::steps) fn gated_roll(&self, live: &Live) -> Change {
        Change {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: live.version.clone(),
            scale: false,
            digest: live.digest,
            gate: Gate::Put,
        }
    }
}

/// Starts it, rolls it, waits for it, or says why none of that will do.
pub(super) fn plan(seen: &Seen) -> Plan<Change> {
    let mut plan = Plan::default();
    plan.wait.extend(seen.missing.as_ref().map(|(object, problem)| {
        Wait::new(object.clone(), Reason::NotFound, problem).provided_by("secrets generate")
    }));
    match &seen.live {
        None => plan.wait.push(
            wait(seen, Reason::NotFound, "it does not exist yet".to_owned()).remedy(
                "apply the manifest that brings Dex, or name its Deployment in `dex.deployment` of the \
                 configuration",
            ),
        ),
        Some(live) if live.verdict.health == Health::Terminating => {
            plan.wait
                .push(wait(seen, Reason::Terminating, live.verdict.message.clone()));
        }
        Some(live) if live.is_paused => plan.refused.push(paused(seen)),
        Some(_) if seen.missing.is_some() => {}
        Some(live) if live.replicas == 0 || live.digest != Digest::Same || live.gated.is_some() => {
            plan.act.push(Change {
                namespace: seen.namespace.clone(),
                name: seen.name.clone(),
                version: live.version.clone(),
                scale: live.replicas == 0,
                digest: live.digest,
                gate: match live.gated {
                    Some(_) => Gate::Take,
                    None => Gate::Leave,
                },
            });
        }
        Some(live) => judge(seen, live, &mut plan),
    }
    plan
}

/// Waits for it to run, or says why it will not.
pub(in crate::steps) fn judge(seen: &Seen, live: &Live, plan: &mut Plan<Change>) {
    let verdict = &live.verdict;
    let message = match &live.trouble {
        Some(trouble) => format!("{}; {trouble}", verdict.message),
        None => verdict.message.clone(),
    };
    match verdict.health {
        Health::Current => {
            let message = format!("{message}, started with the current secrets");
            plan.notes.push(Note::unchanged(object(seen), message));
        }
        _ if live.is_grace_over => plan.refused.push(failed(seen, live, message)),
        _ if live.fails => plan
            .wait
            .push(wait(seen, Reason::ResourceFailed, message).remedy(shows_more(seen, live))),
        _ => {
            let wait = wait(seen, Reason::NotReady, message);
            plan.wait.push(match &live.trouble {
                Some(_) => wait.remedy(shows_more(seen, live)),
                None => wait,
            });
        }
    }
}

fn paused(seen: &Seen) -> Refusal {
    let Seen { namespace, name, .. } = seen;
    Refusal {
        exit: Exit::Human,
        reason: Reason::Paused,
        object: object(seen),
        message: "its rollout is paused, so no change would reach its Pods".to_owned(),
        hint: format!("run `kubectl -n {namespace} rollout resume deployment/{name}`, then this again"),
    }
}

fn failed(seen: &Seen, live: &Live, message: String) -> Refusal {
    Refusal {
        exit: Exit::ResourceFailed,
        reason: Reason::ResourceFailed,
        object: object(seen),
        message,
        hint: shows_more(seen, live),
    }
}

/// The command that shows more of what keeps Dex from running.
fn shows_more(seen: &Seen, live: &Live) -> String {
    let Seen { namespace, name, .. } = seen;
    let command = match &live.trouble {
        Some(trouble) => trouble.command(namespace),
        None => format!("kubectl -n {namespace} describe deployment {name}"),
    };
    format!("`{command}` shows more")
}

fn wait(seen: &Seen, reason: Reason, message: String) -> Wait {
    Wait::new(object(seen), reason, message).watching(Watch {
        path: format!("/apis/apps/v1/namespaces/{}/deployments", seen.namespace),
        name: seen.name.clone(),
        since: seen.live.as_ref().map(|live| live.version.clone()),
        settling: Watch::SETTLING,
    })
}

fn object(seen: &Seen) -> ObjectRef {
    ObjectRef::namespaced("Deployment", &seen.namespace, &seen.name)
}

#[cfg(test)]
mod tests;
