//! What extends the API server: CRDs, API services, webhooks and admission policies.
//!
//! Their own status is not the whole truth: another API server may not have taken them up yet. What has to be tried
//! besides is data here, see [`probe`].

use super::{
    Health, Need, Rule, Verdict,
    plain::exists,
    subject::{Subject, list, text},
    verdict::Doubt,
};
use serde_json::Value;

const ADMISSION: &str = "admissionregistration.k8s.io";
const CRD: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

pub(super) const RULES: &[Rule] = &[
    Rule::new(CRD.0, CRD.1, definition).with_conditions(),
    Rule::new("apiregistration.k8s.io", "APIService", api_service).with_conditions(),
    Rule::new(ADMISSION, "ValidatingWebhookConfiguration", webhooks).needing(endpoints),
    Rule::new(ADMISSION, "MutatingWebhookConfiguration", webhooks).needing(endpoints),
    Rule::new(ADMISSION, "ValidatingAdmissionPolicy", policy),
    Rule::new(ADMISSION, "ValidatingAdmissionPolicyBinding", exists),
    Rule::new(ADMISSION, "MutatingAdmissionPolicy", exists),
    Rule::new(ADMISSION, "MutatingAdmissionPolicyBinding", exists),
];

/// What has to be tried, besides the object's own verdict, before anything may rely on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// A list of this resource is answered with 200, three times in a row over new connections: of several API
    /// servers each takes up a CRD by itself (kubernetes#125471).
    ServedVersion {
        /// API group.
        group: String,
        /// A version that is served.
        version: String,
        /// Plural resource.
        plural: String,
    },
}

/// What has to be tried of this object; `None` if its own verdict is enough.
///
/// Of a CRD it is the version that is stored, if that is served, as all versions of a CRD are taken up at once.
#[must_use]
pub fn probe(live: &Value) -> Option<Probe> {
    let is_definition = live["kind"] == CRD.1 && text(live, "/apiVersion").starts_with(CRD.0);
    let versions = list(live, "/spec/versions").iter();
    let served = versions.filter(|version| is_definition && version["served"] == true);
    let version = served.max_by_key(|version| version["storage"] == true)?;
    Some(Probe::ServedVersion {
        group: text(live, "/spec/group").to_owned(),
        version: text(version, "/name").to_owned(),
        plural: text(live, "/spec/names/plural").to_owned(),
    })
}

fn definition(subject: &Subject<'_>) -> Verdict {
    let condition = |kind| subject.condition(kind);
    if let Some(found) = condition("Terminating").filter(|found| found.is_true()) {
        return found.verdict(Health::Terminating);
    }
    let refused = condition("NamesAccepted").filter(|found| found.is_false());
    let invalid = condition("NonStructuralSchema").filter(|found| found.is_true());
    if let Some(found) = refused.or(invalid) {
        return found.verdict(Health::Failed);
    }
    match condition("Established") {
        Some(found) if found.is_true() && subject.is_true("NamesAccepted") => found.verdict(Health::Current),
        Some(found) => found.verdict(Health::Progressing),
        None => Verdict::progressing("it is not established yet"),
    }
}

fn api_service(subject: &Subject<'_>) -> Verdict {
    match subject.condition("Available") {
        Some(found) if found.is_true() => subject.current_by(&found),
        Some(found) => found.verdict(Health::Degraded),
        None => Verdict::progressing("its controller has not looked at it yet"),
    }
}

/// Webhooks that somebody listens to, whom the API server can trust.
///
/// It has no status. Whether it answers shows when it is asked: cert-manager's does not for a while, though its Pods are
/// ready (cert-manager#2908), so what it has to agree to is tried again for a minute.
fn webhooks(subject: &Subject<'_>) -> Verdict {
    let services = services(subject.live);
    let checks = services.iter().map(|(name, config)| {
        if text(config, "/caBundle").is_empty() {
            return Err(Doubt::Denied(format!("webhook {name} has no caBundle yet")));
        }
        let slices = subject.found.objects(&slices(config))?;
        let endpoints = slices.iter().flat_map(|slice| list(slice, "/endpoints"));
        let is_ready = |endpoint: &Value| {
            endpoint["conditions"]["ready"] != false && !list(endpoint, "/addresses").is_empty()
        };
        if endpoints.into_iter().any(is_ready) {
            return Ok(());
        }
        let service = text(config, "/service/name");
        Err(Doubt::Denied(format!(
            "Service {service} of webhook {name} has no ready endpoint"
        )))
    });
    Verdict::current("its Services have ready endpoints").confirmed(checks)
}

fn endpoints(live: &Value) -> Vec<Need> {
    let services = services(live);
    let mut needs: Vec<Need> = services.iter().map(|(_, config)| slices(config)).collect();
    needs.sort();
    needs.dedup();
    needs
}

/// The webhooks behind Services: name and client configuration.
fn services(live: &Value) -> Vec<(&str, &Value)> {
    let webhooks = list(live, "/webhooks").iter();
    let configs = webhooks.map(|webhook| (text(webhook, "/name"), &webhook["clientConfig"]));
    configs
        .filter(|(_, config)| config["service"].is_object())
        .collect()
}

fn slices(config: &Value) -> Need {
    let (namespace, name) = (text(config, "/service/namespace"), text(config, "/service/name"));
    let labels = format!("kubernetes.io/service-name={name}");
    Need::selected("discovery.k8s.io", "EndpointSlice", namespace, labels)
}

/// A policy whose expressions have been checked (KEP-3488). Where no controller manager runs nobody checks them, and
/// the policy is in force all the same.
fn policy(subject: &Subject<'_>) -> Verdict {
    if subject.number("/status/observedGeneration").is_none() {
        return Verdict::settling("nobody has checked the types of its expressions");
    }
    match subject.list("/status/typeChecking/expressionWarnings") {
        [] => Verdict::current("its expressions have been checked"),
        [first, ..] => {
            let place = text(first, "/fieldRef");
            Verdict::degraded(format!("{place} does not fit the types")).and(text(first, "/warning").trim())
        }
    }
}
