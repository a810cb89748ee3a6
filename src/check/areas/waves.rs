//! What the waves installed: whether it runs, and whether it is what was installed.

use super::super::{
    Category::Waves,
    Check, Facts, Finding, Skip,
    object::{conditions, describe, list, name, named, namespace, since, text, time},
    sources::{
        APPLICATIONS, CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_SECRET_STORES, CRON_JOBS, DAEMON_SETS,
        DEFINITIONS, DEPLOYMENTS, EXTERNAL_SECRETS, INGRESSES, JOBS, PODS, SECRET_STORES, SERVICES,
        STATEFUL_SETS,
    },
};
use super::{told, unhealthy, workload};
use crate::{
    apply::health::Health,
    model::{failure::Reason, names},
};
use jiff::SignedDuration;
use serde_json::Value;

const WORKLOADS: &[super::Source] = &[DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS];

pub(super) const CHECKS: &[Check] = &[
    Check::error(workload::NOT_READY, Waves, "every workload of the platform is ready", |facts| of(facts, workload::NOT_READY))
        .means("What it serves is not there, or only in part.")
        .mended("Look at the workload and its Pods.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error(workload::IMAGE, Waves, "every image can be pulled", |facts| of(facts, workload::IMAGE))
        .means("The image's name is wrong, it does not exist, the registry does not answer or wants a login.")
        .mended("Mend the image's name or tag, or `images` and `imagePullSecrets` of the configuration.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error(workload::CRASH, Waves, "no container crashes again and again", |facts| of(facts, workload::CRASH))
        .means("The program ends soon after each start: its log says why.")
        .mended("Read the log of its last end.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error(workload::CONFIGURATION, Waves, "every Secret and ConfigMap that a Pod needs exists", |facts| of(facts, workload::CONFIGURATION))
        .means("The container is not made until it is there, with the key that it names.")
        .mended("Make it: generated Secrets by `aphex-ops secrets generate`, the rest by `aphex-ops waves install`.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error(workload::ROOM, Waves, "there is room for every Pod", |facts| of(facts, workload::ROOM))
        .means("No node has the room, the labels or the tolerated taints that the Pod asks for.")
        .mended("Add a node, make room, or let the Pod ask for less.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error(workload::QUOTA, Waves, "no quota keeps Pods of the platform from being made", |facts| of(facts, workload::QUOTA))
        .means("The namespace's quota is used up, so that its workloads have fewer Pods than they should.")
        .mended("Raise the quota, or delete what is not needed.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::warning(workload::PAUSED, Waves, "no rollout is paused", |facts| of(facts, workload::PAUSED))
        .means("Somebody paused it; no change reaches its Pods.")
        .mended("Run kubectl rollout resume.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::warning(workload::ASLEEP, Waves, "no workload of the platform is scaled to 0", asleep)
        .means("Somebody scaled it down; nothing of it runs.")
        .mended("Scale it up again.")
        .after(&["APX-CLU-001"])
        .reading(WORKLOADS),
    Check::error("APX-WAV-009", Waves, "no Job of the platform has failed", jobs)
        .means("What it was to do is not done.")
        .mended("Read its Pods' log, mend the cause, and delete the Job so that it is made again.")
        .after(&["APX-CLU-001"])
        .reading(&[JOBS]),
    Check::warning("APX-WAV-010", Waves, "every Service selects something", services)
        .means("Nobody answers at the Service, since its selector fits no Pod.")
        .mended("Mend the Service's selector or the Pods' labels.")
        .after(&["APX-CLU-001"])
        .reading(&[SERVICES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS]),
    Check::error("APX-WAV-011", Waves, "every custom resource definition is established", |facts| all(facts, &[DEFINITIONS]))
        .means("Objects of the kind cannot be made or read.")
        .mended("Look at the definition's conditions: a name may be taken by another one.")
        .after(&["APX-CLU-001"])
        .reading(&[DEFINITIONS]),
    Check::error("APX-WAV-012", Waves, "every Argo CD Application can be compared and synced", broken)
        .means("Argo CD cannot read the repository, cannot make sense of it, or the last sync failed.")
        .mended("Mend what the message names, then sync the Application again.")
        .after(&["APX-CLU-001"])
        .reading(&[APPLICATIONS]),
    Check::warning("APX-WAV-013", Waves, "every Argo CD Application is in sync", out_of_sync)
        .means("The cluster is not as the repository says, and nobody is making it so.")
        .mended("Sync the Application.")
        .after(&["APX-CLU-001"])
        .reading(&[APPLICATIONS]),
    Check::error("APX-WAV-014", Waves, "no Argo CD operation is stuck", stuck)
        .means("A sync waits for something, and the Application takes no other one meanwhile.")
        .mended("Mend what it waits for, or terminate the operation.")
        .after(&["APX-CLU-001"])
        .reading(&[APPLICATIONS]),
    Check::error("APX-WAV-015", Waves, "what Argo CD Applications install is healthy", degraded)
        .means("Objects of the Application do not do what they are for.")
        .mended("Look at the object that the message names.")
        .after(&["APX-CLU-001"])
        .reading(&[APPLICATIONS]),
    Check::error("APX-WAV-016", Waves, "every store of external secrets is ready", |facts| all(facts, &[CLUSTER_SECRET_STORES, SECRET_STORES]))
        .means("No ExternalSecret of it gets a value.")
        .mended("Look at the store's account and at what it leads to.")
        .after(&["APX-CLU-001"])
        .reading(&[CLUSTER_SECRET_STORES, SECRET_STORES]),
    Check::error("APX-WAV-017", Waves, "every ExternalSecret has its value", external_secrets)
        .means("The Secret that it is to fill is missing or old.")
        .mended("Look at the ExternalSecret: the key or property may not exist in the store.")
        .after(&["APX-CLU-001"])
        .reading(&[EXTERNAL_SECRETS, CLUSTER_SECRET_STORES, SECRET_STORES]),
    Check::warning("APX-WAV-018", Waves, "nobody else sets fields of what this program applies", foreign)
        .means("Somebody changed the object by hand or by another tool; the next apply meets a conflict, or undoes it.")
        .mended("Take the field over by applying the manifests again, or move the change into them.")
        .after(&["APX-CLU-001"])
        .reading(&[DEPLOYMENTS, STATEFUL_SETS, CRON_JOBS, SERVICES, INGRESSES, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS]),
];

/// The workloads that suffer from one kind of trouble, each root once.
fn of(facts: &Facts, code: &str) -> Result<Vec<Finding>, Skip> {
    let mut found: Vec<Finding> = Vec::new();
    for troubled in workload::troubled(facts)?
        .into_iter()
        .filter(|troubled| troubled.code == code)
    {
        let is_known = found.iter().any(|other| other.object == troubled.finding.object);
        if !is_known {
            found.push(troubled.finding);
        }
    }
    Ok(found)
}

/// Dex has a check of its own.
fn asleep(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (home, dex) = (&facts.config.namespaces.auth, &facts.config.dex.deployment);
    let is_dex = |finding: &Finding| {
        finding.object.kind == "Deployment"
            && finding.object.name == *dex
            && finding.object.namespace.as_ref() == Some(home)
    };
    Ok(of(facts, workload::ASLEEP)?
        .into_iter()
        .filter(|finding| !is_dex(finding))
        .collect())
}

fn all(facts: &Facts, kinds: &[super::Source]) -> Result<Vec<Finding>, Skip> {
    let found = unhealthy(facts, kinds)?;
    Ok(found
        .into_iter()
        .map(|(object, verdict)| told(object, &verdict))
        .collect())
}

/// Those of CronJobs are judged with these.
fn jobs(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for job in facts
        .all(JOBS)?
        .iter()
        .filter(|job| owner(job, "CronJob").is_none())
    {
        if let Some(failed) = conditions(job, &["Failed"], "True").next() {
            let object = named(job);
            let remedy = format!(
                "kubectl -n {} logs job/{} --all-containers",
                namespace(job),
                object.name
            );
            let message = format!("it failed: {}", text(failed, "/message"));
            found.push(Finding::new(object, text(failed, "/reason"), message, remedy));
        }
    }
    Ok(found)
}

/// The name of the owner of this kind.
pub(super) fn owner<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let owners = list(object, "/metadata/ownerReferences").iter();
    owners
        .filter(|owner| owner["kind"] == kind)
        .map(|owner| text(owner, "/name"))
        .next()
}

fn services(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    for kind in [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS] {
        facts.all(kind)?;
    }
    let mut found = Vec::new();
    for service in facts.all(SERVICES)? {
        let labels = &service["spec"]["selector"];
        let has_selector = labels.as_object().is_some_and(|labels| !labels.is_empty());
        if has_selector && !workload::has_template(facts, namespace(service), labels) {
            let remedy = format!("kubectl -n {} get pods --show-labels", namespace(service));
            let message = format!("its selector {labels} fits nothing in its namespace");
            found.push(Finding::new(named(service), Reason::Mismatch, message, remedy));
        }
    }
    Ok(found)
}

/// What an Application that is not well suffers from: its code, reason and message.
fn trouble(facts: &Facts, app: &Value) -> Option<(&'static str, String, String)> {
    const ERRORS: [&str; 4] = ["InvalidSpecError", "ComparisonError", "SyncError", "UnknownError"];
    const LONGEST: SignedDuration = SignedDuration::from_mins(15);
    let errors = list(app, "/status/conditions").iter();
    if let Some(error) = errors
        .into_iter()
        .find(|found| ERRORS.contains(&text(found, "/type")))
    {
        return Some((
            "APX-WAV-012",
            text(error, "/type").to_owned(),
            text(error, "/message").to_owned(),
        ));
    }
    let (phase, message) = (
        text(app, "/status/operationState/phase"),
        text(app, "/status/operationState/message"),
    );
    if matches!(phase, "Failed" | "Error") && text(app, "/status/sync/status") != "Synced" {
        return Some((
            "APX-WAV-012",
            phase.to_owned(),
            format!("its last sync failed: {message}"),
        ));
    }
    if matches!(phase, "Running" | "Terminating") {
        let age = time(app, "/status/operationState/startedAt").map(|at| since(facts.now, at));
        let age = age.filter(|age| *age > LONGEST)?;
        return Some((
            "APX-WAV-014",
            phase.to_owned(),
            format!("its sync has been running for {age:#}: {message}"),
        ));
    }
    let sync = text(app, "/status/sync/status");
    let verdict = facts.verdict(app);
    match (sync, verdict.health) {
        (_, Health::Degraded | Health::Failed) => {
            Some(("APX-WAV-015", "Degraded".to_owned(), verdict.message))
        }
        ("Synced", Health::Current | Health::Terminating) => None,
        ("Synced", health) => Some(("APX-WAV-015", format!("{health:?}"), verdict.message)),
        (sync, _) => {
            let sync = if sync.is_empty() { "Unknown" } else { sync };
            Some((
                "APX-WAV-013",
                sync.to_owned(),
                format!("its sync status is {sync}"),
            ))
        }
    }
}

fn applications(facts: &Facts, code: &str) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for app in facts.all(APPLICATIONS)? {
        let Some((_, reason, message)) = trouble(facts, app).filter(|(other, ..)| *other == code) else {
            continue;
        };
        let object = named(app);
        let (at, name) = (namespace(app), name(app));
        let remedy = match code {
            "APX-WAV-013" => format!("argocd app sync {at}/{name}"),
            "APX-WAV-014" => format!("argocd app terminate-op {at}/{name}"),
            _ => describe(&object).replace(" application ", " applications.argoproj.io "),
        };
        found.push(Finding::new(object, reason, message, remedy));
    }
    Ok(found)
}

fn broken(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    applications(facts, "APX-WAV-012")
}

fn out_of_sync(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    applications(facts, "APX-WAV-013")
}

fn stuck(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    applications(facts, "APX-WAV-014")
}

fn degraded(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    applications(facts, "APX-WAV-015")
}

/// Without those of a store that is not ready: that is the root.
fn external_secrets(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let stores = unhealthy(facts, &[CLUSTER_SECRET_STORES, SECRET_STORES]).unwrap_or_default();
    let follows = |secret: &Value| {
        stores.iter().any(|(store, _)| {
            let is_near = namespace(store).is_empty() || namespace(store) == namespace(secret);
            is_near && name(store) == text(secret, "/spec/secretStoreRef/name")
        })
    };
    let found = unhealthy(facts, &[EXTERNAL_SECRETS])?.into_iter();
    let own = found.filter(|(secret, _)| !follows(secret));
    Ok(own.map(|(secret, verdict)| told(secret, &verdict)).collect())
}

/// Fields that say what an object is to be.
const OURS: [&str; 6] = [
    "f:spec",
    "f:data",
    "f:rules",
    "f:roleRef",
    "f:subjects",
    "f:webhooks",
];

fn foreign(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for kind in [
        DEPLOYMENTS,
        STATEFUL_SETS,
        CRON_JOBS,
        SERVICES,
        INGRESSES,
        CLUSTER_ROLES,
        CLUSTER_ROLE_BINDINGS,
    ] {
        found.extend(facts.all(kind)?.iter().filter_map(changed));
    }
    Ok(found)
}

/// Kubernetes' own controllers, and Argo CD where it applies what is ours, may.
fn changed(object: &Value) -> Option<Finding> {
    let is_ours = object["metadata"]["labels"][names::MANAGED_BY_LABEL] == names::PRODUCT;
    let entries = list(object, "/metadata/managedFields").iter();
    let applied = |entry: &&Value| entry["manager"] == names::PRODUCT && entry["operation"] == "Apply";
    if !is_ours || !entries.clone().any(|entry| applied(&entry)) {
        return None;
    }
    let is_foreign = |entry: &&Value| {
        let manager = text(entry, "/manager");
        let is_known =
            manager == names::PRODUCT || manager.starts_with("kube-") || manager.starts_with("argocd-");
        let sets = entry["fieldsV1"].as_object().into_iter().flatten();
        !is_known
            && text(entry, "/subresource").is_empty()
            && sets.into_iter().any(|(field, _)| OURS.contains(&field.as_str()))
    };
    let foreign = entries.filter(is_foreign).collect::<Vec<_>>();
    let first = foreign.first()?;
    let fields = fields(&first["fieldsV1"]);
    let manager = text(first, "/manager");
    let message = format!("{manager} sets {} of it", fields.join(", "));
    let name = named(object);
    let at = match &name.namespace {
        Some(namespace) => format!("-n {namespace} "),
        None => String::new(),
    };
    let remedy = format!("kubectl {at}get {} -o yaml --show-managed-fields", name.short());
    Some(Finding::new(name, Reason::FieldConflict, message, remedy))
}

/// The first paths of a set of fields, as people write them.
fn fields(set: &Value) -> Vec<String> {
    const MOST: usize = 3;
    let mut paths = Vec::new();
    walk(set, "", &mut paths);
    paths.retain(|path: &String| {
        OURS.iter()
            .any(|top| path.starts_with(&format!(".{}", &top[2..])))
    });
    paths.truncate(MOST);
    paths
}

fn walk(set: &Value, path: &str, paths: &mut Vec<String>) {
    let mut is_leaf = true;
    for (key, below) in set.as_object().into_iter().flatten() {
        let step = match (key.strip_prefix("f:"), key.strip_prefix("k:")) {
            (Some(field), _) => format!("{path}.{field}"),
            (None, Some(item)) => format!("{path}[{item}]"),
            _ => continue,
        };
        is_leaf = false;
        walk(below, &step, paths);
    }
    if is_leaf && !path.is_empty() {
        paths.push(path.to_owned());
    }
}
