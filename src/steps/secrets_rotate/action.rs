//! What a rotation does, one effect at a time.

use crate::{
    converge::{Effect, Verb},
    model::{
        object::ObjectRef,
        rotation::{next, previous},
        secrets::KeyRef,
    },
    steps::{dex_scale::Change, dex_sync::Push},
};
use std::fmt;

/// One effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Stores a new value beside the one in use.
    Stage(Write),
    /// Puts the new value in its place and keeps the one before.
    Promote(Write),
    /// Gives the new value to Authentik, proves it there, then puts it in its place.
    HandOver(Write),
    /// Drops the value before.
    Finish(Write),
    /// Makes a copy in another Secret equal to its source.
    Align {
        /// The copy.
        copy: KeyRef,
        /// The source.
        source: KeyRef,
    },
    /// Rolls a Deployment that reads a copy when it starts.
    Roll(Roll),
    /// Gives Authentik Dex's client secret, and lets in the Pods that started with it.
    Switch {
        /// `dex sync`.
        push: Push,
        /// Where the Pods are.
        namespace: String,
        /// Their names.
        pods: Vec<String>,
    },
    /// Lets in Pods that were held back from traffic.
    Admit {
        /// Where they are.
        namespace: String,
        /// Their names.
        pods: Vec<String>,
    },
    /// `dex sync`.
    Sync(Push),
    /// `dex scale`.
    Scale(Change),
}

/// A write to the Secret.
#[derive(Debug, Clone)]
pub struct Write {
    /// The key.
    pub(super) at: KeyRef,
    /// The rotation's id.
    pub(super) request: String,
    /// The resourceVersion that the decision rests on.
    pub(super) version: String,
}

/// A roll of a Deployment.
#[derive(Debug, Clone)]
pub struct Roll {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) request: String,
    /// The resourceVersion that the decision rests on.
    pub(super) version: String,
}

/// The version does not count: undone by somebody else and planned again, it is the same write.
impl PartialEq for Write {
    fn eq(&self, other: &Self) -> bool {
        (&self.at, &self.request) == (&other.at, &other.request)
    }
}

/// As for [`Write`].
impl PartialEq for Roll {
    fn eq(&self, other: &Self) -> bool {
        (&self.namespace, &self.name, &self.request) == (&other.namespace, &other.name, &other.request)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(Write { at, request, .. }) => {
                write!(f, "store a new value as {}, for request {request}", next(at.key))
            }
            Self::Promote(Write { at, .. }) => {
                let (key, next, previous) = (at.key, next(at.key), previous(at.key));
                write!(
                    f,
                    "make {next} the value of {key}, and keep the one before as {previous}"
                )
            }
            Self::HandOver(Write { at, .. }) => {
                let (key, next) = (at.key, next(at.key));
                write!(
                    f,
                    "give {next} to Authentik, prove it there, and make it the value of {key}"
                )
            }
            Self::Finish(Write { at, .. }) => {
                write!(f, "drop {}: the new value is proved", previous(at.key))
            }
            Self::Align { copy, source } => {
                write!(f, "make {} equal to {}/{}", copy.key, source.secret, source.key)
            }
            Self::Roll(_) => f.write_str("roll it: it reads the secret when it starts"),
            Self::Switch { push, pods, .. } => {
                write!(
                    f,
                    "{push}, and let the {} Pods in that started with it",
                    pods.len()
                )
            }
            Self::Admit { pods, .. } => {
                write!(
                    f,
                    "let in {}, which started with the secret that Authentik has",
                    pods.join(", ")
                )
            }
            Self::Sync(push) => push.fmt(f),
            Self::Scale(change) => change.fmt(f),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Stage(write) | Self::Promote(write) | Self::HandOver(write) | Self::Finish(write) => {
                write.at.object()
            }
            Self::Align { copy, .. } => copy.object(),
            Self::Roll(Roll { namespace, name, .. }) => ObjectRef::namespaced("Deployment", namespace, name),
            Self::Sync(push) | Self::Switch { push, .. } => push.object(),
            Self::Admit { namespace, pods } => {
                ObjectRef::namespaced("Pod", namespace, pods.first().map_or("", String::as_str))
            }
            Self::Scale(change) => change.object(),
        }
    }

    fn verb(&self) -> Verb {
        Verb::Update
    }
}
