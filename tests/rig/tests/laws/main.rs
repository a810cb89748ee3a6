//! The laws, checked on a small command that keeps them and on its relatives that each break one.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod command;
mod dump;
mod run;
mod shop;
mod sweep;
