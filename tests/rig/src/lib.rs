//! What makes the tests real, for development only:
//!
//! - [`sandbox`]: a real Kubernetes cluster on this machine, compiled from pinned Go modules;
//! - [`authentik`]: a stand-in for Authentik that reproduces the recorded behaviour of its API;
//! - [`cloudflare`]: a stand-in for Cloudflare's API, as its reference describes it;
//! - [`proxy`]: a request-numbering reverse proxy that injects faults in front of real servers.
//! - [`laws`]: what must hold for every command, checked on the real binary.

pub mod authentik;
pub mod cloudflare;
pub mod laws;
pub mod proxy;
pub mod sandbox;
mod stand_in;
