//! Users, groups, applications, and what is only read (sections 1 and 7 of the recording).

use rig::authentik::Options;
use serde_json::{Value, json};

use crate::client::Client;
use crate::providers::dex;
use crate::{start, with_admin};

const USERS: &str = "/api/v3/core/users/";
const GROUPS: &str = "/api/v3/core/groups/";
const APPLICATIONS: &str = "/api/v3/core/applications/";

async fn count(admin: &Client, path: &str) -> Value {
    admin.get(path).await.expect(200).json()["pagination"]["count"].clone()
}

#[tokio::test]
async fn users() {
    let (authentik, admin) = start(with_admin()).await;
    let body = json!({ "username": "sync", "name": "Sync", "type": "service_account", "path": "aphex-ops" });
    let user = admin.post(USERS, &body).await.expect(201).json();
    assert_eq!(
        (&user["type"], &user["is_superuser"], &user["is_active"]),
        (&json!("service_account"), &json!(false), &json!(true))
    );
    assert!(user["pk"].is_i64());
    assert_eq!(user["uid"].as_str().unwrap().len(), 64);
    let unique = json!({ "username": ["This field must be unique."] });
    admin.post(USERS, &body).await.expect_json(400, &unique);
    let required = json!(["This field is required."]);
    admin
        .post(USERS, &json!({}))
        .await
        .expect_json(400, &json!({ "username": required, "name": required }));
    for (query, expected) in [
        ("username=sync", 1),
        ("username=Sync", 0),
        ("search=SYN", 1),
        ("type=internal", 1),
    ] {
        assert_eq!(
            count(&admin, &format!("{USERS}?{query}")).await,
            expected,
            "{query}"
        );
    }
    let brief = admin
        .get(&format!("{USERS}?username=akadmin&include_groups=false"))
        .await
        .json();
    assert_eq!(brief["results"][0]["groups_obj"], Value::Null);
    let path = format!("{USERS}{}/", user["pk"]);
    admin
        .post(&format!("{path}set_password/"), &json!({ "password": "pw" }))
        .await
        .expect(204);
    admin.delete(&path).await.expect(204);
    admin
        .get(&path)
        .await
        .expect_detail(404, "No User matches the given query.");
    authentik.assert_clean();
}

#[tokio::test]
async fn me() {
    let (_authentik, admin) = start(with_admin()).await;
    let me = admin.get("/api/v3/core/users/me/").await.expect(200).json();
    let user = &me["user"];
    assert_eq!(
        (&user["pk"], &user["username"], &user["is_superuser"]),
        (&json!(6), &json!("akadmin"), &json!(true))
    );
    assert_eq!(
        (&user["groups"][0]["name"], &user["type"]),
        (&json!("authentik Admins"), &json!("internal"))
    );
    assert!(
        user["system_permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("change_role"))
    );
}

#[tokio::test]
async fn groups() {
    let (authentik, admin) = start(with_admin()).await;
    let body = json!({ "name": "g1", "is_superuser": false, "attributes": {} });
    let group = admin.post(GROUPS, &body).await.expect(201).json();
    assert!(group["pk"].as_str().unwrap().len() == 36 && group["num_pk"].is_i64());
    admin
        .post(GROUPS, &body)
        .await
        .expect_json(400, &json!({ "name": ["This field must be unique."] }));
    let path = format!("{GROUPS}{}/", group["pk"].as_str().unwrap());
    for _ in 0..2 {
        admin
            .post(&format!("{path}add_user/"), &json!({ "pk": 6 }))
            .await
            .expect(204);
    }
    admin
        .post(&format!("{path}add_user/"), &json!({ "pk": 999 }))
        .await
        .expect(404);
    let shown = admin.get(&format!("{GROUPS}?name=g1")).await.expect(200).json();
    assert_eq!(shown["pagination"]["count"], 1);
    assert_eq!(shown["results"][0]["users"], json!([6]));
    assert_eq!(shown["results"][0]["users_obj"][0]["username"], "akadmin");
    let brief = admin
        .get(&format!("{GROUPS}?name=g1&include_users=false"))
        .await
        .json();
    assert_eq!(brief["results"][0]["users_obj"], Value::Null);
    assert_eq!(count(&admin, &format!("{GROUPS}?members_by_pk=6")).await, 2);
    admin
        .post(&format!("{path}remove_user/"), &json!({ "pk": 6 }))
        .await
        .expect(204);
    assert_eq!(admin.get(&path).await.json()["users"], json!([]));
    admin.delete(&path).await.expect(204);
    admin
        .get(&path)
        .await
        .expect_detail(404, "No Group matches the given query.");
    authentik.assert_clean();
}

#[tokio::test]
async fn applications() {
    let (authentik, admin) = start(with_admin()).await;
    let application = admin
        .get(&format!("{APPLICATIONS}platform-services/"))
        .await
        .expect(200)
        .json();
    let pk = dex(&admin).await["pk"].clone();
    assert_eq!(
        (&application["provider"], &application["provider_obj"]["name"]),
        (&pk, &json!("Dex OIDC Provider"))
    );
    let required = json!(["This field is required."]);
    admin
        .post(APPLICATIONS, &json!({}))
        .await
        .expect_json(400, &json!({ "name": required, "slug": required }));
    let taken = json!({ "name": "B", "slug": "platform-services" });
    let errors = json!({ "slug": ["Application with this slug already exists."] });
    admin.post(APPLICATIONS, &taken).await.expect_json(400, &errors);
    let errors = json!({ "provider": ["Application with this provider already exists."] });
    admin
        .post(APPLICATIONS, &json!({ "name": "B", "slug": "b", "provider": pk }))
        .await
        .expect_json(400, &errors);
    let errors = json!({ "provider": ["Invalid pk \"999\" - object does not exist."] });
    admin
        .post(
            APPLICATIONS,
            &json!({ "name": "B", "slug": "b", "provider": 999 }),
        )
        .await
        .expect_json(400, &errors);
    admin
        .post(APPLICATIONS, &json!({ "name": "B", "slug": "b" }))
        .await
        .expect(201);
    admin
        .patch(
            &format!("{APPLICATIONS}platform-services/"),
            &json!({ "provider": null }),
        )
        .await
        .expect(200);
    assert_eq!(dex(&admin).await["assigned_application_slug"], Value::Null);
    admin
        .patch(&format!("{APPLICATIONS}b/"), &json!({ "provider": pk }))
        .await
        .expect(200);
    assert_eq!(dex(&admin).await["assigned_application_slug"], "b");
    assert_eq!(
        count(&admin, &format!("{APPLICATIONS}?superuser_full_list=true")).await,
        2
    );
    authentik.assert_clean();
}

#[tokio::test]
async fn what_is_only_read() {
    let (authentik, admin) = start(with_admin()).await;
    let config = Client::new(&authentik)
        .get("/api/v3/root/config/")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&config["cache_timeout"], config.get("version")),
        (&json!(300), None)
    );
    let version = admin.get("/api/v3/admin/version/").await.expect(200).json();
    assert_eq!(
        (&version["version_current"], &version["outdated"]),
        (&json!("2025.10.0-rc1"), &json!(false))
    );
    for slug in [
        "default-authentication-flow",
        "default-provider-invalidation-flow",
    ] {
        assert_eq!(
            count(&admin, &format!("/api/v3/flows/instances/?slug={slug}")).await,
            1,
            "{slug}"
        );
    }
    let mappings = admin.get("/api/v3/propertymappings/provider/scope/").await.json();
    assert_eq!(mappings["pagination"]["count"], 7);
    let managed = "managed=goauthentik.io/providers/oauth2/scope-openid";
    let openid = admin
        .get(&format!("/api/v3/propertymappings/provider/scope/?{managed}"))
        .await
        .json();
    assert_eq!(openid["results"][0]["scope_name"], "openid");
    let certificates = admin
        .get("/api/v3/crypto/certificatekeypairs/?has_key=true")
        .await
        .json();
    assert_eq!(
        certificates["results"][0]["name"],
        "authentik Self-signed Certificate"
    );
    authentik.assert_clean();
}

#[tokio::test]
async fn a_blueprint_in_error_can_be_applied_again() {
    let (authentik, admin) = start(Options { ..with_admin() }).await;
    let path = "/api/v3/managed/blueprints/";
    let list = admin
        .get(&format!("{path}?path=default/flow-oobe.yaml"))
        .await
        .expect(200)
        .json();
    let blueprint = &list["results"][0];
    assert_eq!(
        (&list["pagination"]["count"], &blueprint["status"]),
        (&json!(1), &json!("error"))
    );
    let apply = format!("{path}{}/apply/", blueprint["pk"].as_str().unwrap());
    let headers = [("accept", "application/json")];
    assert_eq!(
        admin.send("POST", &apply, &headers, "").await.expect(200).json()["status"],
        "error"
    );
    let list = admin
        .get(&format!("{path}?path=default/flow-oobe.yaml"))
        .await
        .json();
    assert_eq!(list["results"][0]["status"], "successful");
    authentik.assert_clean();
}
