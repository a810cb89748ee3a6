//! The node's side of the network.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::control_plane::SERVICE_RANGE;
use super::super::error::SandboxError;
use super::super::prerequisites::BRIDGE_FILTER;
use super::super::programs::run;
use super::ADDRESS;

/// Carries the node's address. A bridge without ports, because not every kernel has dummy devices.
const DEVICE: &str = "node0";
/// The bridge that the pods hang on; made by the CNI plugin.
pub(crate) const POD_DEVICE: &str = "pods0";

/// Gives the new network namespace its addresses and routes.
pub(crate) fn set_up() -> Result<(), SandboxError> {
    let address = format!("{ADDRESS}/32");
    ip(&["link", "set", "lo", "up"])?;
    ip(&["link", "add", DEVICE, "type", "bridge"])?;
    ip(&["address", "add", &address, "dev", DEVICE])?;
    ip(&["link", "set", DEVICE, "up"])?;
    // Without any route to a Service, the node's own processes fail before iptables can send them to a pod.
    ip(&["route", "add", SERVICE_RANGE, "dev", DEVICE])?;
    set("net/ipv4/ip_forward", "1")?;
    // Else a pod cannot reach a Service that ends in a pod of the same bridge.
    if !Path::new(BRIDGE_FILTER).exists() {
        run(Command::new("modprobe").arg("br_netfilter"))?;
    }
    set("net/bridge/bridge-nf-call-iptables", "1")
}

fn ip(arguments: &[&str]) -> Result<(), SandboxError> {
    run(Command::new("ip").args(arguments)).map(|_| ())
}

fn set(name: &str, value: &str) -> Result<(), SandboxError> {
    fs::write(format!("/proc/sys/{name}"), value).map_err(SandboxError::io(format!("setting {name}")))
}
