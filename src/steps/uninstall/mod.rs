//! `uninstall`: what `install` made is gone, and with `--secrets` what `secrets generate` made.

mod plan;

use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, Wait},
    model::{
        config::Config,
        failure::Failure,
        kind::{Address, SECRET},
        object::ObjectRef,
        rule::Rule,
        secrets::{self, SecretSpec},
    },
    steps::{
        install::removal::{self, Removal},
        secrets_generate,
    },
};
use plan::{SecretSeen, Secrets};
use std::fmt;

/// Delete what `install` made; namespaces stay.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Uninstall {
    /// Delete the generated Secrets too, but no database password whose volume exists
    #[arg(long)]
    pub secrets: bool,
}

/// What there is to delete.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    installed: (Vec<Removal>, Vec<Wait>),
    /// `None`: they are not asked for.
    secrets: Option<Secrets>,
}

/// Deletes one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Something that `install` made.
    Installed(Removal),
    /// A Secret that `secrets generate` made.
    Secret(Removal),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(_) => f.write_str("delete"),
            Self::Secret(_) => f.write_str("delete, and its values with it"),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        let (Self::Installed(removal) | Self::Secret(removal)) = self;
        removal.at.object()
    }

    fn verb(&self) -> Verb {
        Verb::Delete
    }
}

impl Step for Uninstall {
    const META: Meta = Meta {
        command: "uninstall",
        summary: "what was installed is gone",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let mut rules = removal::rules();
        if self.secrets {
            rules.extend(secrets_generate::rules(config, &["get", "delete"]));
        }
        rules
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        let installed = removal::plan(&removal::installed(cx).await?);
        let secrets = if self.secrets { Some(look(cx).await?) } else { None };
        Ok(Seen { installed, secrets })
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        let (Action::Installed(removal) | Action::Secret(removal)) = action;
        removal.apply(cx).await
    }
}

/// The Secrets that exist, and what keeps them.
async fn look(cx: &Context) -> Result<Secrets, Failure> {
    let mut found = Vec::new();
    for spec in secrets::catalog(&cx.config) {
        let Some(secret) = cx.cluster.secret(&spec.namespace, spec.name).await? else {
            continue;
        };
        let is_foreign = |key: &&str| spec.keys.iter().all(|own| own.at.key != *key);
        let foreign = secret.keys().filter(is_foreign).map(str::to_owned);
        found.push(SecretSeen {
            at: address(&spec),
            foreign: foreign.collect(),
            guards_database: spec.guards_database,
            uid: secret.uid.clone(),
        });
    }
    let claims = if found.iter().any(|secret| secret.guards_database) {
        secrets_generate::existing_claims(cx).await?
    } else {
        Vec::new()
    };
    Ok(Secrets { found, claims })
}

fn address(spec: &SecretSpec) -> Address {
    Address {
        kind: SECRET.clone(),
        namespace: Some(spec.namespace.clone()),
        name: spec.name.to_owned(),
    }
}
