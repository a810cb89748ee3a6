//! The permissions that looking takes.

use crate::{
    apply::manifest::{self, Source as Text},
    check::{Check, Probe, Source},
    model::{
        components::Components,
        config::{Config, Namespaces},
        names,
        rule::Rule,
    },
    steps::secrets_generate,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Name of the ConfigMap that Dex reads.
pub(super) const DEX_CONFIG: &str = "dex";
/// Name of the lock that all steps on the platform itself share.
pub(super) const LOCK: &str = "aphex-ops-platform";

/// What these checks read.
pub(super) fn of(checks: &[&Check], config: &Config) -> Vec<Rule> {
    let lists = sources(checks);
    let lists = lists
        .into_iter()
        .map(|of| Rule::cluster(of.group, of.plural, [] as [String; 0], &["list"]));
    let probes = probes(checks);
    let looks = probes.into_iter().flat_map(|probe| of_probe(probe, config));
    lists.chain(looks).collect()
}

/// The lists that these checks read, each once.
pub(super) fn sources(checks: &[&Check]) -> BTreeSet<Source> {
    checks
        .iter()
        .flat_map(|check| with_needs(check))
        .flat_map(|check| check.reads().iter().copied())
        .collect()
}

/// What else these checks look at, each once.
pub(super) fn probes(checks: &[&Check]) -> BTreeSet<Probe> {
    checks
        .iter()
        .flat_map(|check| with_needs(check))
        .flat_map(|check| check.probes().iter().copied())
        .collect()
}

/// A check and all that it needs.
fn with_needs(check: &Check) -> Vec<&Check> {
    let needed = check.needs.iter().filter_map(|code| crate::check::check(code));
    needed
        .flat_map(|check| with_needs(check))
        .chain([check])
        .collect()
}

fn of_probe(probe: Probe, config: &Config) -> Vec<Rule> {
    let Namespaces { auth, platform, .. } = &config.namespaces;
    let get = |namespace: &str, resource: &'static str, names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        vec![Rule::named(namespace, "", resource, names, &["get"])]
    };
    match probe {
        Probe::Secrets => secrets_generate::rules(config, &["get"]),
        Probe::Tls => {
            let of_namespace = |(namespace, names): (String, BTreeSet<String>)| {
                Rule::named(&namespace, "", "secrets", names, &["get"])
            };
            certificates(config).into_iter().map(of_namespace).collect()
        }
        Probe::Account => get(
            auth,
            "secrets",
            &[
                names::API_TOKEN_SECRET,
                names::AUTHENTIK_SECRET,
                names::DEX_SECRET,
            ],
        ),
        Probe::Login => {
            let mut rules = get(auth, "secrets", &[names::AUTHENTIK_SECRET, names::DEX_SECRET]);
            let reviews = [] as [String; 0];
            rules.push(Rule::cluster(
                "authentication.k8s.io",
                "tokenreviews",
                reviews,
                &["create"],
            ));
            rules
        }
        Probe::DexConfig => get(auth, "configmaps", &[DEX_CONFIG]),
        Probe::JobsConfig => get(platform, "configmaps", &[names::CONFIG_MAP]),
        Probe::Lease => vec![Rule::named(
            platform,
            "coordination.k8s.io",
            "leases",
            [LOCK],
            &["get"],
        )],
        Probe::Access | Probe::Providers | Probe::Outside => Vec::new(),
    }
}

/// The Secrets that the Ingresses of the platform name, by namespace.
fn certificates(config: &Config) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let components = Components::built_in().ok();
    let ingress = components.as_ref().and_then(|all| all.named("ingress"));
    let files: Vec<_> = ingress
        .into_iter()
        .flat_map(|ingress| ingress.own_files(config.profile))
        .collect();
    let texts: Vec<Text<'_>> = files.iter().map(|(name, text)| Text { name, text }).collect();
    for manifest in manifest::read(&texts).unwrap_or_default() {
        let namespace = renamed(manifest.namespace.as_deref().unwrap_or_default(), config);
        let tls = manifest.object["spec"]["tls"].as_array().into_iter().flatten();
        let names = tls
            .filter_map(|tls| tls["secretName"].as_str())
            .map(str::to_owned);
        let names: Vec<String> = names.collect();
        if !names.is_empty() {
            found.entry(namespace).or_default().extend(names);
        }
    }
    found
}

/// A namespace of the default configuration by its configured name.
fn renamed(namespace: &str, config: &Config) -> String {
    let defaults = Namespaces::default();
    let mut pairs = defaults.all().into_iter().zip(config.namespaces.all());
    let found = pairs.find(|(default, _)| *default == namespace);
    found.map_or(namespace, |(_, own)| own).to_owned()
}

/// The Secrets that listed Ingresses name, as namespace and name.
pub(super) fn named_certificates(ingresses: &[Value]) -> BTreeSet<(String, String)> {
    let of_ingress = |ingress: &Value| -> Vec<(String, String)> {
        let namespace = ingress["metadata"]["namespace"].as_str().unwrap_or_default();
        let tls = ingress["spec"]["tls"].as_array().into_iter().flatten();
        let names = tls.filter_map(|tls| tls["secretName"].as_str());
        names
            .map(|name| (namespace.to_owned(), name.to_owned()))
            .collect()
    };
    ingresses.iter().flat_map(of_ingress).collect()
}
