//! What can be done.

use crate::{
    converge::{Effect, Outcome, Verb},
    model::{names::CONFIG_SYNC, object::ObjectRef},
};
use std::fmt;

/// The token that Authentik makes from its environment at the first start.
pub(super) const BOOTSTRAP_TOKEN: &str = "authentik-bootstrap-token";

/// One effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Makes the user.
    CreateAccount,
    /// Lets the deactivated user work again.
    Activate {
        /// The user.
        account: i64,
    },
    /// Makes the group.
    CreateGroup,
    /// Makes the role.
    CreateRole,
    /// Gives the group its one member and its one role.
    Connect {
        /// The group.
        group: String,
        /// The user.
        account: i64,
        /// The role.
        role: String,
    },
    /// Lets the role see and change the provider.
    Grant {
        /// The role.
        role: String,
        /// The provider.
        provider: i64,
    },
    /// Takes rights away that the role should not have.
    Revoke {
        /// The role.
        role: String,
        /// The permissions.
        permissions: Vec<String>,
        /// On which provider; `None`: on all objects.
        provider: Option<i64>,
    },
    /// Makes the token.
    CreateToken {
        /// For this user.
        account: i64,
    },
    /// Deletes a token that is not as it must be.
    DeleteToken {
        /// This one, and none that was made since.
        pk: String,
    },
    /// Puts the token's key into the Secret.
    Store {
        /// The Secret.
        secret: ObjectRef,
        /// How.
        write: Write,
    },
    /// Deletes the superuser token of the first start.
    RetireBootstrap,
}

/// How the token gets into its Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Together with the Secret.
    Create,
    /// As a new key of a Secret that exists.
    Add,
    /// In place of a value that does not work.
    Replace,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateAccount => f.write_str("make the service account"),
            Self::Activate { .. } => f.write_str("activate the service account"),
            Self::CreateGroup => f.write_str("make the service account's group"),
            Self::CreateRole => f.write_str("make the service account's role"),
            Self::Connect { .. } => f.write_str("give the group the service account and its role"),
            Self::Grant { provider, .. } => write!(f, "let the role see and change provider {provider}"),
            Self::Revoke {
                provider: Some(pk), ..
            } => write!(f, "take away the role's rights on provider {pk}"),
            Self::Revoke { permissions, .. } => {
                write!(
                    f,
                    "take away the role's rights on all objects: {}",
                    permissions.join(", ")
                )
            }
            Self::CreateToken { .. } => f.write_str("make the token, for the API and without an end"),
            Self::DeleteToken { .. } => {
                f.write_str("delete the token, which belongs to another user or expires")
            }
            Self::Store {
                write: Write::Replace,
                ..
            } => f.write_str("replace the stored token, which does not work"),
            Self::Store { .. } => f.write_str("store the token"),
            Self::RetireBootstrap => f.write_str("delete the superuser token of the first start"),
        }
    }
}

impl Effect for Action {
    fn object(&self) -> ObjectRef {
        match self {
            Self::CreateAccount | Self::Activate { .. } => ours("user"),
            Self::CreateGroup | Self::Connect { .. } => ours("group"),
            Self::CreateRole | Self::Grant { .. } | Self::Revoke { .. } => ours("role"),
            Self::CreateToken { .. } | Self::DeleteToken { .. } => ours("token"),
            Self::Store { secret, .. } => secret.clone(),
            Self::RetireBootstrap => bootstrap_token(),
        }
    }

    fn verb(&self) -> Verb {
        match self {
            Self::CreateAccount
            | Self::CreateGroup
            | Self::CreateRole
            | Self::CreateToken { .. }
            | Self::Store {
                write: Write::Create, ..
            } => Verb::Create,
            Self::Activate { .. }
            | Self::Connect { .. }
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Store { .. } => Verb::Update,
            Self::DeleteToken { .. } | Self::RetireBootstrap => Verb::Delete,
        }
    }
}

impl Action {
    /// What its success means for the report.
    pub(super) fn outcome(&self) -> Outcome {
        match self.verb() {
            Verb::Create => Outcome::Created,
            Verb::Delete => Outcome::Deleted,
            Verb::Check | Verb::Update => Outcome::Configured,
        }
    }
}

/// What of ours in Authentik is called by its kind.
pub(super) fn ours(kind: &str) -> ObjectRef {
    ObjectRef::global(format!("Authentik {kind}"), CONFIG_SYNC)
}

/// The superuser token of the first start, as an object.
pub(super) fn bootstrap_token() -> ObjectRef {
    ObjectRef::global("Authentik token", BOOTSTRAP_TOKEN)
}
