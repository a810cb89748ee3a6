//! containerd, and getting images into it.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::super::error::SandboxError;
use super::super::images::Image;
use super::super::processes::{Process, Start};
use super::super::programs::run;
use super::super::{certificates, prerequisites, readiness, remains};
use super::PAUSE_IMAGE;
use super::network::POD_DEVICE;

const SOCKET: &str = "/run/containerd/containerd.sock";
/// Part of [`super::super::controllers::POD_RANGE`]; two /24 for more than 250 pods.
const POD_SUBNET: &str = "10.244.0.0/23";

/// Starts containerd with a configuration, a root and a CNI folder of its own.
pub(crate) fn start(folder: &Path) -> Result<Process, SandboxError> {
    let root = folder.join("containerd");
    let networks = root.join("cni");
    fs::create_dir_all(&networks).map_err(SandboxError::io(format!("creating {}", networks.display())))?;
    certificates::write(&networks, "10-pods.conflist", &network().to_string())?;
    certificates::write(&root, "config.toml", &configuration(&root, &networks))?;
    let program = prerequisites::find("containerd").unwrap_or_else(|| "containerd".into());
    Start::new(
        "containerd",
        &program,
        folder,
        ["--config=containerd/config.toml"],
    )
    .start()
}

fn configuration(root: &Path, networks: &Path) -> String {
    let (root, networks) = (root.display(), networks.display());
    // `opt` would make /opt/containerd. `restrict_oom_score_adj`: without CAP_SYS_RESOURCE a score below the own one is
    // refused, and every pod would fail at it.
    format!(
        r#"version = 2
root = "{root}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{networks}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
"#
    )
}

fn network() -> serde_json::Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge", "bridge": POD_DEVICE, "isGateway": true, "ipMasq": false, "hairpinMode": true,
                "ipam": {
                    "type": "host-local", "dataDir": "/run/cni",
                    "ranges": [[{ "subnet": POD_SUBNET }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
}

/// `ctr` for the images that kubelet sees.
fn ctr(command: &mut Command) -> &mut Command {
    command.args(["--address", SOCKET, "--namespace", "k8s.io"])
}

/// Imports an image, from within the namespaces, as soon as containerd answers.
pub(crate) async fn import_inside(folder: &Path, image: &Image) -> Result<(), SandboxError> {
    readiness::wait("containerd", Duration::from_secs(60), &mut [], async || {
        run(ctr(&mut Command::new("ctr")).arg("version")).map_err(|error| error.to_string())
    })
    .await?;
    let tarball = folder.join("image.tar");
    image.write(&tarball)?;
    run(ctr(&mut Command::new("ctr"))
        .args(["images", "import"])
        .arg(&tarball))?;
    fs::remove_file(&tarball).map_err(SandboxError::io("removing an image's tarball"))
}

/// Imports an image's tarball from outside: `ctr` enters the namespaces and reads it from standard input.
pub(crate) fn import(folder: &Path, tarball: &Path) -> Result<(), SandboxError> {
    let doing = || format!("reading {}", tarball.display());
    let input = File::open(tarball).map_err(SandboxError::io(doing()))?;
    let Some(init) = remains::init(folder) else {
        return Err(SandboxError::NotOurs("loading images"));
    };
    let mut command = Command::new("nsenter");
    command.args(["--target", &init.to_string(), "--mount", "--net", "--pid", "ctr"]);
    ctr(&mut command).args(["images", "import", "-"]).stdin(input);
    run(&mut command).map(|_| ())
}
