//! What can be done for a tenant, one effect each.

use super::{desired::Stage, seen::Resource};
use crate::{
    converge::{Effect, Verb},
    model::{kind::Address, object::ObjectRef, tunnel},
};
use serde_json::Value;
use std::fmt;

/// One effect on one object of a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The custom resource that it is for.
    pub(super) owner: String,
    pub(super) at: Address,
    /// When it is done, where a tenant comes into being: after all of its earlier stages.
    pub(super) stage: Option<Stage>,
    pub(super) change: Change,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// Keeps the custom resource until what belongs to it is gone.
    Hold {
        finalizer: &'static str,
        version: String,
        finalizers: Vec<String>,
    },
    /// Server-side apply.
    Apply { body: Value, uid: Option<String> },
    /// These fields of it are put in the place of the live ones.
    Replace {
        body: Value,
        fields: &'static [&'static str],
        uid: String,
    },
    /// The Secret that signs webhooks, with a value: the given one, else the one that it has, else a new one.
    WebhookSecret {
        body: Value,
        uid: Option<String>,
        is_given: bool,
        resource: Address,
    },
    /// One thing about the way in from the internet.
    Tunnel {
        action: tunnel::Action,
        object: ObjectRef,
    },
    /// It is deleted: this very object.
    Delete { uid: String, why: &'static str },
    /// What is said of the custom resource.
    Status {
        status: Value,
        version: String,
        summary: String,
    },
    /// Lets the custom resource go.
    Release {
        version: String,
        finalizers: Vec<String>,
    },
}

impl Action {
    pub(super) fn on(resource: &Resource, change: Change) -> Self {
        Self {
            owner: resource.owner.clone(),
            at: resource.at.clone(),
            stage: None,
            change,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Hold { .. } => f.write_str("keep it until what belongs to it is gone"),
            Change::Apply { uid: None, .. } => f.write_str("create"),
            Change::Apply { uid: Some(_), .. } => f.write_str("apply what differs"),
            Change::Replace { fields, .. } => write!(f, "put back {}", fields.join(" and ")),
            Change::WebhookSecret { is_given: true, .. } => {
                f.write_str("set to the secret that the Organization gives")
            }
            Change::WebhookSecret { is_given: false, .. } => {
                f.write_str("generate the secret if there is none")
            }
            Change::Tunnel { action, .. } => f.write_str(describe(action)),
            Change::Delete { why, .. } => write!(f, "delete: {why}"),
            Change::Status { summary, .. } => write!(f, "report {summary}"),
            Change::Release { .. } => f.write_str("let it go: nothing of it is left"),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match &self.change {
            Change::Tunnel { object, .. } => object.clone(),
            _ => self.at.object(),
        }
    }

    /// The custom resource, or the namespace, that it is for.
    fn part_of(&self) -> Option<ObjectRef> {
        let mut words = self.owner.splitn(3, '/');
        let (kind, namespace, name) = (words.next()?, words.next()?, words.next()?);
        let owner = match namespace {
            "" => ObjectRef::global(kind, name),
            namespace => ObjectRef::namespaced(kind, namespace, name),
        };
        (owner != self.object()).then_some(owner)
    }

    /// Each tenant's own.
    fn sequence(&self) -> Option<(&str, u8)> {
        Some((&self.owner, self.stage? as u8))
    }

    fn verb(&self) -> Verb {
        match &self.change {
            Change::Apply { uid: None, .. } | Change::WebhookSecret { uid: None, .. } => Verb::Create,
            Change::Tunnel { action, .. } => tunnel_verb(action),
            Change::Delete { .. } => Verb::Delete,
            _ => Verb::Update,
        }
    }
}

/// What an action does, for people.
pub(super) fn describe(action: &tunnel::Action) -> &'static str {
    use tunnel::Action;
    match action {
        Action::StoreSecret { .. } => "store a new secret for the tunnel",
        Action::CreateTunnel => "make the tunnel",
        Action::StoreTunnel { .. } => "write the tunnel's id down",
        Action::RestoreCredentials { .. } => "store the credentials that Cloudflare has",
        Action::DropConnections { .. } => "end its connections",
        Action::DeleteTunnel { .. } => "delete the tunnel",
        Action::CreateRecord { .. } => "make the record",
        Action::CorrectRecord { .. } => "correct the record",
        Action::DeleteRecord { .. } => "delete the record",
    }
}

fn tunnel_verb(action: &tunnel::Action) -> Verb {
    use tunnel::Action;
    match action {
        Action::StoreSecret { .. } | Action::CreateTunnel | Action::CreateRecord { .. } => Verb::Create,
        Action::DeleteTunnel { .. } | Action::DeleteRecord { .. } => Verb::Delete,
        Action::StoreTunnel { .. }
        | Action::RestoreCredentials { .. }
        | Action::DropConnections { .. }
        | Action::CorrectRecord { .. } => Verb::Update,
    }
}

/// What the thing is called that an action changes.
pub(super) fn tunnel_object(action: &tunnel::Action, names: &tunnel::Names, secret: &Address) -> ObjectRef {
    use tunnel::Action;
    match action {
        Action::StoreSecret { .. } | Action::StoreTunnel { .. } | Action::RestoreCredentials { .. } => {
            secret.object()
        }
        Action::CreateTunnel | Action::DropConnections { .. } | Action::DeleteTunnel { .. } => {
            names.tunnel_object()
        }
        Action::CreateRecord { .. } | Action::CorrectRecord { .. } | Action::DeleteRecord { .. } => {
            names.record_object()
        }
    }
}
