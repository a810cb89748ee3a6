//! Pods that nobody but us keeps.
//!
//! kstatus takes a failed Pod for current since it "completed"; here it has failed.

use super::{Health, Rule, Verdict, subject::Subject, workloads::found_trouble};

pub(super) const RULES: &[Rule] = &[Rule::new("", "Pod", pod)];

fn pod(subject: &Subject<'_>) -> Verdict {
    let phase = subject.text("/status/phase");
    let trouble = found_trouble(std::iter::once(subject.live));
    match (phase, trouble) {
        ("Failed", trouble) => {
            let reason = trouble.map_or_else(|| "Failed".to_owned(), |trouble| trouble.reason);
            let verdict = Verdict::failed("it ended with a failure");
            verdict.and(subject.text("/status/message")).because(reason)
        }
        ("Succeeded", _) => Verdict::current("it is done"),
        (_, Some(trouble)) if trouble.is_blocking => {
            Verdict::degraded(trouble.to_string()).because(trouble.reason)
        }
        (_, Some(trouble)) => Verdict::progressing(trouble.to_string()).because(trouble.reason),
        (_, None) if !is_to_stay(subject) => Verdict::progressing("it is not done yet"),
        ("Running", None) if subject.is_true("Ready") => Verdict::current("it is ready"),
        _ => match subject.condition("Ready") {
            Some(found) if found.is_false() => found.verdict(Health::Progressing),
            _ => Verdict::progressing("it is not ready yet"),
        },
    }
}

/// Whether it is meant to run, and not to come to an end.
fn is_to_stay(subject: &Subject<'_>) -> bool {
    matches!(subject.text("/spec/restartPolicy"), "" | "Always")
}
