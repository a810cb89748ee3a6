//! Somebody who logs in.

use aphex_ops::{
    authentik,
    converge::Stop,
    http::Http,
    model::config::Config,
    oidc::journey::{Client, Once, Way, id_token},
};
use secrecy::SecretString;

/// As akadmin, with a browser of their own, to kubectl's client of Dex.
pub(crate) async fn log_in(
    config: &Config,
    password: &SecretString,
    secret: &SecretString,
) -> Result<SecretString, String> {
    let http = Http::new(config, &Stop::default()).unwrap();
    let (dex, upstream) = (config.dex_url(), config.authentik_url());
    let admin = authentik::log_in(&http, &upstream, "akadmin", password).await;
    let admin = admin.map_err(|error| error.to_string())?;
    let (issuer, callback) = (config.dex_issuer(), config.authentik_redirect_uri());
    let way = Way {
        issuer: &issuer,
        provider: &dex,
        callback: &callback,
        upstream: &upstream,
    };
    let client = Client {
        id: "kubernetes",
        secret,
        redirect_uri: "http://localhost:8000/callback",
    };
    let once = Once {
        state: "state".into(),
        nonce: "nonce".into(),
        verifier: "v".repeat(43).into(),
    };
    let token = id_token(admin.http(), way, client, &once).await;
    token.map_err(|failure| failure.chain())
}
