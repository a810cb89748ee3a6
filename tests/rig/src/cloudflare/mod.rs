//! A stand-in for Cloudflare's REST API (v4): accounts, zones, tunnels with their connections, and DNS records.
//!
//! ```no_run
//! # async fn example() -> Result<(), std::io::Error> {
//! use rig::cloudflare::{Cloudflare, Options, Trouble};
//!
//! let cloudflare = Cloudflare::start(Options::default()).await?;
//! cloudflare.script([(Trouble::Limited { retry_after: 1 }, 2)]);   // two answers 429, then well again
//! // … run the tool against cloudflare.url() …
//! cloudflare.assert_clean();                                      // nothing that the tool should not have sent
//! assert!(cloudflare.inventory().is_empty());                     // no orphans
//! # Ok(())
//! # }
//! ```
//!
//! # Where the facts come from
//! From Cloudflare's published reference and from what users of the API report; **never met live**. Paths, fields, the
//! envelope and the codes 1013, 1022, 9109, 10000, 81044, 81053, 81054 and 81058 are such facts. Two answers are a choice: a
//! deleted tunnel is not found a second time, and a token without the right to see accounts or zones sees empty lists.
//!
//! # Strictness
//! The server answers what the real one would, and besides writes down what a careful client never sends: an unknown path or
//! method, a query parameter or body field that means nothing, a missing header. [`Cloudflare::violations`] lists them.

mod access;
mod answers;
mod database;
mod history;
mod inventory;
mod options;
mod pages;
mod places;
mod records;
mod request;
mod route;
mod server;
mod trouble;
mod tunnels;

pub use history::Recorded;
pub use inventory::{Inventory, RecordView, TunnelView};
pub use options::{AccountSeed, Options, Right, TokenSeed};
pub use server::Cloudflare;
pub use trouble::Trouble;
