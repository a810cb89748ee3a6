//! What containers wrote.

use super::{Cluster, triage};
use crate::model::{failure::Failure, object::ObjectRef};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::LogParams};

/// How much of a log is read.
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    /// Lines, from its end.
    pub lines: u32,
    /// Bytes at most.
    pub bytes: u32,
    /// Of the container's run before this one.
    pub is_previous: bool,
}

impl Cluster {
    /// The end of a container's log.
    ///
    /// # Errors
    /// A [`Failure`] about the Pod: also if its node does not answer, or it has not started yet.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        tail: Tail,
    ) -> Result<String, Failure> {
        let parameters = LogParams {
            container: Some(container.to_owned()),
            limit_bytes: Some(tail.bytes.into()),
            previous: tail.is_previous,
            tail_lines: Some(tail.lines.into()),
            timestamps: true,
            ..LogParams::default()
        };
        let pods = Api::<Pod>::namespaced(self.client.clone(), namespace);
        let log = pods.logs(pod, &parameters).await;
        log.map_err(|error| triage::failure(error, &ObjectRef::namespaced("Pod", namespace, pod)))
    }
}
