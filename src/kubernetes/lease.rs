//! The Lease lock: a courtesy between operators, so that two runs do not work at the same time.
//!
//! It is no fence (nothing stops a paused holder from writing late); preconditions carry correctness and
//! the tests run with the lock off. The rules are those of client-go's leader election: a holder that was
//! not seen renewing for a whole lease duration, by our own clock since we first looked, is dead.

use super::{Cluster, triage};
use crate::{
    converge::{Stop, stop::Cause},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
    },
};
use k8s_openapi::{
    api::{
        coordination::v1::{Lease, LeaseSpec},
        core::v1::Namespace,
    },
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, api::PostParams};
use std::time::Duration;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// Name of the lock that all steps on the platform itself share.
const NAME: &str = "aphex-ops-platform";
const DURATION: Duration = Duration::from_secs(30);
const RENEW_EVERY: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A held lock; renews itself until it is released.
#[derive(Debug)]
pub struct Lock {
    keeper: Keeper,
    renewal: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Keeper {
    cluster: Cluster,
    namespace: String,
    holder: String,
}

/// The permissions that holding the lock takes. `create` cannot be limited by name.
#[must_use]
pub fn rules(namespace: &str) -> Vec<Rule> {
    vec![
        Rule::named(
            namespace,
            "coordination.k8s.io",
            "leases",
            [NAME],
            &["get", "update"],
        ),
        Rule::all(namespace, "coordination.k8s.io", "leases", &["create"]),
    ]
}

impl Lock {
    /// Takes the lock, waiting at most `patience` for another holder. A missing namespace is created.
    ///
    /// # Errors
    /// [`Exit::Locked`] with the holder's name if somebody else still holds it after that time.
    pub async fn acquire(
        cluster: &Cluster,
        namespace: &str,
        holder: &str,
        patience: Duration,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        let keeper = Keeper {
            cluster: cluster.clone(),
            namespace: namespace.to_owned(),
            holder: holder.to_owned(),
        };
        tokio::select! {
            taken = keeper.take(patience) => taken?,
            cause = stop.requested() => return Err(cause.into()),
        }
        let renewal = tokio::spawn(keep(keeper.clone(), stop.clone()));
        Ok(Self { keeper, renewal })
    }

    /// Gives the lock back, if it is still ours. Failing to is not an error: it expires by itself.
    pub async fn release(self) {
        self.renewal.abort();
        if let Ok(Some(mut lease)) = self.keeper.look().await
            && holder(&lease) == self.keeper.holder
        {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some(String::new());
            if let Err(failure) = self.keeper.write(&lease).await {
                tracing::debug!(%failure, "the lock was not released; it expires by itself");
            }
        }
    }
}

/// What to do about the lease as it is.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Create,
    Take,
    WaitFor(String),
}

/// Pure: `unchanged_for` is how long we have seen this very record.
fn decide(lease: Option<&Lease>, me: &str, unchanged_for: Duration) -> Decision {
    let Some(lease) = lease else {
        return Decision::Create;
    };
    let other = holder(lease);
    let duration = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.lease_duration_seconds)
        .unwrap_or_default();
    let duration = Duration::from_secs(u64::try_from(duration).unwrap_or_default());
    if other.is_empty() || other == me || unchanged_for >= duration {
        Decision::Take
    } else {
        Decision::WaitFor(other.to_owned())
    }
}

fn holder(lease: &Lease) -> &str {
    lease
        .spec
        .as_ref()
        .and_then(|spec| spec.holder_identity.as_deref())
        .unwrap_or_default()
}

impl Keeper {
    async fn take(&self, patience: Duration) -> Result<(), Failure> {
        let started = Instant::now();
        let mut seen: (Option<String>, Instant) = (None, started);
        loop {
            let lease = self.look().await?;
            let version = lease
                .as_ref()
                .and_then(|lease| lease.metadata.resource_version.clone());
            if version != seen.0 {
                seen = (version, Instant::now());
            }
            let written = match decide(lease.as_ref(), &self.holder, seen.1.elapsed()) {
                Decision::Create => self.create().await,
                Decision::Take => self.write(&self.mine(lease.as_ref())).await.map(drop),
                Decision::WaitFor(other) if started.elapsed() >= patience => return Err(self.held_by(&other)),
                Decision::WaitFor(other) => {
                    tracing::info!(holder = other, "another run holds the lock, waiting");
                    sleep(LOOK_EVERY.min(patience)).await;
                    continue;
                }
            };
            match written {
                Ok(()) => return Ok(()),
                // Somebody was faster: look again.
                Err(failure)
                    if failure.reason == Reason::Conflict && started.elapsed() < patience + DURATION => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    fn held_by(&self, other: &str) -> Failure {
        Failure::new(
            Exit::Locked,
            Reason::Locked,
            format!("another run holds the lock: {other}"),
        )
        .on(self.object())
        .hint("wait until it ends, or pass a longer --lock-timeout; --no-lock ignores the lock")
    }

    fn object(&self) -> ObjectRef {
        ObjectRef::namespaced("Lease", &self.namespace, NAME)
    }

    fn api(&self) -> Api<Lease> {
        Api::namespaced(self.cluster.client.clone(), &self.namespace)
    }

    async fn look(&self) -> Result<Option<Lease>, Failure> {
        self.cluster.get::<Lease>(&self.namespace, NAME).await
    }

    async fn create(&self) -> Result<(), Failure> {
        let lease = self.mine(None);
        match self.api().create(&PostParams::default(), &lease).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = triage::failure(error, &self.object());
                if failure.reason != Reason::NotFound {
                    return Err(failure);
                }
                // The namespace is missing. The next look finds no lease and creates it.
                let body = crate::render::platform_namespace(&self.namespace);
                self.cluster
                    .apply_global::<Namespace>(&self.namespace, &body)
                    .await?;
                Err(Failure::new(
                    Exit::Transient,
                    Reason::Conflict,
                    "the lock's namespace has just been created",
                ))
            }
        }
    }

    /// The lease with us as its holder; keeps what identifies the live one, so that a race is a conflict.
    fn mine(&self, live: Option<&Lease>) -> Lease {
        let now = MicroTime(Timestamp::now());
        let before = live.and_then(|lease| lease.spec.clone()).unwrap_or_default();
        let same = before.holder_identity.as_deref() == Some(&self.holder);
        let transitions = before.lease_transitions.unwrap_or_default();
        let spec = LeaseSpec {
            holder_identity: Some(self.holder.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: before.acquire_time.filter(|_| same).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(if live.is_some() && !same {
                transitions + 1
            } else {
                transitions
            }),
            ..before
        };
        let metadata = live
            .map(|lease| lease.metadata.clone())
            .unwrap_or_else(|| ObjectMeta {
                name: Some(NAME.to_owned()),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            });
        Lease {
            metadata,
            spec: Some(spec),
        }
    }

    async fn write(&self, lease: &Lease) -> Result<Lease, Failure> {
        self.api()
            .replace(NAME, &PostParams::default(), lease)
            .await
            .map_err(|error| triage::failure(error, &self.object()))
    }
}

/// Renews until aborted; when somebody else has it, or it could not be renewed in time, asks the run to stop.
async fn keep(keeper: Keeper, stop: Stop) {
    let mut renewed = Instant::now();
    loop {
        sleep(RENEW_EVERY).await;
        let result = match keeper.look().await {
            Ok(Some(lease)) if holder(&lease) == keeper.holder => {
                keeper.write(&keeper.mine(Some(&lease))).await.map(|_| true)
            }
            Ok(_) => Ok(false),
            Err(failure) => Err(failure),
        };
        match result {
            Ok(true) => renewed = Instant::now(),
            Ok(false) => return stop.request(Cause::LockLost),
            Err(_) if renewed.elapsed() >= DURATION => return stop.request(Cause::LockLost),
            Err(failure) => tracing::warn!(%failure, "the lock could not be renewed, trying again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_lease(holder: &str) -> Lease {
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(30),
            ..LeaseSpec::default()
        };
        Lease {
            spec: Some(spec),
            ..Lease::default()
        }
    }

    #[test]
    fn only_a_free_own_or_dead_lock_is_taken() {
        let fresh = Duration::from_secs(29);
        assert_eq!(decide(None, "me", fresh), Decision::Create);
        assert_eq!(decide(Some(&mk_lease("")), "me", fresh), Decision::Take);
        assert_eq!(decide(Some(&mk_lease("me")), "me", fresh), Decision::Take);
        assert_eq!(
            decide(Some(&mk_lease("other")), "me", fresh),
            Decision::WaitFor("other".to_owned())
        );
        assert_eq!(
            decide(Some(&mk_lease("other")), "me", Duration::from_secs(30)),
            Decision::Take
        );
    }
}
