//! Doing one action.

use super::{
    Action, AuthentikToken,
    action::{BOOTSTRAP_TOKEN, Write, ours},
    plan::PERMISSIONS,
    token_identifier,
};
use crate::{
    authentik::{ApiError, Authentik},
    converge::{Context, Effect, Outcome},
    entropy,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        names::{self, CONFIG_SYNC},
    },
    planted::{self, Bug},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

impl AuthentikToken {
    pub(super) async fn act(&self, cx: &Context, action: Action) -> Result<Outcome, Failure> {
        let Some(api) = self.memory().admin.clone() else {
            let message = "an action was planned without an administrator's access";
            return Err(Failure::new(Exit::Bug, Reason::Unexpected, message));
        };
        if planted::is_planted(Bug::StoresPlaceholder) && matches!(action, Action::CreateToken { .. }) {
            create(cx, &"to-be-replaced".into(), Write::Create).await?;
        }
        match &action {
            Action::Store { write, .. } => self.store(cx, &api, *write).await?,
            other => in_authentik(&api, other)
                .await
                .map_err(|error| error.failure(action.object()))?,
        }
        if action == Action::RetireBootstrap {
            let mut memory = self.memory();
            memory.admin = None;
            memory.bootstrap_works = false;
        }
        Ok(action.outcome())
    }

    async fn store(&self, cx: &Context, api: &Authentik, write: Write) -> Result<(), Failure> {
        let key = api.token_key(&token_identifier()).await;
        let key = key.map_err(|error| error.failure(ours("token")))?;
        let seen = self.memory().stored.clone();
        match (write, seen) {
            (Write::Create | Write::Add, _) => create(cx, &key, write).await,
            (Write::Replace, Some(seen)) => replace(cx, seen.expose_secret(), &key).await,
            (Write::Replace, None) => {
                let message = "a stored value was to be replaced that was never seen";
                Err(Failure::new(Exit::Bug, Reason::Unexpected, message))
            }
        }
    }
}

/// Creates the key, or fails with a conflict if it exists: server-side apply under a manager that was
/// never used before changes no field of anybody else.
async fn create(cx: &Context, key: &SecretString, write: Write) -> Result<(), Failure> {
    let namespace = cx.config.namespaces.auth.as_str();
    let mut metadata = json!({ "name": names::API_TOKEN_SECRET, "namespace": namespace });
    if write == Write::Create {
        metadata["labels"] = json!({ names::MANAGED_BY_LABEL: names::PRODUCT });
    }
    // Not `stringData`, which server-side apply does not protect.
    let data = json!({ names::API_TOKEN_KEY: encoded(key.expose_secret().as_bytes()) });
    let body = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data });
    let manager = format!("{}-token-{}", names::PRODUCT, entropy::name()?);
    let applied = cx
        .cluster
        .apply_as::<Secret>(&manager, namespace, names::API_TOKEN_SECRET, &body)
        .await;
    applied.map(drop).map_err(|failure| match failure.reason {
        Reason::FieldConflict => changed_meanwhile(),
        _ => failure,
    })
}

/// Replaces exactly the value that was seen not to work: one that somebody else stored since is kept.
async fn replace(cx: &Context, seen: &[u8], key: &SecretString) -> Result<(), Failure> {
    if seen == key.expose_secret().as_bytes() {
        let message = "it holds the dedicated token, which has its rights, and yet does not work";
        let hint =
            format!("look at the user, group and role {CONFIG_SYNC} in Authentik for what somebody changed");
        return Err(Failure::new(Exit::ResourceFailed, Reason::ResourceFailed, message).hint(hint));
    }
    let path = format!("/data/{}", names::API_TOKEN_KEY);
    let operations = json!([
        { "op": "test", "path": path, "value": encoded(seen) },
        { "op": "replace", "path": path, "value": encoded(key.expose_secret().as_bytes()) },
    ]);
    let patched = cx
        .cluster
        .json_patch::<Secret>(&cx.config.namespaces.auth, names::API_TOKEN_SECRET, &operations)
        .await;
    patched.map(drop).map_err(|failure| match failure.reason {
        // 422 is how the API server says that a `test` does not hold.
        Reason::InvalidValue => changed_meanwhile(),
        _ => failure,
    })
}

fn changed_meanwhile() -> Failure {
    let message = "somebody else stored a token in the meantime; it is tried next";
    Failure::new(Exit::Transient, Reason::Conflict, message)
}

fn encoded(value: &[u8]) -> String {
    STANDARD.encode(value)
}

async fn in_authentik(api: &Authentik, action: &Action) -> Result<(), ApiError> {
    match action {
        Action::CreateAccount => api.create_service_account(CONFIG_SYNC).await,
        Action::Activate { account } => api.activate_user(*account).await,
        Action::CreateGroup => api.create_group(CONFIG_SYNC).await,
        Action::CreateRole => api.create_role(CONFIG_SYNC).await,
        Action::Connect { group, account, role } => api.set_group(group, *account, role).await,
        Action::Grant { role, provider } => api.grant(role, &PERMISSIONS, *provider).await,
        Action::Revoke {
            role,
            permissions,
            provider,
        } => api.revoke(role, permissions, *provider).await,
        Action::CreateToken { account } => api.create_token(&token_identifier(), *account).await,
        // The API deletes by identifier; another run may have replaced the token in the meantime.
        Action::DeleteToken { pk } => match api.token(&token_identifier()).await? {
            Some(token) if &token.pk == pk => api.delete_token(&token_identifier()).await,
            _ => Ok(()),
        },
        Action::RetireBootstrap => api.delete_token(BOOTSTRAP_TOKEN).await,
        // Stored in the cluster, not here.
        Action::Store { .. } => Ok(()),
    }
}
