//! The laws for the commands of tenants and for `backup restore`: a run that dies at any of its requests is finished by the next
//! one, and nothing is lost, doubled or left behind.

use super::{
    backup::Keys,
    stage::{PLATFORM, Stage, binding, knowledge_base, organization},
};
use aphex_ops::{
    cli::StepCommand,
    steps::{
        backup_restore::BackupRestore,
        tenants::{TenantsDelete, TenantsRotateSecret},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kube::{
    ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use rig::{
    laws::{
        Trouble, World,
        dump::{Dump, Kind},
        run::{Exit, Run},
        sweep::{self, Case},
    },
    proxy::{KillPoint, Proxy, Recorder, Seen, Upstream},
    sandbox::AuditMark,
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

const OURS: &str = "platform.aphex/managed-by in (organization-controller,platform-controller)";
const RECONCILE: &str = "tenants reconcile";
const DELETE: &str = "tenants delete acme-corp my-application platform-docs --yes";
const ROTATE: &str = "tenants rotate-secret acme-corp --request law";
const DEADLINE: Duration = Duration::from_secs(60);

/// Where a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Initial {
    /// Custom resources and nothing else.
    Asked,
    /// Everything stands, and somebody has changed things.
    Drifted,
    /// Everything stands, and all custom resources are being deleted.
    Leaving,
    /// Everything stands, and is deleted by name.
    Named,
    /// Everything stands, and one secret gets another value.
    Rotated,
    /// Nothing but what Argo CD makes of a Secret; a backup has the rest.
    Lost,
}

pub(super) struct Tenants {
    stage: Stage,
    recorder: Recorder,
    /// Ends when dropped.
    _api: Proxy,
    kubeconfig: PathBuf,
    /// Of the account that reconciles.
    standing: PathBuf,
    initial: Initial,
    mark: AuditMark,
    keys: Keys,
}

impl Tenants {
    pub(super) async fn start(initial: Initial) -> Self {
        let mut stage = Stage::start().await;
        let standing = stage.kubeconfig.clone();
        if initial == Initial::Lost {
            stage.work_as_administrator();
            stage.run("namespaces ensure").await.ended(0, &[]);
        }
        let step = match initial {
            Initial::Named => Some(StepCommand::TenantsDelete(TenantsDelete::default())),
            Initial::Rotated => Some(StepCommand::TenantsRotateSecret(TenantsRotateSecret::default())),
            Initial::Lost => Some(StepCommand::BackupRestore(BackupRestore::default())),
            Initial::Asked | Initial::Drifted | Initial::Leaving => None,
        };
        if let Some(step) = step {
            stage.work_as(&step).await;
        }
        let recorder = Recorder::new();
        let upstream = Upstream::tls(stage.sandbox.server_url(), stage.sandbox.ca_pem());
        let api = Proxy::start(upstream, &recorder, "kubernetes").await.unwrap();
        let keys = Keys::make();
        keys.write(&backup());
        let mut config = kube::config::Kubeconfig::read_from(&stage.kubeconfig).unwrap();
        let cluster = config.clusters[0].cluster.as_mut().unwrap();
        cluster.server = Some(api.url().to_owned());
        cluster.certificate_authority_data = Some(STANDARD.encode(api.ca_pem().unwrap()));
        let kubeconfig = keys.folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, serde_saphyr::to_string(&config).unwrap()).unwrap();
        super::stage::end_namespaces(stage.client.clone());
        let mark = stage.sandbox.audit_mark().await.unwrap();
        Self {
            stage,
            recorder,
            _api: api,
            kubeconfig,
            standing,
            initial,
            mark,
            keys,
        }
    }

    /// Of the account that reconciles, past the proxy.
    pub(super) fn standing(&self) -> &std::path::Path {
        &self.standing
    }

    fn program(&self, line: &str, kubeconfig: &std::path::Path) -> Run {
        Run::new(env!("CARGO_BIN_EXE_aphex-ops"))
            .args(line.split(' '))
            .args(["--no-lock", "--progress", "plain", "-o", "json"])
            .args(["--kubeconfig".as_ref(), kubeconfig.as_os_str()])
    }

    async fn stand(&self) -> Result<(), Trouble> {
        let ran = self.program(RECONCILE, &self.standing).finish().await?;
        match ran.exit {
            Exit::Code(0) => Ok(()),
            _ => Err(String::from_utf8_lossy(&ran.stderr).into_owned().into()),
        }
    }

    /// Everything of tenants goes, however it is.
    async fn clear(&self) {
        for kind in ["Organization", "RepoBinding", "KnowledgeBase"] {
            for object in self
                .stage
                .api(kind, None)
                .list(&ListParams::default())
                .await
                .unwrap()
            {
                let api = self.stage.api(kind, object.namespace().as_deref());
                let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
                // It may have been on its way.
                let _ = api
                    .patch(&object.name_any(), &PatchParams::default(), &free)
                    .await;
                let _ = api.delete(&object.name_any(), &DeleteParams::default()).await;
            }
        }
        let kinds = [
            "Trigger",
            "TriggerTemplate",
            "TriggerBinding",
            "EventListener",
            "Pipeline",
            "AppProject",
            "ClusterSecretStore",
            "ClusterRoleBinding",
            "RoleBinding",
            "ServiceAccount",
            "ResourceQuota",
            "LimitRange",
            "NetworkPolicy",
            "Secret",
        ];
        for kind in kinds {
            self.remove(kind).await;
        }
        self.remove("Namespace").await;
        let namespaces = self.stage.api("Namespace", None);
        let ours = ListParams::default().labels(OURS);
        while !namespaces.list(&ours).await.unwrap().items.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Of what the backup has, only a Secret is there, without the key.
    async fn lose(&self) -> Result<(), Trouble> {
        let secrets = self.stage.api("Secret", Some("argocd"));
        if secrets.get_opt("argocd-secret").await?.is_some() {
            secrets.delete("argocd-secret", &DeleteParams::default()).await?;
        }
        self.stage
            .apply([argocd_secret("server.secretkey", "q7Vd0mZ2tYc5xW8eR1uP")])
            .await;
        Ok(())
    }

    async fn remove(&self, kind: &str) {
        let ours = ListParams::default().labels(OURS);
        for object in self.stage.api(kind, None).list(&ours).await.unwrap() {
            let api = self.stage.api(kind, object.namespace().as_deref());
            let _ = api.delete(&object.name_any(), &DeleteParams::default()).await;
        }
    }
}

fn argocd_secret(key: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", "namespace": "argocd"},
           "data": {key: STANDARD.encode(value)}})
}

/// What a backup of an organization and its only repository has.
fn backup() -> Vec<Value> {
    let metadata = |name: &str| json!({"name": name, "labels": {"platform.aphex/managed-by": "organization-controller"}});
    let mut inside = metadata("github-webhook-secret");
    inside["namespace"] = "org-acme-corp".into();
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata("org-acme-corp")}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": inside, "data": {"secret": STANDARD.encode("zE8rT5yU1iO9pA3sX6cV")}}),
        argocd_secret("oidc.dex.clientSecret", "B4nK6jH9gF3sD7aL2oQ5"),
        organization("acme-corp"),
        binding("my-application", "acme-corp", "cdktf-deploy-pipeline"),
        knowledge_base("platform-docs"),
    ]
}

impl World for Tenants {
    fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn command(&self) -> Run {
        let deadline = format!("{}s", DEADLINE.as_secs());
        let line = match self.initial {
            Initial::Named => DELETE.to_owned(),
            Initial::Rotated => ROTATE.to_owned(),
            Initial::Lost => self.keys.restore(),
            Initial::Asked | Initial::Drifted | Initial::Leaving => RECONCILE.to_owned(),
        };
        self.program(&line, &self.kubeconfig)
            .args(["-vv", "--timeout", &deadline])
            .timeout(DEADLINE + Duration::from_secs(15))
    }

    async fn reset(&mut self) -> Result<(), Trouble> {
        self.clear().await;
        if self.initial == Initial::Lost {
            return self.lose().await;
        }
        let binding = binding("my-application", "acme-corp", "cdktf-deploy-pipeline");
        self.stage
            .apply([
                organization("acme-corp"),
                binding,
                knowledge_base("platform-docs"),
            ])
            .await;
        if self.initial == Initial::Asked {
            return Ok(());
        }
        self.stand().await?;
        if self.initial == Initial::Drifted {
            let inside = Some("cdktf-deploy-pipeline");
            let hard = json!({"spec": {"hard": {"pods": "9"}}});
            self.stage
                .merge("ResourceQuota", inside, "tenant-quota", hard)
                .await;
            let role =
                json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"});
            let api = self.stage.api("RoleBinding", inside);
            let mut runner = serde_json::to_value(api.get("pipeline-runner").await?)?;
            api.delete("pipeline-runner", &DeleteParams::default()).await?;
            runner["roleRef"] = role;
            runner["metadata"]["resourceVersion"] = Value::Null;
            runner["metadata"]["uid"] = Value::Null;
            runner["metadata"]["managedFields"] = Value::Null;
            self.stage.apply([runner]).await;
            for (kind, namespace, name) in [
                ("Trigger", "org-acme-corp", "cdktf-deploy-pipeline-trigger"),
                ("AppProject", "argocd", "cdktf-deploy-pipeline"),
            ] {
                self.stage
                    .api(kind, Some(namespace))
                    .delete(name, &DeleteParams::default())
                    .await?;
            }
        } else if self.initial == Initial::Leaving {
            for (kind, name) in [
                ("Organization", "acme-corp"),
                ("RepoBinding", "my-application"),
                ("KnowledgeBase", "platform-docs"),
            ] {
                self.stage
                    .api(kind, Some(PLATFORM))
                    .delete(name, &DeleteParams::default())
                    .await?;
            }
        }
        Ok(())
    }

    async fn dump(&mut self) -> Result<Dump, Trouble> {
        let mut kinds = Kind::kubernetes();
        let aphex = |kind, plural| Kind::new("aphex.io", "v1alpha1", kind, plural);
        let triggers = |kind, plural| Kind::new("triggers.tekton.dev", "v1beta1", kind, plural);
        kinds.extend([
            aphex("Organization", "organizations"),
            aphex("RepoBinding", "repobindings"),
            aphex("KnowledgeBase", "knowledgebases"),
            triggers("Trigger", "triggers"),
            triggers("TriggerBinding", "triggerbindings"),
            triggers("TriggerTemplate", "triggertemplates"),
            triggers("EventListener", "eventlisteners"),
            Kind::new("tekton.dev", "v1", "Pipeline", "pipelines"),
            Kind::new("argoproj.io", "v1alpha1", "AppProject", "appprojects"),
            Kind::new(
                "external-secrets.io",
                "v1",
                "ClusterSecretStore",
                "clustersecretstores",
            ),
            Kind::new("", "v1", "ResourceQuota", "resourcequotas"),
            Kind::new("", "v1", "LimitRange", "limitranges"),
            Kind::new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
        ]);
        let mut dump = Dump::of_cluster(&self.stage.client, &kinds).await?;
        for time in ["lastTransitionTime", "lastReconcileTime"] {
            dump.mask(time);
        }
        Ok(dump)
    }

    async fn writes(&mut self) -> Result<Vec<String>, Trouble> {
        let events = self.stage.sandbox.audit_since(self.mark).await?;
        self.mark = self.stage.sandbox.audit_mark().await?;
        let ours = events
            .iter()
            .filter(|event| event.is_write() && event.user_agent.starts_with("aphex-ops/"));
        Ok(ours
            .map(|event| format!("{} {}", event.verb, event.request_uri))
            .collect())
    }

    /// Where Terraform keeps its state is no secret.
    fn is_public(&self, key: &str) -> bool {
        key.ends_with("/terraform-backend-config/backend.tf")
    }

    /// Those of a tenant that leaves go with it.
    fn may_change(&self, key: &str) -> bool {
        match self.initial {
            Initial::Leaving | Initial::Named => true,
            Initial::Rotated => key.ends_with("/org-acme-corp/github-webhook-secret/secret"),
            Initial::Asked | Initial::Drifted | Initial::Lost => false,
        }
    }

    /// What it is told to remove, and a binding of another role.
    fn may_be_lost(&self, _object: &str) -> bool {
        !matches!(self.initial, Initial::Asked | Initial::Rotated | Initial::Lost)
    }
}

/// Dies at every write, at one point of it or with `scripts/test all` at each, and at some of the reads.
async fn survives_kills(initial: Initial) {
    let is_all = std::env::var_os("APHEX_OPS_TEST_ALL").is_some();
    let mut worlds = [Tenants::start(initial).await, Tenants::start(initial).await];
    let mut writes = 0;
    let report = sweep::cases(&mut worlds, |requests| {
        let (changing, others): (Vec<&Seen>, Vec<&Seen>) =
            requests.iter().partition(|seen| seen.method != "GET");
        writes = changing.len();
        let points = if is_all {
            &KillPoint::ALL[..]
        } else {
            &KillPoint::ALL[1..2]
        };
        let at_writes = changing
            .iter()
            .flat_map(|seen| points.iter().map(|point| (*seen, *point)));
        let stride = if is_all { 4 } else { 40 };
        let at_reads = others
            .iter()
            .step_by(stride)
            .copied()
            .zip(KillPoint::ALL.into_iter().cycle());
        at_writes
            .chain(at_reads)
            .map(|(seen, point)| Case::kill(seen.number, point))
            .collect()
    });
    let report = report.await.unwrap();
    println!("tenants from {initial:?}, {writes} writes: {report}");
    assert!(report.points >= writes && writes > 5, "too little was swept");
    assert!(
        report.missed * 10 <= report.points,
        "{} points were not reached",
        report.missed
    );
    assert!(report.violations.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn coming() {
    survives_kills(Initial::Asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staying() {
    survives_kills(Initial::Drifted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going() {
    survives_kills(Initial::Leaving).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_by_name() {
    survives_kills(Initial::Named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating() {
    survives_all_kills(Initial::Rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_back() {
    if std::env::var_os("APHEX_OPS_TEST_ALL").is_some() {
        survives_all_kills(Initial::Lost).await;
    } else {
        survives_kills(Initial::Lost).await;
    }
}

/// Dies at every point of every request.
async fn survives_all_kills(initial: Initial) {
    let mut worlds = [Tenants::start(initial).await];
    let report = sweep::kills(&mut worlds).await.unwrap();
    println!("tenants from {initial:?}: {report}");
    assert!(report.requests > 3 && report.points >= 3 * report.requests && report.missed == 0);
    assert!(report.violations.is_empty());
}
