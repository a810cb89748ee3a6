//! What to do next in a rotation.

use super::action::{Action, Roll, Write};
use crate::{
    apply::health::{Health, Verdict},
    converge::{
        Plan, Wait,
        contract::{Note, Refusal, Watch},
    },
    model::{
        exit::Exit,
        failure::Reason,
        names,
        object::ObjectRef,
        rotation::{Stage, Target},
        secrets::KeyRef,
    },
};
use std::time::Duration;

/// What was seen.
#[derive(Debug)]
pub enum Seen {
    /// There is no value to replace.
    Absent(KeyRef),
    /// The rotation is done.
    Done(Done),
    /// It is to be begun, or under way.
    Open(Box<Open>),
}

impl Seen {
    /// Whether the new value is in its place and not proved yet.
    pub(super) fn is_promoted(&self) -> bool {
        matches!(self, Self::Open(open) if open.stage == Stage::Promoted)
    }
}

/// A rotation that is done.
#[derive(Debug)]
pub struct Done {
    pub(super) at: KeyRef,
    pub(super) request: String,
    /// How long it took, if this run did it, from the new value in its place until all used it.
    pub(super) window: Option<Duration>,
}

/// A rotation that is not done, and all that hangs on it.
#[derive(Debug)]
pub struct Open {
    pub(super) target: Target,
    pub(super) request: String,
    pub(super) stage: Stage,
    pub(super) version: String,
    pub(super) is_immutable: bool,
    /// Copies in other Secrets that have another value.
    pub(super) differing: Vec<KeyRef>,
    pub(super) consumer: Option<Consumer>,
    pub(super) proof: Proof,
    pub(super) access: Access,
}

/// A Deployment that reads a copy.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) version: String,
    /// The rotation that it was rolled for last.
    pub(super) request: Option<String>,
    pub(super) verdict: Verdict,
}

/// What Dex says of the value in its place.
#[derive(Debug)]
pub(super) enum Proof {
    /// It is not Dex's to say, or Dex is not ready to be asked.
    NotAsked,
    Right,
    Wrong,
    NotYet(Box<Wait>),
}

/// Whether there is an administrator's access to Authentik.
#[derive(Debug)]
pub(super) enum Access {
    NotNeeded,
    Granted,
    NotYet(Box<Wait>),
    Refused(String),
}

/// All that hangs on the secret first, then the next of the three writes: so nothing begins on a platform that is not in
/// order, and nothing is dropped before it is again.
pub(super) fn plan(seen: &Seen, mut plan: Plan<Action>) -> Plan<Action> {
    let open = match seen {
        Seen::Absent(at) => {
            plan.wait.push(absent(at));
            return plan;
        }
        Seen::Done(done) => {
            plan.notes.push(note(done));
            return plan;
        }
        Seen::Open(open) => open,
    };
    if open.is_immutable {
        plan.refused.push(immutable(open));
        return plan;
    }
    follow(open, &mut plan);
    if plan.is_converged() && plan.refused.is_empty() {
        plan.act.push(next(open));
    }
    plan
}

fn next(open: &Open) -> Action {
    let write = Write {
        at: open.target.at.clone(),
        request: open.request.clone(),
        version: open.version.clone(),
    };
    match open.stage {
        Stage::Settled => Action::Stage(write),
        Stage::Staged if open.target.holder.takes_it_first() => Action::HandOver(write),
        Stage::Staged => Action::Promote(write),
        Stage::Promoted => Action::Finish(write),
    }
}

fn follow(open: &Open, plan: &mut Plan<Action>) {
    let source = &open.target.at;
    plan.act.extend(open.differing.iter().map(|copy| Action::Align {
        copy: copy.clone(),
        source: source.clone(),
    }));
    if let Some(consumer) = open.consumer.as_ref().filter(|_| open.stage == Stage::Promoted) {
        roll(open, consumer, plan);
    }
    match &open.proof {
        Proof::NotAsked | Proof::Right => {}
        Proof::NotYet(wait) => plan.wait.push((**wait).clone()),
        Proof::Wrong => plan.refused.push(refused_by_dex(open)),
    }
    match &open.access {
        Access::NotNeeded | Access::Granted => {}
        Access::NotYet(wait) => plan.wait.push((**wait).clone()),
        Access::Refused(why) => plan.refused.push(no_access(open, why)),
    }
}

/// After its copy: what it starts with has to be the new value.
fn roll(open: &Open, consumer: &Consumer, plan: &mut Plan<Action>) {
    let Consumer {
        namespace,
        name,
        version,
        request,
        verdict,
    } = consumer;
    if !plan.act.is_empty() {
        return;
    }
    if request.as_ref() != Some(&open.request) {
        plan.act.push(Action::Roll(Roll {
            namespace: namespace.clone(),
            name: name.clone(),
            request: open.request.clone(),
            version: version.clone(),
        }));
    } else if verdict.health != Health::Current {
        let object = ObjectRef::namespaced("Deployment", namespace, name);
        let wait = Wait::new(object, Reason::NotReady, verdict.message.clone());
        let remedy = format!("`kubectl -n {namespace} describe deployment {name}` shows more");
        plan.wait.push(wait.remedy(remedy).watching(Watch {
            path: format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
            name: name.clone(),
            since: Some(version.clone()),
            settling: Watch::SETTLING,
        }));
    }
}

fn absent(at: &KeyRef) -> Wait {
    let message = format!("key {} has no value that could be replaced", at.key);
    let wait = Wait::new(at.object(), Reason::NotFound, message);
    match at.secret {
        names::API_TOKEN_SECRET => wait.provided_by("authentik token"),
        _ => wait.provided_by("secrets generate"),
    }
}

fn note(done: &Done) -> Note {
    let Done { at, request, window } = done;
    let message = format!("{} was rotated by request {request}", at.key);
    let message = match window {
        Some(window) => format!(
            "{message}; what needs it could fail for up to {:.1} s",
            window.as_secs_f64()
        ),
        None => message,
    };
    Note::unchanged(at.object(), message)
}

fn immutable(open: &Open) -> Refusal {
    let at = &open.target.at;
    Refusal {
        exit: Exit::Human,
        reason: Reason::InvalidValue,
        object: at.object(),
        message: "the Secret is immutable, so no value of it can be rotated".to_owned(),
        hint: format!(
            "save it (`kubectl -n {} get secret {} -o yaml`), delete it, create it again without `immutable: \
             true`, then run this again",
            at.namespace, at.secret
        ),
    }
}

fn refused_by_dex(open: &Open) -> Refusal {
    let key = open.target.at.key;
    Refusal {
        exit: Exit::ResourceFailed,
        reason: Reason::Mismatch,
        object: open.target.at.object(),
        message: format!("Dex was started with key {key} and yet refuses it"),
        hint: "see in Dex's configuration which client has which secret, then run this again; what was replaced \
               is kept until Dex accepts the new value"
            .to_owned(),
    }
}

fn no_access(open: &Open, why: &str) -> Refusal {
    Refusal {
        exit: Exit::Forbidden,
        reason: Reason::Unauthenticated,
        object: open.target.at.object(),
        message: format!("there is no administrator's access to Authentik: {why}"),
        hint: "set akadmin's password in Authentik to key admin-password of Secret authentik-secrets, or that key to \
               the password, then run this again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
