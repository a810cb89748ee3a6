//! From a folder to a running cluster.

use std::path::Path;
use std::time::{Duration, Instant};

use super::control_plane::{self, Addresses};
use super::error::SandboxError;
use super::folders::Folder;
use super::processes::Process;
use super::programs::Programs;
use super::{Size, controllers, fake_nodes, kubeconfig, node, readiness};

/// How long a stage may take on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How often other ports are tried when somebody takes one between looking and using.
const ATTEMPTS: usize = 5;

/// What runs, and where it is reached.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) processes: Vec<Process>,
    pub(crate) url: String,
    pub(crate) authority: String,
    pub(crate) timings: Vec<(&'static str, Duration)>,
}

/// Starts a cluster of that size and waits until it can be used.
pub(crate) async fn start(folder: &Folder, programs: &Programs, size: Size) -> Result<Started, SandboxError> {
    let begun = Instant::now();
    let mut attempt = 1;
    let mut started = loop {
        let first = match size {
            Size::Node => node::start(folder.path()).await,
            _ => control_plane(folder.path(), programs, size).await,
        };
        match first {
            Err(error) if attempt < ATTEMPTS && error.is_taken_port() => attempt += 1,
            other => break other?,
        }
    };
    started.timings.push(("API server ready", begun.elapsed()));
    let client = kubeconfig::client(&folder.path().join("kubeconfig")).await?;
    match size {
        Size::ControlPlane => {}
        Size::Controllers => {
            started
                .processes
                .extend(controllers::start(folder.path(), programs)?);
            started
                .processes
                .push(fake_nodes::start(folder.path(), programs)?);
            fake_nodes::create(&client).await?;
            let processes = &mut started.processes;
            readiness::wait("the fake nodes", PATIENCE, processes, async || {
                fake_nodes::ready(&client).await
            })
            .await?;
            readiness::wait("the controllers", PATIENCE, processes, async || {
                controllers::ready(&client).await
            })
            .await?;
            started
                .timings
                .push(("controllers and fake nodes ready", begun.elapsed()));
        }
        Size::Node => {
            node::settle(
                &client,
                folder.path(),
                &mut started.processes,
                begun,
                &mut started.timings,
            )
            .await?;
        }
    }
    Ok(started)
}

/// etcd and the API server on free ports of this machine.
async fn control_plane(folder: &Path, programs: &Programs, size: Size) -> Result<Started, SandboxError> {
    let addresses = Addresses::free()?;
    let url = format!("https://127.0.0.1:{}", addresses.api);
    let authority = control_plane::certify(folder, &url, &[])?;
    if size == Size::Controllers {
        controllers::certify_all(folder, &authority, &url)?;
        fake_nodes::certify(folder, &authority, &url)?;
    }
    let mut processes = vec![
        control_plane::etcd(folder, programs, addresses)?,
        control_plane::api_server(folder, programs, addresses, size == Size::Controllers)?,
    ];
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
