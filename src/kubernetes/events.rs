//! Kubernetes Events: what a run changed, on the objects that it changed; and why a Job failed, on the Job.
//!
//! They are for people (`kubectl describe`) and best effort: an Event that cannot be written fails nothing. They carry the
//! object's uid, since `kubectl describe` shows no others. (API: events.k8s.io/v1; a note has at most 1 kB.)

use super::Cluster;
use crate::{
    converge::{
        Outcome, Report,
        report::{ActionReport, FailureReport},
    },
    model::{
        kind::{DEPLOYMENT, Kind, NAMESPACE, SECRET},
        names,
        object::ObjectRef,
        rule::Rule,
    },
};
use futures::{StreamExt, stream};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, api::PostParams};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::timeout;

const LONGEST_NOTE: usize = 1024;
const LONGEST_INSTANCE: usize = 128;
/// Where Events about cluster-scoped objects live.
pub(super) const CLUSTER_SCOPED: &str = "default";
/// So many are written at once, and all of them within this time.
const CONCURRENCY: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// The kinds that get Events.
const KINDS: [&Kind; 3] = [&NAMESPACE, &SECRET, &DEPLOYMENT];

/// The Job that a run belongs to, by what its Pod's environment says.
#[derive(Debug, Clone)]
pub struct OwnJob {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// What writing the Events of a step takes: `create` in each namespace where it writes such objects.
#[must_use]
pub fn rules(of_step: &[Rule]) -> Vec<Rule> {
    let rule = |namespace: &str| Rule::all(namespace, "events.k8s.io", "events", &["create"]);
    namespaces(of_step).into_iter().map(rule).collect()
}

fn namespaces(of_step: &[Rule]) -> BTreeSet<&str> {
    // What is deleted gets no Event.
    const WRITES: [&str; 3] = ["create", "patch", "update"];
    let has_events = |rule: &Rule| KINDS.iter().any(|kind| kind.plural == rule.resource);
    let is_written = |rule: &&Rule| has_events(rule) && rule.verbs.iter().any(|verb| WRITES.contains(verb));
    let written = of_step.iter().filter(is_written);
    written
        .map(|rule| rule.namespace.as_deref().unwrap_or(CLUSTER_SCOPED))
        .collect()
}

impl Cluster {
    /// Writes an Event on each object that was changed, and on each whose failure is known, where the step may by its
    /// rules. Nothing for a run that changed nothing and failed nowhere.
    pub async fn tell_changes(&self, report: &Report, of_step: &[Rule], instance: &str) {
        let namespaces = namespaces(of_step);
        let changes = report.actions.iter().filter_map(change);
        let failures = report.failures.iter().filter_map(failure);
        let told = changes
            .chain(failures)
            .filter(|told| namespaces.contains(told.namespace()));
        let told = stream::iter(told).for_each_concurrent(CONCURRENCY, |told| async move {
            if let Some(regarding) = self.regarding(&told.object).await {
                self.tell(told, regarding, report.step, &report.run_id, instance)
                    .await;
            }
        });
        if timeout(PATIENCE, told).await.is_err() {
            tracing::debug!("the Events took too long and are left out");
        }
    }

    /// Writes an Event on the Job that a failed run belongs to.
    pub async fn tell_job(
        &self,
        job: &OwnJob,
        failure: &FailureReport,
        step: &str,
        run_id: &str,
        instance: &str,
    ) {
        let object = ObjectRef::namespaced("Job", &job.namespace, &job.name);
        let hint = failure.hint.as_deref().unwrap_or_default();
        let about = failure
            .object
            .as_ref()
            .map(|object| format!("{object}: "))
            .unwrap_or_default();
        let told = Told {
            object: object.clone(),
            kind: "Warning",
            reason: failure.reason.to_string(),
            note: format!("{step}: exit {}: {about}{} {hint}", failure.exit, failure.message),
        };
        let regarding = reference(&object, "batch/v1", Some(job.uid.clone()));
        if timeout(PATIENCE, self.tell(told, regarding, step, run_id, instance))
            .await
            .is_err()
        {
            tracing::debug!("the Event took too long and is left out");
        }
    }

    /// `None` for what is no Kubernetes object of a known kind.
    async fn regarding(&self, object: &ObjectRef) -> Option<ObjectReference> {
        let kind = KINDS.into_iter().find(|kind| kind.name == object.kind)?;
        let api = self.dynamic(kind, object.namespace.as_deref());
        let live = api.get_metadata_opt(&object.name).await.ok().flatten();
        let uid = live.and_then(|live| live.metadata.uid);
        Some(reference(object, &kind.api_version(), uid))
    }

    async fn tell(&self, told: Told, regarding: ObjectReference, step: &str, run_id: &str, instance: &str) {
        let namespace = told.namespace().to_owned();
        let event = Event {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}.{run_id}-", told.object.name)),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            action: Some(step.replace(' ', "-")),
            event_time: Some(MicroTime(Timestamp::now())),
            note: Some(cut(&told.note, LONGEST_NOTE)),
            reason: Some(told.reason),
            regarding: Some(regarding),
            reporting_controller: Some(names::PRODUCT.to_owned()),
            reporting_instance: Some(cut(instance, LONGEST_INSTANCE)),
            type_: Some(told.kind.to_owned()),
            ..Event::default()
        };
        let api = Api::<Event>::namespaced(self.client.clone(), &namespace);
        if let Err(error) = api.create(&PostParams::default(), &event).await {
            tracing::debug!(%error, object = %told.object, "an Event was not written");
        }
    }
}

/// What an Event says.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    object: ObjectRef,
    kind: &'static str,
    reason: String,
    note: String,
}

impl Told {
    /// Where an Event about that object lives.
    fn namespace(&self) -> &str {
        self.object.namespace.as_deref().unwrap_or(CLUSTER_SCOPED)
    }
}

fn change(row: &ActionReport) -> Option<Told> {
    let reason = match row.outcome? {
        Outcome::Created => "Created",
        Outcome::Configured => "Configured",
        // An Event on what is gone would be an orphan.
        Outcome::Deleted | Outcome::Unchanged | Outcome::Skipped => return None,
    };
    Some(Told {
        object: row.object.clone(),
        kind: "Normal",
        reason: reason.to_owned(),
        note: row.message.clone(),
    })
}

fn failure(failure: &FailureReport) -> Option<Told> {
    Some(Told {
        object: failure.object.clone()?,
        kind: "Warning",
        reason: failure.reason.to_string(),
        note: failure.message.clone(),
    })
}

fn reference(object: &ObjectRef, api_version: &str, uid: Option<String>) -> ObjectReference {
    ObjectReference {
        api_version: Some(api_version.to_owned()),
        kind: Some(object.kind.clone()),
        namespace: object.namespace.clone(),
        name: Some(object.name.clone()),
        uid,
        ..ObjectReference::default()
    }
}

/// At most so many bytes, with a sign that something is missing.
fn cut(text: &str, longest: usize) -> String {
    const MISSING: &str = "…";
    if text.len() <= longest {
        return text.trim_end().to_owned();
    }
    let end = text.floor_char_boundary(longest - MISSING.len());
    format!("{}{MISSING}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_need_create_where_objects_are_written() {
        let rules = rules(&[
            Rule::named("a", "", "secrets", ["x"], &["get", "patch"]),
            Rule::named("a", "apps", "deployments", ["x"], &["patch"]),
            Rule::named("b", "", "secrets", ["x"], &["get"]),
            Rule::named("c", "coordination.k8s.io", "leases", ["x"], &["update"]),
            Rule::cluster("", "namespaces", ["n"], &["create"]),
        ]);
        let namespaces: Vec<_> = rules
            .iter()
            .filter_map(|rule| rule.namespace.as_deref())
            .collect();
        assert_eq!(namespaces, ["a", "default"]);
        assert!(rules.iter().all(|rule| rule.verbs == ["create"]));
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        assert_eq!(cut("short ", 10), "short");
        let text = "ä".repeat(600);
        let short = cut(&text, LONGEST_NOTE);
        assert!(
            short.len() <= LONGEST_NOTE && short.ends_with("ä…"),
            "{}",
            short.len()
        );
    }
}
