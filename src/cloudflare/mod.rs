//! Cloudflare's REST API (v4): accounts, zones, tunnels and DNS records.
//!
//! Known from its published reference and from what its clients report; never met live. Every answer of it is an envelope
//! whose `success` counts besides the status, and whose error codes say more than the status: `answer.rs` is the one place
//! that decides what an answer means. Messages in it quote what was sent, so only codes get out.
//!
//! A user may send 1,200 requests in five minutes, over all tokens together. Whoever looks at many Organizations
//! therefore reads whole lists ([`Cloudflare::tunnels_of`], [`Cloudflare::records`]) and not one name after the other.

mod accounts;
mod answer;
mod api;
mod credentials;
mod error;
mod records;
mod token;
mod tunnels;
mod views;

pub use accounts::choose_account;
pub use api::Cloudflare;
pub use credentials::Credentials;
pub use error::{ApiError, Permission};
pub use token::{ApiToken, from_environment, given_token, stored_token};
pub use views::{Account, Record, Tunnel, Zone};
