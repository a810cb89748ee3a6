//! Kubernetes Events: what a run changed, on the objects that it changed or the tenants that these belong to; and why a
//! Job failed, on the Job.
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
        tenants::kinds::{KNOWLEDGE_BASE, ORGANIZATION, REPO_BINDING},
    },
};
use futures::{StreamExt, stream};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, api::PostParams};
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use tokio::time::timeout;

const LONGEST_NOTE: usize = 1024;
const LONGEST_INSTANCE: usize = 128;
/// Where Events about cluster-scoped objects live.
pub(super) const CLUSTER_SCOPED: &str = "default";
/// So many are written at once, and all of them within this time.
const CONCURRENCY: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);

/// The kinds that get Events.
const KINDS: [&Kind; 6] = [
    &NAMESPACE,
    &SECRET,
    &DEPLOYMENT,
    &ORGANIZATION,
    &REPO_BINDING,
    &KNOWLEDGE_BASE,
];

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

/// What writing the Events of a step takes: `create` in each namespace where it writes such objects, and in all of them if
/// it may write such objects wherever they are.
#[must_use]
pub fn rules(of_step: &[Rule]) -> Vec<Rule> {
    const VERBS: &[&str] = &["create"];
    let places = Places::of(of_step);
    if !places.everywhere.is_empty() {
        return vec![Rule::cluster("events.k8s.io", "events", [] as [String; 0], VERBS)];
    }
    let rule = |namespace| Rule::all(namespace, "events.k8s.io", "events", VERBS);
    places.namespaces.into_iter().map(rule).collect()
}

/// Where the objects are that a step writes.
#[derive(Debug, Default)]
struct Places<'a> {
    namespaces: BTreeSet<&'a str>,
    /// The kinds that it may write in any namespace. What it may do there by other rights than its rules is not known.
    everywhere: Vec<&'static Kind>,
}

impl<'a> Places<'a> {
    fn of(rules: &'a [Rule]) -> Self {
        // What is deleted gets no Event.
        const WRITES: [&str; 3] = ["create", "patch", "update"];
        let mut places = Self::default();
        let is_write = |rule: &&Rule| rule.verbs.iter().any(|verb| WRITES.contains(verb));
        for rule in rules.iter().filter(is_write) {
            let is_it = |kind: &&Kind| kind.plural == rule.resource && kind.group == rule.group;
            let Some(kind) = KINDS.into_iter().find(is_it) else {
                continue;
            };
            match rule.namespace.as_deref() {
                None if kind.is_namespaced => places.everywhere.push(kind),
                namespace => {
                    places.namespaces.insert(namespace.unwrap_or(CLUSTER_SCOPED));
                }
            }
        }
        places
    }

    /// Whether an Event is written on an object.
    fn have(&self, told: &Told) -> bool {
        kind_of(&told.object)
            .is_some_and(|kind| self.namespaces.contains(told.namespace()) || self.everywhere.contains(&kind))
    }
}

impl Cluster {
    /// Writes an Event on each object that was changed, or the tenant that it is a part of, and on each object whose failure is
    /// known, where the step may by its rules. Nothing for a run that changed nothing and failed nowhere.
    pub async fn tell_changes(&self, report: &Report, of_step: &[Rule], instance: &str) {
        let places = Places::of(of_step);
        let failures = report.failures.iter().filter_map(failure);
        let told = changes(&report.actions)
            .chain(failures)
            .filter(|told| places.have(told));
        let told =
            stream::iter(together(told)).for_each_concurrent(CONCURRENCY, |(object, told)| async move {
                let Some(regarding) = self.regarding(&object, &told).await else {
                    return;
                };
                for told in told {
                    self.tell(told, regarding.clone(), report.step, &report.run_id, instance)
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

    /// `None` for what is no Kubernetes object of a known kind, and for what was changed and is gone since: an Event on it
    /// would be an orphan.
    async fn regarding(&self, object: &ObjectRef, told: &[Told]) -> Option<ObjectReference> {
        let kind = kind_of(object)?;
        let api = self.dynamic(kind, object.namespace.as_deref());
        let uid = match api.get_metadata_opt(&object.name).await {
            Ok(Some(live)) => live.metadata.uid,
            Ok(None) if told.iter().all(|told| told.kind == CHANGED) => return None,
            Ok(None) | Err(_) => None,
        };
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

/// The type of an Event on what was changed, and on what failed.
const CHANGED: &str = "Normal";
const FAILED: &str = "Warning";

fn kind_of(object: &ObjectRef) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.name == object.kind)
}

/// What is said of an object itself comes before what is said of its parts: a note has an end.
fn changes(rows: &[ActionReport]) -> impl Iterator<Item = Told> {
    let (parts, wholes): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.part_of.is_some());
    wholes.into_iter().chain(parts).filter_map(change)
}

/// On what it is a part of, where people look for it, else on the object itself.
fn change(row: &ActionReport) -> Option<Told> {
    let reason = match row.outcome {
        Some(Outcome::Created) => "Created",
        Some(Outcome::Configured) => "Configured",
        // An Event on what is gone would be an orphan.
        Some(Outcome::Deleted | Outcome::Unchanged | Outcome::Skipped) | None => return None,
    };
    let (object, reason, note) = match &row.part_of {
        // With its first part it is not created, but configured.
        Some(whole) => (whole, "Configured", format!("{}: {}", row.object, row.message)),
        None => (&row.object, reason, row.message.clone()),
    };
    Some(Told {
        object: object.clone(),
        kind: CHANGED,
        reason: reason.to_owned(),
        note,
    })
}

/// By object, one Event for all that is to be said of it for the same reason, however many parts it has.
fn together(told: impl Iterator<Item = Told>) -> HashMap<ObjectRef, Vec<Told>> {
    let mut objects: HashMap<ObjectRef, Vec<Told>> = HashMap::new();
    for told in told {
        let all = objects.entry(told.object.clone()).or_default();
        match all.iter_mut().find(|other| other.reason == told.reason) {
            Some(other) => {
                other.note.push_str("; ");
                other.note.push_str(&told.note);
            }
            None => all.push(told),
        }
    }
    objects
}

fn failure(failure: &FailureReport) -> Option<Told> {
    Some(Told {
        object: failure.object.clone()?,
        kind: FAILED,
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
    fn events_of_tenants_are_written_wherever_these_are() {
        let none = [] as [String; 0];
        let tenants = Rule::cluster(ORGANIZATION.group, ORGANIZATION.plural, none.clone(), &["patch"]);
        let others = Rule::named("a", "", "secrets", ["x"], &["patch"]);
        let [rule] = rules(&[others, tenants]).try_into().unwrap();
        assert_eq!(rule, Rule::cluster("events.k8s.io", "events", none, &["create"]));
    }

    fn mk_row(object: ObjectRef, part_of: Option<ObjectRef>, outcome: Outcome) -> ActionReport {
        ActionReport {
            object,
            part_of,
            verb: crate::converge::Verb::Update,
            outcome: Some(outcome),
            reason: None,
            message: "apply what differs".to_owned(),
        }
    }

    #[test]
    fn all_that_was_done_for_a_tenant_is_one_event_on_it() {
        let tenant = ObjectRef::namespaced("Organization", "platform-system", "acme");
        let part = |name: &str, outcome| {
            mk_row(
                ObjectRef::namespaced("Trigger", "org-acme", name),
                Some(tenant.clone()),
                outcome,
            )
        };
        let rows = [
            part("a", Outcome::Configured),
            part("b", Outcome::Configured),
            part("gone", Outcome::Deleted),
            mk_row(tenant.clone(), None, Outcome::Configured),
            part("c", Outcome::Created),
        ];
        let told: Vec<Told> = together(changes(&rows)).into_values().flatten().collect();
        assert!(told.iter().all(|told| told.object == tenant));
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|told| (told.reason.as_str(), told.note.as_str()))
            .collect();
        let note = "apply what differs; Trigger org-acme/a: apply what differs; \
                    Trigger org-acme/b: apply what differs; Trigger org-acme/c: apply what differs";
        assert_eq!(told, [("Configured", note)]);
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
