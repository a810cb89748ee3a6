//! What single objects of ours say about the installation: Dex, Authentik, Argo CD, the login of the Dashboard.

use super::{
    OverlayError,
    fields::{at, each, each_text},
};
use crate::model::config::{Config, Dex};
use serde_json::Value;

/// Path under which each client takes its login back.
const CALLBACK: &str = "/auth/callback";

pub(super) fn apply(object: &mut Value, config: &Config) -> Result<(), OverlayError> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (word(&object["kind"]), word(&object["metadata"]["name"]));
    match (kind.as_str(), name.as_str()) {
        ("ConfigMap", "authentik-settings") => set_data(object, &authentik(config)),
        ("ConfigMap", "tekton-dashboard-login") => set_data(object, &dashboard_login(config)),
        ("ConfigMap", "argocd-cm") => {
            let url = format!("https://{}", config.hosts.argocd);
            set_data(object, &[("url", url)]);
            let issuer = config.dex_issuer();
            change_document(object, "oidc.config", &|document| {
                set(document, "issuer", &issuer);
            })?;
        }
        ("ConfigMap", "dex") => change_document(object, "config.yaml", &|document| dex(document, config))?,
        ("Deployment", "external-dns") => each(
            object,
            "spec template spec containers * args *",
            &mut |argument| {
                let text = argument.as_str().unwrap_or_default();
                if text.starts_with("--domain-filter=") {
                    *argument = format!("--domain-filter={}", config.cloudflare_zone()).into();
                }
            },
        ),
        _ => {}
    }
    rename_dex(object, config);
    Ok(())
}

fn authentik(config: &Config) -> [(&'static str, String); 4] {
    let authentik = &config.authentik;
    [
        ("DEX_PROVIDER_NAME", authentik.provider.clone()),
        ("DEX_CLIENT_ID", authentik.client_id.clone()),
        ("DEX_REDIRECT_URI", config.authentik_redirect_uri()),
        ("PLATFORM_APPLICATION_SLUG", authentik.slug.clone()),
    ]
}

fn dashboard_login(config: &Config) -> [(&'static str, String); 5] {
    let (issuer, inside) = (config.dex_issuer(), config.dex_url());
    [
        (
            "OAUTH2_PROXY_LOGIN_URL",
            format!("{}/auth", issuer.trim_end_matches('/')),
        ),
        ("OAUTH2_PROXY_OIDC_ISSUER_URL", issuer),
        ("OAUTH2_PROXY_REDEEM_URL", format!("{inside}/token")),
        ("OAUTH2_PROXY_OIDC_JWKS_URL", format!("{inside}/keys")),
        (
            "OAUTH2_PROXY_REDIRECT_URL",
            format!("https://{}{CALLBACK}", config.hosts.tekton),
        ),
    ]
}

/// Dex's own configuration.
fn dex(document: &mut Value, config: &Config) {
    set(document, "issuer", &config.dex_issuer());
    let clients = [
        ("argocd", &config.hosts.argocd),
        ("tekton-dashboard", &config.hosts.tekton),
    ];
    each(document, "staticClients *", &mut |client| {
        let host = clients.iter().find(|(id, _)| client["id"] == *id);
        if let Some((_, host)) = host {
            client["redirectURIs"] = vec![format!("https://{host}{CALLBACK}")].into();
        }
    });
    let issuer = format!(
        "{}/application/o/{}/",
        config.authentik_url(),
        config.authentik.slug
    );
    let login = format!("https://{}/application/o/authorize/", config.hosts.auth);
    each(document, "connectors *", &mut |connector| {
        if connector["id"] == "authentik" {
            set(connector, "config issuer", &issuer);
            set(connector, "config providerDiscoveryOverrides authURL", &login);
            set(connector, "config clientID", &config.authentik.client_id);
            set(connector, "config redirectURI", &config.authentik_redirect_uri());
        }
    });
}

/// Dex's Deployment and Service have a configured name, by which others find them.
pub(super) fn rename_dex(object: &mut Value, config: &Config) {
    let default = Dex::default().deployment;
    let paths: &[&str] = match object["kind"].as_str() {
        Some("Deployment" | "Service") => &["metadata name"],
        Some("Ingress") => &["spec rules * http paths * backend service name"],
        Some("HTTPRoute") => &["spec rules * backendRefs * name"],
        Some("Application") => &["spec ignoreDifferences * name"],
        _ => &[],
    };
    for path in paths {
        each_text(object, path, &|name| {
            (name == default).then(|| config.dex.deployment.clone())
        });
    }
}

/// Sets a field that is there.
fn set(value: &mut Value, path: &str, text: &str) {
    if let Some(field) = at(value, path) {
        *field = text.into();
    }
}

fn set_data(object: &mut Value, values: &[(&str, String)]) {
    for (key, value) in values {
        set(object, &format!("data {key}"), value);
    }
}

/// Changes the YAML document under a key of a ConfigMap. One that stays the same stays as it is written.
fn change_document(object: &mut Value, key: &str, change: &dyn Fn(&mut Value)) -> Result<(), OverlayError> {
    let text = object["data"][key].as_str().unwrap_or_default();
    let read: Result<Value, _> = serde_saphyr::from_str(text);
    let before = match read {
        Ok(document) if document.is_object() => document,
        Ok(_) => return Err(unreadable(object, key, "it is no mapping")),
        Err(error) => return Err(unreadable(object, key, &error.to_string())),
    };
    let mut after = before.clone();
    change(&mut after);
    if after != before {
        object["data"][key] = crate::render::document(&after).into();
    }
    Ok(())
}

fn unreadable(object: &Value, key: &str, problem: &str) -> OverlayError {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    OverlayError {
        kind: word(&object["kind"]),
        name: word(&object["metadata"]["name"]),
        problem: format!("{key} cannot be read: {problem}"),
    }
}
