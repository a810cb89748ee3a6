//! Dex as a child process, with an HTTP and an HTTPS listener on free loopback ports.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::super::certificates::{self, Authority};
use super::super::control_plane::free_ports;
use super::super::error::SandboxError;
use super::super::folders::Folder;
use super::super::processes::{Process, Start};
use super::super::programs::{Program, Programs};
use super::super::{ensure, readiness, remains};

const PATIENCE: Duration = Duration::from_secs(30);
const ATTEMPTS: usize = 5;

/// A running Dex; dropping it ends it.
#[derive(Debug)]
pub struct Dex {
    program: PathBuf,
    process: Process,
    http: SocketAddr,
    https: SocketAddr,
    issuer: String,
    ca_pem: String,
    folder: Folder,
}

impl Dex {
    /// In a configuration, stands for the URL of the HTTPS listener, wherever it will be.
    pub const OVER_TLS: &str = "<over TLS>";

    /// Starts Dex with this configuration (YAML) and these environment variables, which the configuration may name
    /// (`secretEnv`, `$NAME` in connectors), and waits until it is healthy. What is left out is filled in: both
    /// listeners and their certificate always, the issuer (the HTTP listener) and the storage (memory) if absent. The
    /// certificate is for the issuer's host, `localhost` and 127.0.0.1.
    ///
    /// # Errors
    /// When the configuration is no YAML mapping, or Dex ends; the error holds the end of its log.
    pub async fn start(config: &str, environment: &[(&str, &str)]) -> Result<Self, SandboxError> {
        let invalid =
            |reason: String| SandboxError::io("reading Dex's configuration")(std::io::Error::other(reason));
        let config: Value = serde_saphyr::from_str(config).map_err(|error| invalid(error.to_string()))?;
        if !config.is_object() {
            return Err(invalid("it is no mapping".to_owned()));
        }
        let programs = ensure(&[Program::Dex]).await?;
        let mut attempt = 1;
        loop {
            match Self::attempt(&programs, config.clone(), environment).await {
                Err(error) if attempt < ATTEMPTS && error.is_taken_port() => attempt += 1,
                other => return other,
            }
        }
    }

    async fn attempt(
        programs: &Programs,
        config: Value,
        environment: &[(&str, &str)],
    ) -> Result<Self, SandboxError> {
        let folder = Folder::temporary()?;
        let [http, https] = free_ports()?.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let here = |text: &str| text.replace(Self::OVER_TLS, &format!("https://{https}"));
        let mut config: Value = serde_json::from_str(&here(&config.to_string())).unwrap_or(config);
        let issuer = config["issuer"]
            .as_str()
            .map_or_else(|| format!("http://{http}"), ToOwned::to_owned);
        config["issuer"] = json!(issuer);
        config["web"] = json!({ "http": http, "https": https, "tlsCert": "dex.crt", "tlsKey": "dex.key" });
        if config["storage"].is_null() {
            config["storage"] = json!({ "type": "memory" });
        }
        certificates::write(folder.path(), "config.yaml", &config.to_string())?;
        let authority = Authority::new("dex-ca")?;
        let hosts = [host(&issuer), "localhost", "127.0.0.1"].map(ToOwned::to_owned);
        authority.server("dex", &hosts)?.write(folder.path(), "dex")?;
        let program = programs.path(Program::Dex)?.to_owned();
        let process = start(&program, folder.path(), environment)?;
        let ca_pem = authority.identity().certificate;
        let mut dex = Self {
            program,
            process,
            http,
            https,
            issuer,
            ca_pem,
            folder,
        };
        dex.wait().await?;
        Ok(dex)
    }

    /// Ends it and starts it again at the same addresses, with other environment variables, and waits until it is healthy.
    ///
    /// # Errors
    /// When it ends; the error holds the end of its log.
    pub async fn restart(&mut self, environment: &[(&str, &str)]) -> Result<(), SandboxError> {
        self.process.kill();
        self.process = start(&self.program, self.folder.path(), environment)?;
        self.wait().await
    }

    async fn wait(&mut self) -> Result<(), SandboxError> {
        let url = format!("http://{}/healthz", self.http);
        let url: http::Uri = url
            .parse()
            .map_err(|error| SandboxError::io(url)(std::io::Error::other(error)))?;
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        readiness::wait(
            "Dex",
            PATIENCE,
            std::slice::from_mut(&mut self.process),
            async || {
                let answer = client.get(url.clone()).await.map_err(|error| error.to_string())?;
                if answer.status().is_success() {
                    Ok(())
                } else {
                    Err(answer.status().to_string())
                }
            },
        )
        .await
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Where the HTTPS listener is, for a client that takes the issuer's host to be there.
    #[must_use]
    pub fn https_address(&self) -> SocketAddr {
        self.https
    }

    /// The issuer that the discovery document names.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The authority that signed the HTTPS listener's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}

impl Drop for Dex {
    fn drop(&mut self) {
        self.process.kill();
        let _ = remains::end(self.folder.path());
    }
}

fn start(program: &Path, folder: &Path, environment: &[(&str, &str)]) -> Result<Process, SandboxError> {
    let mut start = Start::new("dex", program, folder, ["serve", "config.yaml"]);
    let variables = environment.iter();
    start.environment = variables
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    start.start()
}

/// The host of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
