//! Bootstrap and day-2 operations toolkit for Kubernetes platforms.

pub mod age;
pub mod apply;
pub mod authentik;
pub mod check;
pub mod cli;
pub mod cloudflare;
pub mod converge;
pub(crate) mod entropy;
pub mod http;
pub mod kubernetes;
pub mod mirror;
pub mod model;
pub mod oidc;
pub(crate) mod planted;
pub mod render;
pub mod report;
pub(crate) mod retry;
pub mod steps;
pub(crate) mod telemetry;
