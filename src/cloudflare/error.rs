//! What can be wrong with a request to Cloudflare, and what that means for a run.

use crate::{
    converge::Wait,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names,
        object::ObjectRef,
    },
};
use std::fmt;
use thiserror::Error;

/// What a token must be allowed to, as Cloudflare's dashboard calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// See accounts.
    AccountSettingsRead,
    /// See, make and delete tunnels, and see their secrets.
    TunnelEdit,
    /// See zones.
    ZoneRead,
    /// See and change DNS records.
    DnsEdit,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccountSettingsRead => "Account > Account Settings > Read",
            Self::TunnelEdit => "Account > Cloudflare Tunnel > Edit",
            Self::ZoneRead => "Zone > Zone > Read",
            Self::DnsEdit => "Zone > DNS > Edit",
        })
    }
}

/// Why a request to Cloudflare did not do what it should.
#[derive(Debug, Error)]
pub enum ApiError {
    /// There is no answer.
    #[error("{}", .0.chain())]
    Unanswered(Failure),
    /// Too many requests.
    #[error("Cloudflare allows no more requests for now")]
    Busy,
    /// An error of its own.
    #[error("Cloudflare has an internal error ({0})")]
    Crashed(u16),
    /// The token is unknown, expired, or not one at all.
    #[error("Cloudflare does not accept the token")]
    TokenRefused,
    /// The token may not do this, or not on this account or zone.
    #[error("Cloudflare does not let the token do this: it lacks the permission {0}")]
    PermissionMissing(Permission),
    /// There is no such object.
    #[error("Cloudflare does not find it")]
    NotFound,
    /// The URL names no place of the API: the account's id or the base URL is wrong.
    #[error("Cloudflare knows no such path")]
    NoSuchPath,
    /// There is one of that name already.
    #[error("there is one of that name already")]
    Exists,
    /// The tunnel cannot be deleted while connectors are connected.
    #[error("connectors are still connected to the tunnel")]
    Connected,
    /// Refused for a reason that only Cloudflare's codes name.
    #[error("Cloudflare refuses it ({status}, {})", shown(codes))]
    Refused {
        /// The status.
        status: u16,
        /// The codes of its errors.
        codes: Vec<u64>,
    },
    /// Well-formed HTTP, but not this API's.
    #[error(
        "this is not an answer of Cloudflare's API: {status} {}",
        or_untyped(media_type)
    )]
    Foreign {
        /// The status.
        status: u16,
        /// The media type; empty if there was none.
        media_type: String,
    },
    /// An answer of another shape than the API documents.
    #[error("Cloudflare's answer is not shaped as its API documents: {0}")]
    Shape(&'static str),
}

fn or_untyped(media_type: &str) -> &str {
    if media_type.is_empty() {
        "without a type"
    } else {
        media_type
    }
}

fn shown(codes: &[u64]) -> String {
    let codes: Vec<String> = codes.iter().map(u64::to_string).collect();
    match codes.as_slice() {
        [] => "without a code".to_owned(),
        [code] => format!("code {code}"),
        codes => format!("codes {}", codes.join(", ")),
    }
}

impl ApiError {
    /// Whether it may be over in a moment without anybody's help.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Unanswered(failure) => failure.is_transient(),
            Self::Busy | Self::Crashed(_) | Self::Connected => true,
            _ => false,
        }
    }

    /// The failure of what was done to `object`.
    #[must_use]
    pub fn failure(self, object: ObjectRef) -> Failure {
        let (exit, reason) = self.classes();
        let hint = self.hint();
        let failure = match self {
            Self::Unanswered(failure) => failure,
            other => Failure::new(exit, reason, other.to_string()),
        }
        .on(object);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    fn classes(&self) -> (Exit, Reason) {
        match self {
            Self::Unanswered(failure) => (failure.exit, failure.reason),
            Self::Busy => (Exit::Transient, Reason::Throttled),
            Self::Crashed(_) => (Exit::Transient, Reason::Unavailable),
            Self::Connected => (Exit::Transient, Reason::NotReady),
            Self::TokenRefused => (Exit::Forbidden, Reason::Unauthenticated),
            Self::PermissionMissing(_) => (Exit::Forbidden, Reason::Forbidden),
            // Somebody else was faster: the next round sees what there is now.
            Self::NotFound => (Exit::Transient, Reason::NotFound),
            Self::Exists => (Exit::Transient, Reason::Conflict),
            Self::NoSuchPath => (Exit::Usage, Reason::InvalidConfig),
            Self::Refused { .. } => (Exit::ResourceFailed, Reason::InvalidValue),
            Self::Foreign { .. } | Self::Shape(_) => (Exit::Usage, Reason::InvalidAnswer),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unanswered(_) => "check cloudflare.apiURL of the configuration, and http.proxy".to_owned(),
            Self::Busy => "Cloudflare takes 1,200 requests in five minutes from a user; the next run goes on".to_owned(),
            Self::TokenRefused => format!(
                "make a new token in Cloudflare's dashboard (My Profile > API Tokens) and put it into key {} of Secret {}",
                names::CLOUDFLARE_TOKEN_KEY,
                names::CLOUDFLARE_SECRET
            ),
            Self::PermissionMissing(permission) => format!(
                "give the token the permission {permission}, for this account or zone, in Cloudflare's dashboard (My Profile > API Tokens)"
            ),
            Self::NoSuchPath => {
                "check cloudflare.accountID of the configuration, and that cloudflare.apiURL ends in /client/v4"
                    .to_owned()
            }
            Self::Foreign { .. } | Self::Shape(_) => {
                "check cloudflare.apiURL of the configuration: something else answers there".to_owned()
            }
            Self::Connected => "end what still runs cloudflared with this tunnel's credentials".to_owned(),
            Self::Crashed(_) | Self::NotFound | Self::Exists | Self::Refused { .. } => return None,
        })
    }

    /// Trouble becomes a wait, anything else a failure.
    ///
    /// # Errors
    /// Everything that does not pass by itself.
    pub fn wait(self, object: ObjectRef) -> Result<Wait, Failure> {
        let is_trouble = self.is_trouble();
        let failure = self.failure(object.clone());
        if !is_trouble {
            return Err(failure);
        }
        Ok(Wait::until_it_passes(failure, object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_which_permission_is_missing() {
        let object = ObjectRef::global("Cloudflare DNS record", "acme.example.com");
        let failure = ApiError::PermissionMissing(Permission::DnsEdit).failure(object.clone());
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::Forbidden, Reason::Forbidden)
        );
        assert_eq!(failure.object, Some(object));
        assert!(
            failure
                .hint
                .is_some_and(|hint| hint.contains("Zone > DNS > Edit"))
        );
    }

    #[test]
    fn trouble_is_waited_for_and_the_rest_fails() {
        let object = || ObjectRef::global("Cloudflare tunnel", "webhooks-acme");
        let refused = Failure::new(Exit::Transient, Reason::Unavailable, "cannot connect");
        for (error, reason) in [
            (ApiError::Unanswered(refused), Reason::Unavailable),
            (ApiError::Busy, Reason::Throttled),
            (ApiError::Crashed(500), Reason::Unavailable),
            (ApiError::Connected, Reason::NotReady),
        ] {
            assert_eq!(error.wait(object()).unwrap().reason, reason);
        }
        for (error, exit) in [
            (ApiError::TokenRefused, Exit::Forbidden),
            (ApiError::NoSuchPath, Exit::Usage),
            (ApiError::Exists, Exit::Transient),
            (
                ApiError::Refused {
                    status: 400,
                    codes: vec![1004, 9021],
                },
                Exit::ResourceFailed,
            ),
        ] {
            assert_eq!(error.wait(object()).unwrap_err().exit, exit);
        }
    }
}
