//! The pure vocabulary of the product: names, configuration, secrets, permissions, failures.
//!
//! Nothing here talks to anything: no client, no clock, no randomness, no environment, no async.

pub mod components;
pub mod config;
pub(crate) mod dns;
pub mod exit;
pub mod failure;
pub mod kind;
pub mod names;
pub(crate) mod nearest;
pub mod object;
pub mod playbook;
pub mod provider;
pub mod rotation;
pub mod rule;
pub mod schedule;
pub mod secrets;
pub mod tenants;
pub mod tunnel;
