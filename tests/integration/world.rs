//! A world for the laws: a real API server, a proxy before it, and the real program as an account that holds
//! exactly the rules that its command declares.

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, ListParams, PostParams},
    core::ApiResource,
};
use rig::{
    laws::{
        Trouble, World,
        dump::{Dump, Kind},
        run::Run,
    },
    proxy::{Proxy, Recorder, Upstream},
    sandbox::{AuditEvent, AuditMark, Options, Sandbox},
};
use std::{path::PathBuf, process::Command, time::Duration};

/// Where the account lives; it is never reset.
const ACCOUNTS: &str = "accounts";
const PROGRAM: &str = env!("CARGO_BIN_EXE_aphex-ops");

/// The initial state of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// Nothing of the platform.
    Empty,
    /// The platform's namespaces.
    Namespaces,
}

/// One API server with a command to run against it.
pub struct Platform {
    pub sandbox: Sandbox,
    pub client: Client,
    recorder: Recorder,
    _api: Proxy,
    kubeconfig: PathBuf,
    command: Vec<String>,
    initial: Initial,
    mark: AuditMark,
    _folder: tempfile::TempDir,
}

const NAMESPACES: [&str; 4] = ["auth-system", "argocd", "tekton-pipelines", "platform-system"];

/// What a reset removes, as `(group, version, kind, plural)`.
const REMOVED: [(&str, &str, &str, &str); 4] = [
    ("", "v1", "Secret", "secrets"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("apps", "v1", "Deployment", "deployments"),
    ("coordination.k8s.io", "v1", "Lease", "leases"),
];

impl Platform {
    pub async fn start(command: &[&str], initial: Initial) -> Result<Self, Trouble> {
        let sandbox = Sandbox::start(Options::default()).await?;
        let client = sandbox.client().await?;
        let recorder = Recorder::new();
        let upstream = Upstream::tls(sandbox.server_url(), sandbox.ca_pem());
        let api = Proxy::start(upstream, &recorder, "kubernetes").await?;
        let folder = tempfile::tempdir()?;
        let mark = sandbox.audit_mark().await?;
        let mut platform = Self {
            sandbox,
            client,
            recorder,
            kubeconfig: folder.path().join("kubeconfig"),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            initial,
            mark,
            _api: api,
            _folder: folder,
        };
        platform.make_account().await?;
        platform.reset().await?;
        Ok(platform)
    }

    /// A ServiceAccount with the rights that `render rbac` prints, and a kubeconfig that leads through the proxy.
    async fn make_account(&self) -> Result<(), Trouble> {
        let namespace = object("v1", "Namespace", ACCOUNTS);
        Api::<Namespace>::all(self.client.clone())
            .create(&PostParams::default(), &serde_json::from_value(namespace)?)
            .await?;
        let account = object("v1", "ServiceAccount", "runner");
        Api::<ServiceAccount>::namespaced(self.client.clone(), ACCOUNTS)
            .create(&PostParams::default(), &serde_json::from_value(account)?)
            .await?;
        for name in NAMESPACES {
            self.ensure_namespace(name).await?;
        }
        let mut render = Command::new(PROGRAM);
        render.args([
            "render",
            "rbac",
            "--account-namespace",
            ACCOUNTS,
            "--account",
            "runner",
        ]);
        let rendered = render.args(&self.command).output()?;
        if !rendered.status.success() {
            return Err(String::from_utf8_lossy(&rendered.stderr).into_owned().into());
        }
        rig::sandbox::apply(&self.client, &String::from_utf8(rendered.stdout)?).await?;
        let direct = self
            .sandbox
            .kubeconfig_for_service_account(ACCOUNTS, "runner")
            .await?;
        let mut config = kube::config::Kubeconfig::read_from(direct)?;
        let cluster = config.clusters[0]
            .cluster
            .as_mut()
            .ok_or("a kubeconfig without a cluster")?;
        cluster.server = Some(self._api.url().to_owned());
        let authority = self._api.ca_pem().ok_or("a proxy without TLS")?;
        cluster.certificate_authority_data = Some(base64(authority));
        std::fs::write(&self.kubeconfig, serde_saphyr::to_string(&config)?)?;
        Ok(())
    }

    async fn ensure_namespace(&self, name: &str) -> Result<(), Trouble> {
        let api = Api::<Namespace>::all(self.client.clone());
        if api.get_opt(name).await?.is_none() {
            let namespace = serde_json::from_value(object("v1", "Namespace", name))?;
            api.create(&PostParams::default(), &namespace).await?;
        }
        Ok(())
    }

    /// There is no controller that empties and finalizes a namespace, so the world does.
    async fn remove_namespace(&self, name: &str) -> Result<(), Trouble> {
        let api = Api::<Namespace>::all(self.client.clone());
        if api.get_opt(name).await?.is_none() {
            return Ok(());
        }
        api.delete(name, &DeleteParams::default()).await?;
        if let Some(mut namespace) = api.get_opt(name).await? {
            namespace.spec.get_or_insert_default().finalizers = Some(Vec::new());
            let body = serde_json::to_vec(&namespace)?;
            api.replace_subresource(
                "finalize",
                name,
                &PostParams::default(),
                &serde_json::from_slice::<Namespace>(&body)?,
            )
            .await?;
        }
        Ok(())
    }

    pub async fn events(&self) -> Result<Vec<AuditEvent>, Trouble> {
        let events = self.sandbox.audit_since(self.mark).await?;
        Ok(events
            .into_iter()
            .filter(|event| event.user_agent.starts_with("aphex-ops/"))
            .collect())
    }
}

impl World for Platform {
    fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn command(&self) -> Run {
        Run::new(PROGRAM)
            .args(&self.command)
            .args([
                "--no-lock",
                "--progress",
                "plain",
                "-o",
                "json",
                "--timeout",
                "30s",
                "-vv",
            ])
            .args(["--kubeconfig".as_ref(), self.kubeconfig.as_os_str()])
            .timeout(Duration::from_secs(45))
    }

    async fn reset(&mut self) -> Result<(), Trouble> {
        for (group, version, kind, plural) in REMOVED {
            for namespace in NAMESPACES {
                let api_version = if group.is_empty() {
                    version.to_owned()
                } else {
                    format!("{group}/{version}")
                };
                let resource = ApiResource {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    api_version,
                    kind: kind.to_owned(),
                    plural: plural.to_owned(),
                };
                let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &resource);
                api.delete_collection(&DeleteParams::default(), &ListParams::default())
                    .await?;
            }
        }
        if self.initial == Initial::Empty {
            for name in NAMESPACES {
                self.remove_namespace(name).await?;
            }
        }
        Ok(())
    }

    async fn dump(&mut self) -> Result<Dump, Trouble> {
        Ok(Dump::of_cluster(&self.client, &Kind::kubernetes()).await?)
    }

    async fn writes(&mut self) -> Result<Vec<String>, Trouble> {
        let events = self.events().await?;
        self.mark = self.sandbox.audit_mark().await?;
        let writes = events.iter().filter(|event| event.is_write());
        Ok(writes
            .map(|event| format!("{} {}", event.verb, event.request_uri))
            .collect())
    }
}

fn object(api_version: &str, kind: &str, name: &str) -> serde_json::Value {
    serde_json::json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

fn base64(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}
