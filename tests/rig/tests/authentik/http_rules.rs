//! Authentication, error bodies, pages: what holds for every resource (sections 0 and 2 of the recording).

use rig::authentik::{Authentik, Options};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{ADMIN_KEY, start, with_admin};

const ME: &str = "/api/v3/core/users/me/";
const TOKENS: &str = "/api/v3/core/tokens/";
const PROVIDERS: &str = "/api/v3/providers/oauth2/";
const JSON: (&str, &str) = ("accept", "application/json");
const NO_CREDENTIALS: &str = "Authentication credentials were not provided.";
const NOT_PERMITTED: &str = "You do not have permission to perform this action.";

#[tokio::test]
async fn the_authorization_header() {
    let (authentik, _) = start(with_admin()).await;
    let nobody = Client::new(&authentik);
    for value in ["", "Bearer", "Bearer ", ADMIN_KEY] {
        let headers = [JSON, ("authorization", value)];
        for path in [ME, "/api/v3/admin/version/", PROVIDERS, TOKENS] {
            nobody
                .send("GET", path, &headers, "")
                .await
                .expect_detail(403, NO_CREDENTIALS);
        }
        let provider = format!("{PROVIDERS}7/");
        nobody
            .send("GET", &provider, &headers, "")
            .await
            .expect_detail(403, NOT_PERMITTED);
    }
    nobody
        .send("GET", ME, &[JSON], "")
        .await
        .expect_detail(403, NO_CREDENTIALS);
    for value in ["Bearer wrong", "bearer wrong"] {
        let headers = [JSON, ("authorization", value)];
        nobody
            .send("GET", ME, &headers, "")
            .await
            .expect_detail(403, "Token invalid/expired");
    }
    for value in ["Basic YTpi", "Token abc"] {
        let headers = [JSON, ("authorization", value)];
        nobody
            .send("GET", ME, &headers, "")
            .await
            .expect_detail(403, "Unsupported authentication type");
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {ADMIN_KEY}");
        nobody
            .send("GET", ME, &[JSON, ("authorization", &value)], "")
            .await
            .expect(200);
    }
    nobody
        .post(TOKENS, &json!({ "identifier": "x" }))
        .await
        .expect_405_html();
    nobody.get("/api/v3/root/config/").await.expect(200);
}

#[tokio::test]
async fn a_deactivated_account_has_no_key() {
    let (_authentik, admin) = start(with_admin()).await;
    admin
        .patch("/api/v3/core/users/6/", &json!({ "is_active": false }))
        .await
        .expect(200);
    admin.get(ME).await.expect_detail(403, "Token invalid/expired");
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let (authentik, admin) = start(with_admin()).await;
    let json_body = [JSON, ("content-type", "application/json")];
    let truncated = r#"{"identifier":"abcd"#;
    let detail = "JSON parse error - unexpected end of data: line 1 column 19 (char 18)";
    admin
        .send("POST", TOKENS, &json_body, truncated)
        .await
        .expect_detail(400, detail);
    let not_a_list = json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] });
    admin.post(TOKENS, &json!([])).await.expect_json(400, &not_a_list);
    let not_a_text = json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got str."] });
    admin
        .post(TOKENS, &json!("x"))
        .await
        .expect_json(400, &not_a_text);
    authentik.forget_requests();
    let form = r#"Unsupported media type "application/x-www-form-urlencoded" in request."#;
    admin
        .form(TOKENS, &[("identifier", "x")])
        .await
        .expect_detail(415, form);
    admin.send("POST", TOKENS, &[JSON], "{}").await.expect(415);
    assert_eq!(authentik.violations().len(), 2, "{:?}", authentik.violations());
}

#[tokio::test]
async fn content_negotiation() {
    let (_authentik, admin) = start(with_admin()).await;
    for accept in ["text/html", "application/xml"] {
        let answer = admin.send("GET", ME, &[("accept", accept)], "").await;
        answer.expect_detail(406, "Could not satisfy the request Accept header.");
    }
    for accept in ["*/*", "application/json", "text/html, application/json;q=0.9"] {
        admin.send("GET", ME, &[("accept", accept)], "").await.expect(200);
    }
}

#[tokio::test]
async fn unknown_ids_urls_and_methods() {
    let (_authentik, admin) = start(with_admin()).await;
    let missing = [
        (
            format!("{PROVIDERS}999/"),
            "No OAuth2Provider matches the given query.",
        ),
        (format!("{TOKENS}nope/"), "No Token matches the given query."),
        (
            "/api/v3/core/applications/nope/".into(),
            "No Application matches the given query.",
        ),
        (format!("{PROVIDERS}abc/"), "Not found."),
        ("/api/v3/core/users/abc/".into(), "Not found."),
        ("/api/v3/core/groups/abc/".into(), "Not found."),
    ];
    for (path, detail) in missing {
        admin.get(&path).await.expect_detail(404, detail);
    }
    for path in [
        "/api/v3/core/users/me",
        "/api/v3/nothing/",
        "/api/v3/",
        "/nothing/",
        "/api/v3/core/tokens/a/b/",
    ] {
        admin.get(path).await.expect_html(404);
        admin.post(path, &json!({})).await.expect_405_html();
        admin.delete(path).await.expect_405_html();
    }
    let answer = admin.delete(PROVIDERS).await;
    assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
    answer.expect_detail(405, "Method \"DELETE\" not allowed.");
    let answer = admin.delete(ME).await;
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    answer.expect_detail(405, "Method \"DELETE\" not allowed.");
}

fn pagination(list: &Value) -> [u64; 7] {
    let names = [
        "next",
        "previous",
        "count",
        "current",
        "total_pages",
        "start_index",
        "end_index",
    ];
    names.map(|name| list["pagination"][name].as_u64().unwrap())
}

#[tokio::test]
async fn pages_are_numbers() {
    let (_authentik, admin) = start(Options {
        crowd: 250,
        ..with_admin()
    })
    .await;
    let page = async |query: &str| {
        admin
            .get(&format!("{PROVIDERS}?{query}"))
            .await
            .expect(200)
            .json()
    };
    assert_eq!(pagination(&page("page=1").await), [2, 0, 251, 1, 3, 1, 100]);
    assert_eq!(pagination(&page("page=2").await), [3, 1, 251, 2, 3, 101, 200]);
    let last = page("page=3").await;
    assert_eq!(pagination(&last), [0, 2, 251, 3, 3, 201, 251]);
    assert_eq!(last["results"][50]["client_id"], "dex-client");
    assert_eq!(last["autocomplete"], json!({}));
    assert_eq!(pagination(&page("page_size=0").await), [2, 0, 251, 1, 3, 1, 100]);
    assert_eq!(
        pagination(&page("page_size=1000").await),
        [0, 0, 251, 1, 1, 1, 251]
    );
    assert_eq!(pagination(&page("client_id=nobody").await), [0, 0, 0, 1, 1, 0, 0]);
    assert_eq!(
        page("ordering=-name").await["results"][0]["client_id"],
        "dex-client"
    );
    for number in ["4", "0", "text"] {
        admin
            .get(&format!("{PROVIDERS}?page={number}"))
            .await
            .expect_detail(404, "Invalid page.");
    }
}

#[tokio::test]
async fn strange_filters_are_ignored_and_written_down() {
    let (authentik, admin) = start(Options {
        crowd: 3,
        ..with_admin()
    })
    .await;
    for query in ["clientid=dex-client", "client_id="] {
        let list = admin
            .get(&format!("{PROVIDERS}?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(list["pagination"]["count"], 4, "{query}");
    }
    assert_eq!(authentik.violations().len(), 2, "{:?}", authentik.violations());
    assert!(
        authentik.violations()[0].contains("clientid"),
        "{:?}",
        authentik.violations()
    );
}

#[tokio::test]
async fn a_request_is_recorded_without_its_body() {
    let (authentik, admin) = start(with_admin()).await;
    admin
        .post(TOKENS, &json!({ "identifier": "t1", "description": "canary" }))
        .await
        .expect(201);
    let recorded = authentik.requests().pop().unwrap();
    assert_eq!(
        (
            recorded.method.as_str(),
            recorded.path_and_query.as_str(),
            recorded.status
        ),
        ("POST", TOKENS, 201)
    );
    assert_eq!(recorded.user.as_deref(), Some("akadmin"));
    assert_eq!(recorded.body_fields, ["description", "identifier"]);
    assert_eq!(recorded.body_sha256.len(), 64);
    assert!(recorded.writes());
    assert!(!format!("{recorded:?}").contains("canary"));
    authentik.assert_clean();
}

#[tokio::test]
async fn what_a_careful_client_never_sends() {
    let (authentik, admin) = start(with_admin()).await;
    let expect = |text: &str| {
        let violations = authentik.violations();
        assert!(
            violations.len() == 1 && violations[0].contains(text),
            "{text}: {violations:?}"
        );
        authentik.forget_requests();
    };
    admin.send("GET", ME, &[], "").await.expect(200);
    expect("no Accept header");
    admin.get("/api/v3/core/unknown/").await.expect(404);
    expect("unknown path");
    admin.get("/api/v3/core/users/me").await.expect(404);
    expect("unknown path");
    admin
        .post(TOKENS, &json!({ "identifier": "t1", "key": "mine" }))
        .await
        .expect(201);
    expect("\"key\" is not writable");
    admin.get(&format!("{TOKENS}t1/?x=1")).await.expect(200);
    expect("\"x\" is not a query parameter");
}

#[tokio::test]
#[should_panic(expected = "requests that the server does not expect")]
async fn a_violation_fails_the_test() {
    let authentik = Authentik::start(Options::default()).await.unwrap();
    Client::new(&authentik).get("/nowhere/").await;
    authentik.assert_clean();
}
