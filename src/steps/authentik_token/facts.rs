//! What is seen before anything is decided: facts, never values.

use crate::{
    converge::Wait,
    model::{
        object::ObjectRef,
        provider::{Match, Provider, Wanted},
    },
};

/// Everything that was seen.
#[derive(Debug, Clone)]
pub enum Seen {
    /// Authentik cannot say anything yet.
    NotReady(Box<Wait>),
    /// It answered.
    Looked(Box<Looked>),
}

/// What Authentik and the Secrets say.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The Secret that holds the token.
    pub secret: ObjectRef,
    /// The Secret with the administrator's credentials.
    pub credentials: ObjectRef,
    /// By what the provider is recognised.
    pub wanted: Wanted,
    /// The token that is stored.
    pub stored: Stored,
    /// What an administrator sees; looked at only if the stored token does not do.
    pub admin: Admin,
    /// The superuser token of the first start.
    pub bootstrap: Bootstrap,
}

/// The token in the Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// There is no Secret.
    NoSecret,
    /// There is no such key in the Secret.
    NoKey,
    /// It cannot be a token.
    Unusable,
    /// Authentik does not accept it.
    Refused,
    /// It is the superuser's token of the first start.
    Superuser,
    /// It is accepted, but does not see exactly one provider that fits.
    Blind,
    /// It is accepted and sees the provider.
    Works {
        /// The provider that fits.
        provider: Provider,
        /// How many providers it sees in all.
        sees: usize,
    },
}

/// Access as an administrator.
#[derive(Debug, Clone)]
pub enum Admin {
    /// Not needed.
    NotNeeded,
    /// There is no credential in the Secret.
    NoCredentials,
    /// Too early to say.
    Settling(Wait),
    /// No credential is accepted.
    Refused {
        /// Which, and why.
        why: String,
        /// Whether it is only that the password is another one.
        password_would_do: bool,
    },
    /// What an administrator sees.
    Granted(Setup),
}

/// The superuser token of the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bootstrap {
    /// It was not needed, so nobody asked.
    Unknown,
    /// It works.
    Alive,
    /// Authentik does not accept it (any more).
    Gone,
}

/// The dedicated account with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The provider that it shall see.
    pub provider: Match,
    /// Its user.
    pub account: Option<Account>,
    /// Its group.
    pub group: Option<Group>,
    /// Its role.
    pub role: Option<Role>,
    /// Its token.
    pub token: Option<Token>,
}

/// The dedicated user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub pk: i64,
    /// Whether it may work at all.
    pub is_active: bool,
    /// Whether it is a service account without a superuser's rights.
    pub is_plain: bool,
}

/// The dedicated group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its UUID.
    pub pk: String,
    /// Whether its members are superusers.
    pub is_superuser: bool,
    /// Its members.
    pub members: Vec<i64>,
    /// Its roles.
    pub roles: Vec<String>,
}

/// The dedicated role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its UUID.
    pub pk: String,
    /// What it may do on providers that exist, and on all objects.
    pub grants: Vec<Grant>,
}

/// One permission of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its full name.
    pub permission: String,
    /// The provider; `None` for all objects.
    pub provider: Option<i64>,
}

/// The dedicated token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its UUID.
    pub pk: String,
    /// Whose it is.
    pub user: i64,
    /// Whether it is one for the API that does not expire.
    pub is_lasting: bool,
}
