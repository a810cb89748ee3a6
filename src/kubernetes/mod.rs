//! Everything that is said to the Kubernetes API server; the only importer of `kube::{Client, Api}`.

pub mod access;
mod bearer;
mod changes;
mod client;
mod compare;
mod connect;
mod discovery;
mod dynamic;
pub mod events;
pub mod forward;
mod identity;
pub mod lease;
mod logs;
mod nature;
mod objects;
mod secret;
mod transport;
mod triage;
pub mod version;
mod watch;

pub use changes::{Changes, Heard};
pub use compare::State;
pub use connect::{Cluster, Connection};
pub use discovery::Served;
pub use dynamic::Part;
pub use logs::Tail;
pub use secret::SecretValues;
pub use watch::Watches;
