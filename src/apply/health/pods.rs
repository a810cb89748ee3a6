//! What keeps Pods from running, in the kubelet's own words.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

/// The reason of a container that crashed and waits for its next start.
const CRASHED: &str = "CrashLoopBackOff";

/// Other reasons of a waiting container that will not go away by waiting a little.
const BLOCKING: [&str; 8] = [
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PostStartHookError",
];

/// The trouble of one Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodTrouble {
    /// Name of the Pod.
    pub pod: String,
    /// The kubelet's or scheduler's reason.
    pub reason: String,
    /// Which container, and what is said about it.
    pub message: String,
    /// Whether waiting a little will not help: it is not only a matter of room on the nodes.
    pub is_blocking: bool,
}

impl PodTrouble {
    /// The command that shows more of it.
    #[must_use]
    pub fn command(&self, namespace: &str) -> String {
        let pod = &self.pod;
        match self.reason.as_str() {
            CRASHED => format!("kubectl -n {namespace} logs {pod} --all-containers --previous"),
            _ => format!("kubectl -n {namespace} describe pod {pod}"),
        }
    }
}

impl std::fmt::Display for PodTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pod {}: {}", self.pod, self.reason)?;
        if self.message.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.message)
    }
}

/// The trouble of the newest Pod that has any; Pods that are being deleted do not count.
#[must_use]
pub fn trouble(pods: &[Pod]) -> Option<PodTrouble> {
    let mut living: Vec<&Pod> = pods.iter().filter(|pod| !is_terminating(pod)).collect();
    living.sort_by_key(|pod| std::cmp::Reverse(pod.metadata.creation_timestamp.as_ref().map(|time| time.0)));
    living.into_iter().find_map(of_pod)
}

/// Whether a Pod takes traffic.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    !is_terminating(pod) && is_true(pod, "Ready")
}

/// Whether a Pod has this condition, and it is true.
#[must_use]
pub fn is_true(pod: &Pod, kind: &str) -> bool {
    condition(pod, kind).is_some_and(|(status, ..)| status == "True")
}

fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

fn of_pod(pod: &Pod) -> Option<PodTrouble> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let told = |reason: &str, message: String| PodTrouble {
        pod: name.clone(),
        reason: reason.to_owned(),
        message,
        is_blocking: true,
    };
    let status = pod.status.as_ref()?;
    if let Some((reason, message)) = statuses(pod).find_map(of_container) {
        return Some(told(&reason, message));
    }
    if status.phase.as_deref() == Some("Failed") {
        let reason = status.reason.as_deref().unwrap_or("Failed");
        return Some(told(reason, status.message.clone().unwrap_or_default()));
    }
    match condition(pod, "PodScheduled") {
        Some(("False", Some("Unschedulable"), message)) => {
            let message = message.unwrap_or_default().to_owned();
            Some(PodTrouble {
                is_blocking: false,
                ..told("Unschedulable", message)
            })
        }
        _ => None,
    }
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_deref());
    let main = status.and_then(|status| status.container_statuses.as_deref());
    init.into_iter().chain(main).flatten()
}

/// Reason and message; a container that crashed and has not become ready since counts until it does, or
/// its trouble would seem to end with each new start.
fn of_container(container: &ContainerStatus) -> Option<(String, String)> {
    let state = container.state.as_ref()?;
    let waiting = state.waiting.as_ref();
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    let mut parts = vec![format!("container {}", container.name)];
    match (
        reason,
        last_end(Some(state)).or(last_end(container.last_state.as_ref())),
    ) {
        (Some(CRASHED), end) => parts.extend(end),
        (Some(reason), end) if BLOCKING.contains(&reason) => {
            parts.extend(end);
            let message = waiting
                .and_then(|waiting| waiting.message.as_deref())
                .unwrap_or_default();
            // The kubelet alternates between an attempt and the pause after it, with one cause.
            let (reason, message) = match message.split_once("ErrImagePull: ") {
                Some((_, cause)) => ("ErrImagePull", cause),
                None => (reason, message),
            };
            parts.extend((!message.is_empty()).then(|| message.to_owned()));
            return Some((reason.to_owned(), parts.join(", ")));
        }
        (_, Some(end)) if !container.ready && reason.is_none() => parts.push(end),
        _ => return None,
    }
    Some((CRASHED.to_owned(), parts.join(", ")))
}

/// An end that was a failure, without its message: that can be a piece of its log.
fn last_end(state: Option<&ContainerState>) -> Option<String> {
    let end = state?.terminated.as_ref().filter(|end| end.exit_code != 0)?;
    Some(match end.reason.as_deref() {
        Some(reason) if reason != "Error" => format!("last exit code {}, {reason}", end.exit_code),
        _ => format!("last exit code {}", end.exit_code),
    })
}

/// Status, reason and message of a condition.
fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<(&'a str, Option<&'a str>, Option<&'a str>)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|found| found.type_ == kind)?;
    Some((&found.status, found.reason.as_deref(), found.message.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn mk_pod(name: &str, status: Value) -> Pod {
        let metadata = json!({"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"});
        serde_json::from_value(json!({"metadata": metadata, "status": status})).unwrap()
    }

    fn mk_waiting(reason: &str, message: &str) -> Value {
        json!({"containerStatuses": [{
            "name": "dex", "image": "", "imageID": "", "ready": false, "restartCount": 4,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}},
        }]})
    }

    #[test]
    fn blocking_reasons_are_told_with_what_is_known() {
        let cases = [
            (
                mk_waiting("CrashLoopBackOff", "back-off 40s"),
                "Pod dex: CrashLoopBackOff (container dex, last exit code 2)",
            ),
            (
                mk_waiting("ImagePullBackOff", "not found"),
                "Pod dex: ImagePullBackOff (container dex, last exit code 2, not found)",
            ),
            (
                json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]}),
                "Pod dex: Unschedulable (0/1 nodes)",
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted"}),
                "Pod dex: Evicted",
            ),
        ];
        for (status, text) in cases {
            assert_eq!(trouble(&[mk_pod("dex", status)]).unwrap().to_string(), text);
        }
        let mut oom = mk_waiting("CrashLoopBackOff", "");
        oom["containerStatuses"][0]["lastState"]["terminated"] =
            json!({"exitCode": 137, "reason": "OOMKilled", "message": "see\n"});
        assert_eq!(
            trouble(&[mk_pod("dex", oom)]).unwrap().message,
            "container dex, last exit code 137, OOMKilled"
        );
    }

    #[test]
    fn a_crashed_container_is_in_trouble_until_it_is_ready() {
        let end = json!({"terminated": {"exitCode": 2, "reason": "Error"}});
        let running = json!({"running": {}});
        let clean = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
        let mk = |ready: bool, state: &Value, last: &Value| {
            mk_pod(
                "dex",
                json!({"containerStatuses": [{
                    "name": "dex", "image": "", "imageID": "", "restartCount": 1,
                    "ready": ready, "state": state, "lastState": last,
                }]}),
            )
        };
        for (state, last) in [(&running, &end), (&end, &json!({})), (&end, &end)] {
            let found = trouble(&[mk(false, state, last)]).unwrap();
            assert_eq!(
                found.to_string(),
                "Pod dex: CrashLoopBackOff (container dex, last exit code 2)"
            );
        }
        for pod in [
            mk(true, &running, &end),
            mk(false, &running, &json!({})),
            mk(false, &clean, &json!({})),
        ] {
            assert_eq!(trouble(&[pod]), None);
        }
    }

    #[test]
    fn an_image_that_cannot_be_pulled_has_one_text_in_attempts_and_pauses() {
        let attempt = mk_waiting("ErrImagePull", "no such host");
        let pause = mk_waiting(
            "ImagePullBackOff",
            "Back-off pulling image \"x\": ErrImagePull: no such host",
        );
        let told = |status| trouble(&[mk_pod("dex", status)]).unwrap();
        assert_eq!(told(attempt.clone()), told(pause));
        assert!(told(attempt).command("ns").contains("describe pod dex"));
        assert!(
            told(mk_waiting("CrashLoopBackOff", ""))
                .command("ns")
                .contains("logs dex")
        );
    }

    #[test]
    fn init_containers_count() {
        let mut status = mk_waiting("CreateContainerConfigError", "secret \"dex-secrets\" not found");
        status["initContainerStatuses"] = status["containerStatuses"].take();
        let found = trouble(&[mk_pod("dex", status)]).unwrap();
        assert!(
            found.message.ends_with("secret \"dex-secrets\" not found"),
            "{found}"
        );
    }

    #[test]
    fn starting_pods_are_no_trouble() {
        for status in [
            mk_waiting("ContainerCreating", ""),
            mk_waiting("PodInitializing", ""),
            json!({"phase": "Running", "containerStatuses": []}),
            json!(null),
        ] {
            assert_eq!(trouble(&[mk_pod("dex", status)]), None);
        }
    }

    #[test]
    fn the_newest_pod_speaks_and_dying_ones_are_silent() {
        let old = mk_pod("old", mk_waiting("CrashLoopBackOff", ""));
        let mut new = mk_pod("new", mk_waiting("ErrImagePull", ""));
        new.metadata.creation_timestamp =
            Some(serde_json::from_value(json!("2026-01-01T00:00:01Z")).unwrap());
        assert_eq!(trouble(&[old.clone(), new.clone()]).unwrap().pod, "new");
        new.metadata.deletion_timestamp = new.metadata.creation_timestamp.clone();
        assert_eq!(trouble(&[old, new.clone()]).unwrap().pod, "old");
        assert!(!is_ready(&new));
    }

    #[test]
    fn ready_pods_take_traffic() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert!(is_ready(&mk_pod("dex", ready)));
        let unready = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        assert!(!is_ready(&mk_pod("dex", unready)) && !is_ready(&mk_pod("dex", json!({}))));
    }
}
