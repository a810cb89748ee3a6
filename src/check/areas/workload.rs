//! What keeps a workload from running, traced to its root.

use super::super::{
    Facts, Finding, Skip,
    object::{condition, describe, named, namespace, text},
    sources::{DAEMON_SETS, DEPLOYMENTS, PODS, STATEFUL_SETS},
};
use crate::{
    apply::health::{Health, PodTrouble, Verdict, trouble},
    model::{failure::Reason, object::ObjectRef},
};
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

/// What a workload suffers from, as the code of the check that tells of it.
pub(super) const NOT_READY: &str = "APX-WAV-001";
pub(super) const IMAGE: &str = "APX-WAV-002";
pub(super) const CRASH: &str = "APX-WAV-003";
pub(super) const CONFIGURATION: &str = "APX-WAV-004";
pub(super) const ROOM: &str = "APX-WAV-005";
pub(super) const QUOTA: &str = "APX-WAV-006";
pub(super) const PAUSED: &str = "APX-WAV-007";
pub(super) const ASLEEP: &str = "APX-WAV-008";
pub(super) const CLAIM: &str = "APX-CLU-008";

/// A workload that does not run as it should.
pub(super) struct Troubled<'a> {
    pub(super) workload: &'a Value,
    /// The check that tells of it.
    pub(super) code: &'static str,
    pub(super) finding: Finding,
}

/// Every workload of the platform that does not run as it should.
pub(super) fn troubled(facts: &Facts) -> Result<Vec<Troubled<'_>>, Skip> {
    let mut found = Vec::new();
    for kind in [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS] {
        found.extend(facts.all(kind)?.iter().filter_map(|workload| of(facts, workload)));
    }
    Ok(found)
}

/// What is wrong with a workload.
pub(super) fn of<'a>(facts: &'a Facts, workload: &'a Value) -> Option<Troubled<'a>> {
    let verdict = facts.verdict(workload);
    let (code, finding) = match verdict.health {
        Health::Terminating | Health::Missing => return None,
        Health::Current if workload["spec"]["replicas"] == 0 => (ASLEEP, asleep(workload)),
        Health::Current => return None,
        Health::Suspended => (PAUSED, paused(workload)),
        _ => root(facts, workload, &verdict),
    };
    Some(Troubled {
        workload,
        code,
        finding,
    })
}

fn asleep(workload: &Value) -> Finding {
    let object = named(workload);
    let remedy = format!(
        "kubectl -n {} scale {} --replicas 1",
        namespace(workload),
        object.short()
    );
    Finding::new(
        object,
        Reason::Paused,
        "it is scaled to 0, so nothing of it runs",
        remedy,
    )
}

fn paused(workload: &Value) -> Finding {
    let object = named(workload);
    let remedy = format!(
        "kubectl -n {} rollout resume {}",
        namespace(workload),
        object.short()
    );
    Finding::new(
        object,
        Reason::Paused,
        "its rollout is paused, so no change reaches its Pods",
        remedy,
    )
}

fn root(facts: &Facts, workload: &Value, verdict: &Verdict) -> (&'static str, Finding) {
    let object = named(workload);
    if let Some(found) = refused(workload) {
        return (QUOTA, found);
    }
    let pods = pods(facts, workload);
    if let Some(trouble) = trouble(&pods) {
        let pod = pods
            .iter()
            .find(|pod| pod.metadata.name.as_ref() == Some(&trouble.pod));
        return of_pod(&object, namespace(workload), &trouble, pod);
    }
    let reason = verdict.reason.clone();
    let reason = reason.unwrap_or_else(|| Reason::NotReady.to_string());
    let remedy = describe(&object);
    (
        NOT_READY,
        Finding::new(object, reason, verdict.message.clone(), remedy),
    )
}

/// Its newest Pods; those of an earlier version are on their way out.
fn pods(facts: &Facts, workload: &Value) -> Vec<Pod> {
    let labels = &workload["spec"]["selector"]["matchLabels"];
    let mut mine: Vec<&Value> = facts
        .known(PODS)
        .iter()
        .filter(|pod| namespace(pod) == namespace(workload) && selects(labels, pod))
        .collect();
    let version = |pod: &Value| pod["metadata"]["labels"]["pod-template-hash"].clone();
    let newest = mine
        .iter()
        .max_by_key(|pod| text(pod, "/metadata/creationTimestamp"));
    let newest = newest.map(|pod| version(pod));
    mine.retain(|pod| Some(version(pod)) == newest);
    let read = mine.into_iter().map(|pod| serde_json::from_value(pod.clone()));
    read.filter_map(Result::ok).collect()
}

/// Whether labels of a selector are all among those of an object.
pub(super) fn selects(labels: &Value, object: &Value) -> bool {
    let Some(labels) = labels.as_object().filter(|labels| !labels.is_empty()) else {
        return false;
    };
    labels
        .iter()
        .all(|(key, value)| object["metadata"]["labels"].get(key) == Some(value))
}

/// The API server refuses its Pods.
fn refused(workload: &Value) -> Option<Finding> {
    let failure = condition(workload, "ReplicaFailure").filter(|found| found["status"] == "True")?;
    let message = text(failure, "/message");
    let quota = message.split("exceeded quota: ").nth(1)?.split(',').next()?;
    let object = ObjectRef::namespaced("ResourceQuota", namespace(workload), quota);
    let remedy = describe(&object);
    let message = format!("it keeps {} from making Pods: {message}", named(workload));
    Some(Finding::new(object, text(failure, "/reason"), message, remedy))
}

fn of_pod(
    workload: &ObjectRef,
    namespace: &str,
    trouble: &PodTrouble,
    pod: Option<&Pod>,
) -> (&'static str, Finding) {
    let code = match trouble.reason.as_str() {
        "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => IMAGE,
        "CrashLoopBackOff" | "RunContainerError" | "PostStartHookError" => CRASH,
        "CreateContainerConfigError" => CONFIGURATION,
        // What it waits for is the root, and another check tells of it.
        "Unschedulable" if trouble.message.to_lowercase().contains("persistentvolumeclaim") => CLAIM,
        "Unschedulable" => ROOM,
        _ => NOT_READY,
    };
    let told = |object: ObjectRef| {
        Finding::new(
            object,
            &trouble.reason,
            trouble.to_string(),
            trouble.command(namespace),
        )
    };
    let finding = match code {
        CONFIGURATION => missing(workload, namespace, trouble).unwrap_or_else(|| told(workload.clone())),
        IMAGE => {
            let images = pod.map(images).unwrap_or_default();
            let mut finding = told(workload.clone());
            finding.message = format!("{}; its images: {}", finding.message, images.join(", "));
            finding
        }
        _ => told(workload.clone()),
    };
    (code, finding)
}

fn images(pod: &Pod) -> Vec<String> {
    let spec = pod.spec.as_ref();
    let containers = spec
        .into_iter()
        .flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers));
    containers
        .filter_map(|container| container.image.clone())
        .collect()
}

/// What a container needs and is not there, in the kubelet's words: `secret "x" not found`, `couldn't find key k in Secret
/// ns/x`.
fn missing(workload: &ObjectRef, namespace: &str, trouble: &PodTrouble) -> Option<Finding> {
    let message = trouble.message.as_str();
    let kinds = [("secret \"", "Secret"), ("configmap \"", "ConfigMap")];
    let gone = kinds.into_iter().find_map(|(before, kind)| {
        let name = message.split(before).nth(1)?.split('"').next()?;
        message
            .contains("not found")
            .then(|| (kind, name.to_owned(), "it does not exist".to_owned()))
    });
    let keyless = || {
        let rest = message.split("couldn't find key ").nth(1)?;
        let (key, rest) = rest.split_once(" in ")?;
        let mut words = rest.split([' ', ')', ',']);
        let kind = match words.next()? {
            "Secret" => "Secret",
            _ => "ConfigMap",
        };
        let name = words.next()?.rsplit('/').next()?;
        Some((kind, name.to_owned(), format!("it has no key {key}")))
    };
    let (kind, name, problem) = gone.or_else(keyless)?;
    let message = format!("{problem}, and {workload} needs it");
    let object = ObjectRef::namespaced(kind, namespace, name);
    let remedy = match kind {
        "Secret" => "run `aphex-ops secrets generate`, if it is one of the generated ones".to_owned(),
        _ => format!("kubectl -n {namespace} get configmap {}", object.name),
    };
    Some(Finding::new(object, Reason::NotFound, message, remedy))
}

/// Whether the workload that the selector selects is in trouble that another check tells of.
pub(super) fn is_behind(facts: &Facts, home: &str, labels: &Value) -> Option<&'static str> {
    let found = troubled(facts).ok()?;
    let mut behind = found.into_iter().filter(|troubled| {
        let template = &troubled.workload["spec"]["template"];
        namespace(troubled.workload) == home && selects(labels, template)
    });
    behind.next().map(|troubled| troubled.code)
}

/// Whether anything that runs, or could, is what the selector selects.
pub(super) fn has_template(facts: &Facts, home: &str, labels: &Value) -> bool {
    let kinds = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS];
    let workloads = kinds.into_iter().flat_map(|kind| facts.known(kind));
    let mut templates = workloads
        .filter(|workload| namespace(workload) == home)
        .map(|workload| &workload["spec"]["template"]);
    let mut pods = facts.known(PODS).iter().filter(|pod| namespace(pod) == home);
    templates.any(|template| selects(labels, template)) || pods.any(|pod| selects(labels, pod))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_lacks_is_read_from_the_kubelets_words() {
        let workload = ObjectRef::namespaced("Deployment", "auth-system", "dex");
        let found = |message: &str| {
            let trouble = PodTrouble {
                pod: "dex-1".to_owned(),
                reason: "CreateContainerConfigError".to_owned(),
                message: message.to_owned(),
                is_blocking: true,
            };
            let found = missing(&workload, "auth-system", &trouble);
            found.map(|found| (found.object.to_string(), found.message))
        };
        let needs = ", and Deployment auth-system/dex needs it";
        assert_eq!(
            found("container dex, secret \"dex-secrets\" not found"),
            Some((
                "Secret auth-system/dex-secrets".to_owned(),
                format!("it does not exist{needs}")
            ))
        );
        assert_eq!(
            found("container dex, couldn't find key a-b in Secret auth-system/dex-secrets"),
            Some((
                "Secret auth-system/dex-secrets".to_owned(),
                format!("it has no key a-b{needs}")
            ))
        );
        assert_eq!(
            found("container dex, configmap \"dex\" not found").unwrap().0,
            "ConfigMap auth-system/dex"
        );
        assert_eq!(found("container dex, something else"), None);
    }
}
