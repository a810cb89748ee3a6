//! All HTTP that is not Kubernetes; the only importer of reqwest.
//!
//! One client with the rules of the whole product: only http and https, certificates always verified,
//! every request bounded in time and size, no redirect unless asked for and then on the same host only (but for files whose
//! content is checked by other means, [`Request::following_anywhere`]), and no connection to an internal address unless the configuration names the host (the module `guard`). What is
//! sent again after trouble depends on whether sending it twice does harm ([`Request::idempotent`]).
//!
//! HTTP/1.1 only: the Host header is then the only place that names the authority, so that a request can
//! be led to another address ([`Http::forward`]) and still be the one that the server expects.

mod answer;
mod attempt;
mod client;
mod guard;
mod request;
mod trouble;

pub use answer::Answer;
pub use client::Http;
pub(crate) use guard::is_in_cluster;
pub use request::Request;
pub use reqwest::Url;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
