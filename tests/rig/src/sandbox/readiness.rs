//! Waiting until something of a sandbox is ready.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use super::error::SandboxError;
use super::processes::Process;

const PAUSE: Duration = Duration::from_millis(50);

/// Asks again and again until the answer is `Ok`. Ends early when one of the processes has ended.
pub(crate) async fn wait<T>(
    what: &str,
    patience: Duration,
    processes: &mut [Process],
    mut ask: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, SandboxError> {
    let begun = Instant::now();
    loop {
        let last = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(last) => last,
        };
        processes.iter_mut().try_for_each(Process::check)?;
        if begun.elapsed() > patience {
            return Err(SandboxError::NotReady {
                what: what.to_owned(),
                waited: patience,
                last,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The API server says that it is ready, and the namespaces that it makes for itself are there.
pub(crate) async fn api_server(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    client
        .request_text(request)
        .await
        .map_err(|error| error.to_string())?;
    let namespaces = Api::<Namespace>::all(client.clone());
    for name in ["default", "kube-system"] {
        namespaces.get(name).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
