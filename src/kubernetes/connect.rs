//! From flags, kubeconfig or the Pod's own account to a client.

use super::{
    bearer::Bearer,
    client,
    transport::{Shared, TransportLayer},
};
use crate::{
    converge::{Stop, report::ClusterInfo, requests::Requests},
    model::{
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tower::buffer::BufferLayer;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A watch is silent at most a minute (bookmarks); twice that is a dead connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// How to reach the cluster: kubectl's flags, all optional.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--server`.
    pub server: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`.
    pub impersonate_groups: Vec<String>,
    /// `--as-uid`.
    pub impersonate_uid: Option<String>,
    /// `--request-timeout`.
    pub request_timeout: Option<Duration>,
}

/// A connected cluster; clones share connection and counters.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: Client,
    shared: Shared,
    server: String,
    /// Known once it was asked for.
    version: Arc<OnceLock<String>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Prepares a client; sends nothing yet.
    ///
    /// # Errors
    /// [`Exit::Usage`] if kubeconfig, context or flags are wrong; says which.
    pub async fn connect(connection: &Connection, stop: &Stop) -> Result<Self, Failure> {
        let mut config = load(connection).await?;
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.read_timeout = Some(IDLE_TIMEOUT);
        config.headers.push((http::header::USER_AGENT, user_agent()));
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let shared = Shared {
            bearer: bearer(&mut config)?,
            stop: stop.clone(),
            ..Shared::default()
        };
        let client = client::builder(config)
            .map_err(|error| invalid("cannot build a client from this kubeconfig").caused_by(error))?
            .with_layer(&BufferLayer::new(256))
            .with_layer(&TransportLayer(shared.clone()))
            .build();
        Ok(Self {
            client,
            shared,
            server,
            version: Arc::default(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn info(&self) -> ClusterInfo {
        ClusterInfo {
            server: self.server.clone(),
            version: self.version().map(str::to_owned),
        }
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.get().map(String::as_str)
    }

    pub(super) fn keep_version(&self, version: String) {
        // Two that ask at the same time hear the same.
        let _ = self.version.set(version);
    }

    /// The requests sent so far: verbs as the API server's audit log names them, and `review` for questions about
    /// permissions; retries count.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.shared.requests
    }
}

fn user_agent() -> http::HeaderValue {
    http::HeaderValue::from_static(concat!("aphex-ops/", env!("CARGO_PKG_VERSION")))
}

/// Of a Pod. There, a network's bytes cost less than the API server's time to compress them (measured: 20 % of a large list).
fn inside() -> Result<Config, Failure> {
    let mut config = Config::incluster().map_err(|error| {
        invalid("there is no kubeconfig, and this is not a Pod with a ServiceAccount")
            .caused_by(error)
            .hint("pass --kubeconfig FILE or set KUBECONFIG")
    })?;
    config.disable_compression = true;
    Ok(config)
}

async fn load(connection: &Connection) -> Result<Config, Failure> {
    let options = KubeConfigOptions {
        context: connection.context.clone(),
        cluster: connection.cluster.clone(),
        user: connection.user.clone(),
    };
    let file = match &connection.kubeconfig {
        Some(path) => Some(Kubeconfig::read_from(path).map_err(kubeconfig_failure)?),
        None => from_environment()?,
    };
    let mut config = match file {
        Some(file) => Config::from_custom_kubeconfig(file, &options)
            .await
            .map_err(kubeconfig_failure)?,
        None => inside()?,
    };
    if let Some(server) = &connection.server {
        config.cluster_url = server
            .parse()
            .map_err(|error| invalid(format!("--server {server:?} is not a URL")).caused_by(error))?;
    }
    let auth = &mut config.auth_info;
    auth.impersonate = connection.impersonate.clone().or(auth.impersonate.take());
    if !connection.impersonate_groups.is_empty() {
        auth.impersonate_groups = Some(connection.impersonate_groups.clone());
    }
    if let Some(uid) = &connection.impersonate_uid {
        let value = uid
            .parse()
            .map_err(|error| invalid("--as-uid is not a header value").caused_by(error))?;
        config
            .headers
            .push((http::HeaderName::from_static("impersonate-uid"), value));
    }
    Ok(config)
}

/// Takes the token file out of the configuration: kube would not read it again when its token is refused. A token that is
/// given besides loses against the file, as in client-go.
fn bearer(config: &mut Config) -> Result<Option<Bearer>, Failure> {
    let Some(path) = config.auth_info.token_file.take() else {
        return Ok(None);
    };
    config.auth_info.token = None;
    let bearer = Bearer::open(path.clone().into()).map_err(|error| {
        let message = format!("cannot read a token from {path}");
        Failure::new(Exit::Forbidden, Reason::Unauthenticated, message)
            .caused_by(error)
            .hint("check the kubeconfig's user, or the Pod's ServiceAccount token")
    })?;
    Ok(Some(bearer))
}

/// `KUBECONFIG` (several files, separated as in PATH), else `~/.kube/config` if it exists.
fn from_environment() -> Result<Option<Kubeconfig>, Failure> {
    if let Some(config) = Kubeconfig::from_env().map_err(kubeconfig_failure)? {
        return Ok(Some(config));
    }
    match Kubeconfig::read() {
        Ok(config) => Ok(Some(config)),
        Err(KubeconfigError::FindPath) => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(kubeconfig_failure(error)),
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, Reason::InvalidConfig, message)
}

fn kubeconfig_failure(error: KubeconfigError) -> Failure {
    let hint = match &error {
        KubeconfigError::LoadContext(name) => {
            format!("`kubectl config get-contexts` lists the contexts; {name:?} is not one of them")
        }
        KubeconfigError::CurrentContextNotSet => "pass --context NAME".to_owned(),
        _ => "check --kubeconfig and KUBECONFIG".to_owned(),
    };
    invalid("cannot use the kubeconfig").caused_by(error).hint(hint)
}
