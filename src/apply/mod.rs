//! Pure semantics of Kubernetes objects.

pub mod health;
