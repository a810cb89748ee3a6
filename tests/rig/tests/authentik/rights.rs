//! A service account of its own and what it may do (section 5 of the recording).

use rig::authentik::{Authentik, Options, ProviderSeed};
use serde_json::{Value, json};

use crate::client::Client;
use crate::providers::{PROVIDERS, at, dex};
use crate::{start, with_admin};

const ROLES: &str = "/api/v3/rbac/roles/";
const VIEW: &str = "authentik_providers_oauth2.view_oauth2provider";
const CHANGE: &str = "authentik_providers_oauth2.change_oauth2provider";
const NOT_PERMITTED: &str = "You do not have permission to perform this action.";
const NO_PROVIDER: &str = "No OAuth2Provider matches the given query.";

struct Account {
    authentik: Authentik,
    admin: Client,
    client: Client,
    role: String,
    /// The pk of the provider for Dex.
    dex: Value,
    /// The pk of another provider.
    other: Value,
}

/// Two providers, and an account that has nothing.
async fn account() -> Account {
    let other = ProviderSeed::other("Another", "other-client", "https://other.example.com/cb");
    let (authentik, admin) = start(Options {
        providers: vec![ProviderSeed::dex(), other],
        ..with_admin()
    })
    .await;
    let made = json!({ "name": "rotator", "create_group": true, "expiring": false });
    let made = admin
        .post("/api/v3/core/users/service_account/", &made)
        .await
        .expect(200)
        .json();
    let token =
        json!({ "identifier": "rotator-api", "intent": "api", "user": made["user_pk"], "expiring": false });
    admin.post("/api/v3/core/tokens/", &token).await.expect(201);
    let key = admin
        .get("/api/v3/core/tokens/rotator-api/view_key/")
        .await
        .expect(200)
        .json();
    let role = admin
        .post(ROLES, &json!({ "name": "secret-rotator" }))
        .await
        .expect(201)
        .json();
    let group = format!("/api/v3/core/groups/{}/", made["group_pk"].as_str().unwrap());
    admin
        .patch(&group, &json!({ "roles": [role["pk"]] }))
        .await
        .expect(200);
    let client = Client::bearer(&authentik, key["key"].as_str().unwrap());
    let dex = dex(&admin).await["pk"].clone();
    let list = admin
        .get(&format!("{PROVIDERS}?client_id=other-client"))
        .await
        .json();
    let other = list["results"][0]["pk"].clone();
    Account {
        authentik,
        admin,
        client,
        role: role["pk"].as_str().unwrap().into(),
        dex,
        other,
    }
}

impl Account {
    async fn assign(&self, permissions: &[&str], object: Option<&Value>) -> Value {
        let path = format!("/api/v3/rbac/permissions/assigned_by_roles/{}/assign/", self.role);
        self.admin
            .post(&path, &Self::assignment(permissions, object))
            .await
            .expect(200)
            .json()
    }

    fn assignment(permissions: &[&str], object: Option<&Value>) -> Value {
        let mut body = json!({ "permissions": permissions });
        if let Some(pk) = object {
            body["model"] = json!("authentik_providers_oauth2.oauth2provider");
            body["object_pk"] = json!(pk.to_string());
        }
        body
    }

    /// The statuses of: list, GET and PATCH of the Dex provider, GET and PATCH of the other one.
    async fn statuses(&self) -> [u16; 5] {
        let nothing = json!({});
        [
            self.client.get(PROVIDERS).await,
            self.client.get(&at(&self.dex)).await,
            self.client.patch(&at(&self.dex), &nothing).await,
            self.client.get(&at(&self.other)).await,
            self.client.patch(&at(&self.other), &nothing).await,
        ]
        .map(|answer| answer.status.as_u16())
    }

    async fn listed(&self, query: &str) -> Vec<Value> {
        let list = self
            .client
            .get(&format!("{PROVIDERS}?{query}"))
            .await
            .expect(200)
            .json();
        list["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["pk"].clone())
            .collect()
    }
}

#[tokio::test]
async fn nothing() {
    let account = account().await;
    assert_eq!(account.statuses().await, [403; 5]);
    account
        .client
        .get(PROVIDERS)
        .await
        .expect_detail(403, NOT_PERMITTED);
    account
        .client
        .get(&at(&account.dex))
        .await
        .expect_detail(403, NOT_PERMITTED);
}

#[tokio::test]
async fn view_globally() {
    let account = account().await;
    let ids = account.assign(&[VIEW, CHANGE], None).await;
    assert_eq!(ids, json!([{ "id": "217" }, { "id": "215" }]));
    let path = format!(
        "/api/v3/rbac/permissions/assigned_by_roles/{}/unassign/",
        account.role
    );
    account
        .admin
        .patch(&path, &Account::assignment(&[CHANGE], None))
        .await
        .expect(204);
    assert_eq!(account.statuses().await, [200, 200, 403, 200, 403]);
    assert_eq!(
        account.listed("").await,
        [account.other.clone(), account.dex.clone()]
    );
    let shown = account.client.get(&at(&account.dex)).await.json();
    assert_eq!(shown["client_secret"].as_str().unwrap().len(), 128);
}

#[tokio::test]
async fn view_and_change_globally() {
    let account = account().await;
    account.assign(&[VIEW, CHANGE], None).await;
    assert_eq!(account.statuses().await, [200; 5]);
}

#[tokio::test]
async fn view_and_change_on_one_object() {
    let account = account().await;
    account.assign(&[VIEW, CHANGE], Some(&account.dex)).await;
    assert_eq!(account.statuses().await, [200, 200, 200, 404, 404]);
    account
        .client
        .get(&at(&account.other))
        .await
        .expect_detail(404, NO_PROVIDER);
    assert_eq!(account.listed("").await, std::slice::from_ref(&account.dex));
    assert!(account.listed("client_id=other-client").await.is_empty());
    let changed = account
        .client
        .patch(&at(&account.dex), &json!({ "client_secret": "new" }))
        .await;
    assert_eq!(changed.expect(200).json()["client_secret"], "new");
    let path = format!(
        "/api/v3/rbac/permissions/assigned_by_roles/{}/unassign/",
        account.role
    );
    account
        .admin
        .patch(&path, &Account::assignment(&[VIEW, CHANGE], Some(&account.dex)))
        .await
        .expect(204);
    assert_eq!(account.statuses().await, [403; 5]);
}

#[tokio::test]
async fn change_without_view() {
    let account = account().await;
    account.assign(&[CHANGE], Some(&account.dex)).await;
    assert_eq!(account.statuses().await, [403; 5]);
}

#[tokio::test]
async fn no_other_right_comes_along() {
    let account = account().await;
    account.assign(&[VIEW, CHANGE], None).await;
    account
        .client
        .post(PROVIDERS, &json!({}))
        .await
        .expect_detail(403, NOT_PERMITTED);
    account
        .client
        .delete(&at(&account.dex))
        .await
        .expect_detail(403, NOT_PERMITTED);
    for path in [
        "flows/instances/",
        "core/groups/",
        "core/users/",
        "rbac/roles/",
        "crypto/certificatekeypairs/",
    ] {
        account
            .client
            .get(&format!("/api/v3/{path}"))
            .await
            .expect_detail(403, NOT_PERMITTED);
    }
    for path in [
        "core/users/me/",
        "admin/version/",
        "core/tokens/",
        "core/applications/",
    ] {
        account.client.get(&format!("/api/v3/{path}")).await.expect(200);
    }
    account
        .client
        .get(&format!("{}setup_urls/", at(&account.dex)))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_token_of_a_service_account_is_useless_on_the_api() {
    let (authentik, admin) = start(with_admin()).await;
    let body = json!({ "name": "rotator", "create_group": true, "expiring": false });
    let path = "/api/v3/core/users/service_account/";
    let made = admin.post(path, &body).await.expect(200).json();
    for name in ["username", "user_uid", "user_pk", "group_pk", "token"] {
        assert!(!made[name].is_null(), "{name}");
    }
    let client = Client::bearer(&authentik, made["token"].as_str().unwrap());
    client
        .get("/api/v3/core/users/me/")
        .await
        .expect_detail(403, "Token invalid/expired");
    admin
        .get("/api/v3/core/tokens/service-account-rotator-password/")
        .await
        .expect(200);
    let again = admin.post(path, &body).await.expect(400).json();
    let text = again["non_field_errors"][0].as_str().unwrap();
    assert!(
        text.starts_with("duplicate key value violates unique constraint"),
        "{text}"
    );
}

#[tokio::test]
async fn roles() {
    let account = account().await;
    let duplicate = json!({ "name": ["Role with this name already exists."] });
    account
        .admin
        .post(ROLES, &json!({ "name": "secret-rotator" }))
        .await
        .expect_json(400, &duplicate);
    let named = account
        .admin
        .get(&format!("{ROLES}?name=secret-rotator"))
        .await
        .json();
    assert_eq!(named["pagination"]["count"], 2, "`name` filters nothing");
    assert!(
        account
            .authentik
            .violations()
            .iter()
            .any(|line| line.contains("?name=secret-rotator"))
    );
    let found = account
        .admin
        .get(&format!("{ROLES}?search=secret-rot"))
        .await
        .json();
    assert_eq!(
        (&found["pagination"]["count"], &found["results"][0]["pk"]),
        (&json!(1), &json!(account.role))
    );
    let assign = format!(
        "/api/v3/rbac/permissions/assigned_by_roles/{}/assign/",
        account.role
    );
    account
        .admin
        .post(&assign, &json!({ "permissions": ["authentik_core.fly"] }))
        .await
        .expect_405_html();
    account
        .client
        .post(&assign, &json!({ "permissions": [VIEW] }))
        .await
        .expect(403);
}

#[tokio::test]
async fn reading_what_a_role_may() {
    let account = account().await;
    account.assign(&[VIEW], None).await;
    account.assign(&[VIEW, CHANGE], Some(&account.dex)).await;
    account.assign(&[CHANGE], Some(&account.dex)).await;
    let on_objects = format!("/api/v3/rbac/permissions/roles/?uuid={}", account.role);
    let list = account.admin.get(&on_objects).await.expect(200).json();
    assert_eq!(list["pagination"]["count"], 2);
    for row in list["results"].as_array().unwrap() {
        assert_eq!(
            (&row["object_pk"], &row["model"]),
            (&json!(account.dex.to_string()), &json!("oauth2provider"))
        );
        assert_eq!(row["app_label"], "authentik_providers_oauth2");
    }
    let everywhere = account
        .admin
        .get(&format!("/api/v3/rbac/permissions/?role={}", account.role))
        .await
        .json();
    assert_eq!(everywhere["pagination"]["count"], 1);
    assert_eq!(everywhere["results"][0]["codename"], "view_oauth2provider");
    let model = "authentik_providers_oauth2.oauth2provider";
    let assigned = "/api/v3/rbac/permissions/assigned_by_roles/";
    let list = account
        .admin
        .get(&format!("{assigned}?model={model}&object_pk={}", account.dex))
        .await
        .json();
    assert_eq!(
        (&list["pagination"]["count"], &list["results"][0]["role_pk"]),
        (&json!(1), &json!(account.role))
    );
    assert_eq!(list["results"][0]["permissions"].as_array().unwrap().len(), 2);
    account.admin.get(assigned).await.expect(400);
    account
        .admin
        .get("/api/v3/rbac/permissions/roles/")
        .await
        .expect(400);
    account.authentik.assert_clean();
}

#[tokio::test]
async fn assigning_on_an_object_that_is_not_there_assigns_everywhere() {
    let account = account().await;
    account.assign(&[VIEW, CHANGE], Some(&json!(999))).await;
    assert_eq!(account.statuses().await, [200; 5]);
    assert!(account.authentik.violations()[0].contains("given on all objects"));
}

#[tokio::test]
async fn the_end_state_names_everything() {
    let account = account().await;
    account.assign(&[VIEW, CHANGE], Some(&account.dex)).await;
    let snapshot = account.authentik.snapshot();
    let role = snapshot
        .roles
        .iter()
        .find(|role| role.name == "secret-rotator")
        .unwrap();
    let expected = [
        format!("{CHANGE} on Dex OIDC Provider"),
        format!("{VIEW} on Dex OIDC Provider"),
    ];
    assert_eq!(role.permissions.iter().cloned().collect::<Vec<_>>(), expected);
    let group = snapshot
        .groups
        .iter()
        .find(|group| group.name == "rotator")
        .unwrap();
    assert!(group.users.contains("rotator") && group.roles.contains("secret-rotator") && !group.superuser);
    let token = snapshot
        .tokens
        .iter()
        .find(|token| token.identifier == "rotator-api")
        .unwrap();
    assert_eq!(
        (token.user.as_str(), token.expiring, token.intent.as_str()),
        ("rotator", false, "api")
    );
    let printed = format!("{snapshot:?}");
    assert!(
        !printed.contains(token.key.expose()) && printed.contains("<secret "),
        "{printed}"
    );
}
