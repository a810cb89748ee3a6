//! Integration tests, one binary: the real program against a real API server.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, in its helpers too"
)]

mod architecture;
mod artefacts;
mod authentik_adapter;
mod authentik_stage;
mod authentik_token;
mod bad_input;
mod benchmark;
mod check;
mod cli;
mod cloudflare_adapter;
mod command_lines;
mod dex_sync;
mod drift;
mod dynamic;
mod golden;
mod help;
mod install;
mod jobs;
mod laws;
mod manifests;
mod mirror;
mod node;
#[cfg(feature = "planted-bugs")]
mod planted;
mod platform;
mod rbac;
mod schemas;
mod tenants;
mod upstream;
mod waves;
mod world;
