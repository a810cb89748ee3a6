//! The size *node*: everything runs inside namespaces of its own (network, mounts, process ids).
//!
//! The kernel takes all of it down together: when the first process of the process-id namespace dies, every process,
//! container, mount, bridge and iptables rule of the sandbox goes with it. This machine sees one loopback port: a socket
//! that is bound out here and handed in, since a socket stays in the network namespace that it was made in.
//!
//! [`start`] and [`settle`] run outside, [`inside::run`] within.

mod cgroups;
mod containerd;
mod dns;
mod inside;
mod kubelet;
mod mounts;
mod network;

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kube::Client;
use nix::sched::{CloneFlags, setns};

use super::control_plane::{self, Addresses};
use super::error::SandboxError;
use super::images::Image;
use super::processes::{Process, Start};
use super::start::{PATIENCE, Started};
use super::{controllers, executable, fake_nodes, kubeconfig, prerequisites, readiness};

pub(crate) use cgroups::remove as remove_cgroups;
pub(crate) use containerd::import;
pub use inside::run as run_inside;

/// Name of the node.
pub(crate) const NAME: &str = "sandbox";
/// Keeps the namespaces of every pod.
const PAUSE_IMAGE: &str = "localhost/pause:1";
/// The image of the `rig` program, which is in every node: its entry point takes `rig`'s arguments.
pub const RIG_IMAGE: &str = "localhost/rig:1";
/// The node's address, which only exists in the sandbox's network namespace.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 30, 0, 1);
/// Inside, nobody competes for ports.
const ADDRESSES: Addresses = Addresses {
    bind: Ipv4Addr::UNSPECIFIED,
    advertise: ADDRESS,
    api: 6443,
    etcd: 2379,
    etcd_peer: 2380,
};

/// Starts the namespaces and waits until their API server answers out here.
pub(crate) async fn start(folder: &Path) -> Result<Started, SandboxError> {
    let (listener, url) = listen().map_err(SandboxError::io("listening on a loopback port"))?;
    let authority = control_plane::certify(folder, &url, &[&ADDRESS.to_string()])?;
    let inner = format!("https://127.0.0.1:{}", ADDRESSES.api);
    controllers::certify_all(folder, &authority, &inner)?;
    kubelet::certify(folder, &authority, &inner)?;
    let mut processes = vec![enter(folder, listener)?];
    let client = kubeconfig::client(&folder.join("kubeconfig")).await?;
    readiness::wait("the API server", PATIENCE, &mut processes, async || {
        readiness::api_server(&client).await
    })
    .await?;
    Ok(Started {
        processes,
        url,
        authority: authority.identity().certificate,
        timings: Vec::new(),
    })
}

/// Waits until pods run and names resolve.
pub(crate) async fn settle(
    client: &Client,
    folder: &Path,
    processes: &mut [Process],
    begun: Instant,
    timings: &mut Vec<(&'static str, Duration)>,
) -> Result<(), SandboxError> {
    dns::apply(client).await?;
    readiness::wait("the node", PATIENCE, processes, async || {
        fake_nodes::ready(client).await
    })
    .await?;
    timings.push(("node ready", begun.elapsed()));
    readiness::wait("the controllers", PATIENCE, processes, async || {
        controllers::ready(client).await
    })
    .await?;
    readiness::wait("CoreDNS", PATIENCE, processes, async || {
        dns::ready(client, folder).await
    })
    .await?;
    timings.push(("CoreDNS ready", begun.elapsed()));
    Ok(())
}

fn listen() -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("https://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// `unshare` makes the namespaces and stays outside; its child is the first process inside and dies with it. That one
/// (`rig init`) buries orphans, and starts the second (`rig node`), which does the work.
fn enter(folder: &Path, listener: TcpListener) -> Result<Process, SandboxError> {
    let rig = executable()?;
    let unshare = prerequisites::find("unshare").unwrap_or_else(|| "unshare".into());
    let words = [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--",
    ];
    let mut arguments: Vec<OsString> = words.map(Into::into).into();
    arguments.extend([
        rig.clone().into(),
        "init".into(),
        "--".into(),
        rig.into(),
        "node".into(),
    ]);
    arguments.push(folder.into());
    let mut start = Start::new("node", &unshare, folder, arguments);
    start.input = Some(Stdio::from(OwnedFd::from(listener)));
    start.start()
}

/// Runs something in the network namespace below `unshare`, which itself stays outside.
pub(crate) fn in_network<T: Send + 'static>(
    unshare: u32,
    what: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<Option<T>>, SandboxError> {
    let failed = || SandboxError::io("entering the node's network");
    let children =
        std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).map_err(failed())?;
    let inner = children.split_whitespace().next().unwrap_or_default();
    let namespace = File::open(format!("/proc/{inner}/ns/net")).map_err(failed())?;
    let (entered, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let outcome = setns(namespace, CloneFlags::CLONE_NEWNET);
        let is_inside = outcome.is_ok();
        // Whoever waits has an answer; nobody else can have hung up.
        let _ = entered.send(outcome);
        is_inside.then(what)
    });
    wait.recv()
        .map_err(|_| failed()(std::io::ErrorKind::BrokenPipe.into()))?
        .map_err(|error| failed()(error.into()))?;
    Ok(thread)
}

/// Images that are in the node before its first pod. `rig` is the pause program too, and then gets no arguments.
fn first_images(coredns: &Path) -> Result<Vec<Image>, SandboxError> {
    Ok(vec![
        Image::of_program(PAUSE_IMAGE, &executable()?)
            .named(RIG_IMAGE)
            .argument("pause"),
        Image::of_program("localhost/coredns:1", coredns),
    ])
}
