//! A world for the laws: a real API server, stand-ins, a proxy before each, and the real program as an
//! account that holds exactly the rules that its command declares.

mod account;
mod cluster;
mod deployments;
mod login;
mod person;
mod waves;

use account::Account;
use cluster::NAMESPACES;
pub(crate) use cluster::{
    ADMIN_PASSWORD, BOOTSTRAP_TOKEN, CLIENT_SECRET, KUBERNETES_CLIENT_SECRET, create_secret,
    ensure_namespace, leave_behind,
};
pub(crate) use deployments::LATE;
use kube::Client;
pub(crate) use login::Login;
pub(crate) use person::log_in;
use rig::{
    laws::{
        Trouble, World,
        dump::{Dump, Kind},
        run::{Exit, Run},
    },
    proxy::{Proxy, Recorder, Upstream},
    sandbox::{AuditEvent, AuditMark, Options, Sandbox},
};
use std::{path::PathBuf, time::Duration};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_aphex-ops");

/// Secrets that Dex is started with, and that it is asked about.
const CLIENT_SECRETS: [&str; 3] = [
    "argocd-client-secret",
    "tekton-client-secret",
    "kubernetes-client-secret",
];

/// The initial state of a world; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Initial {
    /// Nothing of the platform.
    Empty,
    /// The platform's namespaces.
    Namespaces,
    /// Some keys of some Secrets; one of them empty, one copy that differs.
    SomeSecrets,
    /// All Secrets, with values of the operator's own, and Authentik as it is after its first start.
    Secrets,
    /// The dedicated token.
    Token,
    /// Dex's Deployment without replicas, and a client secret that Authentik does not know yet.
    Dex,
}

/// One cluster with a command to run against it.
pub(crate) struct Platform {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) login: Option<Login>,
    recorder: Recorder,
    /// Ends when dropped.
    _api: Proxy,
    account: Account,
    command: Vec<String>,
    pub(crate) initial: Initial,
    mark: AuditMark,
    folder: tempfile::TempDir,
    /// What runs; another build can be put here.
    pub(crate) program: PathBuf,
    /// Set in the program's environment, by name.
    pub(crate) planted_bug: Option<&'static str>,
    /// The time that the program is given.
    pub(crate) deadline: Duration,
}

impl Platform {
    pub(crate) async fn start(command: &[&str], initial: Initial) -> Result<Self, Trouble> {
        let sandbox = Sandbox::start(Options::default()).await?;
        let client = sandbox.client().await?;
        let recorder = Recorder::new();
        let upstream = Upstream::tls(sandbox.server_url(), sandbox.ca_pem());
        let api = Proxy::start(upstream, &recorder, "kubernetes").await?;
        let folder = tempfile::tempdir()?;
        let mark = sandbox.audit_mark().await?;
        for name in NAMESPACES {
            cluster::ensure_namespace(&client, name).await?;
        }
        let account = Account::make(&sandbox, &client, command, &api, folder.path()).await?;
        let login = match initial {
            Initial::Empty if command != ["bootstrap"] => None,
            Initial::Namespaces | Initial::SomeSecrets => None,
            _ => Some(Login::start(&recorder, folder.path()).await?),
        };
        let rotates_client = command
            .get(2)
            .is_some_and(|secret| CLIENT_SECRETS.contains(secret));
        let dex = login.as_ref().map(|login| login.dex.clone());
        deployments::play_controller(client.clone(), "auth-system", dex.filter(|_| rotates_client));
        deployments::play_controller(client.clone(), deployments::DASHBOARD_NAMESPACE, None);
        let mut platform = Self {
            sandbox,
            client,
            login,
            recorder,
            _api: api,
            account,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            initial,
            mark,
            folder,
            program: PROGRAM.into(),
            planted_bug: None,
            deadline: Duration::from_secs(30),
        };
        platform.reset().await?;
        Ok(platform)
    }

    /// Requests of the program since the last count of writes.
    pub(crate) async fn events(&self) -> Result<Vec<AuditEvent>, Trouble> {
        let events = self.sandbox.audit_since(self.mark).await?;
        Ok(events
            .into_iter()
            .filter(|event| event.user_agent.starts_with("aphex-ops/"))
            .collect())
    }

    /// The program as the administrator, past the proxies of the API server.
    pub(crate) fn as_administrator(&self, command: &[&str]) -> Run {
        self.program(command)
            .args(["--kubeconfig".as_ref(), self.sandbox.kubeconfig().as_os_str()])
            .args(["--no-lock"])
    }

    /// The command as its account, with further options.
    pub(crate) fn runner(&self, options: &[&str]) -> Run {
        self.program(&self.command)
            .args(options)
            .args(["-vv", "--termination-log"])
            .args([self.termination_log()])
            .args(["--kubeconfig".as_ref(), self.account.kubeconfig.as_os_str()])
            .termination_message(self.termination_log())
    }

    fn program(&self, command: &[impl AsRef<std::ffi::OsStr>]) -> Run {
        let run = Run::new(&self.program)
            .args(command)
            .args(["--progress", "plain", "-o", "json"]);
        let run = match &self.login {
            Some(login) => run.args(["--config".as_ref(), login.config.as_os_str()]),
            None => run,
        };
        match self.planted_bug {
            Some(bug) => run.env("APHEX_OPS_PLANTED_BUG", bug),
            None => run,
        }
    }

    async fn as_after(&mut self, command: &[&str]) -> Result<(), Trouble> {
        let bug = self.planted_bug.take();
        let ran = self.as_administrator(command).finish().await?;
        self.planted_bug = bug;
        if ran.exit == Exit::Code(0) {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&ran.stderr).into_owned().into())
        }
    }

    fn prunes(&self) -> bool {
        self.command
            .starts_with(&["waves".to_owned(), "prune".to_owned()])
    }

    /// Whether the command rotates this value, as `Secret/namespace/name/key`.
    fn rotates(&self, place: &str) -> bool {
        let keys: &[&str] = match self.command.get(2).map(String::as_str) {
            _ if !self
                .command
                .starts_with(&["secrets".to_owned(), "rotate".to_owned()]) =>
            {
                &[]
            }
            Some("client-secret") => &["dex-secrets/client-secret", "dex-secrets/authentik-client-secret"],
            Some("argocd-client-secret") => &[
                "dex-secrets/argocd-client-secret",
                "argocd-secret/oidc.dex.clientSecret",
            ],
            Some("tekton-client-secret") => &[
                "dex-secrets/tekton-client-secret",
                "tekton-dashboard-oidc/client-secret",
            ],
            Some("kubernetes-client-secret") => &["dex-secrets/kubernetes-client-secret"],
            Some("admin-password") => &["authentik-secrets/admin-password"],
            Some("api-token") => &["authentik-api-token/token"],
            _ => &[],
        };
        let place = place
            .strip_suffix(".next")
            .or(place.strip_suffix(".previous"))
            .unwrap_or(place);
        keys.iter().any(|key| place.ends_with(&format!("/{key}")))
    }

    fn uninstalls_secrets(&self) -> bool {
        self.command == ["uninstall", "--secrets"]
    }

    /// Where the program writes what it says last.
    pub(crate) fn termination_log(&self) -> PathBuf {
        self.folder.path().join("termination-log")
    }
}

impl World for Platform {
    fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn command(&self) -> Run {
        let deadline = format!("{}s", self.deadline.as_secs());
        self.runner(&["--no-lock", "--timeout", &deadline])
            .timeout(self.deadline + Duration::from_secs(15))
    }

    async fn reset(&mut self) -> Result<(), Trouble> {
        cluster::empty(&self.client).await?;
        if ["install", "uninstall"].contains(&self.command[0].as_str()) {
            cluster::remove_installed(&self.client).await?;
        }
        if self.command[0] == "waves" {
            waves::remove(&self.client).await?;
        }
        if let Some(login) = &self.login {
            login.reset();
        }
        if self.initial == Initial::Empty {
            cluster::remove_namespaces(&self.client).await?;
        }
        if self.command == ["bootstrap"] {
            // Authentik has been started with these; the rest is generated.
            cluster::ensure_namespace(&self.client, "auth-system").await?;
            cluster::create_secret(&self.client, "auth-system", "authentik-secrets").await?;
            deployments::create_dex(&self.client).await?;
        }
        if self.prunes() {
            self.as_after(&["waves", "install", "-f", waves::MANIFESTS])
                .await?;
        }
        if self.command[0] == "uninstall" {
            self.as_after(&["install"]).await?;
            leave_behind(&self.client).await?;
        }
        if self.initial == Initial::SomeSecrets {
            cluster::create_some_secrets(&self.client).await?;
        }
        if self.initial >= Initial::Secrets {
            cluster::create_all_secrets(&self.client).await?;
        }
        if self.initial >= Initial::Token {
            self.as_after(&["authentik", "token"]).await?;
        }
        if self.initial >= Initial::Dex {
            deployments::create_dex(&self.client).await?;
            deployments::create_dashboard_login(&self.client).await?;
        }
        Ok(())
    }

    async fn dump(&mut self) -> Result<Dump, Trouble> {
        let mut kinds = Kind::kubernetes();
        kinds.extend(waves::kinds(&self.client).await?);
        let mut dump = Dump::of_cluster(&self.client, &kinds).await?;
        // It hangs on the secrets' values, which no two runs share.
        dump.mask("platform.aphex/secrets-digest");
        let events = Kind::new("events.k8s.io", "v1", "Event", "events");
        dump.look_for_secrets_in(&self.client, &events).await?;
        if let Some(login) = &self.login {
            dump.insert("Authentik", login.state());
        }
        Ok(dump)
    }

    async fn writes(&mut self) -> Result<Vec<String>, Trouble> {
        let events = self.events().await?;
        self.mark = self.sandbox.audit_mark().await?;
        let writes = events.iter().filter(|event| event.is_write());
        let mut writes: Vec<String> = writes
            .map(|event| format!("{} {}", event.verb, event.request_uri))
            .collect();
        if let Some(login) = &self.login {
            writes.extend(login.writes());
        }
        Ok(writes)
    }

    fn planted(&self) -> Vec<Vec<u8>> {
        self.login.as_ref().map(Login::secrets).unwrap_or_default()
    }

    fn may_change(&self, key: &str) -> bool {
        self.rotates(key)
            || self.uninstalls_secrets()
            || self.initial == Initial::SomeSecrets && key == cluster::DIFFERING_COPY
    }

    fn may_be_lost(&self, object: &str) -> bool {
        if object.starts_with("Pod/") {
            return true;
        }
        let is_kept = object.starts_with("Namespace/") || object.starts_with("Secret/");
        self.uninstalls_secrets() || (self.prunes() || self.command[0] == "uninstall") && !is_kept
    }
}
