//! Bootstrap and day-2 operations toolkit for Kubernetes platforms.

pub mod converge;
pub mod http;
pub mod kubernetes;
pub mod model;
pub mod render;
pub(crate) mod retry;
