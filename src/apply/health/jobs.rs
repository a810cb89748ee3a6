//! Jobs and CronJobs.
//!
//! Only what a Job's controller says at the very end counts: before its last Pods have ended it says that the Job will
//! succeed (`SuccessCriteriaMet`, KEP-3998) or fail (`FailureTarget`, KEP-3329).

use super::{
    Health, Need, Rule, Verdict,
    needs::selector,
    subject::{Subject, text},
    workloads::{explained, found_trouble},
};
use serde_json::Value;

pub(super) const RULES: &[Rule] = &[
    Rule::new("batch", "Job", job).needing(pods),
    Rule::new("batch", "CronJob", cron_job).needing(jobs),
];

/// The reason of a container that a Job's own limit of tries deals with.
const CRASHED: &str = "CrashLoopBackOff";

fn pods(live: &Value) -> Vec<Need> {
    let namespace = text(live, "/metadata/namespace");
    let labels = selector(&live["spec"]["selector"]);
    let need = labels.map(|labels| Need::selected("", "Pod", namespace, labels));
    need.into_iter().collect()
}

fn jobs(live: &Value) -> Vec<Need> {
    // The Jobs of a CronJob have no label that says so.
    let namespace = text(live, "/metadata/namespace");
    vec![Need::selected("batch", "Job", namespace, String::new())]
}

fn job(subject: &Subject<'_>) -> Verdict {
    let is = |kind| subject.condition(kind).filter(|found| found.is_true());
    if let Some(found) = is("Complete") {
        return found.verdict(Health::Current);
    }
    if let Some(found) = is("Failed") {
        return found.verdict(Health::Failed);
    }
    if let Some(found) = is("FailureTarget") {
        return found.verdict(Health::Degraded);
    }
    // What its status says of this may be of before it was resumed.
    if subject.live["spec"]["suspend"] == true {
        return Verdict::new(Health::Suspended, "it is suspended");
    }
    if is("SuccessCriteriaMet").is_some() {
        return Verdict::progressing("it has succeeded, and its last Pods are ending");
    }
    running(subject)
}

/// A Pod that fails is tried again as often as the Job says, so only one that does not even start is trouble.
fn running(subject: &Subject<'_>) -> Verdict {
    let done = subject.count("/status/succeeded");
    let wanted = subject.number("/spec/completions").unwrap_or(1);
    let verdict = Verdict::progressing(format!("{done} of {wanted} Pods have succeeded"));
    let pods = subject.found.pods();
    let pods = pods.into_iter().filter(|pod| pod["status"]["phase"] != "Failed");
    explained(verdict, found_trouble(pods), |trouble| trouble.reason != CRASHED)
}

/// Nobody waits for what runs at some later time.
fn cron_job(subject: &Subject<'_>) -> Verdict {
    if subject.live["spec"]["suspend"] == true {
        return Verdict::new(Health::Suspended, "it is suspended").not_gating();
    }
    let need = jobs(subject.live);
    let found = need.first().map(|need| subject.found.objects(need));
    let Some(Ok(found)) = found else {
        return Verdict::current("it exists");
    };
    let uid = &subject.live["metadata"]["uid"];
    let is_of_it = |job: &&Value| {
        let owners = super::subject::list(job, "/metadata/ownerReferences");
        owners.iter().any(|owner| owner["uid"] == *uid)
    };
    let ended = found.iter().filter(is_of_it).filter_map(|job| {
        let conditions = super::subject::list(job, "/status/conditions");
        let is = |kind: &str| {
            conditions
                .iter()
                .any(|c| c["type"] == kind && c["status"] == "True")
        };
        (is("Complete") || is("Failed"))
            .then(|| (text(job, "/metadata/creationTimestamp"), job, is("Failed")))
    });
    match ended.max_by_key(|(created, ..)| *created) {
        Some((_, job, true)) => {
            let name = text(job, "/metadata/name");
            Verdict::degraded(format!("its last Job, {name}, failed")).not_gating()
        }
        _ => Verdict::current("it exists"),
    }
}
