//! `namespaces ensure`: the platform's namespaces exist.

mod plan;

use crate::{
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb, contract::Watch},
    model::{config::Config, failure::Failure, object::ObjectRef, rule::Rule},
    render,
};
use k8s_openapi::api::core::v1::Namespace;
use std::fmt;

/// Create the platform's namespaces.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NamespacesEnsure {}

/// What was seen of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    name: String,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Missing,
    Active,
    Terminating { version: Option<String> },
}

/// Creates one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    name: String,
}

impl fmt::Display for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "create namespace {}", self.name)
    }
}

impl Effect for Create {
    fn object(&self) -> ObjectRef {
        ObjectRef::global("Namespace", &self.name)
    }
    fn verb(&self) -> Verb {
        Verb::Create
    }
}

impl Step for NamespacesEnsure {
    const META: Meta = Meta {
        command: "namespaces ensure",
        summary: "the platform's namespaces exist",
        schedule: Schedule::Once,
        read_only: false,
    };
    type Observed = Vec<Seen>;
    type Action = Create;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let names = config.namespaces.all();
        vec![Rule::cluster(
            "",
            "namespaces",
            names,
            &["get", "create", "patch", "watch"],
        )]
    }

    async fn observe(&self, cx: &Context) -> Result<Vec<Seen>, Failure> {
        let mut seen = Vec::new();
        for name in cx.config.namespaces.all() {
            let live = cx.cluster.get_global::<Namespace>(name).await?;
            let state = match live {
                None => State::Missing,
                Some(live) if live.metadata.deletion_timestamp.is_some() => State::Terminating {
                    version: live.metadata.resource_version,
                },
                Some(_) => State::Active,
            };
            seen.push(Seen {
                name: name.to_owned(),
                state,
            });
        }
        Ok(seen)
    }

    fn plan(&self, seen: &Vec<Seen>) -> Plan<Create> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, Create { name }: Create) -> Result<Outcome, Failure> {
        cx.cluster
            .apply_global::<Namespace>(&name, &render::platform_namespace(&name))
            .await?;
        Ok(Outcome::Created)
    }
}

fn watch(name: &str, version: Option<&String>) -> Watch {
    Watch {
        path: "/api/v1/namespaces".to_owned(),
        name: name.to_owned(),
        since: version.cloned(),
        settling: Watch::SETTLING,
    }
}
