//! The end state of a run, in a form that two runs can be compared by.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::database::{Grant, Provider, Role};
use super::entropy::hex;
use super::world::World;

/// Everything that a client can leave behind. Objects refer to each other by name, and generated ids and times are left out, so
/// that two runs which did the same on different ways are equal. Sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// All tokens, by identifier.
    pub tokens: Vec<TokenView>,
    /// All users, by user name.
    pub users: Vec<UserView>,
    /// All groups, by name.
    pub groups: Vec<GroupView>,
    /// All roles, by name.
    pub roles: Vec<RoleView>,
    /// All OAuth2 providers, by name.
    pub providers: Vec<ProviderView>,
    /// Slug and provider of all applications.
    pub applications: Vec<(String, Option<String>)>,
}

/// A secret value, which compares and can be asked for, but is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    /// The start of the value's hash, enough to see whether two differ.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use sha2::Digest;
        write!(
            formatter,
            "<secret {}>",
            &hex(&sha2::Sha256::digest(&self.0))[..8]
        )
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its identifier.
    pub identifier: String,
    /// `api` or `app_password`.
    pub intent: String,
    /// User name of its owner.
    pub user: String,
    /// Whether it expires.
    pub expiring: bool,
    /// Its description.
    pub description: String,
    /// Its key.
    pub key: Secret,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// User name.
    pub username: String,
    /// `internal`, `external`, `service_account` or `internal_service_account`.
    pub kind: String,
    /// Whether the account is active.
    pub active: bool,
    /// Names of the roles that the user holds himself, not by a group.
    pub roles: BTreeSet<String>,
    /// The password, if one is set.
    pub password: Option<Secret>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// Whether its members are superusers.
    pub superuser: bool,
    /// User names of its members.
    pub users: BTreeSet<String>,
    /// Names of its roles.
    pub roles: BTreeSet<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    /// Its name.
    pub name: String,
    /// Its permissions, each `app.codename` or `app.codename on OBJECT`, where a provider is named and other objects are keys.
    pub permissions: BTreeSet<String>,
}

/// An OAuth2 provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderView {
    /// Its name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: Secret,
    /// As stored: a newline-separated string in 2024.2, else a list.
    pub redirect_uris: Value,
    /// `confidential` or `public`.
    pub client_type: String,
}

pub(super) fn take(world: &World) -> Snapshot {
    let database = &world.database;
    let username = |pk: &i64| database.users.get(pk).map(|user| user.username().to_owned());
    let role_name = |pk: &String| database.roles.get(pk).map(|role| role.name.clone());
    let mut snapshot = Snapshot {
        tokens: database
            .tokens
            .values()
            .map(|token| TokenView {
                identifier: token.identifier.clone(),
                intent: token.intent.clone(),
                user: username(&token.user).unwrap_or_default(),
                expiring: token.expiring,
                description: token.description.clone(),
                key: Secret(token.key.clone()),
            })
            .collect(),
        users: database
            .users
            .values()
            .map(|user| UserView {
                username: user.username().into(),
                kind: super::database::text(&user.fields, "type").into(),
                active: user.is_active(),
                roles: user.roles.iter().filter_map(role_name).collect(),
                password: user.password.clone().map(Secret),
            })
            .collect(),
        groups: database
            .groups
            .values()
            .map(|group| GroupView {
                name: group.name().into(),
                superuser: group.is_superuser(),
                users: group.users.iter().filter_map(username).collect(),
                roles: group.roles.iter().filter_map(role_name).collect(),
            })
            .collect(),
        roles: database
            .roles
            .values()
            .map(|role| role_view(world, role))
            .collect(),
        providers: database.providers.values().map(provider_view).collect(),
        applications: database
            .applications
            .values()
            .map(|application| {
                let provider = application.provider().and_then(|pk| database.providers.get(&pk));
                (
                    application.slug().to_owned(),
                    provider.map(|provider| provider.name().to_owned()),
                )
            })
            .collect(),
    };
    snapshot
        .users
        .sort_by(|one, other| one.username.cmp(&other.username));
    snapshot.groups.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot.roles.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot.providers.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot
}

fn role_view(world: &World, role: &Role) -> RoleView {
    let show = |grant: &Grant| {
        let permission = grant.permission.full_name();
        let Some(object) = &grant.object else {
            return permission;
        };
        let provider = object
            .parse()
            .ok()
            .and_then(|pk: i64| world.database.providers.get(&pk));
        match provider.filter(|_| grant.permission.model == "oauth2provider") {
            Some(provider) => format!("{permission} on {}", provider.name()),
            None => format!("{permission} on {object}"),
        }
    };
    RoleView {
        name: role.name.clone(),
        permissions: role.grants.iter().map(show).collect(),
    }
}

fn provider_view(provider: &Provider) -> ProviderView {
    ProviderView {
        name: provider.name().into(),
        client_id: provider.client_id().into(),
        client_secret: Secret(provider.client_secret().into()),
        redirect_uris: provider.fields.get("redirect_uris").cloned().unwrap_or_default(),
        client_type: super::database::text(&provider.fields, "client_type").into(),
    }
}
