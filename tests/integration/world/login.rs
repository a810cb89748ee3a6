//! The login services around a cluster: the Authentik stand-in and a real Dex, each behind a proxy.

use super::cluster::{ADMIN_PASSWORD, BOOTSTRAP_TOKEN};
use rig::{
    authentik::{Authentik, Options},
    laws::Trouble,
    proxy::{Proxy, Recorder, Upstream},
    sandbox::Dex,
};
use serde_json::json;
use std::path::{Path, PathBuf};

const DEX_HOST: &str = "dex.home.local";

pub(crate) struct Login {
    pub(crate) authentik: Authentik,
    /// The configuration that names all of them.
    pub(crate) config: PathBuf,
    /// Real, and never reset: it has no state that a command changes.
    _dex: Dex,
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
            _dex: dex,
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
    let environment = [("AUTHENTIK_CLIENT_SECRET", "not-used-by-discovery")];
    Ok(Dex::start(&serde_saphyr::to_string(&config)?, &environment).await?)
}
