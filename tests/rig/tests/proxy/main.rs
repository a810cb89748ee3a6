//! The fault proxy before a small real server, with real client processes to kill.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod client;
mod faults;
mod kills;
mod passing;
mod server;
