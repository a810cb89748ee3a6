//! Kubeconfig files and the clients made from them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::certificates::Identity;
use super::error::SandboxError;

/// Tells the rig's own requests from those of the program under test.
pub const USER_AGENT: &str = "rig";

/// How a kubeconfig's user proves who it is.
pub(crate) enum Credentials<'a> {
    Certificate(&'a Identity),
    Token(&'a str),
}

impl Credentials<'_> {
    fn user(&self) -> Value {
        match self {
            Self::Certificate(identity) => json!({
                "client-certificate-data": STANDARD.encode(&identity.certificate),
                "client-key-data": STANDARD.encode(&identity.key),
            }),
            Self::Token(token) => json!({ "token": token }),
        }
    }
}

/// Writes a kubeconfig with one context. It is JSON, which every YAML reader takes.
pub(crate) fn write(
    path: &Path,
    server: &str,
    authority: &str,
    credentials: &Credentials<'_>,
) -> Result<(), SandboxError> {
    let name = "sandbox";
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": {
            "server": server, "certificate-authority-data": STANDARD.encode(authority),
        }}],
        "users": [{ "name": name, "user": credentials.user() }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
        "current-context": name,
    });
    fs::write(path, format!("{document:#}\n"))
        .map_err(SandboxError::io(format!("writing {}", path.display())))
}

/// What the kubeconfig's current context says.
pub(crate) async fn read(path: &Path) -> Result<Config, SandboxError> {
    let failed = |reason: String| SandboxError::Kubeconfig {
        path: path.to_owned(),
        reason,
    };
    let kubeconfig = Kubeconfig::read_from(path).map_err(|error| failed(error.to_string()))?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|error| failed(error.to_string()))?;
    // A test that waits for ever says less than one that fails.
    config.connect_timeout = Some(Duration::from_secs(5));
    config.default_retry = false;
    config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(USER_AGENT),
    ));
    Ok(config)
}

/// A client for the kubeconfig's current context.
pub(crate) async fn client(path: &Path) -> Result<Client, SandboxError> {
    let config = read(path).await?;
    Client::try_from(config).map_err(|error| SandboxError::Kubeconfig {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
