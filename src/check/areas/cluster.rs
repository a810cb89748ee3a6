//! The API server, its nodes, namespaces and volumes.

use super::super::{
    Category::Cluster,
    Check, Facts, Finding, Probe, Skip,
    object::{condition, conditions, describe, list, name, named, namespace, since, text, time},
    sources::{
        CLAIMS, DEPLOYMENTS, INGRESSES, JOBS, NAMESPACES, NODES, PODS, QUOTAS, SERVICES, STATEFUL_SETS,
    },
    suppress::is_expired,
};
use crate::model::{failure::Reason, object::ObjectRef};
use jiff::SignedDuration;
use serde_json::Value;

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-CLU-001", Cluster, "the API server answers", answers)
        .means("Nothing of the cluster can be seen, so no other check says anything.")
        .mended("Start the cluster, or name the right one with --context."),
    Check::error("APX-CLU-002", Cluster, "the API server is new enough", is_new)
        .means("Kubernetes before 1.30 lacks what the platform's admission policies and Jobs rest on.")
        .mended("Upgrade the cluster.")
        .after(&["APX-CLU-001"]),
    Check::error("APX-CLU-003", Cluster, "the platform's namespaces exist", namespaces)
        .means("What belongs into a missing namespace cannot be there.")
        .mended("Run `aphex-ops namespaces ensure`.")
        .after(&["APX-CLU-001"])
        .reading(&[NAMESPACES]),
    Check::error("APX-CLU-004", Cluster, "no namespace is stuck in its deletion", terminating)
        .means(
            "A namespace that is being deleted takes nothing new, and stays until whatever holds its content lets go: a \
             controller that has to remove a finalizer, or an API that does not answer.",
        )
        .mended("Start the controller that owns the finalizer, or mend the API service that the message names.")
        .after(&["APX-CLU-001"])
        .reading(&[NAMESPACES]),
    Check::error("APX-CLU-005", Cluster, "every node is ready", nodes)
        .means("Pods of such a node are not reachable, and are moved or lost.")
        .mended("Look at the node's kubelet.")
        .after(&["APX-CLU-001"])
        .reading(&[NODES]),
    Check::warning("APX-CLU-006", Cluster, "no node is short of memory, disk or processes", pressure)
        .means("The kubelet evicts Pods until there is room again.")
        .mended("Make room on the node, or add one.")
        .after(&["APX-CLU-001"])
        .reading(&[NODES]),
    Check::warning("APX-CLU-007", Cluster, "every node takes new Pods", cordoned)
        .means("A node that was cordoned takes no Pods until somebody uncordons it.")
        .mended("Run kubectl uncordon, once what it was cordoned for is over.")
        .after(&["APX-CLU-001"])
        .reading(&[NODES]),
    Check::error("APX-CLU-008", Cluster, "every volume claim of the platform that is used is bound", claims)
        .means("The Pods that use it wait for it.")
        .mended("Give the cluster a storage class that makes such volumes, or make the volume.")
        .after(&["APX-CLU-001"])
        .reading(&[CLAIMS, PODS]),
    Check::error("APX-CLU-009", Cluster, "no volume of the platform is lost", lost)
        .means("The claim's volume is gone, and the data on it.")
        .mended("Restore the volume from a backup.")
        .after(&["APX-CLU-001"])
        .reading(&[CLAIMS]),
    Check::warning("APX-CLU-010", Cluster, "no quota of the platform's namespaces is used up", quotas)
        .means("The API server refuses what would go beyond it; Pods that are to be replaced do not come back.")
        .mended("Raise the quota, or delete what is not needed.")
        .after(&["APX-CLU-001"])
        .reading(&[QUOTAS]),
    Check::error("APX-CLU-011", Cluster, "nothing of the platform is stuck in its deletion", finalizers)
        .means("It waits for a finalizer that nobody removes, and another of its name cannot be made.")
        .mended("Start the controller that owns the finalizer; removing it by hand leaves behind what it guards.")
        .after(&["APX-CLU-001"])
        .reading(&[DEPLOYMENTS, STATEFUL_SETS, JOBS, CLAIMS, SERVICES, INGRESSES]),
    Check::warning("APX-CLU-012", Cluster, "the lock is not held by a run that is dead", lock)
        .means("A run was killed while it held the lock. The next one takes it over, after waiting for a while.")
        .mended("Nothing has to be done; deleting the Lease saves the wait.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::Lease]),
    Check::warning("APX-CLU-013", Cluster, "no suppression of the configuration has run out", suppressions)
        .means("What it let pass counts again.")
        .mended("Mend what it was for, and take it out of `suppress`, or give it another date."),
    Check::error("APX-CLU-014", Cluster, "the platform's namespaces are not being deleted", going)
        .means("Everything in it goes with it, the secrets included.")
        .mended("Wait until it is gone, then run `aphex-ops bootstrap`.")
        .after(&["APX-CLU-003"])
        .reading(&[NAMESPACES]),
];

/// Controllers need a moment to let go of what is deleted.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

fn answers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let told = facts.unreachable.iter().map(|trouble| {
        let remedy = trouble.remedy.as_deref().unwrap_or("kubectl cluster-info");
        let server = ObjectRef::global("API server", &facts.server);
        Finding::new(server, trouble.reason, &trouble.message, remedy)
    });
    Ok(told.collect())
}

fn is_new(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let Some(version) = &facts.version else {
        return Err(Skip::Unseen("it does not say its version".to_owned()));
    };
    let found = facts.is_too_old.then(|| {
        let server = ObjectRef::global("API server", &facts.server);
        let message = format!("Kubernetes {version} is older than 1.30");
        Finding::new(
            server,
            Reason::UnsupportedVersion,
            message,
            "upgrade the cluster, then run `aphex-ops check`",
        )
    });
    Ok(found.into_iter().collect())
}

fn namespaces(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let there = facts.all(NAMESPACES)?;
    let wanted = facts.config.namespaces.all();
    let missing = wanted
        .into_iter()
        .filter(|wanted| !there.iter().any(|found| name(found) == *wanted));
    let found = missing.map(|name| {
        let object = ObjectRef::global("Namespace", name);
        Finding::missing(object, "it does not exist", "run `aphex-ops namespaces ensure`")
    });
    Ok(found.collect())
}

/// Those of others; only what says itself that something holds it is stuck.
fn terminating(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    const BLOCKED: [&str; 5] = [
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
        "NamespaceDeletionContentFailure",
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
    ];
    let mut found = Vec::new();
    for object in facts.all(NAMESPACES)?.iter().filter(|object| is_going(object)) {
        let mut blocked: Vec<&Value> = conditions(object, &BLOCKED, "True").collect();
        // What fails explains what remains.
        blocked.sort_by_key(|condition| {
            let kind = text(condition, "/type");
            (!kind.ends_with("Failure"), kind != "NamespaceFinalizersRemaining")
        });
        let Some(first) = blocked.first() else { continue };
        let told: Vec<&str> = blocked
            .iter()
            .map(|condition| text(condition, "/message"))
            .collect();
        let at = name(object);
        let remedy = match text(first, "/type") {
            "NamespaceDeletionDiscoveryFailure" => "kubectl get apiservices".to_owned(),
            _ => format!(
                "kubectl api-resources --verbs=list --namespaced -o name | xargs -n1 kubectl get -n {at} --ignore-not-found \
                 --show-kind"
            ),
        };
        let message = format!("it is being deleted, and is held: {}", told.join("; "));
        found.push(Finding::new(
            named(object),
            text(first, "/reason"),
            message,
            remedy,
        ));
    }
    Ok(found)
}

fn going(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let own = facts.config.namespaces.all();
    let objects = facts.all(NAMESPACES)?.iter();
    let going = objects.filter(|object| own.contains(&name(object)) && is_going(object));
    let found = going.map(|object| {
        let remedy = format!("kubectl wait --for=delete namespace/{}", name(object));
        Finding::new(named(object), Reason::Terminating, "it is being deleted", remedy)
    });
    Ok(found.collect())
}

fn is_going(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

fn nodes(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let nodes = facts.all(NODES)?;
    if nodes.is_empty() {
        return Err(Skip::NotInstalled("the cluster has no node".to_owned()));
    }
    let unready = nodes.iter().filter_map(|node| {
        let (reason, message) = match condition(node, "Ready") {
            Some(ready) if ready["status"] == "True" => return None,
            Some(ready) => (text(ready, "/reason"), text(ready, "/message")),
            None => ("NotReady", "its kubelet has said nothing yet"),
        };
        let object = named(node);
        let remedy = describe(&object);
        Some(Finding::new(
            object,
            reason,
            format!("it is not ready: {message}"),
            remedy,
        ))
    });
    Ok(unready.collect())
}

fn pressure(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    const KINDS: [&str; 4] = [
        "MemoryPressure",
        "DiskPressure",
        "PIDPressure",
        "NetworkUnavailable",
    ];
    let of_node = |node: &Value| -> Vec<Finding> {
        let pressed = conditions(node, &KINDS, "True");
        let told = pressed.map(|condition| {
            let object = named(node);
            let remedy = describe(&object);
            let message = format!("{}: {}", text(condition, "/reason"), text(condition, "/message"));
            Finding::new(object, text(condition, "/type"), message, remedy)
        });
        told.collect()
    };
    Ok(facts.all(NODES)?.iter().flat_map(of_node).collect())
}

fn cordoned(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let nodes = facts.all(NODES)?.iter();
    let closed = nodes.filter(|node| node["spec"]["unschedulable"] == true);
    let found = closed.map(|node| {
        let remedy = format!("kubectl uncordon {}", name(node));
        Finding::new(
            named(node),
            Reason::Paused,
            "it is cordoned, so it takes no new Pods",
            remedy,
        )
    });
    Ok(found.collect())
}

/// A claim that no Pod uses may wait for its first one.
fn claims(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let pods = facts.all(PODS)?;
    let user = |claim: &Value| {
        pods.iter().find(|pod| {
            let volumes = list(pod, "/spec/volumes").iter();
            let mut claims = volumes.map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
            namespace(pod) == namespace(claim) && claims.any(|used| used == name(claim))
        })
    };
    let mut found = Vec::new();
    for claim in facts.all(CLAIMS)? {
        let (true, Some(pod)) = (text(claim, "/status/phase") == "Pending", user(claim)) else {
            continue;
        };
        let class = text(claim, "/spec/storageClassName");
        let class = if class.is_empty() {
            "none".to_owned()
        } else {
            format!("{class:?}")
        };
        let object = named(claim);
        let remedy = describe(&object);
        let message = format!(
            "Pod {} waits for it, and it is not bound; its storage class is {class}",
            name(pod)
        );
        found.push(Finding::new(object, "Pending", message, remedy));
    }
    Ok(found)
}

fn lost(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let claims = facts.all(CLAIMS)?.iter();
    let lost = claims.filter(|claim| text(claim, "/status/phase") == "Lost");
    let found = lost.map(|claim| {
        let volume = text(claim, "/spec/volumeName");
        let remedy = format!("kubectl get persistentvolume {volume}");
        let message = format!("its volume {volume} does not exist any more");
        Finding::new(named(claim), "Lost", message, remedy)
    });
    Ok(found.collect())
}

fn quotas(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for quota in facts.all(QUOTAS)? {
        let used_up = exhausted(quota);
        if !used_up.is_empty() {
            let object = named(quota);
            let remedy = describe(&object);
            let message = format!("used up: {}", used_up.join(", "));
            found.push(Finding::new(object, "Exhausted", message, remedy));
        }
    }
    Ok(found)
}

/// A limit of 0 forbids a resource, which is no shortage.
fn exhausted(quota: &Value) -> Vec<String> {
    let limits = quota["status"]["hard"].as_object().into_iter().flatten();
    let used_up = limits.filter_map(|(resource, hard)| {
        let (hard, used) = (hard.as_str()?, quota["status"]["used"][resource].as_str()?);
        let is_full = amount(hard)? > 0.0 && amount(used)? >= amount(hard)?;
        is_full.then(|| format!("{resource} {used} of {hard}"))
    });
    used_up.collect()
}

/// A quantity as Kubernetes writes it (`500m`, `8Gi`), near enough to compare two of them.
fn amount(quantity: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 13] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let unit = UNITS.iter().find(|(unit, _)| quantity.ends_with(unit));
    let (number, factor) = match unit {
        Some((unit, factor)) => (quantity.strip_suffix(unit)?, *factor),
        None => (quantity, 1.0),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

fn finalizers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for kind in [DEPLOYMENTS, STATEFUL_SETS, JOBS, CLAIMS, SERVICES, INGRESSES] {
        for object in facts.all(kind)? {
            let Some(at) = time(object, "/metadata/deletionTimestamp") else {
                continue;
            };
            let age = since(facts.now, at);
            let finalizers: Vec<&str> = list(object, "/metadata/finalizers")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            if age < PATIENCE || finalizers.is_empty() {
                continue;
            }
            let object = named(object);
            let remedy = describe(&object);
            let message = format!(
                "it has been being deleted for {age:#}, and waits for the finalizers {}",
                finalizers.join(", ")
            );
            found.push(Finding::new(object, Reason::Terminating, message, remedy));
        }
    }
    Ok(found)
}

fn lock(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let Some(lease) = facts.lease.seen()? else {
        return Ok(Vec::new());
    };
    let ends = lease
        .renewed
        .map(|at| at + SignedDuration::from_secs(lease.seconds));
    let is_dead = !lease.holder.is_empty() && ends.is_none_or(|ends| ends < facts.now);
    let found = is_dead.then(|| {
        let renewed = lease
            .renewed
            .map_or("never".to_owned(), |at| format!("{:#} ago", since(facts.now, at)));
        let message = format!("{} holds it and renewed it last {renewed}", lease.holder);
        let namespace = lease.object.namespace.as_deref().unwrap_or_default();
        let remedy = format!("kubectl -n {namespace} delete lease {}", lease.object.name);
        Finding::new(lease.object.clone(), Reason::LockLost, message, remedy)
    });
    Ok(found.into_iter().collect())
}

fn suppressions(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let expired = facts
        .config
        .suppress
        .iter()
        .filter(|entry| is_expired(entry, facts.now));
    let found = expired.map(|entry| {
        let until = entry.until.map(|until| until.to_string()).unwrap_or_default();
        let message = format!("it ran out on {until}: {}", entry.reason);
        let remedy = format!("aphex-ops check --only {}", entry.check);
        Finding::new(
            ObjectRef::global("Suppression", &entry.check),
            Reason::InvalidConfig,
            message,
            remedy,
        )
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_across_units() {
        assert_eq!(amount("500m"), Some(0.5));
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert_eq!(amount("2k"), Some(2000.0));
        assert_eq!(amount("x"), None);
    }
}
