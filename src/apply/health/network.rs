//! Services and Ingresses.

use super::{
    Need, Rule, Verdict,
    subject::{Subject, list, text},
    verdict::Doubt,
};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] = &[
    Rule::new("", "Service", service),
    Rule::new("networking.k8s.io", "Ingress", ingress).needing(of_ingress),
];

/// A Service works as soon as it exists, unless somebody outside has to give it an address.
fn service(subject: &Subject<'_>) -> Verdict {
    if subject.text("/spec/type") != "LoadBalancer" {
        return Verdict::current("it exists");
    }
    match subject.list("/status/loadBalancer/ingress") {
        [] => Verdict::progressing("no load balancer has given it an address yet"),
        _ => Verdict::current("it has an address"),
    }
}

/// An Ingress whose class and backends exist. Its address is not waited for: there are controllers that never write
/// one (argo-cd#14607).
fn ingress(subject: &Subject<'_>) -> Verdict {
    let class = class(subject.live).map(|need| subject.found.object(&need).map(|_| ()));
    let namespace = subject.namespace();
    let backends = backends(subject.live).into_iter().map(|backend| {
        let service = subject.found.object(&backend_need(namespace, backend))?;
        has_port(service, backend)
    });
    Verdict::current("its class and its backends exist").confirmed(class.into_iter().chain(backends))
}

fn of_ingress(live: &Value) -> Vec<Need> {
    let namespace = text(live, "/metadata/namespace");
    let backends = backends(live);
    let services = backends.iter().map(|backend| backend_need(namespace, backend));
    let services: BTreeSet<Need> = services.collect();
    class(live).into_iter().chain(services).collect()
}

/// Its class; one that it does not name may be the default one, or given by an annotation.
fn class(live: &Value) -> Option<Need> {
    let name = Some(text(live, "/spec/ingressClassName")).filter(|name| !name.is_empty())?;
    Some(Need::object("networking.k8s.io", "IngressClass", None, name))
}

/// All backends that are Services.
fn backends(live: &Value) -> Vec<&Value> {
    let rules = list(live, "/spec/rules").iter();
    let paths = rules.flat_map(|rule| list(rule, "/http/paths"));
    let paths = paths.filter_map(|path| path.pointer("/backend/service"));
    let default = live.pointer("/spec/defaultBackend/service");
    paths.chain(default).collect()
}

fn backend_need(namespace: &str, backend: &Value) -> Need {
    Need::object("", "Service", Some(namespace), text(backend, "/name"))
}

fn has_port(service: &Value, backend: &Value) -> Result<(), Doubt> {
    let wanted = &backend["port"];
    let is_it = |port: &Value| match wanted["number"].as_i64() {
        Some(number) => port["port"] == number,
        None => port["name"] == wanted["name"],
    };
    if list(service, "/spec/ports").iter().any(is_it) {
        return Ok(());
    }
    let name = text(backend, "/name");
    Err(Doubt::Denied(format!("Service {name} has no port {wanted}")))
}
