//! Tenants on a real API server, with the definitions of Tekton, Argo CD and external-secrets that their makers publish.

mod bad_input;
mod laws;
mod life;
mod stage;
mod tunnels;
