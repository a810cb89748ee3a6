//! The platform's own components on a real API server with controllers and nodes that run every Pod at once. Argo CD and
//! what comes as a chart are left out; of Tekton and cert-manager there are the definitions, and the test does what
//! cert-manager's controllers would.

use crate::{
    cli::program::{Left, Program},
    mirror::Scene,
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{PersistentVolume, Secret},
};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use rig::sandbox::{self, AuditMark, Component, Options, Sandbox, Size};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, time::Duration};

pub(crate) const PARTS: &str = "--skip argocd --skip ingress-controller --skip external-secrets";

pub(crate) struct Platform {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) scene: Scene,
    mark: AuditMark,
}

fn definitions(components: &[Component]) -> String {
    let texts = components
        .iter()
        .flat_map(|component| sandbox::definitions(*component).unwrap());
    let texts: Vec<String> = texts.map(|(_, text)| text).collect();
    texts.join("\n---\n")
}

impl Platform {
    /// An empty cluster, and a mirror with everything that is not left out.
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(Options {
            size: Size::Controllers,
        });
        let files = BTreeMap::from([
            ("/pipeline/", definitions(&[Component::Tekton])),
            (
                "/triggers/previous/v0.34.0/release",
                definitions(&[Component::Triggers]),
            ),
            ("/cert-manager/releases", definitions(&[Component::CertManager])),
        ]);
        let (sandbox, scene) = tokio::join!(sandbox, Scene::with(files));
        let sandbox = sandbox.unwrap();
        let fetched = scene.run(&format!("waves fetch --record {PARTS}")).await;
        fetched.ended(0, &[]);
        Self {
            client: sandbox.client().await.unwrap(),
            mark: sandbox.audit_mark().await.unwrap(),
            sandbox,
            scene,
        }
    }

    fn program(&self, line: &str) -> Program {
        self.program_at(line, &self.scene.config)
    }

    /// With another configuration.
    pub(crate) fn program_at(&self, line: &str, config: &Path) -> Program {
        Program::new(line)
            .arg("--config", config)
            .arg("--kubeconfig", self.sandbox.kubeconfig())
    }

    async fn run(&self, line: &str) -> Left {
        self.program(line).run().await
    }

    async fn waves(&self, line: &str) -> Left {
        let program = self.program(&format!("waves {line} {PARTS} --timeout 100s"));
        program.env("APHEX_OPS_MIRROR", self.scene.mirror()).run().await
    }

    async fn forget(&mut self) {
        self.mark = self.sandbox.audit_mark().await.unwrap();
    }

    /// Paths of what the program wrote since then, but its lock.
    async fn writes(&self) -> Vec<String> {
        let events = self.sandbox.audit_since(self.mark).await.unwrap().into_iter();
        let ours = events.filter(|event| event.is_write() && event.user_agent.starts_with("aphex-ops/"));
        let paths = ours.map(|event| event.request_uri);
        paths.filter(|path| !path.contains("/leases")).collect()
    }
}

fn all(client: &Client, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("cert-manager.io", "v1", kind);
    Api::all_with(client.clone(), &ApiResource::from_gvk(&kind))
}

/// Says what cert-manager says of issuers and certificates as soon as they are there, and makes their Secrets.
pub(crate) async fn certify(client: Client) {
    let hosts = ["auth", "dex", "tekton"].map(|host| format!("{host}.home.local"));
    let hosts = [&hosts[..], &["cd.example.org".to_owned()]].concat();
    let pair = rcgen::generate_simple_self_signed(hosts).unwrap();
    loop {
        for kind in ["ClusterIssuer", "Certificate"] {
            let Ok(found) = all(&client, kind).list(&ListParams::default()).await else {
                continue;
            };
            for object in found.items {
                certify_one(&client, kind, object, &pair).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn certify_one(
    client: &Client,
    kind: &str,
    object: DynamicObject,
    pair: &rcgen::CertifiedKey<rcgen::KeyPair>,
) {
    let (name, namespace) = (object.metadata.name.unwrap(), object.metadata.namespace);
    if let Some(namespace) = &namespace {
        let secret = json!({"metadata": {"name": object.data["spec"]["secretName"]}, "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": pair.cert.pem(), "tls.key": pair.signing_key.serialize_pem()}});
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
        // There since the last time round.
        let _ = secrets.create(&PostParams::default(), &secret).await;
    }
    let condition = json!({"type": "Ready", "status": "True", "observedGeneration": object.metadata.generation,
        "reason": "Ready", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let status = Patch::Merge(json!({"status": {"conditions": [condition]}}));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("cert-manager.io", "v1", kind));
    let api = match &namespace {
        Some(namespace) => Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    api.patch_status(&name, &PatchParams::default(), &status)
        .await
        .unwrap();
}

/// Nothing here makes volumes; the ingress controller and Argo CD are left out.
pub(crate) async fn provide_what_is_left_out(client: &Client) {
    let volume = json!({"metadata": {"name": "database"}, "spec": {"capacity": {"storage": "50Gi"},
        "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"}, "storageClassName": ""}});
    let volume: PersistentVolume = serde_json::from_value(volume).unwrap();
    let volumes = Api::<PersistentVolume>::all(client.clone());
    volumes.create(&PostParams::default(), &volume).await.unwrap();
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "argocd-server", "namespace": "argocd"},
        "spec": {"ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}]}});
    sandbox::apply_all(client, vec![class, service]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_installed_in_waves_and_stays_as_it_is() {
    let mut platform = Platform::start().await;
    platform.run("namespaces ensure").await.ended(0, &[]);
    platform.run("secrets generate").await.ended(0, &[]);
    provide_what_is_left_out(&platform.client).await;
    let certifying = tokio::spawn(certify(platform.client.clone()));
    let planned = platform.waves("plan").await;
    assert!(
        planned
            .ended(0, &[])
            .stdout
            .contains("is to be created in wave 30, after")
    );

    platform.forget().await;
    platform.waves("install").await.ended(0, &[]);
    let writes = platform.writes().await;
    let place = |part: &str| writes.iter().position(|write| write.contains(part)).unwrap();
    let last = |part: &str| writes.iter().rposition(|write| write.contains(part)).unwrap();
    assert!(
        last("/customresourcedefinitions/") < place("/clusterissuers/"),
        "{writes:#?}"
    );
    assert!(last("/certificates/") < place("/ingresses/"), "{writes:#?}");
    assert!(
        place("/statefulsets/postgresql") < place("/ingresses/"),
        "{writes:#?}"
    );

    // Neither another run nor the commands that apply some of the same objects change anything.
    platform.forget().await;
    for line in ["install", "status"] {
        platform.waves(line).await.ended(0, &[]);
    }
    platform.run("namespaces ensure").await.ended(0, &[]);
    platform.run("install").await.ended(0, &[]);
    assert_eq!(platform.writes().await, [] as [String; 0]);

    // How many replicas Dex has is not the manifests' any more.
    let deployments = Api::<Deployment>::namespaced(platform.client.clone(), "auth-system");
    let replicas = Patch::Merge(json!({"spec": {"replicas": 1}}));
    let ours = PatchParams {
        field_manager: Some("aphex-ops".to_owned()),
        ..PatchParams::default()
    };
    deployments.patch("dex", &ours, &replicas).await.unwrap();
    platform.waves("install").await.ended(0, &[]);
    let dex = deployments.get("dex").await.unwrap();
    assert_eq!(dex.spec.unwrap().replicas, Some(1));
    assert_eq!(platform.writes().await, [] as [String; 0]);

    // Of what is left out nobody sees whether it is healthy, so nothing is pruned.
    let unseen = platform.waves("prune").await;
    unseen.ended(
        2,
        &[
            "Component argocd: it is left out",
            "Component ingress-controller: it is left out",
        ],
    );
    certifying.abort();
    platform.sandbox.stop().unwrap();
}

#[tokio::test]
async fn what_cannot_be_installed_is_said_all_at_once() {
    let scene = Scene::with(BTreeMap::new()).await;
    let cluster = crate::cli::cluster::Cluster::share("plat-bad")
        .await
        .with_namespaces()
        .await;
    let program = |line: &str| cluster.program(line).env("APHEX_OPS_MIRROR", scene.mirror());
    let empty = program("waves install --skip tekton").run().await;
    let says = [
        "Release argocd/install: the mirror has no ",
        "Release cert-manager/cert-manager: nobody has vouched",
        "Component external-secrets: it is a Helm chart, which only Argo CD installs",
        "--skip external-secrets, or install with --via argocd",
    ];
    empty.ended(2, &says);
    let nowhere = program("waves install --via argocd --skip argocd").run().await;
    nowhere.ended(2, &["gitops.repoURL is not configured", "render platform"]);
    let unknown = program("waves plan --only autentik").run().await;
    unknown.ended(2, &["there is no component \"autentik\"", "the components are"]);
    let none = program("waves install --wave 5 --skip rbac --skip crds --skip tenancy")
        .run()
        .await;
    none.ended(2, &["the selection leaves no component"]);
    let none = program("waves install --wave 5 --skip rbac --skip crds --skip tenancy")
        .run()
        .await;
    none.ended(2, &["the selection leaves no component"]);
    let wave = program("waves plan --wave 21").run().await;
    wave.ended(2, &["there is no wave 21"]);
    let both = program("waves plan --only auth -f tests/fixtures/waves")
        .run()
        .await;
    both.ended(2, &["cannot be used with"]);
}
