//! PersistentVolumes and the claims on them.

use super::{
    Health, Need, Rule, Verdict,
    subject::{Subject, text},
};
use serde_json::Value;

pub(super) const RULES: &[Rule] = &[
    Rule::new("", "PersistentVolumeClaim", claim).needing(class),
    Rule::new("", "PersistentVolume", volume),
];

/// A claim that is bound, or will be once a Pod uses it: to wait for that before the Pod is made would be for ever.
fn claim(subject: &Subject<'_>) -> Verdict {
    let phase = subject.text("/status/phase");
    match phase {
        "Bound" => Verdict::current("it is bound"),
        "Lost" => Verdict::failed("its volume is gone").because(phase),
        _ if waits_for_pod(subject) => {
            let verdict = Verdict::current("it will be bound when a Pod uses it");
            verdict.warned("it has no volume until a Pod uses it")
        }
        _ => Verdict::progressing("it is not bound yet"),
    }
}

fn class(live: &Value) -> Vec<Need> {
    let name = Some(text(live, "/spec/storageClassName")).filter(|name| !name.is_empty());
    let is_pending = text(live, "/status/phase") == "Pending";
    let need = name
        .filter(|_| is_pending)
        .map(|name| Need::object("storage.k8s.io", "StorageClass", None, name));
    need.into_iter().collect()
}

fn waits_for_pod(subject: &Subject<'_>) -> bool {
    let needs = class(subject.live);
    let class = needs.first().and_then(|need| subject.found.object(need).ok());
    class.is_some_and(|class| class["volumeBindingMode"] == "WaitForFirstConsumer")
}

fn volume(subject: &Subject<'_>) -> Verdict {
    let phase = subject.text("/status/phase");
    match phase {
        "Available" | "Bound" => Verdict::current(format!("it is {}", phase.to_lowercase())),
        "Failed" => {
            let verdict = Verdict::failed("it could not be reclaimed").and(subject.text("/status/message"));
            verdict.because(phase)
        }
        // Nobody but its administrator makes it available again.
        "Released" => Verdict::new(
            Health::Degraded,
            "its claim is gone, and nobody else can claim it",
        )
        .because(phase),
        _ => Verdict::progressing("its controller has not looked at it yet"),
    }
}
