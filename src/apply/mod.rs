//! Pure semantics of Kubernetes objects.

pub mod drift;
pub mod health;
