//! A stand-in for Authentik: an HTTP server that reproduces the recorded behaviour of its API, its flow executor and its
//! OpenID Connect endpoints, the awkward parts included.
//!
//! ```no_run
//! # async fn example() -> Result<(), std::io::Error> {
//! use rig::authentik::{Authentik, Options, RouterState, Version};
//!
//! let authentik = Authentik::start(Options { version: Version::V2025_10, ..Options::default() }).await?;
//! authentik.script([(RouterState::Starting, 3)]).await?;  // three answers "starting", then up
//! // … run the tool against authentik.url() …
//! authentik.assert_clean();                               // nothing that the tool should not have sent
//! # Ok(())
//! # }
//! ```
//!
//! # Where the facts come from
//! Doc comments carry a mark where it matters: **recorded** was seen on a live 2025.10.0-rc1; **schema** is a field name or
//! path of the published API schema of that version, never run; **source** was read in Authentik's source and not exercised.
//! [`Version::V2025_10`] is the recorded one; all other versions are the recorded behaviour with the schema's shapes.
//!
//! # Strictness
//! The server answers what the real one would, and besides writes down what a careful client never sends: an unknown path or
//! method, a query parameter that filters nothing, a body field that is not writable, a missing `Accept` or `Content-Type`.
//! [`Authentik::violations`] lists them.
//!
//! # How a request travels
//! ```text
//! server      accept, read, latency, record
//! router_state  what Authentik's Go router answers alone (starting, dead backend, live)
//! route       path -> resource; HTML for unknown URLs
//! call        content negotiation, Bearer or session, CSRF, body
//! resources   tokens, users, groups, applications, roles, rbac, providers, catalog, login, oidc
//! rights      who sees what; fields: validation; listing: filters and pages
//! ```

mod answers;
mod applications;
mod call;
mod catalog;
mod challenges;
mod database;
mod deployment;
mod entropy;
mod fields;
mod groups;
mod latency;
mod listing;
mod login;
mod oidc;
mod oidc_token;
mod options;
mod permissions;
mod provider_fields;
mod providers;
mod rbac;
mod record;
mod redirect_uris;
mod request;
mod rights;
mod roles;
mod route;
mod router_state;
mod seed;
mod server;
mod session;
mod signing_key;
mod snapshot;
mod tokens;
mod users;
mod versions;
mod world;

pub mod command;

pub use deployment::deploy;
pub use options::{Appear, Latency, LoginPages, Options, ProviderSeed, SecretWrite};
pub use record::Recorded;
pub use router_state::RouterState;
pub use server::Authentik;
pub use snapshot::{GroupView, ProviderView, RoleView, Secret, Snapshot, TokenView, UserView};
pub use versions::Version;
