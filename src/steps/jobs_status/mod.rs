//! `jobs status`: when each scheduled job ran well last, and when it runs next.

mod plan;

use crate::{
    converge::{Context, Meta, Outcome, Plan, Schedule, Step, contract::Nothing},
    model::{config::Config, failure::Failure, names, rule::Rule},
};

use k8s_openapi::{api::batch::v1::CronJob, jiff::Timestamp};

/// How many CronJobs are looked at; `install` makes fewer.
const LIMIT: u32 = 100;

/// Report when each scheduled job ran well last, and when it runs next.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct JobsStatus {}

/// What was seen of the scheduled jobs.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where they were looked for.
    namespace: String,
    now: Timestamp,
    jobs: Vec<JobSeen>,
}

/// What was seen of one CronJob.
#[derive(Debug, Clone, PartialEq)]
struct JobSeen {
    name: String,
    schedule: String,
    is_suspended: bool,
    created: Option<Timestamp>,
    succeeded: Option<Timestamp>,
    /// How many runs are under way.
    active: usize,
}

impl Step for JobsStatus {
    const META: Meta = Meta {
        command: "jobs status",
        summary: "every scheduled job has run well of late",
        schedule: Schedule::Once,
        read_only: true,
    };
    type Observed = Seen;
    type Action = Nothing;

    fn rules(&self, config: &Config) -> Vec<Rule> {
        vec![Rule::all(
            &config.namespaces.platform,
            "batch",
            "cronjobs",
            &["list"],
        )]
    }

    async fn observe(&self, cx: &Context) -> Result<Seen, Failure> {
        let namespace = cx.config.namespaces.platform.clone();
        let labels = format!("{}={}", names::PART_OF_LABEL, names::INSTALL_PART);
        let jobs = cx.cluster.list::<CronJob>(&namespace, &labels, LIMIT).await?;
        Ok(Seen {
            namespace,
            now: Timestamp::now(),
            jobs: jobs.into_iter().map(seen).collect(),
        })
    }

    fn plan(&self, seen: &Seen) -> Plan<Nothing> {
        plan::plan(seen)
    }

    async fn apply(&self, _: &Context, action: Nothing) -> Result<Outcome, Failure> {
        match action {}
    }
}

fn seen(job: CronJob) -> JobSeen {
    let spec = job.spec.unwrap_or_default();
    let status = job.status.unwrap_or_default();
    JobSeen {
        name: job.metadata.name.unwrap_or_default(),
        schedule: spec.schedule,
        is_suspended: spec.suspend == Some(true),
        created: job.metadata.creation_timestamp.map(|time| time.0),
        succeeded: status.last_successful_time.map(|time| time.0),
        active: status.active.unwrap_or_default().len(),
    }
}
