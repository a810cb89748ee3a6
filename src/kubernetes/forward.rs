//! Reaching a Service from outside the cluster, as `kubectl port-forward` does.

use super::{Cluster, triage};
use crate::{
    apply::health,
    converge::contract::Wait,
    http::{Url, is_in_cluster},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
        object::ObjectRef,
        rule::Rule,
    },
    render::rbac,
};
use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use kube::{Api, api::Portforwarder};
use std::{collections::BTreeMap, net::SocketAddr};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// Pods of a Service that are looked at for a ready one.
const MOST_PODS: u32 = 100;

const REMEDY: &str = "give a URL that is reachable from here in authentik.url or dex.url of the configuration, \
                      or run this in a Pod";

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The namespace.
    pub namespace: String,
    /// The Service.
    pub service: String,
    /// The Service's port.
    pub port: u16,
}

impl Place {
    /// Reads `<service>.<namespace>.svc`, with or without `.cluster.local`.
    ///
    /// # Errors
    /// [`Exit::Usage`] if the host names something else, such as a single Pod.
    pub fn parse(host: &str, port: u16) -> Result<Self, Failure> {
        let name = host.strip_suffix(".cluster.local").unwrap_or(host);
        let labels: Vec<&str> = name.split('.').collect();
        match labels.as_slice() {
            [service, namespace, "svc"] => Ok(Self {
                namespace: (*namespace).to_owned(),
                service: (*service).to_owned(),
                port,
            }),
            _ => {
                let message = format!("{host} is not <service>.<namespace>.svc.cluster.local");
                Err(Failure::new(Exit::Usage, Reason::InvalidConfig, message).hint(REMEDY))
            }
        }
    }

    /// The Service that a URL names, if its host is in the cluster.
    #[must_use]
    pub fn of(url: &Url) -> Option<Result<Self, Failure>> {
        let (host, port) = url.host_str().zip(url.port_or_known_default())?;
        is_in_cluster(host).then(|| Self::parse(host, port))
    }

    fn object(&self) -> ObjectRef {
        ObjectRef::namespaced("Service", &self.namespace, &self.service)
    }

    fn explained(&self, failure: Failure) -> Failure {
        match failure.reason {
            Reason::Forbidden | Reason::Interrupted | Reason::Unauthenticated => failure,
            _ => failure.hint(REMEDY),
        }
    }
}

/// What reaching the Services that the configuration names takes from outside. No step lists it, because
/// in a Pod nobody forwards.
#[must_use]
pub fn rules(config: &Config) -> Vec<Rule> {
    let urls = [config.authentik_url(), config.dex_url()];
    let places = urls
        .iter()
        .filter_map(|url| Place::of(&Url::parse(url).ok()?)?.ok());
    let rules = |Place {
                     namespace, service, ..
                 }: Place| {
        [
            Rule::named(&namespace, "", "services", [service], &["get"]),
            Rule::all(&namespace, "", "pods", &["list"]),
            // Kubernetes 1.35 and later ask for `create` also of WebSockets, which are GETs.
            Rule::all(&namespace, "", "pods/portforward", &["get", "create"]),
        ]
    };
    places.flat_map(rules).collect()
}

/// Says how to go on without the permission that is missing, and which ones give it.
#[must_use]
pub fn unpermitted(failure: Failure, config: &Config) -> Failure {
    if failure.reason != Reason::Forbidden {
        return failure;
    }
    let hint = Some(format!(
        "{REMEDY}; or apply this:\n{}",
        rbac::grant(&rules(config))
    ));
    Failure { hint, ..failure }
}

impl Cluster {
    /// Whether this process runs in the cluster that it talks to, where Services can be reached directly.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        let address = std::env::var("KUBERNETES_SERVICE_HOST").unwrap_or_default();
        let server = self.info().server;
        let authority = server.trim_start_matches("https://");
        let is_at = |host: &str| {
            authority
                .strip_prefix(host)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        !address.is_empty()
            && (is_at(&address) || is_at(&format!("[{address}]")) || is_at("kubernetes.default.svc"))
    }

    /// Opens a local port that leads to a ready Pod of a Service, for as long as this process runs.
    ///
    /// The Pod is chosen anew for each connection, so that a rollout meanwhile does no harm. The inner
    /// error is what to wait for.
    ///
    /// # Errors
    /// A [`Failure`] if the API server does not let us through, or the Service leads nowhere.
    pub async fn forward(&self, place: &Place) -> Result<Result<SocketAddr, Wait>, Failure> {
        let service = match self.get::<Service>(&place.namespace, &place.service).await {
            Ok(Some(service)) => service,
            Ok(None) => {
                return Ok(Err(wait(
                    place,
                    Reason::NotFound,
                    "it does not exist yet".to_owned(),
                )));
            }
            Err(failure) => return Err(place.explained(failure)),
        };
        let way = Way {
            cluster: self.clone(),
            place: place.clone(),
            selector: selector(&service).ok_or_else(|| leads_nowhere(place, "it selects no Pods"))?,
            port: port(&service, place.port)
                .ok_or_else(|| leads_nowhere(place, &format!("it has no port {}", place.port)))?,
        };
        // The first connection is only a proof: a listener that nobody answers would say less.
        match way.open().await? {
            Ok((forwarder, _)) => {
                forwarder.abort();
                Ok(Ok(way.listen().await?))
            }
            Err(wait) => Ok(Err(wait)),
        }
    }
}

/// How to get from here to a Pod.
#[derive(Clone)]
struct Way {
    cluster: Cluster,
    place: Place,
    selector: String,
    port: ServicePort,
}

impl Way {
    async fn listen(self) -> Result<SocketAddr, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Bug, Reason::Unexpected, "cannot listen on 127.0.0.1").caused_by(error)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.clone().carry(stream));
            }
        });
        Ok(address)
    }

    /// Carries one connection. If there is no way, it is closed: the client sees a broken connection.
    async fn carry(self, mut local: TcpStream) {
        let service = &self.place.service;
        let (mut forwarder, port) = match self.open().await {
            Ok(Ok(open)) => open,
            Ok(Err(wait)) => return tracing::debug!(service, problem = wait.message, "cannot forward now"),
            Err(failure) => return tracing::debug!(service, problem = failure.chain(), "cannot forward"),
        };
        if let (Some(mut remote), Some(problem)) = (forwarder.take_stream(port), forwarder.take_error(port)) {
            tokio::select! {
                copied = copy_bidirectional(&mut local, &mut remote) => {
                    tracing::debug!(service, broken = copied.is_err(), "a forwarded connection ended");
                }
                Some(problem) = problem => tracing::debug!(service, problem, "the node cannot forward"),
            }
        }
        forwarder.abort();
    }

    async fn open(&self) -> Result<Result<(Portforwarder, u16), Wait>, Failure> {
        let place = &self.place;
        let pods = self
            .cluster
            .list::<Pod>(&place.namespace, &self.selector, MOST_PODS)
            .await;
        let pods = pods.map_err(|failure| place.explained(failure))?;
        let Some(pod) = pods.iter().find(|pod| health::is_ready(pod)) else {
            return Ok(Err(wait(place, Reason::NotReady, no_ready_pod(&pods))));
        };
        let name = pod.metadata.name.clone().unwrap_or_default();
        let port = target(pod, &self.port)
            .ok_or_else(|| leads_nowhere(place, &format!("Pod {name} has no such port as its targetPort")))?;
        let api = Api::<Pod>::namespaced(self.cluster.client.clone(), &place.namespace);
        match api.portforward(&name, &[port]).await {
            Ok(forwarder) => Ok(Ok((forwarder, port))),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Err(wait(
                place,
                Reason::NotReady,
                format!("Pod {name} is gone; another one is expected"),
            ))),
            Err(error) => Err(place.explained(cannot_forward(error, place, &name))),
        }
    }
}

fn cannot_forward(error: kube::Error, place: &Place, pod: &str) -> Failure {
    let failure = triage::failure(error, &ObjectRef::namespaced("Pod", &place.namespace, pod));
    let message = format!(
        "the API server does not forward to port {} of Service {}: {}",
        place.port, place.service, failure.message
    );
    Failure { message, ..failure }
}

fn wait(place: &Place, reason: Reason, message: String) -> Wait {
    Wait::new(place.object(), reason, message)
}

fn leads_nowhere(place: &Place, problem: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        Reason::InvalidConfig,
        format!("cannot be reached from here: {problem}"),
    )
    .on(place.object())
    .hint(REMEDY)
}

fn no_ready_pod(pods: &[Pod]) -> String {
    match health::trouble(pods) {
        Some(trouble) => format!("it has no ready Pod yet; {trouble}"),
        None if pods.is_empty() => "it has no Pod yet".to_owned(),
        None => "it has no ready Pod yet".to_owned(),
    }
}

fn selector(service: &Service) -> Option<String> {
    let labels: &BTreeMap<String, String> = service.spec.as_ref()?.selector.as_ref()?;
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

fn port(service: &Service, number: u16) -> Option<ServicePort> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    ports.iter().find(|port| port.port == i32::from(number)).cloned()
}

/// The Pod's port behind a Service's port.
fn target(pod: &Pod, port: &ServicePort) -> Option<u16> {
    match &port.target_port {
        None => u16::try_from(port.port).ok(),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::String(name)) => {
            let containers = &pod.spec.as_ref()?.containers;
            let mut ports = containers
                .iter()
                .filter_map(|container| container.ports.as_deref())
                .flatten();
            let named = ports.find(|port| port.name.as_ref() == Some(name))?;
            u16::try_from(named.container_port).ok()
        }
    }
}

#[cfg(test)]
mod tests;
