//! The API server that the tests of the command line share; each test has namespaces of its own in it.

use super::program::{Left, Program};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        coordination::v1::{Lease, LeaseSpec},
        core::v1::{Namespace, Secret},
    },
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use rig::sandbox::{self, AuditEvent, AuditMark, Options, Sandbox};
use serde_json::{Map, Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};
use tokio::sync::Mutex;

/// It ends with the last test that uses it: what a static holds itself is never dropped.
static SHARED: Mutex<Weak<Sandbox>> = Mutex::const_new(Weak::new());

/// What one test sees of the cluster.
pub(crate) struct Cluster {
    sandbox: Arc<Sandbox>,
    client: Client,
    kubeconfig: PathBuf,
    user: String,
    name: &'static str,
    mark: AuditMark,
}

impl Cluster {
    /// `name` tells the namespaces of this test from those of others.
    pub(crate) async fn share(name: &'static str) -> Self {
        let mut shared = SHARED.lock().await;
        let sandbox = match shared.upgrade() {
            Some(sandbox) => sandbox,
            None => Arc::new(Sandbox::start(Options::default()).await.unwrap()),
        };
        *shared = Arc::downgrade(&sandbox);
        Self {
            client: sandbox.client().await.unwrap(),
            kubeconfig: sandbox.kubeconfig().to_owned(),
            mark: sandbox.audit_mark().await.unwrap(),
            user: "sandbox-admin".to_owned(),
            name,
            sandbox,
        }
    }

    /// The same cluster as a ServiceAccount, which is made and has no rights.
    pub(crate) async fn for_account(self) -> Self {
        let metadata = json!({"name": self.name, "namespace": "default"});
        self.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}))
            .await;
        let kubeconfig = self
            .sandbox
            .kubeconfig_for_service_account("default", self.name)
            .await
            .unwrap();
        let user = format!("system:serviceaccount:default:{}", self.name);
        Self {
            kubeconfig,
            user,
            ..self
        }
    }

    /// With all four namespaces.
    pub(crate) async fn with_namespaces(self) -> Self {
        for part in ["auth", "argocd", "tekton", "platform"] {
            let metadata = json!({"name": self.namespace(part)});
            self.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
                .await;
        }
        self
    }

    pub(crate) fn server(&self) -> &str {
        self.sandbox.server_url().trim_end_matches('/')
    }

    /// The namespace of one part of the platform: `auth`, `argocd`, `tekton` or `platform`.
    pub(crate) fn namespace(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    /// The program, pointed at this cluster and this test's namespaces.
    pub(crate) fn program(&self, line: &str) -> Program {
        self.program_with(line, json!({}))
    }

    /// The same with other sections of the configuration besides.
    pub(crate) fn program_with(&self, line: &str, mut config: Value) -> Program {
        let namespace = |part: &str| (part.to_owned(), Value::from(self.namespace(part)));
        let namespaces = Map::from_iter(["auth", "argocd", "tekton", "platform"].map(namespace));
        config["namespaces"] = namespaces.into();
        let program = Program::new("").arg("--kubeconfig", &self.kubeconfig);
        program.arg_file("--config", &config.to_string()).words(line)
    }

    /// Grants the account what the command declares, and nothing else.
    pub(crate) async fn grant(&self, command: &str) {
        let line = format!(
            "render rbac --account-namespace default --account {} {command}",
            self.name
        );
        let rendered = self.program(&line).run().await;
        self.apply_text(&rendered.ended(0, &[]).stdout).await;
    }

    pub(crate) async fn run(&self, line: &str) -> Left {
        self.program(line).run().await
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) async fn apply(&self, object: Value) {
        sandbox::apply_all(&self.client, vec![object]).await.unwrap();
    }

    pub(crate) async fn apply_text(&self, yaml: &str) {
        sandbox::apply(&self.client, yaml).await.unwrap();
    }

    pub(crate) fn api<K>(&self, part: &str) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace(part))
    }

    /// The values of the Secrets of one part, as they are and as the API carries them.
    pub(crate) async fn secret_values(&self, part: &str) -> Vec<String> {
        let secrets = self
            .api::<Secret>(part)
            .list(&ListParams::default())
            .await
            .unwrap();
        let data = secrets
            .items
            .into_iter()
            .flat_map(|secret| secret.data.unwrap_or_default());
        // Shorter ones are names and URLs that are no secret.
        let values = data.filter(|(_, value)| value.0.len() > 16);
        let forms =
            values.flat_map(|(_, value)| [STANDARD.encode(&value.0), String::from_utf8(value.0).unwrap()]);
        forms.collect()
    }

    /// What the program asked for as this user, since the test began.
    pub(crate) async fn requests(&self) -> Vec<AuditEvent> {
        let events = self.sandbox.audit_since(self.mark).await.unwrap();
        let ours = |event: &AuditEvent| {
            event.user_agent.starts_with("aphex-ops/")
                && event.user.username == self.user
                && (event.request_uri.contains(&format!("{}-", self.name)) || self.user != "sandbox-admin")
        };
        events.into_iter().filter(ours).collect()
    }

    /// Lets what was requested so far count no more.
    pub(crate) async fn forget(&mut self) {
        self.mark = self.sandbox.audit_mark().await.unwrap();
    }

    /// What it wrote, without the Events that tell of it.
    pub(crate) async fn writes(&self) -> Vec<String> {
        let requests = self.requests().await;
        let writes = requests
            .iter()
            .filter(|event| event.is_write() && !event.request_uri.contains("/events"));
        writes
            .map(|event| format!("{} {}", event.verb, event.request_uri))
            .collect()
    }

    /// Starts the deletion of a namespace. It stays `Terminating`: here is no controller that ends it.
    pub(crate) async fn delete_namespace(&self, part: &str) {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces
            .delete(&self.namespace(part), &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Ends the deletion of a namespace.
    pub(crate) async fn finalize_namespace(&self, part: &str) {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        let mut namespace = namespaces.get(&self.namespace(part)).await.unwrap();
        namespace.spec.get_or_insert_default().finalizers = None;
        let name = self.namespace(part);
        namespaces
            .replace_subresource("finalize", &name, &PostParams::default(), &namespace)
            .await
            .unwrap();
    }

    pub(crate) async fn namespace_uid(&self, part: &str) -> Option<String> {
        let namespaces = Api::<Namespace>::all(self.client.clone());
        let namespace = namespaces.get_opt(&self.namespace(part)).await.unwrap();
        namespace.and_then(|namespace| namespace.metadata.uid)
    }

    /// Somebody else takes the lock, and never renews it.
    pub(crate) async fn lock_as(&self, holder: &str, seconds: i32) {
        let metadata = json!({"name": "aphex-ops-platform", "namespace": self.namespace("platform")});
        let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": seconds, "leaseTransitions": 6});
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec
        });
        self.apply(lease).await;
    }

    /// The lock as it is; absent if nobody ever took it.
    pub(crate) async fn lock(&self) -> Option<LeaseSpec> {
        self.api::<Lease>("platform")
            .get_opt("aphex-ops-platform")
            .await
            .unwrap()
            .and_then(|lease| lease.spec)
    }
}
