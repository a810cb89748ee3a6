//! What was lost with a cluster comes back from a backup; the program `age` reads it, and makes some that are not ours.

use super::stage::{PLATFORM, Stage, binding, knowledge_base, organization};
use crate::cli::program::Left;
use aphex_ops::{
    cli::StepCommand,
    steps::{backup_create::BackupCreate, backup_restore::BackupRestore},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kube::{ResourceExt, api::DeleteParams};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// A key, as `age-keygen` makes one, and a folder for backups.
pub(super) struct Keys {
    pub(super) folder: tempfile::TempDir,
    pub(super) recipient: String,
}

impl Keys {
    pub(super) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.txt");
        let made = Command::new("age-keygen").arg("-o").arg(&file).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let told = String::from_utf8(made.stderr).unwrap();
        let recipient = told.trim().rsplit(' ').next().unwrap().to_owned();
        Self { folder, recipient }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("platform.age")
    }

    pub(super) fn identity(&self) -> PathBuf {
        self.folder.path().join("key.txt")
    }

    fn create(&self) -> String {
        format!(
            "backup create {} --recipient {}",
            self.file().display(),
            self.recipient
        )
    }

    pub(super) fn restore(&self) -> String {
        format!(
            "backup restore {} --identity-file {}",
            self.file().display(),
            self.identity().display()
        )
    }

    /// What is in the backup, as `age` reads it.
    fn content(&self) -> String {
        let mut age = Command::new("age");
        let age = age
            .arg("--decrypt")
            .arg("-i")
            .arg(self.identity())
            .arg(self.file());
        let read = age.output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        String::from_utf8(read.stdout).unwrap()
    }

    /// Puts a backup of these objects, which `age` encrypts, in the place of what is there.
    pub(super) fn write(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let plain = self.folder.path().join("list.json");
        fs::write(&plain, list.to_string()).unwrap();
        let mut age = Command::new("age");
        let age = age.args(["--encrypt", "--recipient", &self.recipient]);
        let made = age.arg("--output").arg(self.file()).arg(&plain).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

/// What the platform's Secrets and those of webhooks hold, by `<namespace>/<name>/<key>`.
async fn values(stage: &Stage) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for secret in stage.api("Secret", None).list(&Default::default()).await.unwrap() {
        let namespace = secret.namespace().unwrap();
        for (key, value) in secret.data["data"].as_object().into_iter().flatten() {
            let is_public = namespace == "cdktf-deploy-pipeline";
            if !is_public {
                let name = format!("{namespace}/{}/{key}", secret.name_any());
                values.insert(name, value.as_str().unwrap().to_owned());
            }
        }
    }
    values
}

fn secret(namespace: &str, name: &str, key: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
           "data": {key: STANDARD.encode(value)}})
}

/// A platform with Secrets and tenants.
async fn platform() -> Stage {
    let mut stage = Stage::start().await;
    stage.work_as_administrator();
    for line in ["namespaces ensure", "secrets generate"] {
        stage.run(line).await.ended(0, &[]);
    }
    let objects = [
        secret(
            "auth-system",
            "authentik-api-token",
            "token",
            "a-token-of-authentik",
        ),
        secret(PLATFORM, "cloudflare-api-token", "token", "a-token-of-cloudflare"),
        secret(
            "argocd",
            "argocd-secret",
            "server.secretkey",
            "which-argo-cd-makes",
        ),
        secret("auth-system", "of-somebody-else", "key", "that-is-not-ours"),
        organization("acme-corp"),
        binding("my-application", "acme-corp", "cdktf-deploy-pipeline"),
        knowledge_base("platform-docs"),
    ];
    stage.apply(objects).await;
    stage.run("tenants reconcile").await.ended(0, &[]);
    stage
}

/// Neither values nor keys get out.
fn assert_silent(left: &Left, secrets: &[String]) {
    let said = [left.stdout.as_str(), &left.stderr].concat();
    for secret in secrets {
        let plain = STANDARD
            .decode(secret)
            .map_or_else(|_| secret.clone(), |plain| String::from_utf8(plain).unwrap());
        assert!(
            !said.contains(secret) && !said.contains(&plain),
            "a secret got out"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_with_a_cluster_comes_back_in_another_one() {
    let keys = Keys::make();
    let mut stage = platform().await;
    let had = values(&stage).await;
    let all: Vec<String> = had.values().cloned().collect();
    stage
        .work_as(&StepCommand::BackupCreate(BackupCreate::default()))
        .await;
    stage
        .run(&format!("{} --dry-run", keys.create()))
        .await
        .ended(0, &[]);
    assert!(!keys.file().exists());
    let left = stage.run(&format!("{} -vv", keys.create())).await;
    left.ended(0, &["write 16 objects into it, for 1 recipient"]);
    assert_silent(&left, &all);
    assert_eq!(
        keys.file().metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    stage
        .run(&keys.create())
        .await
        .ended(2, &["it exists already, and is not overwritten"]);
    stage.assert_exact_rules().await;
    assert_content(&keys.content(), &had);
    drop(stage);

    // What the account may do is granted in namespaces: those of the platform are there before it.
    let mut stage = Stage::start().await;
    stage.work_as_administrator();
    stage.run("namespaces ensure").await.ended(0, &[]);
    stage
        .work_as(&StepCommand::BackupRestore(BackupRestore::default()))
        .await;
    let left = stage.run(&format!("{} -vv", keys.restore())).await;
    left.ended(0, &["Organization platform-system/acme-corp: restore"]);
    assert_silent(&left, &all);
    assert_eq!(stage.writes(&keys.restore()).await, [""; 0]);
    stage.assert_exact_rules().await;

    // The tenants come to life with the secrets that they had.
    stage.work_as_administrator();
    for line in ["namespaces ensure", "secrets generate"] {
        assert_eq!(stage.writes(line).await, [""; 0], "{line}");
    }
    stage.run("tenants reconcile").await.ended(0, &[]);
    assert_eq!(stage.phase("Organization", "acme-corp").await.0, "Active");
    assert_eq!(stage.phase("RepoBinding", "my-application").await.0, "Ready");
    let has = values(&stage).await;
    let not_ours = [
        "argocd/argocd-secret/server.secretkey",
        "auth-system/of-somebody-else/key",
    ];
    for (name, value) in had {
        assert_eq!(
            has.get(&name) == Some(&value),
            !not_ours.contains(&name.as_str()),
            "{name}"
        );
    }
    assert_eq!(stage.writes(&keys.restore()).await, [""; 0]);
}

/// A list for `kubectl apply`, in an order in which it can be applied, of nothing but what cannot be made again.
fn assert_content(content: &str, had: &BTreeMap<String, String>) {
    let list: Value = serde_json::from_str(content).unwrap();
    let kinds: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect();
    let namespaces = ["Namespace"; 5];
    let secrets = ["Secret"; 8];
    let tenants = ["Organization", "KnowledgeBase", "RepoBinding"];
    assert_eq!(kinds, [&namespaces[..], &secrets, &tenants].concat());
    for of_the_server in [
        "managedFields",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "status",
        "finalizers",
    ] {
        assert!(
            !content.contains(&format!("\"{of_the_server}\"")),
            "{of_the_server}"
        );
    }
    let is_in = |name: &str| content.contains(&had[name]);
    assert!(
        is_in("auth-system/dex-secrets/client-secret") && is_in("org-acme-corp/github-webhook-secret/secret")
    );
    assert!(!is_in("argocd/argocd-secret/server.secretkey") && !is_in("auth-system/of-somebody-else/key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_is_kept_unless_it_may_be_overwritten() {
    let keys = Keys::make();
    let mut stage = platform().await;
    stage.run(&keys.create()).await.ended(0, &[]);
    let had = values(&stage).await;

    let other = STANDARD.encode("another-value-of-the-same-key");
    let change = |key: &str| json!({"data": {key: other}});
    stage
        .merge(
            "Secret",
            Some("auth-system"),
            "dex-secrets",
            change("client-secret"),
        )
        .await;
    stage
        .merge(
            "Secret",
            Some("org-acme-corp"),
            "github-webhook-secret",
            change("secret"),
        )
        .await;
    let gone = json!({"data": {"argocd-client-secret": null, "added": other}});
    stage
        .merge("Secret", Some("auth-system"), "dex-secrets", gone)
        .await;
    let name = json!({"spec": {"displayName": "Another Name"}});
    for kind in [("Organization", "acme-corp"), ("KnowledgeBase", "platform-docs")] {
        stage.merge(kind.0, Some(PLATFORM), kind.1, name.clone()).await;
    }
    let branch = json!({"spec": {"repoName": "another-application"}});
    stage
        .merge("RepoBinding", Some(PLATFORM), "my-application", branch)
        .await;

    let left = stage.run(&keys.restore()).await;
    left.ended(
        9,
        &[
            "Secret auth-system/dex-secrets: kept: client-secret is not as in the backup",
            "Organization platform-system/acme-corp: kept: displayName is not as in the backup",
            "--overwrite",
        ],
    );
    assert_silent(&left, &had.values().cloned().collect::<Vec<_>>());
    let has = values(&stage).await;
    let added = "auth-system/dex-secrets/argocd-client-secret";
    assert_eq!(
        (has.get(added), &has["auth-system/dex-secrets/client-secret"]),
        (had.get(added), &other)
    );

    let overwrite = format!("{} --overwrite", keys.restore());
    stage
        .run(&overwrite)
        .await
        .ended(2, &["there is nobody to ask", "--yes"]);
    let step = BackupRestore::default().overwriting(true);
    stage.work_as(&StepCommand::BackupRestore(step)).await;
    stage.run(&format!("{overwrite} --yes")).await.ended(0, &[]);
    assert_eq!(stage.writes(&format!("{overwrite} --yes")).await, [""; 0]);
    let has = values(&stage).await;
    assert_eq!(has["auth-system/dex-secrets/added"], other);
    for (name, value) in had {
        assert!(has[&name] == value, "{name}");
    }
    let organization = stage
        .get("Organization", Some(PLATFORM), "acme-corp")
        .await
        .unwrap();
    assert_eq!(organization["spec"]["displayName"], "ACME Corporation");
    lose_everything(&stage).await;
    stage.run(&format!("{overwrite} --yes")).await.ended(0, &[]);
    stage.assert_exact_rules().await;
}

/// So that all of it is made again.
async fn lose_everything(stage: &Stage) {
    for kind in ["Organization", "RepoBinding", "KnowledgeBase"] {
        for object in stage.api(kind, None).list(&Default::default()).await.unwrap() {
            let free = json!({"metadata": {"finalizers": null}});
            stage.merge(kind, Some(PLATFORM), &object.name_any(), free).await;
            let api = stage.api(kind, Some(PLATFORM));
            api.delete(&object.name_any(), &DeleteParams::default())
                .await
                .unwrap();
        }
    }
    super::stage::end_namespaces(stage.client.clone());
    for namespace in [
        PLATFORM,
        "auth-system",
        "tekton-pipelines",
        "argocd",
        "org-acme-corp",
    ] {
        let secrets = stage.api("Secret", Some(namespace));
        let all = Default::default();
        secrets
            .delete_collection(&DeleteParams::default(), &all)
            .await
            .unwrap();
    }
    let namespaces = stage.api("Namespace", None);
    namespaces
        .delete("org-acme-corp", &DeleteParams::default())
        .await
        .unwrap();
}

/// Each is refused before anything is written, and says why without saying what.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_backup_of_this_platform_changes_nothing() {
    let keys = Keys::make();
    let mut stage = Stage::start().await;
    stage.work_as_administrator();
    let identity = fs::read_to_string(keys.identity()).unwrap();
    let identity = identity.lines().last().unwrap();
    let create = format!("backup create {} --recipient", keys.file().display());
    let left = stage.run(&format!("{create} {identity}")).await;
    left.ended(2, &["it is an identity, which is secret"]);
    assert_silent(&left, &[identity.to_owned()]);
    stage
        .run(&format!("{create} age1x"))
        .await
        .ended(2, &["--recipient number 1: it is no recipient of age"]);

    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "auth-system"}});
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "auth-system"}});
    let nameless = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {}});
    for (object, says) in [
        (
            secret("kube-system", "dex-secrets", "a", "b"),
            "Secret kube-system/dex-secrets is none of the platform's Secrets",
        ),
        (
            secret("tenant", "github-webhook-secret", "a", "b"),
            "is none of the platform's Secrets",
        ),
        (pod, "Pod is no kind of object that a backup holds"),
        (nameless, "a Namespace in it has no name"),
    ] {
        keys.write(&[namespace.clone(), object]);
        stage.run(&keys.restore()).await.ended(2, &[says]);
    }
    keys.write(&[namespace]);
    let whole = fs::read(keys.file()).unwrap();
    fs::write(keys.file(), &whole[..whole.len() - 1]).unwrap();
    stage
        .run(&keys.restore())
        .await
        .ended(2, &["its content is not as it was written"]);
    fs::write(keys.file(), "no backup").unwrap();
    stage
        .run(&keys.restore())
        .await
        .ended(2, &["it is no file of age"]);
    assert_others(&mut stage, &keys, &whole).await;
    assert!(stage.get("Namespace", None, "auth-system").await.is_none());
}

/// Somebody else's key, no key, no file.
async fn assert_others(stage: &mut Stage, keys: &Keys, whole: &[u8]) {
    fs::write(keys.file(), whole).unwrap();
    let others = Keys::make();
    let with = |identity: &Path| {
        format!(
            "backup restore {} --identity-file {}",
            keys.file().display(),
            identity.display()
        )
    };
    stage
        .run(&with(&others.identity()))
        .await
        .ended(2, &["it was encrypted for none of these identities"]);
    stage
        .run(&with(&keys.file()))
        .await
        .ended(2, &["it cannot be read"]);
    stage
        .run(&others.restore())
        .await
        .ended(2, &["platform.age: it cannot be read"]);
    fs::write(others.identity(), "# nothing\n").unwrap();
    stage
        .run(&with(&others.identity()))
        .await
        .ended(2, &["there is no identity in it"]);
}
