//! `dex scale`: Dex runs, with the secrets that exist now.

mod digest;
mod gate;
mod plan;

pub(super) use gate::open;
#[cfg(test)]
pub(super) use gate::{Gated, GatedPod};
pub use plan::Seen;
pub(super) use plan::{Digest, Live, judge};

use crate::{
    apply::health,
    converge::{Context, Effect, Meta, Outcome, Plan, Schedule, Step, Verb},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
        rule::Rule,
        secrets::catalog,
    },
    planted::{self, Bug},
};
use digest::Wanted;
use gate::Gate;
use k8s_openapi::{
    api::{apps::v1::Deployment, core::v1::Pod},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde_json::json;
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// How long Dex may fail before that is believed.
const GRACE: Duration = Duration::from_secs(60);

/// Start Dex, roll it if its secrets changed, and wait until it is available
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DexScale {
    #[arg(skip)]
    grace: Grace,
}

/// Since when Dex fails without a break, as far as this run saw. Only time itself is remembered: after a
/// crash it starts again.
#[derive(Debug, Clone, Default)]
pub(super) struct Grace(Arc<Mutex<Option<Instant>>>);

impl Grace {
    /// Notes whether Dex fails now; whether that is so for too long.
    pub(super) fn is_over(&self, fails: bool) -> bool {
        let mut since = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        if !fails {
            *since = None;
            return false;
        }
        since.get_or_insert_with(Instant::now).elapsed() >= GRACE
    }
}

/// One patch of the Deployment.
#[derive(Debug, Clone)]
pub struct Change {
    namespace: String,
    name: String,
    /// The resourceVersion that the decision rests on.
    version: String,
    /// From 0 to 1.
    scale: bool,
    digest: Digest,
    gate: Gate,
}

/// The version does not count: undone by somebody else and planned again, it is the same change.
impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        (&self.namespace, &self.name, self.scale, self.digest, self.gate)
            == (
                &other.namespace,
                &other.name,
                other.scale,
                other.digest,
                other.gate,
            )
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.gate == Gate::Put {
            return f.write_str("start Pods with the new secret, and hold them back from traffic");
        }
        f.write_str(match (self.scale, self.digest) {
            (false, Digest::Same) => "roll it: its Pods need not be held back from traffic any more",
            (true, Digest::Same) => "scale from 0 to 1",
            (true, _) => "scale from 0 to 1, and record which secrets it starts with",
            (false, Digest::Absent) => "roll it: nothing says with which secrets its Pods started",
            (false, _) => "roll it: its secrets changed after its Pods started",
        })
    }
}

impl Effect for Change {
    fn object(&self) -> ObjectRef {
        ObjectRef::namespaced("Deployment", &self.namespace, &self.name)
    }
    fn verb(&self) -> Verb {
        Verb::Update
    }
}

impl Step for DexScale {
    const META: Meta = Meta {
        command: "dex scale",
        summary: "Dex runs with the secrets that exist now",
        schedule: Schedule::Cron("2-59/5 * * * *"),
        read_only: false,
    };
    type Observed = Seen;
    type Action = Change;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        let auth = &config.namespaces.auth;
        let secrets = [names::DEX_SECRET, names::AUTHENTIK_SECRET];
        vec![
            Rule::named(
                auth,
                "apps",
                "deployments",
                [&config.dex.deployment],
                &["get", "patch", "watch"],
            ),
            Rule::named(auth, "", "secrets", secrets, &["get"]),
            // Why Dex does not start is known to its Pods only, and their names are random.
            Rule::all(auth, "", "pods", &["list"]),
        ]
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        let (namespace, name) = (&cx.config.namespaces.auth, &cx.config.dex.deployment);
        let deployment = cx.cluster.get::<Deployment>(namespace, name).await?;
        if planted::is_planted(Bug::WritesNeedlessly) {
            cx.cluster
                .merge::<Deployment>(namespace, name, &json!({}))
                .await?;
        }
        let wanted = digest::wanted(cx).await?;
        let live = match &deployment {
            Some(deployment) => Some(self.live(cx, deployment, &wanted).await?),
            None => None,
        };
        Ok(Seen {
            namespace: namespace.clone(),
            name: name.clone(),
            live,
            missing: match wanted {
                Wanted::Digest(_) => None,
                Wanted::Missing(object, message) => Some((object, message)),
            },
        })
    }

    fn plan(&self, seen: &Seen) -> Plan<Change> {
        plan::plan(seen)
    }

    async fn apply(&self, cx: &Context, change: Change) -> Result<Outcome, Failure> {
        let mut spec = json!({});
        if change.scale {
            spec["replicas"] = json!(1);
        }
        if change.digest != Digest::Same {
            let digest = match digest::wanted(cx).await? {
                Wanted::Digest(digest) => digest,
                Wanted::Missing(object, message) => {
                    return Err(Failure::new(Exit::Transient, Reason::NotFound, message).on(object));
                }
            };
            let annotations = json!({ names::SECRETS_DIGEST_ANNOTATION: digest });
            spec["template"] = json!({"metadata": {"annotations": annotations}});
        }
        change.gate.write(&mut spec);
        let metadata = json!({"resourceVersion": change.version});
        let body = json!({"metadata": metadata, "spec": spec});
        cx.cluster
            .merge::<Deployment>(&change.namespace, &change.name, &body)
            .await?;
        Ok(Outcome::Configured)
    }
}

impl DexScale {
    async fn live(&self, cx: &Context, deployment: &Deployment, wanted: &Wanted) -> Result<Live, Failure> {
        let verdict = health::deployment(deployment);
        let spec = deployment.spec.as_ref();
        let replicas = spec.and_then(|spec| spec.replicas).unwrap_or(1);
        let is_starting = matches!(
            verdict.health,
            health::Health::Progressing | health::Health::Degraded
        );
        let is_awaited = is_starting && replicas > 0;
        let is_gated = spec.is_some_and(gate::is_gated);
        let pods = match spec {
            Some(spec) if is_awaited || is_gated => pods(cx, &spec.selector).await?,
            _ => Vec::new(),
        };
        let trouble = is_awaited.then(|| health::trouble(&pods)).flatten();
        let fails = verdict.health == health::Health::Degraded
            || trouble.as_ref().is_some_and(|trouble| trouble.is_blocking);
        Ok(Live {
            version: deployment.metadata.resource_version.clone().unwrap_or_default(),
            replicas,
            is_free: spec.is_some_and(gate::is_free),
            gated: is_gated.then(|| gate::gated(deployment, &pods)),
            is_paused: spec.and_then(|spec| spec.paused).unwrap_or(false),
            digest: wanted.compare(recorded(deployment)),
            verdict,
            trouble,
            fails,
            is_grace_over: self.grace.is_over(fails),
        })
    }
}

async fn pods(cx: &Context, selector: &LabelSelector) -> Result<Vec<Pod>, Failure> {
    let labels = selector.match_labels.iter().flatten();
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
    let namespace = &cx.config.namespaces.auth;
    cx.cluster.list::<Pod>(namespace, &labels.join(","), 100).await
}

fn recorded(deployment: &Deployment) -> Option<&str> {
    let template = &deployment.spec.as_ref()?.template;
    let annotations = template.metadata.as_ref()?.annotations.as_ref()?;
    annotations
        .get(names::SECRETS_DIGEST_ANNOTATION)
        .map(String::as_str)
}

/// The keys that Dex is given.
fn dex_keys(config: &Config) -> Vec<&'static str> {
    let secrets = catalog(config)
        .into_iter()
        .filter(|secret| secret.name == names::DEX_SECRET);
    secrets
        .flat_map(|secret| secret.keys)
        .map(|key| key.at.key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_failure_without_a_break_counts() {
        let grace = Grace::default();
        assert!(!grace.is_over(true));
        tokio::time::advance(GRACE).await;
        assert!(grace.is_over(true));
        assert!(!grace.is_over(false));
        assert!(!grace.is_over(true));
    }
}
