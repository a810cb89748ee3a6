//! Where a request may go: against server-side request forgery, and for hosts that are not in DNS.
//!
//! URLs come from answers too (discovery documents, redirects), so a server could point us at an internal
//! address. Every address is therefore checked, and the connection goes to the very address that was
//! checked, so a second DNS answer cannot change it.

use crate::model::config::Config;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, RwLock},
};
use thiserror::Error;

/// Why a host is not connected to.
#[derive(Debug, Error)]
pub(super) enum GuardError {
    /// The address is not one to connect to.
    #[error("{host} has the address {address}, which is {what}")]
    Address {
        host: String,
        address: IpAddr,
        what: &'static str,
    },
    /// There is no address.
    #[error("cannot resolve {host}")]
    Unresolved { host: String, source: std::io::Error },
}

/// The hosts that may be internal, and the addresses of those that are not looked up.
#[derive(Debug)]
pub(super) struct Guard {
    named: BTreeSet<String>,
    resolve: BTreeMap<String, SocketAddr>,
    forwards: RwLock<BTreeMap<(String, u16), SocketAddr>>,
}

impl Guard {
    /// Allows what the configuration names.
    pub(super) fn new(config: &Config) -> Self {
        let hosts = &config.hosts;
        let plain = [
            &hosts.auth,
            &hosts.dex,
            &hosts.argocd,
            &hosts.tekton,
            &hosts.webhooks,
        ];
        let urls = [
            Some(config.authentik_url()),
            Some(config.dex_url()),
            Some(config.dex_issuer()),
            Some(config.cloudflare.api_url.clone()),
            config.gitops.repo_url.clone(),
            config.http.proxy.clone(),
        ];
        let resolve: BTreeMap<String, SocketAddr> = config
            .http
            .resolve
            .iter()
            .map(|(host, address)| (host.to_ascii_lowercase(), *address))
            .collect();
        let named = plain
            .into_iter()
            .map(|host| host.to_ascii_lowercase())
            .chain(urls.into_iter().flatten().filter_map(|url| host_of(&url)))
            .chain(resolve.keys().cloned())
            .collect();
        Self {
            named,
            resolve,
            forwards: RwLock::default(),
        }
    }

    /// Leads one port of a host to another address.
    pub(super) fn forward(&self, host: &str, port: u16, to: SocketAddr) {
        let mut forwards = self.forwards.write().unwrap_or_else(|broken| broken.into_inner());
        forwards.insert((host.to_ascii_lowercase(), port), to);
    }

    /// The address that stands in for a host and port, if one does.
    pub(super) fn route(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let forwards = self.forwards.read().unwrap_or_else(|broken| broken.into_inner());
        let forward = forwards.get(&(host.to_owned(), port)).copied();
        forward.or_else(|| self.resolve.get(host).copied())
    }

    /// Whether a host is reached without a proxy: it is in the cluster, here, or has an address of its own.
    /// A proxy resolves names itself, so what is behind it is the proxy's to guard.
    pub(super) fn is_direct(&self, host: &str) -> bool {
        let is_here = literal(host).is_some_and(|address| address.is_loopback());
        is_here || is_in_cluster(host) || self.fixed_address(host).is_some()
    }

    /// Checks a URL whose host is an address; names are checked when they are resolved.
    pub(super) fn check_literal(&self, url: &Url) -> Result<(), GuardError> {
        let Some(host) = url.host_str() else { return Ok(()) };
        literal(host).map_or(Ok(()), |address| self.check(host, address))
    }

    fn check(&self, host: &str, address: IpAddr) -> Result<(), GuardError> {
        let what = match class(address) {
            Class::Public => return Ok(()),
            Class::Internal(_) if self.may_be_internal(host) => return Ok(()),
            Class::Internal(what) | Class::Never(what) => what,
        };
        let host = host.to_owned();
        Err(GuardError::Address { host, address, what })
    }

    fn may_be_internal(&self, host: &str) -> bool {
        is_in_cluster(host) || self.named.contains(host)
    }

    /// The address of a host that is not looked up. All forwards of a host lead to this machine.
    fn fixed_address(&self, host: &str) -> Option<IpAddr> {
        let forwards = self.forwards.read().unwrap_or_else(|broken| broken.into_inner());
        let forward = forwards
            .iter()
            .find(|((name, _), _)| name == host)
            .map(|(_, to)| *to);
        forward
            .or_else(|| self.resolve.get(host).copied())
            .map(|to| to.ip())
    }

    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, GuardError> {
        if let Some(fixed) = self.fixed_address(host) {
            return Ok(vec![SocketAddr::new(fixed, 0)]);
        }
        let found = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|source| GuardError::Unresolved {
                host: host.to_owned(),
                source,
            })?;
        let found: Vec<SocketAddr> = found.collect();
        // One bad address among good ones is enough: nobody honest mixes them.
        found
            .iter()
            .try_for_each(|address| self.check(host, address.ip()))?;
        Ok(found)
    }
}

/// The resolver of every client: only checked addresses leave it.
#[derive(Debug, Clone)]
pub(super) struct Resolver(pub(super) Arc<Guard>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().trim_end_matches('.').to_ascii_lowercase();
            let addresses = guard.addresses(&host).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The address, if a URL's host is one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The host of a URL, in lower case.
fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// Whether a host is a Service of the cluster.
pub(crate) fn is_in_cluster(host: &str) -> bool {
    host.ends_with(".svc") || host.ends_with(".svc.cluster.local")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    /// Allowed for hosts that the configuration names.
    Internal(&'static str),
    /// Nothing that we talk to lives there.
    Never(&'static str),
}

/// The class of an address by the special-purpose registries (RFC 6890).
fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => class_v4(inner),
            None => class_v6(address),
        },
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    let octets = address.octets();
    match octets {
        [0, ..] => Class::Never("unspecified"),
        [169, 254, ..] => Class::Never("link-local, where cloud metadata lives"),
        [224..=239, ..] => Class::Never("multicast"),
        [240..=255, ..] => Class::Never("reserved"),
        _ if address.is_loopback() => Class::Internal("loopback"),
        _ if address.is_private() => Class::Internal("private"),
        [100, 64..=127, ..] => Class::Internal("shared (RFC 6598)"),
        [192, 0, 0, _] | [198, 18..=19, ..] => Class::Internal("special-purpose"),
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    // The metadata service of AWS has an address in the private range.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.segments()[0] {
        _ if address.is_unspecified() => Class::Never("unspecified"),
        _ if address.is_loopback() => Class::Internal("loopback"),
        _ if address == METADATA => Class::Never("a cloud metadata service"),
        0xfe80..=0xfebf => Class::Never("link-local"),
        0xff00..=0xffff => Class::Never("multicast"),
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Class::Internal("private"),
        _ => Class::Public,
    }
}

/// The IPv4 address inside a mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056) one.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
