//! The fault proxy: a reverse proxy that numbers every request and does harm at the numbers it is told.
//!
//! Several proxies (one before the API server, one before Authentik…) share one [`Recorder`], so that all
//! requests of one run of a command have one numbering, 1 to N, and a test can enumerate them: at request `i`
//! the process is killed, the answer is lost, the server says 503. Whatever no [`Script`] names passes through
//! unchanged, streamed bodies (watches) and upgraded connections (port-forward) included.
//!
//! ```no_run
//! # async fn example() -> Result<(), rig::proxy::Error> {
//! use rig::proxy::{Fault, KillPoint, Proxy, Recorder, Script, Upstream};
//!
//! let recorder = Recorder::new();
//! let api = Proxy::start(Upstream::tls("https://127.0.0.1:6443", "<PEM>"), &recorder, "kubernetes").await?;
//! let authentik = Proxy::start(Upstream::plain("http://127.0.0.1:9000"), &recorder, "authentik").await?;
//!
//! recorder.reset();
//! recorder.script(Script::at(3, Fault::Kill(KillPoint::AfterCommit)));
//! // Start the command against api.url() and authentik.url(), name it with recorder.victim(pid), wait for it.
//! # let _ = (api, authentik);
//! # Ok(())
//! # }
//! ```

mod answer;
mod body;
mod certificate;
mod connection;
mod exchange;
mod families;
mod fault;
pub(crate) mod kill;
mod listener;
mod recorder;
mod run;
mod script;
mod upstream;

pub use answer::Answer;
pub use fault::{Fault, KillPoint, Moment};
pub use listener::Proxy;
pub use recorder::{Recorder, Seen};
pub use script::Script;
pub use upstream::Upstream;

/// Why a proxy could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The upstream's address is no URL with a scheme and a host.
    #[error("the proxy for {target} cannot use {url:?} as its upstream: {why}")]
    Upstream {
        /// Name of the target, as given to [`Proxy::start`].
        target: String,
        /// The address that was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate could not be made or read.
    #[error("the proxy for {target} has no usable certificate: {why}")]
    Certificate {
        /// Name of the target, as given to [`Proxy::start`].
        target: String,
        /// What is wrong.
        why: String,
    },
    /// No port could be had on the loopback interface.
    #[error("the proxy for {target} cannot listen on the loopback interface")]
    Listen {
        /// Name of the target, as given to [`Proxy::start`].
        target: String,
        /// What the system said.
        source: std::io::Error,
    },
}
