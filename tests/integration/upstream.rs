//! Manifests that nobody here wrote, as their makers publish them: Argo CD, Tekton, and the definitions of cert-manager and
//! external-secrets. The nodes take every Pod for running without running it, so the test does what Tekton's programs do as
//! they start: they write the authority that they make into what points to them.

use crate::cli::program::{Left, Program};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
};
use rig::sandbox::{self, AuditEvent, Component, Options, Sandbox, Size};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{fmt::Debug, fs, time::Duration};
use tempfile::TempDir;

/// What is installed together, and the set that it forms.
pub(crate) struct Part {
    set: &'static str,
    components: &'static [Component],
    folder: TempDir,
}

impl Part {
    pub(crate) fn new(set: &'static str, components: &'static [Component]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let texts = components
            .iter()
            .flat_map(|component| sandbox::manifests(*component).unwrap());
        for (number, (_, text)) in texts.enumerate() {
            fs::write(folder.path().join(format!("{number:03}.yaml")), text).unwrap();
        }
        let namespaces = components.iter().filter_map(|component| component.namespace());
        for name in namespaces {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            fs::write(folder.path().join("namespace.json"), namespace.to_string()).unwrap();
        }
        Self {
            set,
            components,
            folder,
        }
    }

    async fn waves(&self, command: &str, sandbox: &Sandbox) -> Left {
        let mut program = Program::new(&format!("waves {command} --set {} --timeout 170s", self.set))
            .arg("--file", self.folder.path())
            .arg("--kubeconfig", sandbox.kubeconfig())
            .arg_file("--config", "namespaces: {platform: default}\n");
        if let Some(namespace) = self.components.iter().find_map(|component| component.namespace()) {
            program = program.words(&format!("--namespace {namespace}"));
        }
        program.run().await
    }

    /// Installs it, until all of it is healthy.
    pub(crate) async fn gets_healthy(&self, sandbox: &Sandbox) {
        let mark = sandbox.audit_mark().await.unwrap();
        self.waves("install", sandbox).await.ended(0, &[]);
        let asked = asked(sandbox, mark).await;
        let writes = paths(&asked, AuditEvent::is_write).len();
        println!("{}: {} requests, {writes} of them writes", self.set, asked.len());
    }

    /// Another run and a look write nothing, and need not try what an apply would do.
    pub(crate) async fn stays_as_it_is(&self, sandbox: &Sandbox) {
        for command in ["install", "status"] {
            let mark = sandbox.audit_mark().await.unwrap();
            self.waves(command, sandbox).await.ended(0, &[]);
            let asked = asked(sandbox, mark).await;
            let is_tried = |event: &AuditEvent| event.request_uri.contains("dryRun=All");
            let (writes, tried) = (paths(&asked, AuditEvent::is_write), paths(&asked, is_tried));
            println!("{} {command}: {} requests", self.set, asked.len());
            assert_eq!((writes, tried), (vec![], vec![]), "{} {command}", self.set);
        }
    }
}

/// What the program asked for since then, but its lock.
async fn asked(sandbox: &Sandbox, mark: rig::sandbox::AuditMark) -> Vec<AuditEvent> {
    let events = sandbox.audit_since(mark).await.unwrap().into_iter();
    let is_ours = |event: &AuditEvent| {
        event.user_agent.starts_with("aphex-ops/") && !event.request_uri.contains("/leases")
    };
    events.filter(is_ours).collect()
}

fn paths(events: &[AuditEvent], which: impl Fn(&AuditEvent) -> bool) -> Vec<&str> {
    events
        .iter()
        .filter(|event| which(event))
        .map(|event| event.request_uri.as_str())
        .collect()
}

/// Writes an authority into each webhook of the configurations, and into the interceptors.
async fn trust(client: Client) {
    let interceptors = GroupVersionKind::gvk("triggers.tekton.dev", "v1alpha1", "ClusterInterceptor");
    let interceptors = ApiResource::from_gvk(&interceptors);
    loop {
        webhooks(&Api::<ValidatingWebhookConfiguration>::all(client.clone())).await;
        webhooks(&Api::<MutatingWebhookConfiguration>::all(client.clone())).await;
        let api = Api::<DynamicObject>::all_with(client.clone(), &interceptors);
        let authority = json!({"spec": {"clientConfig": {"caBundle": "QQ=="}}});
        let address = json!({"status": {"address": {"url": "https://interceptors.example"}}});
        for found in api.list(&ListParams::default()).await.into_iter().flatten() {
            if found.data["spec"]["clientConfig"]["caBundle"].is_null() {
                patch(&api, &found.name_any(), &authority).await;
                let theirs = PatchParams::default();
                let address = Patch::Merge(&address);
                api.patch_status(&found.name_any(), &theirs, &address)
                    .await
                    .unwrap();
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn webhooks<K>(api: &Api<K>)
where
    K: Clone + Debug + DeserializeOwned + Serialize + Resource,
{
    for found in api.list(&ListParams::default()).await.into_iter().flatten() {
        let mut object = serde_json::to_value(&found).unwrap();
        let mut is_changed = false;
        for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
            is_changed |= webhook["clientConfig"]["caBundle"].is_null();
            webhook["clientConfig"]["caBundle"] = json!("QQ==");
        }
        if is_changed {
            patch(api, &found.name_any(), &json!({"webhooks": object["webhooks"]})).await;
        }
    }
}

async fn patch<K>(api: &Api<K>, name: &str, change: &Value)
where
    K: Clone + Debug + DeserializeOwned,
{
    let theirs = PatchParams {
        field_manager: Some("webhook".to_owned()),
        ..PatchParams::default()
    };
    api.patch(name, &theirs, &Patch::Merge(change)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_publish_gets_healthy_and_stays_as_it_is() {
    let sandbox = Sandbox::start(Options {
        size: Size::Controllers,
    });
    let sandbox = sandbox.await.unwrap();
    let trusting = tokio::spawn(trust(sandbox.client().await.unwrap()));
    let parts = [
        Part::new(
            "definitions",
            &[Component::CertManager, Component::ExternalSecrets],
        ),
        Part::new("tekton", &[Component::Tekton, Component::Triggers]),
        Part::new("argocd", &[Component::ArgoCd]),
    ];
    for part in &parts {
        part.gets_healthy(&sandbox).await;
    }
    for part in &parts {
        part.stays_as_it_is(&sandbox).await;
    }
    trusting.abort();
    sandbox.stop().unwrap();
}
