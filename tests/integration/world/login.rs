//! The login services around a cluster: the Authentik stand-in and a real Dex, each behind a proxy.

use super::cluster::{ADMIN_PASSWORD, BOOTSTRAP_TOKEN};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use rig::{
    authentik::{Authentik, Options},
    laws::Trouble,
    proxy::{Proxy, Recorder, Upstream},
    sandbox::Dex,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{runtime::Handle, sync::Mutex, task::block_in_place};

pub(super) type SharedDex = Arc<Mutex<Dex>>;

const DEX_HOST: &str = "dex.home.local";

/// Dex's static clients: id, variable that holds the secret, and key of the Secret that the variable is from.
const CLIENTS: [(&str, &str, &str); 3] = [
    ("argocd", "ARGOCD_CLIENT_SECRET", "argocd-client-secret"),
    ("tekton-dashboard", "TEKTON_CLIENT_SECRET", "tekton-client-secret"),
    (
        "kubernetes",
        "KUBERNETES_CLIENT_SECRET",
        "kubernetes-client-secret",
    ),
];
/// Nobody logs in here.
const AUTHENTIK: (&str, &str) = ("AUTHENTIK_CLIENT_SECRET", "not-used-by-discovery");

pub(crate) struct Login {
    pub(crate) authentik: Authentik,
    /// The configuration that names all of them.
    pub(crate) config: PathBuf,
    /// Real, and never reset: it has no state but the secrets with which a rollout starts it.
    pub(super) dex: SharedDex,
    _proxies: Vec<Proxy>,
}

fn options() -> Options {
    Options {
        admin_password: ADMIN_PASSWORD.to_owned(),
        bootstrap_token: Some(BOOTSTRAP_TOKEN.to_owned()),
        ..Options::default()
    }
}

impl Login {
    pub(crate) async fn start(recorder: &Recorder, folder: &Path) -> Result<Self, Trouble> {
        let authentik = Authentik::start(options()).await?;
        let front = Proxy::start(Upstream::plain(authentik.url()), recorder, "authentik").await?;
        let dex = start_dex(&authentik).await?;
        let inside = Proxy::start(Upstream::plain(dex.http_url()), recorder, "dex").await?;
        let outside = Upstream::plain(dex.http_url()).served_as([DEX_HOST]);
        let outside = Proxy::start(outside, recorder, "dex outside").await?;
        let authority = folder.join("ca.pem");
        std::fs::write(&authority, outside.ca_pem().ok_or("a proxy without TLS")?)?;
        let address = outside.url().trim_start_matches("https://");
        let document = json!({
            "authentik": {"url": front.url()},
            "dex": {"url": inside.url()},
            "http": {"caBundle": authority, "resolve": {DEX_HOST: address}},
        });
        let config = folder.join("config.yaml");
        std::fs::write(&config, serde_saphyr::to_string(&document)?)?;
        Ok(Self {
            authentik,
            config,
            dex: Arc::new(Mutex::new(dex)),
            _proxies: vec![front, inside, outside],
        })
    }

    /// A new Authentik at the old address.
    pub(super) fn reset(&self) {
        self.authentik.reset(options());
    }

    /// What Authentik holds, without values: generated keys are not the same in any two runs.
    pub(super) fn state(&self) -> String {
        let state = format!("{:#?}", self.authentik.snapshot());
        let mut parts = state.split("<secret ");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            text + "<secret>" + part.split_once('>').map_or("", |(_, rest)| rest)
        })
    }

    /// Writes since this was last called, and whatever a careful client never sends.
    pub(super) fn writes(&self) -> Vec<String> {
        let (requests, violations) = (self.authentik.requests(), self.authentik.violations());
        self.authentik.forget_requests();
        // Asking whether a secret is right has no side effect, though it is a POST (recorded).
        let is_probe = |path: &str| path == "/application/o/revoke/";
        let writes = requests
            .iter()
            .filter(|request| request.writes() && !is_probe(&request.path_and_query));
        let writes = writes.map(|request| format!("{} {}", request.method, request.path_and_query));
        writes.chain(violations).collect()
    }

    pub(super) fn secrets(&self) -> Vec<Vec<u8>> {
        [ADMIN_PASSWORD, BOOTSTRAP_TOKEN]
            .map(|secret| secret.as_bytes().to_vec())
            .into()
    }
}

async fn start_dex(authentik: &Authentik) -> Result<Dex, Trouble> {
    let config = json!({
        "issuer": format!("https://{DEX_HOST}"),
        "staticClients": CLIENTS.map(|(id, variable, _)| json!({
            "id": id, "name": id, "secretEnv": variable, "redirectURIs": ["http://127.0.0.1:8000/callback"],
        })),
        "connectors": [{
            "type": "oidc", "id": "authentik", "name": "Authentik",
            "config": {
                "issuer": format!("{}/application/o/platform-services/", authentik.url()),
                "clientID": "dex-client",
                "clientSecret": "$AUTHENTIK_CLIENT_SECRET",
                "redirectURI": format!("https://{DEX_HOST}/callback"),
            },
        }],
    });
    let none = CLIENTS.map(|(_, variable, _)| (variable, "not-yet-known"));
    Ok(Dex::start(
        &serde_saphyr::to_string(&config)?,
        &[&none[..], &[AUTHENTIK]].concat(),
    )
    .await?)
}

/// What a rollout does: Dex is started with what its Secret holds now.
pub(super) async fn roll_out(dex: &SharedDex, client: &Client) -> Result<(), Trouble> {
    let secrets = Api::<Secret>::namespaced(client.clone(), "auth-system");
    let held = secrets
        .get_opt("dex-secrets")
        .await?
        .and_then(|secret| secret.data);
    let held = held.unwrap_or_default();
    let value = |key: &str| held.get(key).and_then(|value| std::str::from_utf8(&value.0).ok());
    let variables = CLIENTS.map(|(_, variable, key)| (variable, value(key).unwrap_or_default()));
    let environment = [&variables[..], &[AUTHENTIK]].concat();
    // In place, as the future of a start cannot change threads.
    let restart = async { dex.lock().await.restart(&environment).await };
    Ok(block_in_place(|| Handle::current().block_on(restart))?)
}
