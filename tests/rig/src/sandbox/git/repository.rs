//! A repository: its content is written here, and fetched in the cluster.

use std::fmt::Write as _;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::super::error::SandboxError;
use super::super::images::Image;
use super::super::programs::run;
use super::super::{Sandbox, executable, objects, prerequisites, readiness};

const NAMESPACE: &str = "git";
const IMAGE: &str = "localhost/git-server:1";
const PORT: u16 = 8080;
/// Where the server's Pod sees the folder of repositories.
const MOUNT: &str = "/git";
const BRANCH: &str = "main";

/// A repository with one branch, `main`.
#[derive(Debug, Clone)]
pub struct Repository {
    name: String,
    folder: PathBuf,
}

impl Repository {
    /// Makes an empty repository, and the server if the sandbox (size *node*) has none yet.
    ///
    /// # Errors
    /// When there is no node of ours, git is missing, or the server does not become available.
    pub async fn create(sandbox: &Sandbox, name: &str) -> Result<Self, SandboxError> {
        prerequisites::check_images()?;
        let root = sandbox.inside("a Git server")?.folder.join("git");
        let folder = root.join(format!("{name}.git"));
        fs::create_dir_all(&folder).map_err(SandboxError::io(format!("creating {}", folder.display())))?;
        let initial = format!("--initial-branch={BRANCH}");
        run(Command::new("git")
            .args(["init", "--bare", "--quiet", &initial])
            .arg(&folder))?;
        let client = sandbox.client().await?;
        if !is_available(&client).await {
            sandbox.load_image(&Image::of_program(IMAGE, &executable()?).git()?)?;
            objects::apply_all(&client, server(&root.display().to_string())).await?;
            readiness::wait("the Git server", Duration::from_secs(60), &mut [], async || {
                let is_available = is_available(&client).await;
                is_available
                    .then_some(())
                    .ok_or_else(|| "no replica is available".to_owned())
            })
            .await?;
        }
        Ok(Self {
            name: name.to_owned(),
            folder,
        })
    }

    /// Where Pods fetch it from.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://git.{NAMESPACE}.svc.cluster.local/{}.git", self.name)
    }

    /// Makes these files (path, text) the content of the branch; the commit's id.
    ///
    /// # Errors
    /// When git refuses it.
    pub fn commit(&self, files: &[(&str, &str)]) -> Result<String, SandboxError> {
        let failed = || SandboxError::io(format!("writing a commit of {}", self.name));
        let mut stream = tempfile::tempfile().map_err(failed())?;
        let parent = self.git(&["rev-parse", BRANCH]).ok();
        let text = import(files, parent.as_deref());
        stream.write_all(text.as_bytes()).map_err(failed())?;
        stream.rewind().map_err(failed())?;
        let mut command = self.command(&["fast-import", "--quiet", "--date-format=now"]);
        run(command.stdin(stream))?;
        self.git(&["rev-parse", BRANCH])
    }

    fn git(&self, words: &[&str]) -> Result<String, SandboxError> {
        run(&mut self.command(words)).map(|output| output.trim_end().to_owned())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.folder).args(words);
        command
    }
}

/// A commit as `git fast-import` reads it.
fn import(files: &[(&str, &str)], parent: Option<&str>) -> String {
    let mut stream =
        format!("commit refs/heads/{BRANCH}\ncommitter rig <rig@localhost> now\ndata 6\nchange\n");
    if let Some(parent) = parent {
        let _ = writeln!(stream, "from {parent}");
    }
    stream.push_str("deleteall\n");
    for (path, text) in files {
        let _ = writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len());
    }
    stream
}

async fn is_available(client: &Client) -> bool {
    let deployments = Api::<Deployment>::namespaced(client.clone(), NAMESPACE);
    let found = deployments.get_opt("server").await.ok().flatten();
    let available = found.and_then(|deployment| deployment.status?.available_replicas);
    available.unwrap_or(0) > 0
}

/// The Pod sees the folder where it is: a node's file system is this machine's.
fn server(folder: &str) -> Vec<Value> {
    let labels = json!({ "app": "git-server" });
    let container = json!({
        "name": "server",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "args": ["git-server", MOUNT, format!("0.0.0.0:{PORT}")],
        "readinessProbe": { "tcpSocket": { "port": PORT }, "periodSeconds": 1 },
        "volumeMounts": [{ "name": "repositories", "mountPath": MOUNT, "readOnly": true }],
    });
    let volume = json!({ "name": "repositories", "hostPath": { "path": folder, "type": "Directory" } });
    let template = json!({
        "metadata": { "labels": labels },
        "spec": { "containers": [container], "volumes": [volume] },
    });
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "server", "namespace": NAMESPACE },
            "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": template },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "git", "namespace": NAMESPACE },
            "spec": { "selector": labels, "ports": [{ "port": 80, "targetPort": PORT }] },
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_follow_each_other_and_hold_just_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository {
            name: "app".to_owned(),
            folder: folder.path().to_owned(),
        };
        repository
            .git(&["init", "--bare", "--quiet", "--initial-branch=main"])
            .unwrap();
        let first = repository
            .commit(&[("deploy/a.yaml", "a: 1\n"), ("b", "no newline")])
            .unwrap();
        let second = repository.commit(&[("deploy/a.yaml", "a: 2\n")]).unwrap();
        assert_eq!(repository.git(&["rev-parse", "main^"]).unwrap(), first);
        assert_eq!(
            repository
                .git(&["ls-tree", "-r", "--name-only", &second])
                .unwrap(),
            "deploy/a.yaml"
        );
        assert_eq!(
            repository.git(&["show", &format!("{first}:b")]).unwrap(),
            "no newline"
        );
    }
}
