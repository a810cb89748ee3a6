//! What was seen of the platform, once for all checks. Never a secret value.

use super::{
    Certificate, Skip,
    object::{name, namespace, text},
    sources::{Scope, Source},
};
use crate::{
    apply::health::{Answer, Found, Need, Verdict, judge, needs},
    model::{
        components::Components,
        config::{Config, Namespaces},
        failure::{Failure, Reason},
        object::ObjectRef,
        rotation::Rotatable,
        secrets::Quality,
    },
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The configuration.
    pub config: Config,
    /// When it was seen.
    pub now: Timestamp,
    /// Namespaces of the platform and of its components.
    pub platform: BTreeSet<String>,
    /// URL of the API server.
    pub server: String,
    /// What keeps the API server from answering.
    pub unreachable: Option<Trouble>,
    /// Its version; `None` if it did not say.
    pub version: Option<String>,
    /// Whether that version is old enough to be refused.
    pub is_too_old: bool,
    /// The lists, by kind.
    pub lists: BTreeMap<Source, Listing>,
    /// What of the caller's rights is missing for what the checks read, and whether the API server could tell.
    pub access: Look<Account>,
    /// The generated Secrets.
    pub secrets: Look<Vec<SecretFact>>,
    /// Certificates that Ingresses use, by namespace and name of the Secret.
    pub certificates: BTreeMap<(String, String), Look<TlsFact>>,
    /// Authentik and the token for it.
    pub account: Look<Stored>,
    /// Whether the superuser's token of the first start still works.
    pub bootstrap: Look<Bootstrap>,
    /// What the login's providers say of themselves.
    pub providers: Look<Vec<Provider>>,
    /// Dex by its public name.
    pub outside: Look<Vec<Provider>>,
    /// Dex's configuration, as text; `None` if there is none.
    pub dex_config: Look<Option<String>>,
    /// Whether the scheduled jobs have a configuration.
    pub has_jobs_config: Look<bool>,
    /// The lock.
    pub lease: Look<Option<LeaseFact>>,
    /// A login without a browser.
    pub login: Look<LoginFact>,
}

/// What a login without a browser came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFact {
    /// The rules that the ID token breaks, or why there is none.
    pub token: Result<Vec<String>, Trouble>,
    /// As whom the API server knows its bearer, or why it does not; `None` where there is no token to ask with.
    pub accepted: Option<Result<String, Trouble>>,
    /// Whether people may change the e-mail address that they are known by; `None` if Authentik does not say.
    pub may_change_email: Option<bool>,
}

/// What was found where somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Look<T> {
    /// This.
    Seen(T),
    /// It could not be looked at, and why.
    Unseen(String),
    /// Nobody looked, since no check that was asked for needs it.
    #[default]
    NotAsked,
}

impl<T> Look<T> {
    /// What was seen.
    ///
    /// # Errors
    /// Why nothing was.
    pub fn seen(&self) -> Result<&T, Skip> {
        match self {
            Self::Seen(seen) => Ok(seen),
            Self::Unseen(why) => Err(Skip::Unseen(why.clone())),
            Self::NotAsked => Err(Skip::Unseen("nobody looked".to_owned())),
        }
    }
}

/// What was found of a kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing {
    /// These objects, with `apiVersion` and `kind`.
    Objects(Vec<Value>),
    /// The cluster does not have the kind.
    NotInstalled,
    /// It could not be listed, and why.
    Unseen(Trouble),
}

/// What kept something from being seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Machine-readable cause.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
    /// What mends it, if that is known.
    pub remedy: Option<String>,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self {
            reason: failure.reason,
            message: failure.chain(),
            remedy: failure.hint,
        }
    }
}

/// The caller's rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// What is missing, one line each.
    pub missing: Vec<String>,
    /// Whether the API server said that it cannot tell all.
    pub is_incomplete: bool,
}

/// One generated Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFact {
    /// Which.
    pub object: ObjectRef,
    /// Whether it exists.
    pub exists: bool,
    /// Whether its values can no longer change.
    pub is_immutable: bool,
    /// Rotations of its keys that are not finished.
    pub rotating: Vec<Rotatable>,
    /// What the database's volume says, if making the Secret anew would lose data: what is wrong, and what helps.
    pub data_loss: Option<(String, String)>,
    /// Its keys.
    pub keys: Vec<KeyFact>,
}

/// One key of a generated Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFact {
    /// Its name.
    pub name: String,
    /// What its value looks like.
    pub quality: Quality,
    /// The key that it must be equal to and is not.
    pub differs_from: Option<String>,
}

/// A Secret with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFact {
    /// There is no such Secret.
    Missing,
    /// It has no certificate that can be read, and why.
    Unreadable(String),
    /// The certificate that is shown to clients.
    Certificate(Certificate),
}

/// What is known of Authentik by the stored API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Authentik does not answer.
    Silent(Trouble),
    /// There is no token.
    None,
    /// It cannot be a token.
    Unusable,
    /// Authentik does not accept it.
    Refused,
    /// It is the superuser's of the first start.
    Superuser,
    /// It is accepted, but does not see exactly the one provider.
    Blind,
    /// It sees the provider, whose client secret is Dex's, differs, or is shown as the same and yet refused.
    Works {
        /// How the two client secrets compare.
        secret: Comparison,
        /// How many providers it sees besides.
        others: usize,
    },
}

/// How the provider's client secret compares with Dex's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    Same,
    /// They differ.
    Different,
    /// They are shown as the same, but Authentik refuses it.
    Refused,
}

/// The superuser's token of the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bootstrap {
    /// It works.
    Alive,
    /// It does not, or there is none.
    Gone,
}

/// What was seen of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its URL.
    pub url: String,
    /// What was seen.
    pub state: ProviderState,
}

/// What was seen of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderState {
    /// All is as it must be.
    Good,
    /// It does not answer.
    Silent(Trouble),
    /// It answers wrongly.
    Wrong(Vec<Trouble>),
}

/// The lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseFact {
    /// Which.
    pub object: ObjectRef,
    /// Who holds it; empty if nobody does.
    pub holder: String,
    /// When it was renewed last.
    pub renewed: Option<Timestamp>,
    /// For how long that holds, in seconds.
    pub seconds: i64,
}

impl Facts {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(config: Config, now: Timestamp, server: String) -> Self {
        Self {
            platform: platform_namespaces(&config),
            config,
            now,
            server,
            unreachable: None,
            version: None,
            is_too_old: false,
            lists: BTreeMap::new(),
            access: Look::NotAsked,
            secrets: Look::NotAsked,
            certificates: BTreeMap::new(),
            account: Look::NotAsked,
            bootstrap: Look::NotAsked,
            providers: Look::NotAsked,
            outside: Look::NotAsked,
            dex_config: Look::NotAsked,
            has_jobs_config: Look::NotAsked,
            login: Look::NotAsked,
            lease: Look::NotAsked,
        }
    }

    /// The objects of a kind.
    pub(super) fn all(&self, of: Source) -> Result<&[Value], Skip> {
        match self.lists.get(&of) {
            Some(Listing::Objects(objects)) => Ok(objects),
            Some(Listing::NotInstalled) => Err(Skip::NotInstalled(format!("the cluster has no {}", of.kind))),
            Some(Listing::Unseen(trouble)) => {
                Err(Skip::Unseen(format!("{}: {}", of.plural, trouble.message)))
            }
            None => Err(Skip::Unseen(format!("{}: nobody looked", of.plural))),
        }
    }

    /// The same of a kind that may be absent or hidden: a check that only looks more closely with it goes without.
    pub(super) fn known(&self, of: Source) -> &[Value] {
        self.all(of).unwrap_or_default()
    }

    /// The object of that name.
    pub(super) fn one(&self, of: Source, namespace: &str, name: &str) -> Result<Option<&Value>, Skip> {
        let is_it = |object: &&Value| {
            text(object, "/metadata/name") == name && text(object, "/metadata/namespace") == namespace
        };
        Ok(self.all(of)?.iter().find(is_it))
    }

    /// The verdict on an object, with what was found of others.
    pub(super) fn verdict(&self, object: &Value) -> Verdict {
        judge(object, None, &self.found(object))
    }

    /// What a verdict on the object looks at besides.
    pub(super) fn found(&self, object: &Value) -> Found {
        let mut found = Found::default();
        for need in needs(object, None) {
            let answer = self.answer(&need);
            found.insert(need, answer);
        }
        found
    }

    fn answer(&self, need: &Need) -> Answer {
        let (group, kind) = match need {
            Need::Object { group, kind, .. } | Need::Selected { group, kind, .. } => (*group, *kind),
        };
        let home = match need {
            Need::Object { namespace, .. } => namespace.as_deref(),
            Need::Selected { namespace, .. } => Some(namespace.as_str()),
        };
        let listed = self
            .lists
            .iter()
            .find(|(of, _)| of.group == group && of.kind == kind);
        let Some((of, Listing::Objects(objects))) = listed else {
            return Answer::Unknown("it was not listed".to_owned());
        };
        let is_elsewhere = home.is_some_and(|home| !self.platform.contains(home));
        if is_elsewhere && of.scope == Scope::Platform {
            return Answer::Unknown("it is in none of the platform's namespaces".to_owned());
        }
        let fits = |object: &&Value| match need {
            Need::Object {
                namespace: home,
                name: wanted,
                ..
            } => name(object) == wanted && namespace(object) == home.as_deref().unwrap_or_default(),
            Need::Selected {
                namespace: home,
                labels,
                ..
            } => namespace(object) == home && has_labels(object, labels),
        };
        Answer::Objects(objects.iter().filter(fits).cloned().collect())
    }
}

/// Namespaces of the platform and of its components.
fn platform_namespaces(config: &Config) -> BTreeSet<String> {
    let components = Components::built_in();
    let components = components.iter().flat_map(Components::all);
    let others = components.filter(|component| component.is_in(config.profile));
    let defaults = Namespaces::default();
    let others = others.flat_map(|component| {
        component
            .namespaces
            .iter()
            .map(|namespace| namespace.name.clone())
    });
    // By their default names; the platform's own may have others.
    let others = others.filter(|name| !defaults.all().contains(&name.as_str()));
    others.chain(config.namespaces.all().map(str::to_owned)).collect()
}

/// Whether an object carries labels that are written as a selector. What is no equality is not understood, and no object
/// is known to fit.
fn has_labels(object: &Value, labels: &str) -> bool {
    labels.split(',').filter(|term| !term.is_empty()).all(|term| {
        let (key, value) = term.split_once('=').unwrap_or((term, ""));
        object["metadata"]["labels"][key] == value
    })
}
