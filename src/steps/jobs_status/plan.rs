//! What the times of the scheduled jobs mean.

use super::{JobSeen, Seen};
use crate::{
    converge::{
        Plan,
        contract::{Note, Nothing, Refusal},
    },
    model::{
        exit::Exit,
        failure::Reason,
        object::ObjectRef,
        schedule::{PERIODS, Schedule},
    },
};
use k8s_openapi::jiff::{Timestamp, Unit};

pub(super) fn plan(seen: &Seen) -> Plan<Nothing> {
    let mut plan = Plan::default();
    let mut jobs: Vec<&JobSeen> = seen.jobs.iter().collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.succeeded));
    for job in jobs {
        let object = ObjectRef::namespaced("CronJob", &seen.namespace, &job.name);
        let times = times(job, seen.now);
        match (job.is_suspended, is_overdue(job, seen.now)) {
            (true, _) => {
                let message = format!("suspended, so it does not run; {times}");
                plan.notes.push(Note::warning(object, Reason::Paused, message));
            }
            (false, true) => plan.refused.push(Refusal {
                exit: Exit::CheckFailed,
                reason: Reason::NotReady,
                message: format!("no good run in the last {PERIODS} times of its schedule; {times}"),
                hint: format!(
                    "kubectl -n {0} describe cronjob {1} shows its last Jobs, and describe of the last Job why it failed",
                    seen.namespace, job.name
                ),
                object,
            }),
            (false, false) => plan.notes.push(Note::unchanged(object, times)),
        }
    }
    if seen.jobs.is_empty() {
        let message = "no scheduled job is installed: `aphex-ops install` puts them into the cluster";
        let object = ObjectRef::global("Namespace", &seen.namespace);
        plan.notes.push(Note::warning(object, Reason::NotFound, message));
    }
    plan
}

/// Whether its last good run, or its creation if there was none, is more than so many periods ago. A schedule that is not
/// understood is never overdue.
fn is_overdue(job: &JobSeen, now: Timestamp) -> bool {
    let schedule = Schedule::parse(&job.schedule);
    schedule.is_some_and(|schedule| schedule.is_overdue(job.succeeded.max(job.created), now))
}

fn times(job: &JobSeen, now: Timestamp) -> String {
    let last = match job.succeeded {
        Some(time) => format!("last good run {}", shown(time)),
        None => "no good run yet".to_owned(),
    };
    let next = match Schedule::parse(&job.schedule).and_then(|schedule| schedule.next(now)) {
        _ if job.is_suspended => String::new(),
        Some(time) => format!(", next {}", shown(time)),
        None => format!(", next as {:?} says", job.schedule),
    };
    let active = match job.active {
        0 => "",
        _ => ", one is under way",
    };
    format!("{last}{next}{active}")
}

/// RFC 3339 in UTC, to the second.
fn shown(time: Timestamp) -> String {
    time.round(Unit::Second).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_time(text: &str) -> Timestamp {
        format!("2026-11-24T{text}Z").parse().unwrap()
    }

    fn mk_job(succeeded: Option<&str>) -> JobSeen {
        JobSeen {
            name: "aphex-ops-dex-sync".to_owned(),
            schedule: "*/5 * * * *".to_owned(),
            is_suspended: false,
            created: Some(mk_time("11:00:00")),
            succeeded: succeeded.map(mk_time),
            active: 0,
        }
    }

    fn mk_plan(job: JobSeen) -> Plan<Nothing> {
        plan(&Seen {
            namespace: "platform-system".to_owned(),
            now: mk_time("12:01:00"),
            jobs: vec![job],
        })
    }

    #[test]
    fn the_times_of_a_job_that_runs_are_told() {
        let plan = mk_plan(mk_job(Some("12:00:04.25")));
        assert!(plan.refused.is_empty());
        let expected = "last good run 2026-11-24T12:00:04Z, next 2026-11-24T12:05:00Z";
        assert_eq!(plan.notes[0].message, expected);
        assert_eq!(plan.notes[0].reason, None);
    }

    #[test]
    fn three_missed_times_are_allowed_and_no_more() {
        for (succeeded, is_overdue) in [("11:45:03", false), ("11:44:59", true), ("11:00:00", true)] {
            let plan = mk_plan(mk_job(Some(succeeded)));
            assert_eq!(!plan.refused.is_empty(), is_overdue, "{succeeded}");
        }
        assert_eq!(mk_plan(mk_job(None)).refused[0].exit, Exit::CheckFailed);
    }

    #[test]
    fn a_new_job_has_time_for_its_first_run() {
        let mut job = mk_job(None);
        job.created = Some(mk_time("11:59:00"));
        let plan = mk_plan(job);
        assert_eq!(
            plan.notes[0].message,
            "no good run yet, next 2026-11-24T12:05:00Z"
        );
    }

    #[test]
    fn a_suspended_job_is_told_of_and_not_overdue() {
        let mut job = mk_job(None);
        job.is_suspended = true;
        let plan = mk_plan(job);
        assert!(plan.refused.is_empty());
        assert_eq!(plan.notes[0].reason, Some(Reason::Paused));
    }

    #[test]
    fn a_schedule_of_another_dialect_is_shown_as_it_is() {
        let mut job = mk_job(Some("11:00:00"));
        job.schedule = "@every 5m".to_owned();
        let plan = mk_plan(job);
        assert!(plan.notes[0].message.ends_with("next as \"@every 5m\" says"));
    }
}
