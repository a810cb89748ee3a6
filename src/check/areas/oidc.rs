//! What the login's providers say of themselves.

use super::super::{
    Category::Oidc,
    Check, Facts, Finding, Probe, Provider, ProviderState, Skip, Suite, Trouble,
    sources::{DAEMON_SETS, DEPLOYMENTS, PODS, STATEFUL_SETS},
};
use super::{identity, workload};
use crate::model::{failure::Reason, object::ObjectRef};
use serde_json::Value;

const WORKLOADS: &[super::Source] = &[DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, PODS];

pub(super) const CHECKS: &[Check] = &[
    Check::error("APX-OIDC-001", Oidc, "Authentik's discovery and keys are right", authentik)
        .means("Dex cannot trust what Authentik says of who logs in.")
        .mended("Check authentik.slug of the configuration, and in Authentik that the provider has a signing key.")
        .after(&["APX-IDN-001"])
        .probing(&[Probe::Providers]),
    Check::error("APX-OIDC-002", Oidc, "Dex answers inside the cluster", dex_answers)
        .means("Nobody can log in.")
        .mended("Look at Dex's Pods and its log.")
        .after(&["APX-IDN-009"])
        .reading(WORKLOADS)
        .probing(&[Probe::Providers]),
    Check::error("APX-OIDC-003", Oidc, "Dex's discovery and keys are right inside the cluster", dex_right)
        .means("Clients compare the issuer letter by letter and refuse every token of another one, or of a weak key.")
        .mended("Check `issuer` in Dex's ConfigMap, and dex.issuer and hosts.dex of the configuration.")
        .after(&["APX-OIDC-002", "APX-OIDC-006"])
        .probing(&[Probe::Providers]),
    Check::warning("APX-OIDC-004", Oidc, "Dex answers by its public name", outside_answers)
        .means("Browsers do not get to the login, or only this machine does not.")
        .mended("Check the Ingress, DNS and certificate of that name.")
        .after(&["APX-OIDC-002"])
        .probing(&[Probe::Outside]),
    Check::error("APX-OIDC-005", Oidc, "Dex's discovery and keys are right by its public name", outside_right)
        .means("Something else answers by that name, or the certificate is not trusted.")
        .mended("Check where the name leads; http.resolve and http.caBundle of the configuration help where it is not public.")
        .after(&["APX-OIDC-004", "APX-OIDC-003"])
        .probing(&[Probe::Outside]),
    Check::error("APX-OIDC-006", Oidc, "Dex is configured with the platform's issuer", issuer)
        .means("Every token names another issuer than its readers expect.")
        .mended("Set `issuer` in Dex's ConfigMap to the configured one, and roll Dex.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::DexConfig]),
    Check::error("APX-OIDC-007", Oidc, "what Dex is configured with is encrypted", encrypted)
        .means("Tokens and codes go over the network in the clear, where everybody on the way can take them.")
        .mended("Use https for the issuer and for every redirect URI that is not on the user's own machine.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::DexConfig]),
    Check::warning("APX-OIDC-008", Oidc, "no client secret stands in Dex's ConfigMap", no_secrets)
        .means("Whoever reads ConfigMaps, which is nearly everybody, can pass for that client.")
        .mended("Put the secret into Secret dex-secrets and name it by secretEnv.")
        .after(&["APX-CLU-003"])
        .probing(&[Probe::DexConfig]),
    Check::error("APX-OIDC-009", Oidc, "a login gives an ID token that holds", login)
        .means("People cannot log in, or those who trust the tokens would refuse them.")
        .mended("The finding says at which server the login ended, or which rule the token breaks.")
        .after(&["APX-OIDC-001", "APX-OIDC-003", "APX-IDN-005", "APX-IDN-010"])
        .probing(&[Probe::Login])
        .in_suite(Suite::Smoke),
    Check::warning("APX-OIDC-010", Oidc, "the API server knows the bearer of that token", accepted)
        .means("kubectl cannot be used with the platform's login.")
        .mended("Give the API server an AuthenticationConfiguration with Dex as an issuer, for the audience `kubernetes`.")
        .after(&["APX-OIDC-009"])
        .probing(&[Probe::Login])
        .in_suite(Suite::Smoke),
    Check::warning("APX-OIDC-011", Oidc, "nobody changes the address that people are known by", address_fixed)
        .means("Dex takes the address from Authentik without a proof, and people are known by it: whoever takes somebody else's is that person.")
        .mended("In Authentik, below System, Settings, forbid people to change their e-mail address.")
        .after(&["APX-OIDC-009"])
        .probing(&[Probe::Login])
        .in_suite(Suite::Smoke),
];

fn object(provider: &Provider) -> ObjectRef {
    ObjectRef::global("OIDC provider", &provider.url)
}

/// The provider at that URL, of those inside the cluster.
fn inside(facts: &Facts, is_it: impl Fn(&str) -> bool) -> Result<&Provider, Skip> {
    let mut providers = facts.providers.seen()?.iter();
    let found = providers.find(|provider| is_it(&provider.url));
    found.ok_or_else(|| Skip::Unseen("nobody looked".to_owned()))
}

fn is_dex<'a>(facts: &'a Facts) -> impl Fn(&str) -> bool + 'a {
    |url| url == facts.config.dex_url()
}

fn wrong(provider: &Provider, remedy: &str) -> Vec<Finding> {
    match &provider.state {
        ProviderState::Wrong(problems) => problems
            .iter()
            .map(|trouble| told(provider, trouble, remedy))
            .collect(),
        ProviderState::Good | ProviderState::Silent(_) => Vec::new(),
    }
}

fn silent(provider: &Provider, remedy: &str) -> Vec<Finding> {
    match &provider.state {
        ProviderState::Silent(trouble) => vec![told(provider, trouble, remedy)],
        ProviderState::Good | ProviderState::Wrong(_) => Vec::new(),
    }
}

fn told(provider: &Provider, trouble: &Trouble, remedy: &str) -> Finding {
    let remedy = trouble.remedy.as_deref().unwrap_or(remedy);
    Finding::new(object(provider), trouble.reason, &trouble.message, remedy)
}

fn authentik(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let is_dex = is_dex(facts);
    let provider = inside(facts, |url| !is_dex(url))?;
    let remedy =
        "check authentik.slug of the configuration, then run `aphex-ops oidc verify --skip-external`";
    // Of one application in an Authentik that answers, silence is an answer too.
    Ok([wrong(provider, remedy), silent(provider, remedy)].concat())
}

fn dex_answers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let provider = inside(facts, is_dex(facts))?;
    let (namespace, name) = (&facts.config.namespaces.auth, &facts.config.dex.deployment);
    let found = silent(
        provider,
        &format!("kubectl -n {namespace} logs deployment/{name}"),
    );
    let dex = identity::dex(facts).ok().flatten();
    match dex.and_then(|dex| workload::of(facts, dex)) {
        Some(troubled) if !found.is_empty() => Err(Skip::Follows(
            troubled.code,
            format!("{} does not run", troubled.finding.object),
        )),
        _ => Ok(found),
    }
}

fn dex_right(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let provider = inside(facts, is_dex(facts))?;
    let remedy = "set `issuer` in Dex's ConfigMap and hosts.dex of the configuration to the same, then run `aphex-ops dex scale`";
    Ok(wrong(provider, remedy))
}

fn outside(facts: &Facts) -> Result<&Provider, Skip> {
    let found = facts.outside.seen()?.first();
    found.ok_or_else(|| Skip::Unseen("nobody looked".to_owned()))
}

fn outside_answers(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let remedy =
        "check the Ingress and DNS of that name; `aphex-ops oidc verify --skip-external` checks inside only";
    Ok(silent(outside(facts)?, remedy))
}

fn outside_right(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let remedy = "check where that name leads; http.resolve and http.caBundle of the configuration help";
    Ok(wrong(outside(facts)?, remedy))
}

fn login(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let issuer = ObjectRef::global("OIDC provider", facts.config.dex_issuer());
    Ok(match &facts.login.seen()?.token {
        Ok(broken) => broken
            .iter()
            .map(|rule| {
                let remedy =
                    "`aphex-ops oidc inspect` shows what such a token says, and which rules it breaks";
                Finding::new(issuer.clone(), Reason::InvalidValue, rule, remedy)
            })
            .collect(),
        Err(trouble) => {
            let namespace = &facts.config.namespaces.auth;
            let log = format!(
                "kubectl -n {namespace} logs deployment/{}",
                facts.config.dex.deployment
            );
            let remedy = trouble.remedy.clone().unwrap_or(log);
            vec![Finding::new(issuer, trouble.reason, &trouble.message, remedy)]
        }
    })
}

fn accepted(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let server = ObjectRef::global("API server", &facts.server);
    match &facts.login.seen()?.accepted {
        None => Err(Skip::Unseen("there is no token".to_owned())),
        Some(Ok(_)) => Ok(Vec::new()),
        Some(Err(trouble)) => {
            let remedy = "start the API server with --authentication-config and Dex's issuer in it, for the audience kubernetes";
            let remedy = trouble.remedy.as_deref().unwrap_or(remedy);
            Ok(vec![Finding::new(
                server,
                trouble.reason,
                &trouble.message,
                remedy,
            )])
        }
    }
}

fn address_fixed(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let authentik = ObjectRef::global("Authentik", facts.config.authentik_url());
    match facts.login.seen()?.may_change_email {
        None => Err(Skip::Unseen(format!("{authentik} does not say"))),
        Some(false) => Ok(Vec::new()),
        Some(true) => Ok(vec![Finding::new(
            authentik,
            Reason::InvalidValue,
            "people may change their e-mail address by themselves",
            "forbid it in Authentik, below System, Settings",
        )]),
    }
}

/// Dex's ConfigMap, and what is in it.
fn config(facts: &Facts) -> Result<(ObjectRef, Value), Skip> {
    let object = ObjectRef::namespaced("ConfigMap", &facts.config.namespaces.auth, "dex");
    match facts.dex_config.seen()? {
        None => Err(Skip::NotInstalled(format!("there is no {object}"))),
        Some(text) => match serde_saphyr::from_str(text) {
            Ok(value) => Ok((object, value)),
            Err(_) => Err(Skip::Unseen(format!("{object} is no YAML"))),
        },
    }
}

fn issuer(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (object, config) = config(facts)?;
    let (found, wanted) = (
        config["issuer"].as_str().unwrap_or_default(),
        facts.config.dex_issuer(),
    );
    let remedy = edit(&object);
    let differs = (found != wanted).then(|| {
        let message = format!("its issuer is {found:?}, expected {wanted:?}");
        Finding::new(object, Reason::Mismatch, message, remedy)
    });
    Ok(differs.into_iter().collect())
}

fn edit(object: &ObjectRef) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    format!("kubectl -n {namespace} edit configmap {}", object.name)
}

fn encrypted(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (object, config) = config(facts)?;
    let mut plain: Vec<(String, String)> = Vec::new();
    let issuer = config["issuer"].as_str().unwrap_or_default();
    plain.extend(is_plain(issuer).then(|| ("issuer".to_owned(), issuer.to_owned())));
    for client in config["staticClients"].as_array().into_iter().flatten() {
        let id = client["id"].as_str().unwrap_or_default();
        let uris = client["redirectURIs"].as_array().into_iter().flatten();
        let uris = uris.filter_map(Value::as_str).filter(|uri| is_plain(uri));
        plain.extend(uris.map(|uri| (format!("a redirect URI of client {id:?}"), uri.to_owned())));
    }
    let connectors = config["connectors"].as_array().into_iter().flatten();
    let issuers = connectors.filter_map(|connector| connector["config"]["issuer"].as_str());
    plain.extend(
        issuers
            .filter(|url| is_plain(url))
            .map(|url| ("the issuer of a connector".to_owned(), url.to_owned())),
    );
    let remedy = edit(&object);
    let found = plain.into_iter().map(|(what, url)| {
        Finding::new(
            object.clone(),
            Reason::InvalidValue,
            format!("{what} is {url:?}, which is not https"),
            &remedy,
        )
    });
    Ok(found.collect())
}

/// Not https, nor of a Service in the cluster, nor on the user's own machine (RFC 8252 §7.3).
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let in_cluster = host.ends_with(".svc") || host.ends_with(".svc.cluster.local");
    !in_cluster && !["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

fn no_secrets(facts: &Facts) -> Result<Vec<Finding>, Skip> {
    let (object, config) = config(facts)?;
    let remedy = edit(&object);
    let clients = config["staticClients"].as_array().into_iter().flatten();
    let open = clients.filter(|client| {
        client["secret"]
            .as_str()
            .is_some_and(|secret| !secret.starts_with('$'))
    });
    let found = open.map(|client| {
        let id = client["id"].as_str().unwrap_or_default();
        let message = format!("the secret of client {id:?} stands in it");
        Finding::new(object.clone(), Reason::InvalidValue, message, &remedy)
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_plain_is_near() {
        for (url, expected) in [
            ("https://dex.home.local", false),
            ("http://dex.home.local", true),
            ("http://dex.home.local:5556/dex", true),
            ("http://dex.auth-system.svc.cluster.local:5556", false),
            ("http://dex.auth-system.svc.evil.example/", true),
            ("http://localhost:8000/callback", false),
            ("http://localhost.evil.example/callback", true),
        ] {
            assert_eq!(is_plain(url), expected, "{url}");
        }
    }
}
