//! The fence around a tenant's namespace in the network.

use super::Facts;
use serde_json::{Value, json};

/// Addresses that no tenant reaches, whatever the cluster: the link-local ones, where clouds hand out credentials.
const LINK_LOCAL: &str = "169.254.0.0/16";

/// Nobody comes in from another namespace. Out goes what stays inside, asks for a name, speaks to the API server, or goes to
/// the world that is not this cluster.
pub(super) fn fence(facts: &Facts) -> Value {
    let same_namespace = json!([{"podSelector": {}}]);
    let dns = json!({
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    });
    let mut except: Vec<&str> = facts.cluster_ranges.iter().map(String::as_str).collect();
    except.push(LINK_LOCAL);
    except.retain(|range| !range.contains(':'));
    except.sort_unstable();
    except.dedup();
    let world = json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": except}}]});
    let mut egress = vec![json!({"to": same_namespace}), dns];
    egress.extend(api_server(facts));
    egress.push(world);
    json!({"spec": {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": same_namespace}],
        "egress": egress,
    }})
}

/// One rule for each port.
fn api_server(facts: &Facts) -> Vec<Value> {
    let mut ports: Vec<u16> = facts.api_servers.iter().map(|(_, port)| *port).collect();
    ports.sort_unstable();
    ports.dedup();
    let rule = |port: u16| {
        let servers = facts.api_servers.iter().filter(|(_, other)| *other == port);
        let block = |(address, _): &(String, u16)| {
            let length = if address.contains(':') { 128 } else { 32 };
            json!({"ipBlock": {"cidr": format!("{address}/{length}")}})
        };
        json!({"to": servers.map(block).collect::<Vec<_>>(), "ports": [{"protocol": "TCP", "port": port}]})
    };
    ports.into_iter().map(rule).collect()
}
