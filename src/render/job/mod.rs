//! A command as a Kubernetes Job or CronJob with an account of its own that may do what the command does, no more.
//!
//! The contract of the process with the Job controller: restartPolicy Never, so that every attempt is a Pod with a
//! termination message of its own; a `podFailurePolicy` from the table of exit codes; deadlines so that nothing runs for
//! ever (Job API, batch/v1; the fields used exist since Kubernetes 1.26 and are stable in 1.31, on by default in 1.30).

pub mod pod;
pub mod resources;

use super::{
    rbac::{self, Account},
    value,
};
use crate::model::{
    config::Config,
    exit::{Exit, InJob},
    names,
    rule::Rule,
};
use k8s_openapi::{
    api::{
        batch::v1::{
            CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec, PodFailurePolicy,
            PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
            PodFailurePolicyRule,
        },
        core::v1::{LocalObjectReference, ServiceAccount},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Attempts after the first one, with 10 s to 6 min between them.
const BACKOFF_LIMIT: i32 = 6;
/// A finished Job and its Pods are kept for a day.
const KEPT_FOR: i32 = 86_400;
/// A CronJob's run that could not start for so long is left to the next one, seconds.
const STARTING_DEADLINE: i64 = 300;
/// How often a whole run of the longest duration fits into a Job's life.
const RUNS_IN_A_LIFE: u32 = 3;
/// What a run takes beside its steps: the wait for the lock, the start of the Pod, the end.
const BESIDE_THE_STEPS: Duration = Duration::from_secs(120);

/// A command as it runs in the cluster.
#[derive(Debug, Clone)]
pub struct Command {
    /// Its words without the program's name: `["secrets", "generate"]`.
    pub words: Vec<String>,
    /// What the objects are named after: `secrets-generate`.
    pub name: String,
    /// How many steps it runs.
    pub steps: u32,
    /// The longest time for each of them.
    pub timeout: Duration,
    /// When it runs, in the five fields of cron; `None` is a Job.
    pub schedule: Option<String>,
    /// Whether it only looks: then what fails is not tried again.
    pub read_only: bool,
    /// The permissions that it needs.
    pub rules: Vec<Rule>,
    /// Its container's image.
    pub image: String,
}

/// The image of this version, before the configuration's replacements: one that is loaded into the nodes, not pulled.
#[must_use]
pub fn image(config: &Config) -> String {
    let image = format!("localhost/{}:{}", names::PRODUCT, env!("CARGO_PKG_VERSION"));
    config.replaced_image(&image)
}

/// ServiceAccount, Roles with their bindings, and last the Job or CronJob.
#[must_use]
pub fn objects(command: &Command, config: &Config) -> Vec<Value> {
    let metadata = metadata(command, config);
    let account = ServiceAccount {
        metadata: metadata.clone(),
        // The Pod mounts a short-lived token itself.
        automount_service_account_token: Some(false),
        image_pull_secrets: pull_secrets(config),
        ..ServiceAccount::default()
    };
    let grantee = Account {
        namespace: &config.namespaces.platform,
        name: &full_name(command),
    };
    let mut rules = command.rules.clone();
    rules.push(tell_why(&config.namespaces.platform));
    let mut objects = vec![value(&account)];
    objects.extend(rbac::objects(&rules, &full_name(command), grantee));
    objects.push(match &command.schedule {
        None => value(&Job {
            metadata,
            spec: Some(job(command)),
            status: None,
        }),
        Some(schedule) => value(&CronJob {
            metadata,
            spec: Some(cron(command, schedule)),
            status: None,
        }),
    });
    objects
}

/// What every Job may besides: say in an Event on itself why it failed. Events cannot be limited by name.
fn tell_why(namespace: &str) -> Rule {
    Rule::all(namespace, "events.k8s.io", "events", &["create"])
}

fn full_name(command: &Command) -> String {
    format!("{}-{}", names::PRODUCT, command.name)
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), names::PRODUCT.to_owned()),
        (names::MANAGED_BY_LABEL.to_owned(), names::PRODUCT.to_owned()),
    ])
}

fn metadata(command: &Command, config: &Config) -> ObjectMeta {
    ObjectMeta {
        name: Some(full_name(command)),
        namespace: Some(config.namespaces.platform.clone()),
        labels: Some(labels()),
        ..ObjectMeta::default()
    }
}

fn pull_secrets(config: &Config) -> Option<Vec<LocalObjectReference>> {
    let references = config.image_pull_secrets.iter();
    let references: Vec<_> = references
        .map(|name| LocalObjectReference { name: name.clone() })
        .collect();
    (!references.is_empty()).then_some(references)
}

fn cron(command: &Command, schedule: &str) -> CronJobSpec {
    CronJobSpec {
        schedule: schedule.to_owned(),
        concurrency_policy: Some("Forbid".to_owned()),
        starting_deadline_seconds: Some(STARTING_DEADLINE),
        successful_jobs_history_limit: Some(3),
        failed_jobs_history_limit: Some(3),
        job_template: JobTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(labels()),
                ..ObjectMeta::default()
            }),
            spec: Some(job(command)),
        },
        ..CronJobSpec::default()
    }
}

fn job(command: &Command) -> JobSpec {
    JobSpec {
        backoff_limit: Some(if command.read_only { 0 } else { BACKOFF_LIMIT }),
        active_deadline_seconds: Some(deadline(command.steps, command.timeout)),
        ttl_seconds_after_finished: Some(KEPT_FOR),
        pod_failure_policy: Some(failure_policy()),
        template: pod::template(command),
        ..JobSpec::default()
    }
}

/// Above the longest that the command gives itself, so that it is always the command that says why it ended.
fn deadline(steps: u32, timeout: Duration) -> i64 {
    let run = timeout * steps + BESIDE_THE_STEPS;
    i64::try_from((run * RUNS_IN_A_LIFE).as_secs()).unwrap_or(i64::MAX)
}

/// The first rule that fits decides: an attempt that Kubernetes ended itself is free; what no attempt can mend ends the
/// Job; everything else counts.
fn failure_policy() -> PodFailurePolicy {
    let codes_for = |action: InJob| {
        let codes = Exit::ALL
            .into_iter()
            .filter(move |exit| exit.in_a_job() == action);
        codes.map(|exit| i32::from(exit.code())).collect()
    };
    let on_codes = |action: InJob, name: &str| PodFailurePolicyRule {
        action: name.to_owned(),
        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
            container_name: Some(names::PRODUCT.to_owned()),
            operator: "In".to_owned(),
            values: codes_for(action),
        }),
        on_pod_conditions: None,
    };
    let disrupted = PodFailurePolicyRule {
        action: "Ignore".to_owned(),
        on_exit_codes: None,
        on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
        }]),
    };
    let rules = vec![
        disrupted,
        on_codes(InJob::Fail, "FailJob"),
        on_codes(InJob::Count, "Count"),
    ];
    PodFailurePolicy { rules }
}

#[cfg(test)]
mod tests;
