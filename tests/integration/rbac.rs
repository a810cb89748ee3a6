//! The permissions that a step declares are exactly those that it needs: in each scenario the program runs as an
//! account that holds them and no other, and the API server's audit log says which were used.

pub(crate) mod usage;

use crate::world::{Initial, LATE, Platform, leave_behind};
use aphex_ops::{
    cli::StepCommand,
    model::{config::Config, exit::Exit, rotation::Rotatable},
    steps::{secrets_rotate::SecretsRotate, uninstall::Uninstall},
};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, PersistentVolumeClaim, Secret},
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use rig::{
    laws::{World, run},
    sandbox::AuditEvent,
};
use serde_json::{Value, json};
use std::path::Path;
use usage::Usage;

/// Time enough to see that something does not come.
const SOON: [&str; 2] = ["--timeout", "2s"];
const AUTH: &str = "auth-system";

/// A step, and a cluster for its scenarios.
struct Stage(Platform);

impl Stage {
    /// Runs the command, lock included; it must end with this code.
    async fn run(&self, more: &[&str], exit: Exit) {
        let ran = self.0.runner(more).finish().await.unwrap();
        self.assert_exit(&ran, exit);
    }

    fn assert_exit(&self, ran: &run::Ran, exit: Exit) {
        let expected = run::Exit::Code(exit.code().into());
        assert_eq!(ran.exit, expected, "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// From the initial state; twice for real.
    async fn usual(&mut self, initial: Initial) {
        self.reset(initial).await;
        self.run(&["--dry-run", "--exit-code"], Exit::Pending).await;
        self.run(&[], Exit::Done).await;
        self.run(&[], Exit::Done).await;
    }

    async fn reset(&mut self, initial: Initial) {
        self.0.initial = initial;
        self.0.reset().await.unwrap();
    }

    /// Runs the command, which waits until it watches so many objects, and then for what happens `meanwhile`.
    async fn wait(&self, watches: usize, meanwhile: impl Future<Output = ()>) {
        let before = self.watches().await;
        let run = self.0.runner(&["--no-lock"]);
        let mended = async {
            while self.watches().await < before + watches {}
            meanwhile.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ran = run.finish() => self.assert_exit(&ran.unwrap(), Exit::Done),
            () = mended => {}
        }
    }

    async fn watches(&self) -> usize {
        let requests = self.requests().await;
        requests.iter().filter(|event| event.verb == "watch").count()
    }

    async fn requests(&self) -> Vec<AuditEvent> {
        let events = self.0.events().await.unwrap();
        let is_ours = |event: &AuditEvent| event.user.username == "system:serviceaccount:accounts:runner";
        events.into_iter().filter(is_ours).collect()
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.0.client.clone(), AUTH)
    }

    async fn set_secret(&self, name: &str, change: Value) {
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(&change));
        self.secrets().patch(name, &parameters, &patch).await.unwrap();
    }

    async fn delete_secret(&self, name: &str) {
        self.secrets()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// The database was started with the Secrets that there are.
    async fn claim_volume(&self) {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let claim = json!({"metadata": {"name": "postgresql-data"}, "spec": spec});
        let claims = Api::<PersistentVolumeClaim>::namespaced(self.0.client.clone(), AUTH);
        let claim = serde_json::from_value(claim).unwrap();
        claims.create(&PostParams::default(), &claim).await.unwrap();
    }

    async fn set_dex(&self, change: Value) {
        let api = Api::<Deployment>::namespaced(self.0.client.clone(), AUTH);
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(&change));
        api.patch("dex", &parameters, &patch).await.unwrap();
    }
}

async fn namespaces_ensure(stage: &mut Stage) {
    stage.usual(Initial::Empty).await;
    lose_namespaces(stage).await;
}

/// The namespaces are being deleted; the command waits for that.
async fn lose_namespaces(stage: &mut Stage) {
    let namespaces = Api::<Namespace>::all(stage.0.client.clone());
    let names = ["auth-system", "argocd", "tekton-pipelines", "platform-system"];
    for name in names {
        namespaces.delete(name, &DeleteParams::default()).await.unwrap();
    }
    stage
        .run(&[&SOON[..], &["--no-lock"]].concat(), Exit::Deadline)
        .await;
    let end = async {
        for name in names {
            let mut namespace = namespaces.get(name).await.unwrap();
            namespace.spec.get_or_insert_default().finalizers = None;
            let parameters = PostParams::default();
            namespaces
                .replace_subresource("finalize", name, &parameters, &namespace)
                .await
                .unwrap();
        }
    };
    stage.wait(names.len(), end).await;
}

async fn install(stage: &mut Stage) {
    stage.usual(Initial::Empty).await;
    leave_behind(&stage.0.client).await.unwrap();
    stage.run(&[], Exit::Done).await;
    lose_namespaces(stage).await;
}

async fn uninstall(stage: &mut Stage, secrets: bool) {
    if !secrets {
        return stage.usual(Initial::Namespaces).await;
    }
    stage.reset(Initial::Secrets).await;
    stage.run(&["--plan", "--exit-code"], Exit::Pending).await;
    stage.run(&[], Exit::Done).await;
    stage.run(&[], Exit::Done).await;
    // No controller lets go of a claim that is deleted, so this comes last.
    stage.reset(Initial::Secrets).await;
    stage.claim_volume().await;
    stage.run(&[], Exit::Partly).await;
    stage.run(&[], Exit::Human).await;
}

async fn secrets_generate(stage: &mut Stage) {
    stage.usual(Initial::Namespaces).await;
    stage.usual(Initial::SomeSecrets).await;
    let immutable = json!({"immutable": true, "data": {"kubernetes-client-secret": null}});
    stage.set_secret("dex-secrets", immutable).await;
    stage.delete_secret("authentik-secrets").await;
    stage.run(&[], Exit::Human).await;
    stage.reset(Initial::Namespaces).await;
    stage.claim_volume().await;
    stage.run(&[], Exit::Human).await;
}

async fn secrets_status(stage: &mut Stage) {
    stage.run(&[], Exit::CheckFailed).await;
    stage.run(&["--dry-run"], Exit::CheckFailed).await;
    stage.reset(Initial::SomeSecrets).await;
    stage.run(&[], Exit::CheckFailed).await;
    stage.reset(Initial::Secrets).await;
    stage.run(&[], Exit::Done).await;
}

async fn authentik_token(stage: &mut Stage) {
    stage.usual(Initial::Secrets).await;
    for data in [json!({"token": "cmV2b2tlZA=="}), json!({"token": null})] {
        stage
            .set_secret("authentik-api-token", json!({ "data": data }))
            .await;
        stage.run(&[], Exit::Done).await;
    }
    stage.delete_secret("authentik-api-token").await;
    stage.delete_secret("authentik-secrets").await;
    stage.run(&SOON, Exit::Deadline).await;
}

async fn dex_sync(stage: &mut Stage) {
    stage.usual(Initial::Token).await;
    stage
        .set_secret(
            "dex-secrets",
            json!({"stringData": {"client-secret": "another-client-secret"}}),
        )
        .await;
    stage.run(&[], Exit::Done).await;
    stage.delete_secret("authentik-api-token").await;
    stage.run(&SOON, Exit::Deadline).await;
}

async fn dex_scale(stage: &mut Stage) {
    stage.usual(Initial::Dex).await;
    stage
        .set_secret(
            "dex-secrets",
            json!({"stringData": {"client-secret": "another-client-secret"}}),
        )
        .await;
    stage.run(&[], Exit::Done).await;
    stage.set_dex(json!({"spec": {"paused": true}})).await;
    stage.run(&[], Exit::Human).await;
    stage.reset(Initial::Dex).await;
    let late = |value: Value| json!({"metadata": {"annotations": {LATE: value}}});
    stage.set_dex(late("yes".into())).await;
    stage.wait(1, stage.set_dex(late(Value::Null))).await;
    stage.delete_secret("dex-secrets").await;
    stage.run(&SOON, Exit::Deadline).await;
}

/// What is rotated from which state.
fn rotated(initial: Initial) -> &'static str {
    match initial {
        Initial::Dex => "client-secret",
        Initial::Token => "api-token",
        _ => "admin-password",
    }
}

async fn secrets_rotate(stage: &mut Stage, initial: Initial) {
    stage.usual(initial).await;
    if initial == Initial::Dex {
        let late = |value: Value| json!({"metadata": {"annotations": {LATE: value}}});
        stage.set_dex(late("yes".into())).await;
        stage.wait(1, stage.set_dex(late(Value::Null))).await;
    }
}

async fn oidc_verify(stage: &mut Stage) {
    stage.run(&["--dry-run"], Exit::Done).await;
    stage.run(&[], Exit::Done).await;
}

async fn jobs_status(stage: &mut Stage) {
    stage.run(&[], Exit::Done).await;
    stage.run(&["--dry-run"], Exit::Done).await;
}

/// What it writes holds no value of a Secret, wherever else that stands. Nobody runs the Pods, so their logs are asked for in
/// vain.
async fn support_bundle(stage: &mut Stage, file: &Path) {
    stage.reset(Initial::Secrets).await;
    let values = bundle::plant(&stage.0.client).await;
    stage.run(&[], Exit::Done).await;
    bundle::assert_clean(file, &values);
    // It is never overwritten.
    stage.run(&[], Exit::Usage).await;
}

/// Every kind that is looked at, and the Ingresses whose certificates are; the Secrets are missing at first.
async fn check(stage: &mut Stage) {
    stage.reset(Initial::Namespaces).await;
    stage.claim_volume().await;
    crate::check::world::define_all(&stage.0.client).await;
    crate::check::world::apply_files(&stage.0.client, "manifests/components/ingress/kind").await;
    stage.run(&[], Exit::CheckFailed).await;
    stage.run(&["--dry-run"], Exit::CheckFailed).await;
}

/// Plays all scenarios of a step.
async fn play(step: StepCommand, initial: Initial) {
    let command = step.meta().command;
    let mut words: Vec<&str> = command.split(' ').collect();
    if let StepCommand::SecretsRotate(_) = step {
        words.push(rotated(initial));
    }
    if let StepCommand::Uninstall(Uninstall { secrets: true }) = step {
        words.push("--secrets");
    }
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("support.tar.gz");
    if let StepCommand::SupportBundle(_) = step {
        words.push(bundle.to_str().unwrap());
    }
    let mut stage = Stage(Platform::start(&words, initial).await.unwrap());
    match &step {
        StepCommand::NamespacesEnsure(_) => namespaces_ensure(&mut stage).await,
        StepCommand::SecretsGenerate(_) => secrets_generate(&mut stage).await,
        StepCommand::SecretsStatus(_) => secrets_status(&mut stage).await,
        StepCommand::AuthentikToken(_) => authentik_token(&mut stage).await,
        StepCommand::DexSync(_) => dex_sync(&mut stage).await,
        StepCommand::DexScale(_) => dex_scale(&mut stage).await,
        StepCommand::OidcVerify(_) => oidc_verify(&mut stage).await,
        StepCommand::SecretsRotate(_) => secrets_rotate(&mut stage, initial).await,
        StepCommand::WavesInstall(_) | StepCommand::WavesPrune(_) | StepCommand::WavesStatus(_) => {
            panic!("what they take follows from the manifests: see `waves`")
        }
        StepCommand::TenantsReconcile(_)
        | StepCommand::TenantsStatus(_)
        | StepCommand::TenantsDescribe(_)
        | StepCommand::TenantsSuspend(_)
        | StepCommand::TenantsResume(_)
        | StepCommand::TenantsRotateSecret(_)
        | StepCommand::TenantsDelete(_)
        | StepCommand::TenantsVerify(_)
        | StepCommand::BackupCreate(_)
        | StepCommand::BackupRestore(_) => {
            panic!("it takes tenants to see what they take: see `tenants`")
        }
        StepCommand::JobsStatus(_) => jobs_status(&mut stage).await,
        StepCommand::SupportBundle(_) => support_bundle(&mut stage, &bundle).await,
        StepCommand::Check(_) => check(&mut stage).await,
        StepCommand::Install(_) => install(&mut stage).await,
        StepCommand::Uninstall(step) => uninstall(&mut stage, step.secrets).await,
    }
    let usage = Usage::of(&step.rules(&Config::default()), &stage.requests().await);
    let (unused, missing) = (usage.unused.len(), usage.missing.len());
    println!(
        "{command}: {} rules, {unused} unused, {missing} missing",
        usage.granted
    );
    assert!(unused + missing == 0, "{command}: {usage:#?}");
}

macro_rules! rules_are_exact {
    ($($name:ident: $step:ident from $initial:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let step = aphex_ops::steps::$name::$step::default();
            play(StepCommand::$step(step), Initial::$initial).await;
        }
    )*};
}

pub(crate) mod bundle;
mod rules {
    /// What is installed is known to the command line only.
    #[tokio::test(flavor = "multi_thread")]
    async fn install() {
        play(StepCommand::install(), Initial::Empty).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn uninstall_with_secrets() {
        let step = Uninstall { secrets: true };
        play(StepCommand::Uninstall(step), Initial::Secrets).await;
    }

    /// Each as the account of its own rules alone.
    async fn rotate(secret: Rotatable, initial: Initial) {
        let step = SecretsRotate::new(secret, "once");
        play(StepCommand::SecretsRotate(step), initial).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rotate_client_secret() {
        rotate(Rotatable::ClientSecret, Initial::Dex).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rotate_admin_password() {
        rotate(Rotatable::AdminPassword, Initial::Secrets).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rotate_api_token() {
        rotate(Rotatable::ApiToken, Initial::Token).await;
    }

    use super::*;

    rules_are_exact! {
        namespaces_ensure: NamespacesEnsure from Empty;
        secrets_generate: SecretsGenerate from Namespaces;
        secrets_status: SecretsStatus from Namespaces;
        authentik_token: AuthentikToken from Secrets;
        dex_sync: DexSync from Token;
        dex_scale: DexScale from Dex;
        oidc_verify: OidcVerify from Dex;
        uninstall: Uninstall from Namespaces;
        jobs_status: JobsStatus from Namespaces;
        check: Check from Dex;
        support_bundle: SupportBundle from Secrets;
    }
}
