//! The permissions that can be given to a role.

use super::rights::{MODELS, Model, OAUTH2_PROVIDER};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Permission {
    pub(super) id: i64,
    pub(super) app: &'static str,
    pub(super) model: &'static str,
    pub(super) codename: String,
    pub(super) name: String,
}

/// In the order in which Django numbers them.
const VERBS: [&str; 4] = ["add", "change", "delete", "view"];

/// Permissions beyond Django's four per model: model, codename, description.
const EXTRA: [(&str, &str, &str); 8] = [
    ("token", "view_token_key", "View token's key"),
    ("token", "set_token_key", "Set a token's key"),
    ("group", "add_user_to_group", "Add user to group"),
    ("group", "remove_user_from_group", "Remove user from group"),
    ("group", "enable_group_superuser", "Enable superuser status"),
    ("user", "reset_user_password", "Reset Password"),
    (
        "role",
        "assign_role_permissions",
        "Can assign permissions to roles",
    ),
    (
        "role",
        "unassign_role_permissions",
        "Can unassign permissions from roles",
    ),
];

impl Permission {
    fn new(id: i64, model: Model, codename: String, name: String) -> Self {
        Self {
            id,
            app: model.app,
            model: model.name,
            codename,
            name,
        }
    }

    /// `authentik_core.view_user`.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.app, self.codename)
    }
}

/// All permissions of the models that exist here.
pub(super) fn all() -> Vec<Permission> {
    let ordinary = MODELS.into_iter().zip(0..).flat_map(|(model, nth)| {
        VERBS.into_iter().zip(0..).map(move |(verb, offset)| {
            let id = first_id(model, nth) + offset;
            Permission::new(
                id,
                model,
                format!("{verb}_{}", model.name),
                format!("Can {verb} {}", model.name),
            )
        })
    });
    let extra = EXTRA
        .into_iter()
        .zip(400..)
        .filter_map(|((name, codename, description), id)| {
            let model = MODELS.into_iter().find(|model| model.name == name)?;
            Some(Permission::new(id, model, codename.into(), description.into()))
        });
    ordinary.chain(extra).collect()
}

/// Recorded for OAuth2 providers (change 215, view 217); made up for the rest.
fn first_id(model: Model, nth: i64) -> i64 {
    if model.name == OAUTH2_PROVIDER.name {
        214
    } else {
        20 + 4 * nth
    }
}

/// By full name, `app.codename`.
pub(super) fn find(full_name: &str) -> Option<Permission> {
    all()
        .into_iter()
        .find(|permission| permission.full_name() == full_name)
}
