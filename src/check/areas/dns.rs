//! Hosts and where they lead.

use super::super::{
    Category::Dns,
    Check, Facts, Finding, Skip,
    object::{describe, list, name, named, namespace, text},
    sources::{INGRESS_CLASSES, INGRESSES, SERVICES},
};
use crate::model::{failure::Reason, object::ObjectRef};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check::warning(
        "APX-DNS-001",
        Dns,
        "every host of the platform has an Ingress",
        hosts,
    )
    .means("Nobody gets to it from outside.")
    .mended("Run `aphex-ops waves install --only ingress`, or mend `hosts` of the configuration.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES]),
    Check::error("APX-DNS-002", Dns, "somebody serves every Ingress", classes)
        .means("No ingress controller takes the Ingress up, so that its hosts lead nowhere.")
        .mended("Install the ingress controller, or name its class in the Ingress.")
        .after(&["APX-CLU-001"])
        .reading(&[INGRESSES, INGRESS_CLASSES]),
    Check::error(
        "APX-DNS-003",
        Dns,
        "every Ingress leads to a Service that exists",
        backends,
    )
    .means("Visitors get an error of the ingress controller.")
    .mended("Mend the Service's name or port in the Ingress, or install what it belongs to.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES, SERVICES]),
    Check::warning(
        "APX-DNS-004",
        Dns,
        "no two Ingresses claim the same place",
        claims,
    )
    .means("Which of them gets the visitors is chance.")
    .mended("Delete the one that is not meant.")
    .after(&["APX-CLU-001"])
    .reading(&[INGRESSES]),
];

/// Those of the platform.
fn ingresses(facts: &Facts) -> Result<&[Value], Skip> {
    match facts.all(INGRESSES)? {
        [] => Err(Skip::NotInstalled("the platform has no Ingress".to_owned())),
        some => Ok(some),
    }
}

fn hosts(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let rules: Vec<&str> = ingresses(facts)?
        .iter()
        .flat_map(|ingress| list(ingress, "/spec/rules"))
        .map(|rule| text(rule, "/host"))
        .collect();
    let hosts = &facts.config.hosts;
    let wanted = [&hosts.auth, &hosts.dex, &hosts.argocd, &hosts.tekton];
    let missing = wanted.into_iter().filter(|host| !rules.contains(&host.as_str()));
    let found = missing.map(|host| {
        let remedy = "run `aphex-ops waves install --only ingress`";
        Finding::missing(
            ObjectRef::global("Host", host),
            "no Ingress of the platform is for it",
            remedy,
        )
    });
    Ok(found.collect())
}

fn classes(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let classes = facts.all(INGRESS_CLASSES)?;
    let has_default = classes.iter().any(|class| {
        class["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"] == "true"
    });
    let mut found = Vec::new();
    for ingress in ingresses(facts)? {
        let wanted = text(ingress, "/spec/ingressClassName");
        let is_older = ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"].is_string();
        let message = match wanted {
            "" if is_older || has_default => continue,
            "" => "it names no class, and there is no default one".to_owned(),
            _ if classes.iter().any(|class| name(class) == wanted) => continue,
            _ => format!("IngressClass {wanted} does not exist"),
        };
        found.push(Finding::missing(
            named(ingress),
            message,
            "kubectl get ingressclasses",
        ));
    }
    Ok(found)
}

fn backends(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let services = facts.all(SERVICES)?;
    let mut found: Vec<Finding> = Vec::new();
    for ingress in ingresses(facts)? {
        let home = namespace(ingress);
        let paths = list(ingress, "/spec/rules")
            .iter()
            .flat_map(|rule| list(rule, "/http/paths"));
        let backends = paths
            .map(|path| &path["backend"])
            .chain([&ingress["spec"]["defaultBackend"]]);
        for backend in backends
            .map(|backend| &backend["service"])
            .filter(|service| service.is_object())
        {
            let wanted = text(backend, "/name");
            let object = ObjectRef::namespaced("Service", home, wanted);
            let service = services
                .iter()
                .find(|other| namespace(other) == home && name(other) == wanted);
            let message = match service {
                None => format!("it does not exist, and {} leads to it", named(ingress)),
                Some(service) if has_port(service, &backend["port"]) => continue,
                Some(_) => format!(
                    "it has no port {}, which {} leads to",
                    port(&backend["port"]),
                    named(ingress)
                ),
            };
            if !found.iter().any(|other| other.object == object) {
                found.push(Finding::missing(object, message, describe(&named(ingress))));
            }
        }
    }
    Ok(found)
}

fn has_port(service: &Value, wanted: &Value) -> bool {
    let mut ports = list(service, "/spec/ports").iter();
    ports.any(|port| {
        let by_name = wanted["name"].is_string() && port["name"] == wanted["name"];
        by_name || wanted["number"].is_number() && port["port"] == wanted["number"]
    })
}

fn port(wanted: &Value) -> String {
    let named = wanted["name"].as_str().map(str::to_owned);
    named.unwrap_or_else(|| wanted["number"].to_string())
}

fn claims(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let mut first: BTreeMap<(String, String, String), &Value> = BTreeMap::new();
    let mut found: Vec<Finding> = Vec::new();
    for ingress in ingresses(facts)? {
        for rule in list(ingress, "/spec/rules") {
            for path in list(rule, "/http/paths") {
                let class = text(ingress, "/spec/ingressClassName").to_owned();
                let place = (
                    class,
                    text(rule, "/host").to_owned(),
                    text(path, "/path").to_owned(),
                );
                let (host, at) = (place.1.clone(), place.2.clone());
                let other = *first.entry(place).or_insert(ingress);
                let object = named(ingress);
                if named(other) != object && !found.iter().any(|known| known.object == object) {
                    let message = format!("{} claims {host}{at} too", named(other));
                    let remedy = describe(&object);
                    found.push(Finding::new(object, Reason::AmbiguousMatch, message, remedy));
                }
            }
        }
    }
    Ok(found)
}
