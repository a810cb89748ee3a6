//! Who may see and change what (recorded for providers and tokens, and the same code on the real server for the rest).

use super::answers::{self, Answer};
use super::call::Call;
use super::database::Grant;
use super::world::World;

/// A kind of object that permissions are about.
#[derive(Clone, Copy)]
pub(super) struct Model {
    /// The Python class, which 404 texts name.
    pub(super) class: &'static str,
    /// The application label, for instance `authentik_core`.
    pub(super) app: &'static str,
    /// The model, for instance `user`.
    pub(super) name: &'static str,
}

pub(super) const USER: Model = Model {
    class: "User",
    app: "authentik_core",
    name: "user",
};
pub(super) const GROUP: Model = Model {
    class: "Group",
    app: "authentik_core",
    name: "group",
};
pub(super) const TOKEN: Model = Model {
    class: "Token",
    app: "authentik_core",
    name: "token",
};
pub(super) const APPLICATION: Model = Model {
    class: "Application",
    app: "authentik_core",
    name: "application",
};
pub(super) const ROLE: Model = Model {
    class: "Role",
    app: "authentik_rbac",
    name: "role",
};
pub(super) const FLOW: Model = Model {
    class: "Flow",
    app: "authentik_flows",
    name: "flow",
};
pub(super) const CERTIFICATE: Model = Model {
    class: "CertificateKeyPair",
    app: "authentik_crypto",
    name: "certificatekeypair",
};
pub(super) const BLUEPRINT: Model = Model {
    class: "BlueprintInstance",
    app: "authentik_blueprints",
    name: "blueprintinstance",
};
pub(super) const SCOPE_MAPPING: Model = Model {
    class: "ScopeMapping",
    app: "authentik_providers_oauth2",
    name: "scopemapping",
};
pub(super) const OAUTH2_PROVIDER: Model = Model {
    class: "OAuth2Provider",
    app: "authentik_providers_oauth2",
    name: "oauth2provider",
};

/// Every model there is here.
pub(super) const MODELS: [Model; 10] = [
    USER,
    GROUP,
    TOKEN,
    APPLICATION,
    ROLE,
    FLOW,
    CERTIFICATE,
    BLUEPRINT,
    SCOPE_MAPPING,
    OAUTH2_PROVIDER,
];

impl Model {
    /// The permission's full name, for instance `authentik_core.view_user`.
    pub(super) fn permission(self, verb: &str) -> String {
        format!("{}.{verb}_{}", self.app, self.name)
    }
}

impl World {
    pub(super) fn is_superuser(&self, user: i64) -> bool {
        self.database.groups_of(user).any(|group| group.is_superuser())
    }

    fn grants_of(&self, user: i64) -> impl Iterator<Item = &Grant> {
        let own = self
            .database
            .users
            .get(&user)
            .into_iter()
            .flat_map(|user| &user.roles);
        let inherited = self.database.groups_of(user).flat_map(|group| &group.roles);
        own.chain(inherited)
            .filter_map(|role| self.database.roles.get(role))
            .flat_map(|role| &role.grants)
    }

    /// Whether a user holds a permission on all objects, or on the given one.
    pub(super) fn holds(&self, user: i64, permission: &str, object: Option<&str>) -> bool {
        self.is_superuser(user)
            || self.grants_of(user).any(|grant| {
                grant.permission.full_name() == permission
                    && (grant.object.is_none() || grant.object.as_deref() == object)
            })
    }
}

impl Call<'_> {
    /// Refuses a caller without this permission on all objects.
    pub(super) fn require(&self, permission: &str) -> Result<i64, Answer> {
        let user = self.user()?;
        if self.world.holds(user, permission, None) {
            Ok(user)
        } else {
            Err(answers::not_permitted())
        }
    }

    /// The keys of those objects that the caller may view. Nothing at all is 403, not an empty list.
    pub(super) fn visible(
        &self,
        model: Model,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Vec<String>, Answer> {
        let user = self.user()?;
        let view = model.permission("view");
        let visible: Vec<_> = keys
            .into_iter()
            .filter(|key| self.world.holds(user, &view, Some(key)))
            .collect();
        if visible.is_empty() && !self.world.holds(user, &view, None) {
            return Err(answers::not_permitted());
        }
        Ok(visible)
    }

    /// Refuses a caller who may not do this to that object: 403 if he sees nothing of the kind, 404 if he sees others but not
    /// this one, 403 if he sees it and lacks the permission.
    pub(super) fn require_on(
        &self,
        model: Model,
        keys: impl IntoIterator<Item = String>,
        key: &str,
        permission: &str,
    ) -> Result<i64, Answer> {
        let user = self.caller.ok_or_else(answers::not_permitted)?;
        if !self.visible(model, keys)?.iter().any(|visible| visible == key) {
            return Err(answers::no_such(model.class));
        }
        if self.world.holds(user, permission, Some(key)) {
            Ok(user)
        } else {
            Err(answers::not_permitted())
        }
    }

    /// The verb that the request's method needs a permission for.
    pub(super) fn verb(&self) -> &'static str {
        match self.request.method.as_str() {
            "POST" => "add",
            "PATCH" | "PUT" => "change",
            "DELETE" => "delete",
            _ => "view",
        }
    }
}
