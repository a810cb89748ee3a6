//! What to do about Dex's client secret, decided from facts alone.

use crate::{
    converge::{
        Effect, Plan, Verb, Wait,
        contract::{Note, Refusal},
    },
    model::{
        exit::Exit,
        failure::Reason,
        names::DEX_CLIENT_SECRET_KEY,
        object::ObjectRef,
        provider::{Provider, Wanted},
    },
};
use std::fmt;

/// The longest client secret that Authentik stores, in characters (all schemas from 2024.2 to 2026.8).
const LONGEST: usize = 255;

/// Everything that was seen.
#[derive(Debug, Clone)]
pub enum Seen {
    /// Authentik cannot say anything yet.
    NotReady(Box<Wait>),
    /// It answered, or was not asked because there is no token.
    Looked(Box<Looked>),
}

/// What the Secrets and Authentik say.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The Secret that Dex takes its client secret from.
    pub source: ObjectRef,
    /// The Secret with the API token.
    pub token: ObjectRef,
    /// By what the provider is recognised.
    pub wanted: Wanted,
    /// The client secret in the source.
    pub client_secret: ClientSecret,
    /// What the API token shows.
    pub sight: Sight,
}

/// The client secret that Dex shows to Authentik.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSecret {
    /// There is none, or it is empty.
    Missing,
    /// It cannot work; says why, as "it …".
    Invalid(&'static str),
    /// It can be used.
    Good,
}

/// What the API token shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// There is no API token.
    NoToken,
    /// It has characters that no token has.
    Unusable,
    /// Authentik does not accept it.
    Refused,
    /// It does not show exactly one provider that fits; which one to take is for `authentik token` to say.
    Blind,
    /// It shows the provider.
    One {
        /// The provider.
        provider: Provider,
        /// How the two secrets compare.
        secret: Comparison,
    },
}

/// How the provider's secret compares with Dex's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// They differ, or there is nothing to compare.
    Different,
    /// Authentik shows the same one, and accepts it.
    Same,
    /// Authentik shows the same one, and yet refuses it.
    SameButRefused,
}

impl ClientSecret {
    /// Judges a value; Authentik trims what it stores, and Dex does not.
    pub(super) fn of(value: &str) -> Self {
        match value {
            "" => Self::Missing,
            _ if value.contains(['\n', '\r']) => Self::Invalid("has a line break in it"),
            _ if value.contains('\0') => Self::Invalid("has a NUL character in it"),
            _ if value.trim() != value => Self::Invalid("begins or ends with a space"),
            _ if value.chars().count() > LONGEST => Self::Invalid("is longer than 255 characters"),
            _ => Self::Good,
        }
    }
}

/// Writes Dex's client secret into the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The provider.
    pub provider: Provider,
    /// Where the secret comes from.
    pub source: ObjectRef,
}

impl fmt::Display for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "set client_secret to key {DEX_CLIENT_SECRET_KEY} of {}",
            self.source
        )
    }
}

impl Effect for Push {
    fn object(&self) -> ObjectRef {
        self.provider.object()
    }
    fn verb(&self) -> Verb {
        Verb::Update
    }
}

/// Decides.
pub(super) fn plan(seen: &Seen) -> Plan<Push> {
    let mut plan = Plan::default();
    let looked = match seen {
        Seen::NotReady(wait) => {
            plan.wait.push((**wait).clone());
            return plan;
        }
        Seen::Looked(looked) => looked,
    };
    match looked.client_secret {
        ClientSecret::Missing => plan.wait.push(
            Wait::new(
                looked.source.clone(),
                Reason::NotFound,
                format!("there is no key {DEX_CLIENT_SECRET_KEY}"),
            )
            .provided_by("secrets generate"),
        ),
        ClientSecret::Invalid(problem) => plan.refused.push(invalid(&looked.source, problem)),
        ClientSecret::Good => {}
    }
    match &looked.sight {
        Sight::One { provider, secret } => sync(looked, provider, *secret, &mut plan),
        Sight::NoToken => plan.wait.push(no_token(looked, "there is no API token yet")),
        Sight::Unusable => plan.wait.push(no_token(
            looked,
            "the API token is none: it has a space, a line break or the like in it",
        )),
        Sight::Refused => plan
            .wait
            .push(no_token(looked, "Authentik does not accept the API token")),
        Sight::Blind => {
            let message = format!(
                "the API token does not show exactly one provider that has {}",
                looked.wanted
            );
            plan.wait.push(no_token(looked, &message));
        }
    }
    plan
}

fn sync(looked: &Looked, provider: &Provider, secret: Comparison, plan: &mut Plan<Push>) {
    let object = provider.object();
    if provider.client_id != looked.wanted.client_id {
        let message = format!(
            "its client_id is {}, but the configuration says {}, and Dex must use the same",
            provider.client_id, looked.wanted.client_id
        );
        plan.notes
            .push(Note::warning(object.clone(), Reason::Mismatch, message));
    }
    if provider.is_public {
        plan.refused.push(Refusal {
            exit: Exit::Human,
            reason: Reason::InvalidValue,
            object,
            message: "it is a public client, for which Authentik accepts any secret".to_owned(),
            hint: "set its client type to confidential in Authentik, then run this again".to_owned(),
        });
        return;
    }
    match (secret, looked.client_secret) {
        (Comparison::Same, _) => plan
            .notes
            .push(Note::unchanged(object, "its client secret is Dex's")),
        (Comparison::SameButRefused, _) => plan.refused.push(Refusal {
            exit: Exit::ResourceFailed,
            reason: Reason::Mismatch,
            object,
            message: "Authentik shows Dex's client secret and yet refuses it".to_owned(),
            hint: "restart Authentik's server, then run this again".to_owned(),
        }),
        (Comparison::Different, ClientSecret::Good) => plan.act.push(Push {
            provider: provider.clone(),
            source: looked.source.clone(),
        }),
        // What is wrong with the source is said already.
        (Comparison::Different, ClientSecret::Missing | ClientSecret::Invalid(_)) => {}
    }
}

fn no_token(looked: &Looked, message: &str) -> Wait {
    Wait::new(looked.token.clone(), Reason::NotReady, message).provided_by("authentik token")
}

fn invalid(source: &ObjectRef, problem: &str) -> Refusal {
    Refusal {
        exit: Exit::Human,
        reason: Reason::InvalidValue,
        object: source.clone(),
        message: format!("key {DEX_CLIENT_SECRET_KEY} {problem}, so Dex and Authentik could not agree on it"),
        // A copy that is left would become the source again.
        hint: "put another value there, or delete the key and its copy authentik-client-secret; then run \
               `aphex-ops secrets generate`"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
