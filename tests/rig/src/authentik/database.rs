//! What the database holds. Writable fields are kept as JSON, as they were validated; relations are typed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::options::SecretWrite;
use super::permissions::Permission;

pub(super) type Fields = Map<String, Value>;

#[derive(Default)]
pub(super) struct Database {
    pub(super) users: BTreeMap<i64, User>,
    /// By pk, which is a UUID.
    pub(super) groups: BTreeMap<String, Group>,
    /// By pk, which is a UUID.
    pub(super) roles: BTreeMap<String, Role>,
    /// By identifier.
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) providers: BTreeMap<i64, Provider>,
    /// By slug.
    pub(super) applications: BTreeMap<String, Application>,
    pub(super) flows: Vec<Fields>,
    pub(super) mappings: Vec<Fields>,
    pub(super) certificates: Vec<Fields>,
    pub(super) blueprints: Vec<Fields>,
    next_pk: i64,
}

pub(super) struct User {
    pub(super) pk: i64,
    pub(super) uuid: String,
    pub(super) uid: String,
    pub(super) password: Option<String>,
    pub(super) roles: BTreeSet<String>,
    pub(super) fields: Fields,
}

pub(super) struct Group {
    pub(super) pk: String,
    pub(super) num_pk: i64,
    pub(super) users: BTreeSet<i64>,
    pub(super) roles: BTreeSet<String>,
    pub(super) fields: Fields,
}

pub(super) struct Role {
    pub(super) pk: String,
    pub(super) name: String,
    pub(super) grants: Vec<Grant>,
}

/// A permission that a role holds, on one object or on all.
pub(super) struct Grant {
    pub(super) id: i64,
    pub(super) permission: Permission,
    pub(super) object: Option<String>,
}

pub(super) struct Token {
    pub(super) pk: String,
    pub(super) identifier: String,
    pub(super) key: String,
    pub(super) intent: String,
    pub(super) user: i64,
    pub(super) description: String,
    pub(super) expires: Timestamp,
    pub(super) expiring: bool,
    /// Who may read the key besides superusers: an ordinary user who made the token himself.
    pub(super) key_reader: Option<i64>,
}

pub(super) struct Provider {
    pub(super) pk: i64,
    pub(super) fields: Fields,
    pub(super) secret_write: SecretWrite,
}

pub(super) struct Application {
    pub(super) pk: String,
    pub(super) fields: Fields,
}

impl Database {
    /// Numbers are shared by all tables here, so that nobody can take one kind's number for another's. They start where the
    /// recorded server's stood: `akadmin` is 6.
    pub(super) fn next_pk(&mut self) -> i64 {
        self.next_pk = self.next_pk.max(5) + 1;
        self.next_pk
    }

    pub(super) fn user_named(&self, username: &str) -> Option<&User> {
        self.users.values().find(|user| user.username() == username)
    }

    pub(super) fn application_of(&self, provider: i64) -> Option<&Application> {
        self.applications
            .values()
            .find(|application| application.provider() == Some(provider))
    }

    pub(super) fn provider_of_client(&self, client_id: &str) -> Option<&Provider> {
        self.providers
            .values()
            .find(|provider| provider.client_id() == client_id)
    }

    pub(super) fn groups_of(&self, user: i64) -> impl Iterator<Item = &Group> {
        self.groups
            .values()
            .filter(move |group| group.users.contains(&user))
    }
}

impl User {
    pub(super) fn username(&self) -> &str {
        text(&self.fields, "username")
    }

    pub(super) fn is_active(&self) -> bool {
        flag(&self.fields, "is_active")
    }
}

impl Group {
    pub(super) fn name(&self) -> &str {
        text(&self.fields, "name")
    }

    pub(super) fn is_superuser(&self) -> bool {
        flag(&self.fields, "is_superuser")
    }
}

impl Provider {
    pub(super) fn name(&self) -> &str {
        text(&self.fields, "name")
    }

    pub(super) fn client_id(&self) -> &str {
        text(&self.fields, "client_id")
    }

    pub(super) fn client_secret(&self) -> &str {
        text(&self.fields, "client_secret")
    }

    pub(super) fn is_public(&self) -> bool {
        text(&self.fields, "client_type") == "public"
    }

    pub(super) fn has_signing_key(&self) -> bool {
        self.fields.get("signing_key").is_some_and(Value::is_string)
    }

    /// Whether a stored redirect URI lacks a part, so that nothing which shows this provider can be answered.
    pub(super) fn is_poisoned(&self) -> bool {
        let entries = self.fields.get("redirect_uris").and_then(Value::as_array);
        entries.is_some_and(|entries| {
            entries
                .iter()
                .any(|entry| entry.get("matching_mode").is_none() || entry.get("url").is_none())
        })
    }
}

impl Application {
    pub(super) fn name(&self) -> &str {
        text(&self.fields, "name")
    }

    pub(super) fn slug(&self) -> &str {
        text(&self.fields, "slug")
    }

    pub(super) fn provider(&self) -> Option<i64> {
        self.fields.get("provider").and_then(Value::as_i64)
    }
}

pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn flag(fields: &Fields, name: &str) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or_default()
}
