//! Git repositories that Pods can fetch: folders of this machine, served by a Pod that sees them.

mod repository;
mod server;

pub use repository::Repository;
pub use server::serve;
