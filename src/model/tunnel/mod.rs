//! An Organization's way in from the internet: a Cloudflare tunnel, the DNS record that leads to it, and the credentials
//! that its connector runs with.
//!
//! # What is ours
//! A tunnel carries no mark, and its name alone proves nothing: another cluster may use the same account. It is ours if
//! one of these says so.
//! - The credentials in the Organization's namespace name its id.
//! - They hold its secret, which Cloudflare shows to whoever may edit tunnels. This is what a crash between making a tunnel
//!   and writing its id down leaves, for the secret is stored before the tunnel is made.
//! - The Organization's DNS record leads to it and is ours. Where the credentials were lost, they are written again from
//!   what Cloudflare shows, and nobody is disconnected.
//!
//! A record is ours by its comment. One without any comment is ours if it leads to a tunnel of the Organization, deleted
//! ones included: that is how earlier controllers made them, and what their crashes left. Everything else is somebody
//! else's: nothing is made beside it, and it is never changed or deleted.
//!
//! # How it is decided
//! [`provide`] and [`remove`] name the one next thing to do for what is seen. Every effect leads to a state that they know,
//! so a run that is killed between any two of them is finished by the next one.

mod evidence;
mod provide;
mod refusal;
mod remove;
#[cfg(test)]
mod tests;

pub use provide::provide;
pub use refusal::Refusal;
pub use remove::remove;

use crate::model::object::ObjectRef;

/// What the name of every Organization's tunnel begins with.
pub const TUNNEL_PREFIX: &str = "webhooks-";
/// Key of the credentials in their Secret: a file as cloudflared reads it.
pub const CREDENTIALS_KEY: &str = "credentials.json";
/// Where the records of tunnels lead to: `<tunnel id>.cfargotunnel.com`.
const TARGET_SUFFIX: &str = ".cfargotunnel.com";

/// What an Organization's things are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The tunnel, unique among those of the account that are not deleted.
    pub tunnel: String,
    /// The host name, which is also the record's name.
    pub host: String,
    /// The record's comment.
    pub comment: String,
    /// The Secret of the credentials, in the Organization's namespace.
    pub secret: String,
}

impl Names {
    /// Those of an Organization whose webhooks come in below a domain (`hosts.webhooks` of the configuration).
    #[must_use]
    pub fn of(organization: &str, domain: &str) -> Self {
        Self {
            tunnel: format!("{TUNNEL_PREFIX}{organization}"),
            host: format!("{organization}.{domain}"),
            comment: format!("managed-by aphex-ops organization={organization}"),
            secret: format!("cloudflared-credentials-{organization}"),
        }
    }

    /// Names the tunnel in messages.
    #[must_use]
    pub fn tunnel_object(&self) -> ObjectRef {
        ObjectRef::global("Cloudflare tunnel", self.tunnel.as_str())
    }

    /// Names the record in messages.
    #[must_use]
    pub fn record_object(&self) -> ObjectRef {
        ObjectRef::global("Cloudflare DNS record", self.host.as_str())
    }
}

/// Where the record of a tunnel leads to.
#[must_use]
pub fn target(tunnel: &str) -> String {
    format!("{tunnel}{TARGET_SUFFIX}")
}

/// A tunnel that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether a connector is connected, or was a moment ago.
    pub is_connected: bool,
}

/// A DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Cloudflare's id.
    pub id: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    /// The full name.
    pub name: String,
    /// Where it leads to.
    pub content: String,
    /// Whether traffic goes through Cloudflare; the target of a tunnel has no address of its own.
    pub is_proxied: bool,
    /// Empty if there is none.
    pub comment: String,
}

/// The credentials, without their secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// There are some, and nobody has looked into them yet.
    Unread,
    /// There are none.
    Missing,
    /// What is there is no file of credentials with a secret in it.
    Unusable,
    /// A secret, and what it is for.
    Held {
        /// The account.
        account: String,
        /// The tunnel; `None` as long as it is not known to be made.
        tunnel: Option<String>,
    },
}

/// How the secret that the credentials hold compares with the tunnel's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nobody has looked yet.
    NotAsked,
    /// They are the same.
    Same,
    /// They differ, or the credentials hold none.
    Different,
    /// Cloudflare does not show the tunnel's.
    Unreadable,
}

/// All that is seen of one Organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The account in use.
    pub account: String,
    /// The credentials.
    pub credentials: Credentials,
    /// The tunnels of its name that are not deleted; Cloudflare lets there be one.
    pub tunnels: Vec<Tunnel>,
    /// How the credentials compare with that one.
    pub proof: Proof,
    /// The ids of deleted tunnels of its name; `None`: nobody has looked yet.
    pub former: Option<Vec<String>>,
    /// The records of its host name, of all types.
    pub records: Vec<Record>,
}

/// What must be looked at before anything can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What the credentials hold ([`Seen::credentials`]).
    Credentials,
    /// Whether the credentials hold the secret of this tunnel ([`Seen::proof`]).
    Proof {
        /// Its id.
        tunnel: String,
    },
    /// Which tunnels of the name were deleted ([`Seen::former`]).
    Former,
}

/// One effect. Whoever applies it may go on at once with what its result makes known: a crash in between leaves a state
/// that is decided like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Generate a secret and store it as credentials that name the account and no tunnel.
    StoreSecret {
        /// Whether there is something to replace, which works for nobody.
        replaces: bool,
    },
    /// Make the tunnel with the stored secret, and write its id into the credentials at once: then only a crash in between
    /// needs [`Action::StoreTunnel`], and what Cloudflare shows of its secret.
    CreateTunnel,
    /// Write the tunnel's id into the credentials that hold its secret.
    StoreTunnel {
        /// Its id.
        tunnel: String,
    },
    /// Write the credentials of a tunnel as Cloudflare shows them.
    RestoreCredentials {
        /// Its id.
        tunnel: String,
        /// Whether there is something to replace, which does not work for this tunnel.
        replaces: bool,
    },
    /// End the connections of a tunnel, which cannot be deleted before. A connector that still runs comes back.
    DropConnections {
        /// Its id.
        tunnel: String,
    },
    /// Delete a tunnel.
    DeleteTunnel {
        /// Its id.
        tunnel: String,
    },
    /// Make the record.
    CreateRecord {
        /// The tunnel that it leads to.
        tunnel: String,
    },
    /// Set content, comment and proxying of a record that is ours.
    CorrectRecord {
        /// Its id.
        record: String,
        /// The tunnel that it must lead to.
        tunnel: String,
    },
    /// Delete a record.
    DeleteRecord {
        /// Its id.
        record: String,
    },
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: everything is as it must be.
    Done,
    /// A look; then decide again.
    Look(Question),
    /// An effect; then look and decide again.
    Act(Action),
    /// Nothing, before a person has decided.
    Refuse(Refusal),
}
