//! Why there is no answer, and what that means.

use super::guard::GuardError;
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
};
use std::{error::Error, time::Duration};
use thiserror::Error;

/// Why a request got no usable answer.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// Not a request that can be sent.
    #[error("{0}")]
    Invalid(&'static str),
    /// The address is not one to connect to.
    #[error("not sent, because {0}")]
    Guarded(String),
    /// There is no address.
    #[error("{0}")]
    Unresolved(String),
    /// Nothing was sent: the connection could not be made.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Nothing was sent: the server could not prove who it is.
    #[error("the server's certificate is not trusted: {0}")]
    Untrusted(String),
    /// Sent, but the answer did not arrive; the server may have acted.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// No complete answer in time; the server may have acted.
    #[error("no complete answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Longer than anything that we ask for.
    #[error("the answer is longer than {} KiB", .0 >> 10)]
    TooLong(usize),
    /// A redirect that is not followed.
    #[error("it redirects to {to}, {why}")]
    Redirected { to: String, why: &'static str },
    /// Not sent, because the run is stopping.
    #[error("not sent, because the run is stopping")]
    Stopping,
}

impl Trouble {
    /// Classifies an error of the client by its causes.
    pub(super) fn of(error: reqwest::Error) -> Self {
        // The URL may carry secrets in its query; the message names what is needed of it.
        let error = error.without_url();
        match find::<GuardError>(&error) {
            Some(guarded @ GuardError::Address { .. }) => return Self::Guarded(guarded.to_string()),
            Some(GuardError::Unresolved { host, source }) => {
                let source = source.to_string();
                // The standard library says first that it looked the name up, and then what came of it.
                let why = source.rsplit(": ").next().unwrap_or_default();
                return Self::Unresolved(format!("cannot resolve {host} ({why})"));
            }
            None => {}
        }
        if let Some(rustls::Error::InvalidCertificate(problem)) = find::<rustls::Error>(&error) {
            return Self::Untrusted(problem.to_string());
        }
        match () {
            () if error.is_builder() => Self::Invalid("a header or the URL holds an illegal character"),
            () if error.is_connect() => Self::Connect(root(&error)),
            () => Self::Broken(root(&error)),
        }
    }

    /// The failure of a request, named by its method and URL.
    pub(super) fn failure(self, request: &str) -> Failure {
        let (exit, reason, hint) = match &self {
            Self::Invalid(_) => (Exit::Usage, Reason::InvalidConfig, None),
            Self::Guarded(_) => (
                Exit::Usage,
                Reason::InvalidConfig,
                Some(
                    "if that is the right server, name its host and address in `http.resolve` of the configuration",
                ),
            ),
            Self::Unresolved(_) => (
                Exit::Transient,
                Reason::Unavailable,
                Some("check DNS, or give the host an address in `http.resolve` of the configuration"),
            ),
            Self::Untrusted(_) => (
                Exit::CheckFailed,
                Reason::InvalidAnswer,
                Some("put the certificate authority that signed it into the file that `http.caBundle` names"),
            ),
            Self::Connect(_) | Self::Broken(_) | Self::TimedOut(_) => {
                (Exit::Transient, Reason::Unavailable, None)
            }
            Self::TooLong(_) | Self::Redirected { .. } => (Exit::CheckFailed, Reason::InvalidAnswer, None),
            Self::Stopping => (Exit::Interrupted, Reason::Interrupted, None),
        };
        let mut failure = Failure::new(exit, reason, format!("{request}: {self}"));
        failure.hint = hint.map(str::to_owned);
        failure
    }
}

/// The innermost cause: the layers above only say which of them passed it on. What rustls adds, where to
/// read about it, helps nobody who meets it.
fn root(error: &reqwest::Error) -> String {
    let mut current: &(dyn Error + 'static) = error;
    while let Some(source) = current.source() {
        current = source;
    }
    let text = current.to_string();
    let told = text.split(": https://docs.rs").next();
    told.unwrap_or_default().to_owned()
}

/// The first cause of a type; rustls wraps its errors in `std::io::Error`, whose `source` skips a level.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        current = error.source();
    }
    None
}
