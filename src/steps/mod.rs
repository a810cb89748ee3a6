//! One folder for each step: `mod.rs` looks and acts, `plan.rs` decides, purely. What several of them do is in a file beside.

pub mod authentik_token;
pub mod backup_create;
pub mod backup_restore;
pub mod check;
pub mod dex_scale;
pub mod dex_sync;
pub mod install;
pub mod jobs_status;
pub mod namespaces_ensure;
mod new_file;
pub mod oidc_verify;
pub mod secrets_generate;
pub mod secrets_rotate;
pub mod secrets_status;
pub mod support_bundle;
pub mod tenants;
pub mod uninstall;
pub mod waves;
