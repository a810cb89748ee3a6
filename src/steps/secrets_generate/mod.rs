//! `secrets generate`: every secret of the platform exists; none is ever overwritten.

mod apply;
mod observe;
mod plan;

pub(super) use apply::align;
pub(super) use observe::{KeySeen, Pair, SecretSeen, Seen, compare, existing_claims, look, rules};

use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, contract::Refusal},
    model::{config::Config, failure::Failure, object::ObjectRef, rule::Rule, secrets::KeyRef},
};
use std::fmt;

/// Create every secret that is missing, key by key; existing values are kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SecretsGenerate {}

/// Where a new value comes from, decided before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// So many random bytes.
    Random(usize),
    /// The value that another key of the same action gets.
    SameAs(&'static str),
    /// The value of another key, as it is then.
    Copy(KeyRef),
}

/// A key and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fill {
    key: &'static str,
    from: Source,
}

/// One effect on one Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    namespace: String,
    secret: &'static str,
    /// The object that was seen; `None` if there was none.
    uid: Option<String>,
    change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// Adds keys that do not exist, all in one request; never touches one that does.
    Add(Vec<Fill>),
    /// Fills a key that exists and is empty.
    FillEmpty(Fill),
    /// Makes a copy equal to its source again.
    Align { key: &'static str, source: KeyRef },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let describe = |fill: &Fill| match &fill.from {
            Source::Random(bytes) => format!("{} ({bytes} random bytes)", fill.key),
            Source::SameAs(key) => format!("{} (same as {key})", fill.key),
            Source::Copy(at) => format!("{} (copy of {}/{})", fill.key, at.secret, at.key),
        };
        match &self.change {
            Change::Add(fills) => {
                let list = fills.iter().map(describe).collect::<Vec<_>>().join(", ");
                write!(f, "add {list}")
            }
            Change::FillEmpty(fill) => write!(f, "fill the empty {}", describe(fill)),
            Change::Align { key, source } => {
                write!(f, "make {key} equal to {}/{} again", source.secret, source.key)
            }
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        ObjectRef::secret(&self.namespace, self.secret)
    }

    fn verb(&self) -> Verb {
        if self.uid.is_some() {
            Verb::Update
        } else {
            Verb::Create
        }
    }
}

/// Why a Secret must not be generated: the database was initialised with the one that is gone.
pub(super) fn data_loss(seen: &Seen, secret: &observe::SecretSeen) -> Option<Refusal> {
    plan::data_loss(seen, secret)
}

impl Step for SecretsGenerate {
    const META: Meta = Meta {
        command: "secrets generate",
        summary: "every secret of the platform exists",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Seen;
    type Action = Action;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        observe::rules(config, &["get", "create", "patch"])
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        look(cx).await
    }

    fn plan(&self, seen: &Seen) -> Plan<Action> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        apply::apply(cx, action).await
    }
}
