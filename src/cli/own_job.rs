//! A run in a Job says on the Job why it failed: `kubectl describe job` shows it, when the Pod is long gone.

use super::{options::Options, process::Ended, session::hostname};
use crate::{
    converge::{Stop, report::FailureReport},
    kubernetes::{Cluster, Connection, events::OwnJob},
    model::failure::Failure,
};

/// Kubernetes' own file with the namespace of the Pod's account.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The Job that started this process, if one did; its Pod's environment says so.
fn own_job() -> Option<OwnJob> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(OwnJob {
        namespace: std::fs::read_to_string(NAMESPACE_FILE).ok()?.trim().to_owned(),
        name: set("APHEX_OPS_JOB_NAME")?,
        uid: set("APHEX_OPS_JOB_UID")?,
    })
}

/// Best effort, over a connection of its own: the run's may never have come to be.
pub(super) async fn tell(options: &Options, ended: &Result<Ended, Failure>, run_id: &str) {
    let Some(job) = own_job() else { return };
    let (step, failure) = match ended {
        Err(failure) => ("start", FailureReport::from(failure)),
        Ok(ended) => {
            let failed = ended
                .reports
                .iter()
                .find_map(|report| Some((report, report.failures.first()?)));
            let Some((report, failure)) = failed else { return };
            (report.step, failure.clone())
        }
    };
    if let Ok(cluster) = Cluster::connect(&Connection::from(&options.connection), &Stop::default()).await {
        cluster.tell_job(&job, &failure, step, run_id, &hostname()).await;
    }
}
