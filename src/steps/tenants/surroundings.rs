//! What of the cluster the objects of tenants follow from.

use super::{desired::Facts, kinds, resources::Resources, seen::BindingSeen};
use crate::{
    converge::Context,
    model::{
        failure::{Failure, Reason},
        kind::Kind,
        tenants::names,
    },
};
use futures::TryStreamExt;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is nobody's outside a cluster (RFC 1918): taken for the cluster's own where it does not say which are.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
/// The Service of the API server itself.
const API_SERVER: &str = "kubernetes.io/service-name=kubernetes";

const NODE: Kind = Kind::known("", "v1", "Node", "nodes", false);
const SERVICE_RANGE: Kind = Kind::known("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", false);

/// Everything but the tenants themselves.
pub(super) async fn look(cx: &Context) -> Result<Facts, Failure> {
    let (api_servers, cluster_ranges) = futures::try_join!(api_servers(cx), ranges(cx))?;
    let facts = Facts::new(&cx.config);
    Ok(Facts {
        api_servers,
        cluster_ranges,
        ..facts
    })
}

/// Namespaces that administrators gave to an organization, with its name; asked for only where a binding may be in one.
pub(super) async fn given(cx: &Context, resources: &Resources) -> Result<BTreeMap<String, String>, Failure> {
    let is_elsewhere = |seen: &BindingSeen| {
        let own = names::organization_namespace(&seen.spec.aphex_org);
        let usual = [cx.config.namespaces.platform.as_str(), own.as_str()];
        !usual.contains(&seen.resource.at.namespace.as_deref().unwrap_or_default())
    };
    if !resources.bindings.iter().any(is_elsewhere) {
        return Ok(BTreeMap::new());
    }
    let kind = kinds::NAMESPACE;
    cx.cluster
        .find_pages(&kind, None, names::ORGANIZATION_LABEL)
        .try_fold(BTreeMap::new(), async |mut given, page| {
            given.extend(page.iter().filter_map(|live| {
                let metadata = &live["metadata"];
                let organization = metadata["labels"][names::ORGANIZATION_LABEL].as_str()?;
                Some((metadata["name"].as_str()?.to_owned(), organization.to_owned()))
            }));
            Ok(given)
        })
        .await
}

async fn api_servers(cx: &Context) -> Result<Vec<(String, u16)>, Failure> {
    let slices = cx
        .cluster
        .list::<EndpointSlice>("default", API_SERVER, 100)
        .await?;
    let mut found = Vec::new();
    for slice in slices {
        let ports = slice.ports.unwrap_or_default();
        let ports = ports.iter().filter_map(|port| u16::try_from(port.port?).ok());
        for port in ports {
            let addresses = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
            found.extend(addresses.map(|address| (address.clone(), port)));
        }
    }
    // Whatever order they come in, what follows from them is the same.
    found.sort_unstable();
    Ok(found)
}

/// The configured ones, else those that the cluster tells, else all private ones.
async fn ranges(cx: &Context) -> Result<Vec<String>, Failure> {
    let configured = &cx.config.cluster;
    let pods = async {
        match configured.pod_cidrs.as_slice() {
            [] => told(cx, &NODE, "podCIDRs").await,
            ranges => Ok(ranges.to_vec()),
        }
    };
    let services = async {
        match configured.service_cidrs.as_slice() {
            [] => told(cx, &SERVICE_RANGE, "cidrs").await,
            ranges => Ok(ranges.to_vec()),
        }
    };
    let (pods, services) = futures::try_join!(pods, services)?;
    if pods.is_empty() || services.is_empty() {
        let private = PRIVATE.map(str::to_owned);
        return Ok([&private[..], &configured.node_cidrs].concat());
    }
    Ok([&pods[..], &services, &configured.node_cidrs].concat())
}

async fn told(cx: &Context, kind: &Kind, field: &str) -> Result<Vec<String>, Failure> {
    let ranges = cx
        .cluster
        .find_pages(kind, None, "")
        .try_fold(Vec::new(), async |mut ranges, page| {
            let told = page
                .iter()
                .flat_map(|object| object["spec"][field].as_array().into_iter().flatten());
            ranges.extend(told.filter_map(Value::as_str).map(str::to_owned));
            Ok(ranges)
        });
    match ranges.await {
        // Kubernetes before 1.33 has no such kind.
        Err(failure) if failure.reason == Reason::NotFound => Ok(Vec::new()),
        ranges => ranges,
    }
}
