//! The shapes of the versions that were not recorded (section 9, and the published schemas).

use rig::authentik::{Options, Version};
use serde_json::{Value, json};

use crate::providers::{PROVIDERS, at, dex, flow};
use crate::{start, with_admin};

fn of(version: Version) -> Options {
    Options {
        version,
        ..with_admin()
    }
}

#[tokio::test]
async fn providers() {
    for version in Version::ALL {
        let (_authentik, admin) = start(of(version)).await;
        let list = admin.get(PROVIDERS).await.expect(200).json();
        assert_eq!(
            list.get("autocomplete").is_some(),
            version >= Version::V2025_10,
            "{version}"
        );
        let dex = dex(&admin).await;
        let has = |name: &str| dex.get(name).is_some();
        assert_eq!(
            has("invalidation_flow"),
            version >= Version::V2024_12,
            "{version}"
        );
        assert_eq!(has("jwks_sources"), version == Version::V2024_2, "{version}");
        assert_eq!(
            has("jwt_federation_sources"),
            version >= Version::V2024_12,
            "{version}"
        );
        assert_eq!(
            has("backchannel_logout_uri"),
            version == Version::V2025_10,
            "{version}"
        );
        assert_eq!(has("logout_method"), version >= Version::V2025_12, "{version}");
        assert_eq!(has("grant_types"), version >= Version::V2026_8, "{version}");
        let changed = admin
            .patch(&at(&dex["pk"]), &json!({ "client_secret": "new" }))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&changed["client_secret"], &changed["redirect_uris"]),
            (&json!("new"), &dex["redirect_uris"])
        );
        let number = admin.get("/api/v3/admin/version/").await.json()["version_current"].clone();
        assert!(
            number.as_str().unwrap().starts_with(&version.to_string()),
            "{number}"
        );
        assert_eq!(version.to_string().parse(), Ok(version));
    }
}

#[tokio::test]
async fn redirect_uris_were_one_text() {
    let (_authentik, admin) = start(of(Version::V2024_2)).await;
    let dex = dex(&admin).await;
    assert_eq!(dex["redirect_uris"], "https://dex.home.local/callback");
    let lines = "https://a\nhttps://b";
    let changed = admin
        .patch(&at(&dex["pk"]), &json!({ "redirect_uris": lines }))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["redirect_uris"], lines);
    let authorization = flow(&admin, "default-provider-authorization-implicit-consent").await;
    let minimal = json!({ "name": "p", "authorization_flow": authorization });
    admin.post(PROVIDERS, &minimal).await.expect(201);
    admin.get("/api/v3/propertymappings/scope/").await.expect(200);
    admin
        .get("/api/v3/propertymappings/provider/scope/")
        .await
        .expect_html(404);
}

#[tokio::test]
async fn redirect_uris_have_a_type_now() {
    let (_authentik, admin) = start(of(Version::V2026_8)).await;
    let dex = dex(&admin).await;
    let entry =
        |kind: &str| json!({ "matching_mode": "strict", "url": "https://a", "redirect_uri_type": kind });
    assert_eq!(dex["redirect_uris"][0]["redirect_uri_type"], "authorization");
    let patch = async |entries: &Value| {
        admin
            .patch(&at(&dex["pk"]), &json!({ "redirect_uris": entries }))
            .await
    };
    let logout = json!([entry("logout")]);
    assert_eq!(patch(&logout).await.expect(200).json()["redirect_uris"], logout);
    // A client that does not carry the type along changes it.
    let untyped = json!([{ "matching_mode": "strict", "url": "https://a" }]);
    assert_eq!(
        patch(&untyped).await.expect(200).json()["redirect_uris"],
        json!([entry("authorization")])
    );
    patch(&json!([entry("odd")])).await.expect(400);
}

#[tokio::test]
async fn groups_users_and_roles() {
    for version in Version::ALL {
        let (authentik, admin) = start(of(version)).await;
        let new = version >= Version::V2025_12;
        let group = admin.get("/api/v3/core/groups/").await.json()["results"][0].clone();
        assert_eq!(
            (group.get("parent").is_some(), group.get("parents").is_some()),
            (!new, new),
            "{version}"
        );
        let user = admin.get("/api/v3/core/users/6/").await.json();
        assert_eq!(user.get("roles").is_some(), new, "{version}");
        let role = admin
            .post("/api/v3/rbac/roles/", &json!({ "name": "r" }))
            .await
            .expect(201)
            .json();
        authentik.assert_clean();
        let add_user = format!("/api/v3/rbac/roles/{}/add_user/", role["pk"].as_str().unwrap());
        let added = admin.post(&add_user, &json!({ "pk": 6 })).await;
        if new {
            added.expect(204);
            let user = admin.get("/api/v3/core/users/6/").await.json();
            assert_eq!(user["roles"], json!([role["pk"]]));
        } else {
            added.expect_405_html();
        }
        let named = admin.get("/api/v3/rbac/roles/?name=r").await.json();
        assert_eq!(named["pagination"]["count"], if new { 1 } else { 2 }, "{version}");
    }
}

#[tokio::test]
async fn a_role_of_a_user_counts_like_one_of_his_group() {
    for version in [Version::V2025_12, Version::V2026_8] {
        let (authentik, admin) = start(of(version)).await;
        let role = admin
            .post("/api/v3/rbac/roles/", &json!({ "name": "r" }))
            .await
            .expect(201)
            .json();
        let role = role["pk"].as_str().unwrap();
        let pk = dex(&admin).await["pk"].to_string();
        let assign = json!({
            "permissions": ["authentik_providers_oauth2.view_oauth2provider"],
            "model": "authentik_providers_oauth2.oauth2provider",
            "object_pk": pk,
        });
        let assigned = "/api/v3/rbac/permissions/assigned_by_roles/";
        admin
            .post(&format!("{assigned}{role}/assign/"), &assign)
            .await
            .expect(200);
        let model = "authentik_providers_oauth2.oauth2provider";
        let list = admin
            .get(&format!("{assigned}?model={model}&object_pk={pk}"))
            .await
            .json();
        let shown = &list["results"][0];
        assert_eq!(shown["object_permissions"][0]["object_pk"], pk);
        assert_eq!(
            (&shown["model_permissions"], shown.get("permissions")),
            (&json!([]), None)
        );
        let user = json!({ "username": "u", "name": "", "roles": [role] });
        let user = admin.post("/api/v3/core/users/", &user).await.expect(201).json();
        let token = json!({ "identifier": "t", "user": user["pk"], "expiring": false });
        admin.post("/api/v3/core/tokens/", &token).await.expect(201);
        let key = admin.get("/api/v3/core/tokens/t/view_key/").await.json();
        let client = crate::client::Client::bearer(&authentik, key["key"].as_str().unwrap());
        let list = client.get(PROVIDERS).await.expect(200).json();
        assert_eq!(list["pagination"]["count"], 1, "{version}");
    }
}

#[tokio::test]
async fn assigning_answered_204_once() {
    let (_authentik, admin) = start(of(Version::V2024_2)).await;
    let role = admin
        .post("/api/v3/rbac/roles/", &json!({ "name": "r" }))
        .await
        .expect(201)
        .json();
    let path = format!(
        "/api/v3/rbac/permissions/assigned_by_roles/{}/assign/",
        role["pk"].as_str().unwrap()
    );
    let body = json!({ "permissions": ["authentik_core.view_user"] });
    assert_eq!(admin.post(&path, &body).await.expect(204).body, "");
}
