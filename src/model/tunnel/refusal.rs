//! What only a person can decide.

use super::Names;
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    object::ObjectRef,
};

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A record of the host name is somebody else's.
    ForeignRecord {
        /// Its type.
        kind: String,
        /// Where it leads to.
        content: String,
    },
    /// Nothing says that the tunnel of the name is ours.
    ForeignTunnel {
        /// Its id.
        id: String,
    },
    /// Several tunnels have the name, and nothing says which one is ours.
    SeveralTunnels {
        /// How many.
        count: usize,
    },
    /// The credentials are for another account than the one in use.
    OtherAccount {
        /// That of the credentials.
        account: String,
    },
}

impl Refusal {
    /// The failure of an Organization whose credentials are in `secret`.
    #[must_use]
    pub fn failure(&self, names: &Names, secret: ObjectRef) -> Failure {
        let failure = |reason, message: String| Failure::new(Exit::Human, reason, message);
        match self {
            Self::ForeignRecord { kind, content } => failure(
                Reason::Mismatch,
                format!("there is a {kind} record of that name that is somebody else's: it leads to {content}"),
            )
            .on(names.record_object())
            .hint(format!(
                "delete it in Cloudflare, or give it the comment {:?} to hand it over",
                names.comment
            )),
            Self::ForeignTunnel { id } => failure(
                Reason::Mismatch,
                format!("nothing says that the tunnel {id} of that name is this Organization's"),
            )
            .on(names.tunnel_object())
            .hint(format!(
                "if nobody uses it, delete it in Cloudflare; if it is this Organization's, give {} a CNAME record to {} with the comment {:?}",
                names.host,
                super::target(id),
                names.comment
            )),
            Self::SeveralTunnels { count } => failure(
                Reason::AmbiguousMatch,
                format!("{count} tunnels have that name, and the credentials name none of them"),
            )
            .on(names.tunnel_object())
            .hint("delete those in Cloudflare that nobody uses"),
            Self::OtherAccount { account } => failure(
                Reason::Mismatch,
                format!("the credentials are for the Cloudflare account {account}, which is not the one in use"),
            )
            .on(secret)
            .hint(format!(
                "set cloudflare.accountID of the configuration to {account}, or delete the Secret when the tunnel is gone"
            )),
        }
    }
}
