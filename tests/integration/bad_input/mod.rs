//! What bad input gets: an error that names the thing and the remedy, the documented exit code, nothing lost,
//! nothing half-written. Whatever is wrong is mended at the end, and the same command then succeeds.

mod answers;
mod credentials;
mod dex;
mod oidc;
mod providers;
mod scene;
mod secrets;
pub(crate) mod server;
mod starting;
mod sync;
