//! Pure semantics of Kubernetes objects.

pub mod applyset;
pub mod drift;
pub mod health;
pub mod initial;
mod key;
pub mod manifest;
pub mod order;
mod problem;

pub use key::Key;
pub use problem::Problem;
