//! What the API server calls, and what repositories call.

use super::super::{
    Category::Webhooks,
    Check, Facts, Finding, Skip,
    object::{describe, list, name, named, namespace, text},
    sources::{
        API_SERVICES, DAEMON_SETS, DEPLOYMENTS, ENDPOINTS, LISTENERS, MUTATING, PODS, SERVICES,
        STATEFUL_SETS, VALIDATING,
    },
};
use super::{told, unhealthy, workload};
use crate::model::{failure::Reason, object::ObjectRef};
use serde_json::Value;

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-WHK-001", Webhooks, "somebody answers every webhook", answered)
        .means("The API server refuses what it has to ask the webhook about, also the very Pods that would answer.")
        .mended("Start what is behind the webhook's Service, or delete the configuration of a webhook that is no more.")
        .after(&["APX-CLU-001"])
        .reading(&[VALIDATING, MUTATING, SERVICES, ENDPOINTS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS]),
    Check::error("APX-WHK-002", Webhooks, "the API server can trust every webhook", trusted)
        .means("Without an authority the API server refuses the connection, and with it what it asks about.")
        .mended("Start what writes the authority into the configuration: cert-manager's cainjector, or the webhook itself.")
        .after(&["APX-CLU-001"])
        .reading(&[VALIDATING, MUTATING]),
    Check::error("APX-WHK-003", Webhooks, "every aggregated API answers", aggregated)
        .means("Its kinds cannot be read, and no namespace can be deleted completely.")
        .mended("Start what is behind the API service, or delete it if it is no more.")
        .after(&["APX-CLU-001"])
        .reading(&[API_SERVICES]),
    Check::error("APX-WHK-004", Webhooks, "every listener checks the signature of what it is sent", signed)
        .means("Everybody who can reach the listener starts pipelines, with the tenant's rights.")
        .mended("Give the trigger an interceptor with a secretRef to the webhook's secret.")
        .after(&["APX-CLU-001"])
        .reading(&[LISTENERS]),
    Check::error("APX-WHK-005", Webhooks, "every listener runs", listening)
        .means("What repositories send is lost.")
        .mended("Look at the listener's Deployment and its Pods.")
        .after(&["APX-CLU-001"])
        .reading(&[LISTENERS]),
];

/// Every webhook with the configuration that it is in.
fn webhooks(facts: &Facts) -> Result<Vec<(&Value, &Value)>, Skip> {
    let (validating, mutating) = (facts.all(VALIDATING)?, facts.all(MUTATING)?);
    let all = validating.iter().chain(mutating);
    Ok(all
        .flat_map(|object| {
            list(object, "/webhooks")
                .iter()
                .map(move |webhook| (object, webhook))
        })
        .collect())
}

/// Only those of the platform: what is behind others is not looked at.
fn answered(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let services = facts.all(SERVICES)?;
    let slices = facts.all(ENDPOINTS)?;
    let mut found: Vec<Finding> = Vec::new();
    for (object, webhook) in webhooks(facts)? {
        let service = &webhook["clientConfig"]["service"];
        let (home, at) = (text(service, "/namespace"), text(service, "/name"));
        if !facts.platform.contains(home) || text(webhook, "/failurePolicy") == "Ignore" {
            continue;
        }
        let object = named(object);
        let missing = ObjectRef::namespaced("Service", home, at);
        let behind = services
            .iter()
            .find(|other| namespace(other) == home && name(other) == at);
        let (message, remedy) = match behind {
            None => (
                format!("{missing} does not exist"),
                format!(
                    "kubectl delete {} {}, if nobody is to answer it",
                    object.kind.to_lowercase(),
                    object.name
                ),
            ),
            Some(service) if is_served(slices, service) => continue,
            // What does not run is the root.
            Some(service) if workload::is_behind(facts, home, &service["spec"]["selector"]).is_some() => {
                continue;
            }
            Some(_) => (
                format!("nothing that is ready is behind {missing}"),
                format!("kubectl -n {home} get endpointslices,pods"),
            ),
        };
        if !found.iter().any(|other| other.object == object) {
            let message = format!("webhook {} is not answered: {message}", text(webhook, "/name"));
            found.push(Finding::new(object, Reason::Unavailable, message, remedy));
        }
    }
    Ok(found)
}

fn is_served(slices: &[Value], service: &Value) -> bool {
    let own = slices.iter().filter(|slice| {
        namespace(slice) == namespace(service)
            && slice["metadata"]["labels"]["kubernetes.io/service-name"] == name(service)
    });
    // A condition that is not known counts as true (EndpointConditions).
    let mut endpoints = own.flat_map(|slice| list(slice, "/endpoints"));
    endpoints.any(|endpoint| endpoint["conditions"]["ready"] != false)
}

fn trusted(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found: Vec<Finding> = Vec::new();
    for (object, webhook) in webhooks(facts)? {
        let is_service = webhook["clientConfig"]["service"].is_object();
        let has_authority = !text(webhook, "/clientConfig/caBundle").is_empty();
        let object = named(object);
        if is_service && !has_authority && !found.iter().any(|other| other.object == object) {
            let message = format!("webhook {} has no caBundle", text(webhook, "/name"));
            let remedy = describe(&object);
            found.push(Finding::missing(object, message, remedy));
        }
    }
    Ok(found)
}

fn aggregated(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let found = unhealthy(facts, &[API_SERVICES])?.into_iter();
    let served = found.filter(|(object, _)| object["spec"]["service"].is_object());
    Ok(served.map(|(object, verdict)| told(object, &verdict)).collect())
}

fn listening(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let found = unhealthy(facts, &[LISTENERS])?;
    Ok(found
        .into_iter()
        .map(|(object, verdict)| told(object, &verdict))
        .collect())
}

fn signed(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut found = Vec::new();
    for listener in facts.all(LISTENERS)? {
        let groups = list(listener, "/spec/triggerGroups")
            .iter()
            .filter(|group| !is_signed(group));
        let triggers = list(listener, "/spec/triggers").iter();
        let triggers =
            triggers.filter(|trigger| text(trigger, "/triggerRef").is_empty() && !is_signed(trigger));
        let open: Vec<&str> = triggers
            .chain(groups)
            .map(|trigger| text(trigger, "/name"))
            .collect();
        if !open.is_empty() {
            let remedy = format!(
                "kubectl -n {} get eventlistener {} -o yaml",
                namespace(listener),
                name(listener)
            );
            let message = format!("it takes what nobody signed: trigger {}", open.join(", "));
            found.push(Finding::new(
                named(listener),
                Reason::InvalidValue,
                message,
                remedy,
            ));
        }
    }
    Ok(found)
}

/// Whether an interceptor checks a signature: one of Tekton's own with a secret, or one of the operator's own, of which we
/// know nothing.
fn is_signed(trigger: &Value) -> bool {
    const OPEN: [&str; 1] = ["cel"];
    const SIGNED: [&str; 4] = ["github", "gitlab", "bitbucket", "slack"];
    list(trigger, "/interceptors").iter().any(|interceptor| {
        let name = text(interceptor, "/ref/name");
        let mut params = list(interceptor, "/params").iter();
        let has_secret =
            params.any(|param| param["name"] == "secretRef" && !text(param, "/value/secretName").is_empty());
        let is_older = SIGNED
            .iter()
            .any(|kind| interceptor[*kind]["secretRef"].is_object());
        let is_custom = interceptor["webhook"].is_object()
            || !name.is_empty() && !SIGNED.contains(&name) && !OPEN.contains(&name);
        is_older || is_custom || SIGNED.contains(&name) && has_secret
    })
}
