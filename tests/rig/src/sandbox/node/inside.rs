//! What runs within the namespaces.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener as AsyncListener, TcpStream};

use super::super::error::SandboxError;
use super::super::processes::Process;
use super::super::programs::{Program, Programs};
use super::super::start::PATIENCE;
use super::super::{Size, control_plane, controllers, kubeconfig, readiness};
use super::{ADDRESSES, cgroups, containerd, dns, first_images, kubelet, mounts, network};

/// Runs the node until one of its processes ends. Standard input is the socket to serve the API on.
///
/// # Errors
/// Always, in the end: with what went wrong.
pub async fn run(folder: &Path) -> Result<(), SandboxError> {
    let listener = inherited().map_err(SandboxError::io("taking the API's socket from standard input"))?;
    network::set_up()?;
    mounts::cover(folder)?;
    cgroups::create(folder)?;
    let programs = Programs::ensure(Size::Node.programs())?;
    let mut processes = vec![
        containerd::start(folder)?,
        control_plane::etcd(folder, &programs, ADDRESSES)?,
        control_plane::api_server(folder, &programs, ADDRESSES, true)?,
    ];
    tokio::spawn(forward(listener));
    for image in first_images(programs.path(Program::CoreDns)?)? {
        containerd::import_inside(folder, &image).await?;
    }
    wait_for_api(folder, &mut processes).await?;
    processes.extend(controllers::start(folder, &programs)?);
    processes.extend(kubelet::start(folder, &programs)?);
    eprintln!("rig: all processes of the node run");
    let told = dns::tell_when_reached(folder);
    let watched = watch(&mut processes);
    tokio::try_join!(told, watched)?;
    Ok(())
}

/// # Errors
/// As soon as one of the processes has ended.
async fn watch(processes: &mut [Process]) -> Result<(), SandboxError> {
    loop {
        processes.iter_mut().try_for_each(Process::check)?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn wait_for_api(folder: &Path, processes: &mut [Process]) -> Result<(), SandboxError> {
    let client = kubeconfig::client(&folder.join("pki/kube-controller-manager.kubeconfig")).await?;
    let ready = async || {
        let request = http::Request::get("/readyz")
            .body(Vec::new())
            .map_err(|error| error.to_string())?;
        client
            .request_text(request)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    readiness::wait("the API server", PATIENCE, processes, ready).await
}

fn inherited() -> std::io::Result<AsyncListener> {
    let listener = TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    AsyncListener::from_std(listener)
}

/// Connects whoever comes in from outside with the API server.
async fn forward(listener: AsyncListener) {
    loop {
        let Ok((mut outside, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(async move {
            if let Ok(mut api) = TcpStream::connect((Ipv4Addr::LOCALHOST, ADDRESSES.api)).await {
                let _ = outside.set_nodelay(true);
                let _ = api.set_nodelay(true);
                let _ = copy_bidirectional(&mut outside, &mut api).await;
            }
        });
    }
}
