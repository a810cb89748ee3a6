//! Scheduled jobs.

use super::super::{
    Category::Jobs,
    Check, Facts, Finding, Probe, Skip,
    object::{conditions, describe, name, named, namespace, text},
    sources::{CRON_JOBS, JOBS},
};
use super::waves::owner;
use crate::model::{failure::Reason, names, object::ObjectRef, schedule::Schedule};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

pub(super) const CHECKS: &[Check] = &[
    Check::warning("APX-JOB-001", Jobs, "no scheduled job is suspended", suspended)
        .means("What it keeps in order drifts.")
        .mended("Resume it once what it was suspended for is over.")
        .after(&["APX-CLU-003"])
        .reading(&[CRON_JOBS]),
    Check::error(
        "APX-JOB-002",
        Jobs,
        "every scheduled job ran well within three of its periods",
        overdue,
    )
    .means("What it keeps in order has not been looked at for longer than it should.")
    .mended("Look at its last Jobs: the Event of a failed one says why.")
    .after(&["APX-CLU-003"])
    .reading(&[CRON_JOBS, JOBS]),
    Check::warning(
        "APX-JOB-003",
        Jobs,
        "the last run of every scheduled job was good",
        failed,
    )
    .means("The next run may mend it; if it does not, APX-JOB-002 says so.")
    .mended("Read the log of the failed Job.")
    .after(&["APX-CLU-003"])
    .reading(&[CRON_JOBS, JOBS]),
    Check::error(
        "APX-JOB-004",
        Jobs,
        "the scheduled jobs have their configuration",
        configured,
    )
    .means("Their Pods do not start without ConfigMap aphex-ops-config.")
    .mended("Run `aphex-ops install`.")
    .after(&["APX-CLU-003"])
    .reading(&[CRON_JOBS])
    .probing(&[Probe::JobsConfig]),
    Check::warning("APX-JOB-005", Jobs, "every schedule can be read", readable)
        .means("Nobody can tell whether it is overdue.")
        .mended("Write the schedule in the five fields of cron.")
        .after(&["APX-CLU-003"])
        .reading(&[CRON_JOBS]),
];

/// Those that `install` made.
fn ours(facts: &Facts) -> Result<Vec<&Value>, Skip> {
    let all = facts.all(CRON_JOBS)?.iter();
    let is_ours = |job: &&Value| {
        namespace(job) == facts.config.namespaces.platform
            && job["metadata"]["labels"][names::PART_OF_LABEL] == names::INSTALL_PART
    };
    let ours: Vec<&Value> = all.filter(is_ours).collect();
    match ours.is_empty() {
        true => Err(Skip::NotInstalled(
            "no scheduled job; `aphex-ops install` puts them into the cluster".to_owned(),
        )),
        false => Ok(ours),
    }
}

fn is_suspended(job: &Value) -> bool {
    job["spec"]["suspend"] == true
}

fn suspended(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let found = ours(facts)?
        .into_iter()
        .filter(|job| is_suspended(job))
        .map(|job| {
            let remedy = format!(
                "kubectl -n {} patch cronjob {} -p '{{\"spec\":{{\"suspend\":false}}}}'",
                namespace(job),
                name(job)
            );
            Finding::new(
                named(job),
                Reason::Paused,
                "it is suspended, so it does not run",
                remedy,
            )
        });
    Ok(found.collect())
}

fn overdue(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for job in ours(facts)?.into_iter().filter(|job| !is_suspended(job)) {
        let succeeded = time(job, "/status/lastSuccessfulTime");
        let since = succeeded.max(time(job, "/metadata/creationTimestamp"));
        let Some(schedule) = Schedule::parse(text(job, "/spec/schedule")) else {
            continue;
        };
        if schedule.is_overdue(since, now(facts)) {
            let last = succeeded.map_or("it never ran well".to_owned(), |at| {
                format!("its last good run was {at}")
            });
            let why = last_job(facts, job)
                .and_then(failure)
                .map(|(_, message)| format!("; its last Job: {message}"));
            let object = named(job);
            let remedy = match last_job(facts, job) {
                Some(last) => format!("kubectl -n {} logs job/{}", namespace(job), name(last)),
                None => describe(&object),
            };
            found.push(Finding::new(
                object,
                Reason::NotReady,
                format!("{last}{}", why.unwrap_or_default()),
                remedy,
            ));
        }
    }
    Ok(found)
}

/// As schedules reckon.
fn time(job: &Value, pointer: &str) -> Option<Timestamp> {
    text(job, pointer).parse().ok()
}

fn now(facts: &Facts) -> Timestamp {
    Timestamp::from_second(facts.now.as_second()).unwrap_or_default()
}

/// Its newest Job.
fn last_job<'a>(facts: &'a Facts, of: &Value) -> Option<&'a Value> {
    let all = facts.known(JOBS).iter();
    let own = all.filter(|job| namespace(job) == namespace(of) && owner(job, "CronJob") == Some(name(of)));
    own.max_by_key(|job| text(job, "/metadata/creationTimestamp"))
}

fn failure(job: &Value) -> Option<(String, String)> {
    let failed = conditions(job, &["Failed"], "True").next()?;
    let failed = (
        text(failed, "/reason").to_owned(),
        text(failed, "/message").to_owned(),
    );
    Some(failed)
}

fn failed(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let overdue: Vec<ObjectRef> = overdue(facts)?
        .into_iter()
        .map(|finding| finding.object)
        .collect();
    facts.all(JOBS)?;
    let mut found = Vec::new();
    for job in ours(facts)?
        .into_iter()
        .filter(|job| !overdue.contains(&named(job)))
    {
        let Some((last, (reason, message))) =
            last_job(facts, job).and_then(|last| Some((last, failure(last)?)))
        else {
            continue;
        };
        let remedy = format!("kubectl -n {} logs job/{}", namespace(job), name(last));
        let message = format!("its last Job {} failed: {message}", name(last));
        found.push(Finding::new(named(job), reason, message, remedy));
    }
    Ok(found)
}

fn configured(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    ours(facts)?;
    let object = ObjectRef::namespaced("ConfigMap", &facts.config.namespaces.platform, names::CONFIG_MAP);
    let missing = !*facts.has_jobs_config.seen()?;
    let found = missing.then(|| Finding::missing(object, "it does not exist", "run `aphex-ops install`"));
    Ok(found.into_iter().collect())
}

fn readable(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let odd = ours(facts)?
        .into_iter()
        .filter(|job| Schedule::parse(text(job, "/spec/schedule")).is_none());
    let found = odd.map(|job| {
        let object = named(job);
        let message = format!(
            "its schedule {:?} is none that can be read",
            text(job, "/spec/schedule")
        );
        Finding::new(object, Reason::InvalidValue, message, "run `aphex-ops install`")
    });
    Ok(found.collect())
}
