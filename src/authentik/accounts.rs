//! Users, groups, roles and tokens: what a dedicated account is made of. Each is looked up by its exact name.

use super::{
    api::{Authentik, shaped},
    error::ApiError,
    views::{Group, Permission, Role, Token, User},
};
use crate::http::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// The model that permissions on OAuth2 providers are about.
const PROVIDER_MODEL: &str = "authentik_providers_oauth2.oauth2provider";

#[derive(Debug, Deserialize)]
struct Key {
    key: SecretString,
}

/// The answer to a write is about what was written, or it is not Authentik's.
fn named(answered: &str, asked: &str) -> Result<(), ApiError> {
    if answered == asked {
        Ok(())
    } else {
        Err(ApiError::Shape("another object"))
    }
}

impl Authentik {
    /// The user of that name.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn user(&self, name: &str) -> Result<Option<User>, ApiError> {
        let users: Vec<User> = self.list("core/users/", &[("username", name)]).await?;
        Ok(users.into_iter().find(|user| user.username == name))
    }

    /// The group of that name.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn group(&self, name: &str) -> Result<Option<Group>, ApiError> {
        let groups: Vec<Group> = self.list("core/groups/", &[("name", name)]).await?;
        Ok(groups.into_iter().find(|group| group.name == name))
    }

    /// The role of that name. Roles have no filter by name before 2025.12.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn role(&self, name: &str) -> Result<Option<Role>, ApiError> {
        let roles: Vec<Role> = self.list("rbac/roles/", &[]).await?;
        Ok(roles.into_iter().find(|role| role.name == name))
    }

    /// What a role may do: on single objects, then on all objects.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn permissions(&self, role: &str) -> Result<Vec<Permission>, ApiError> {
        let mut permissions: Vec<Permission> =
            self.list("rbac/permissions/roles/", &[("uuid", role)]).await?;
        permissions.extend(
            self.list::<Permission>("rbac/permissions/", &[("role", role)])
                .await?,
        );
        Ok(permissions)
    }

    /// The token of that identifier, or `None` if there is none that the account may see.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn token(&self, identifier: &str) -> Result<Option<Token>, ApiError> {
        match self.read(&format!("core/tokens/{identifier}/")).await {
            Err(ApiError::NotFound) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The key of a token; Authentik records that it was read.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn token_key(&self, identifier: &str) -> Result<SecretString, ApiError> {
        let key: Key = self.read(&format!("core/tokens/{identifier}/view_key/")).await?;
        Ok(key.key)
    }

    /// Makes a service account. Not by the API's helper of that name, which makes a useless second token
    /// and cannot be called again.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn create_service_account(&self, name: &str) -> Result<(), ApiError> {
        let body = json!({
            "username": name, "name": name, "type": "service_account", "path": "goauthentik.io/service-accounts",
        });
        let user: User = shaped(self.create("core/users/", &body).await?)?;
        named(&user.username, name)
    }

    /// Lets a deactivated user work again.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn activate_user(&self, pk: i64) -> Result<(), ApiError> {
        let request =
            Request::patch(self.url(&format!("core/users/{pk}/"))).json(&json!({ "is_active": true }));
        let user: User = shaped(self.change(request).await?)?;
        if user.is_active {
            Ok(())
        } else {
            Err(ApiError::Shape("User"))
        }
    }

    /// Makes an empty group.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn create_group(&self, name: &str) -> Result<(), ApiError> {
        let group: Group = shaped(self.create("core/groups/", &json!({ "name": name })).await?)?;
        named(&group.name, name)
    }

    /// Sets a group's members and roles to exactly these.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn set_group(&self, group: &str, member: i64, role: &str) -> Result<(), ApiError> {
        let request = Request::patch(self.url(&format!("core/groups/{group}/")))
            .json(&json!({ "users": [member], "roles": [role] }));
        let changed: Group = shaped(self.change(request).await?)?;
        named(&changed.pk, group)
    }

    /// Makes a role that may do nothing yet.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn create_role(&self, name: &str) -> Result<(), ApiError> {
        let role: Role = shaped(self.create("rbac/roles/", &json!({ "name": name })).await?)?;
        named(&role.name, name)
    }

    /// Gives a role permissions on one provider. An object that does not exist would make them
    /// permissions on **all** providers (source of 2025.10), so it is looked at just before.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is no such provider, or any other [`ApiError`].
    pub async fn grant(&self, role: &str, permissions: &[&str], provider: i64) -> Result<(), ApiError> {
        self.provider(provider).await?;
        let url = self.url(&format!("rbac/permissions/assigned_by_roles/{role}/assign/"));
        let body = json!({
            "permissions": permissions, "model": PROVIDER_MODEL, "object_pk": provider.to_string(),
        });
        // The ids of what was assigned (recorded), or nothing at all in older versions (schema).
        let _: Option<Vec<Value>> = shaped(self.change(Request::post(url).json(&body)).await?)?;
        Ok(())
    }

    /// Takes permissions away from a role: those on one provider, or those on all objects.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn revoke(
        &self,
        role: &str,
        permissions: &[String],
        provider: Option<i64>,
    ) -> Result<(), ApiError> {
        let url = self.url(&format!("rbac/permissions/assigned_by_roles/{role}/unassign/"));
        let body = match provider {
            Some(pk) => json!({
                "permissions": permissions, "model": PROVIDER_MODEL, "object_pk": pk.to_string(),
            }),
            None => json!({ "permissions": permissions }),
        };
        shaped::<()>(self.change(Request::patch(url).json(&body)).await?)
    }

    /// Makes an API token that does not expire. Its key is Authentik's choice and is not in the answer.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn create_token(&self, identifier: &str, user: i64) -> Result<(), ApiError> {
        let body = json!({
            "identifier": identifier, "intent": "api", "user": user, "expiring": false,
            "description": "keeps Dex's client secret in step; made and used by aphex-ops",
        });
        let token: Token = shaped(self.create("core/tokens/", &body).await?)?;
        // An account that is no superuser gets a token of its own instead, which expires.
        if token.user == user && !token.expiring {
            Ok(())
        } else {
            Err(ApiError::PermissionMissing)
        }
    }

    /// Gives a token another key; the one before is refused from then on (recorded).
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn set_token_key(&self, identifier: &str, key: &SecretString) -> Result<(), ApiError> {
        let url = self.url(&format!("core/tokens/{identifier}/set_key/"));
        self.put_secret(url, "key", key).await
    }

    /// Gives a user another password; Authentik's policies are not asked (recorded).
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn set_password(&self, user: i64, password: &SecretString) -> Result<(), ApiError> {
        let url = self.url(&format!("core/users/{user}/set_password/"));
        self.put_secret(url, "password", password).await
    }

    async fn put_secret(&self, url: String, field: &str, value: &SecretString) -> Result<(), ApiError> {
        let request = Request::post(url).json(&json!({ field: value.expose_secret() }));
        shaped::<()>(self.change(request).await?)
    }

    /// Deletes a token; that it is gone already is fine.
    ///
    /// # Errors
    /// An [`ApiError`].
    pub async fn delete_token(&self, identifier: &str) -> Result<(), ApiError> {
        let request = Request::delete(self.url(&format!("core/tokens/{identifier}/")));
        match self.change(request).await {
            Ok(_) | Err(ApiError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
