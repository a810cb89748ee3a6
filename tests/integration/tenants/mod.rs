//! Tenants on a real API server, with the definitions of Tekton, Argo CD and external-secrets that their makers publish.

mod attacks;
mod backup;
mod bad_input;
mod delete;
mod describe;
mod events;
mod laws;
mod life;
mod orders;
mod rotation;
pub(crate) mod stage;
mod suspend;
mod teams;
mod tunnels;
mod watch;
