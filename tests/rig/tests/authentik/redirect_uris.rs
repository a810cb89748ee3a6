//! A provider's redirect URIs, and the patches that poison it (section 6 and trap 8 of the recording).

use rig::authentik::{Options, ProviderSeed};
use serde_json::{Value, json};

use crate::providers::{PROVIDERS, at, dex, minimal};
use crate::{start, with_admin};

#[tokio::test]
async fn redirect_uris() {
    let (_authentik, admin) = start(with_admin()).await;
    let path = at(&dex(&admin).await["pk"]);
    let patch = async |value: &Value| admin.patch(&path, &json!({ "redirect_uris": value })).await;
    let entry = |mode: &str, url: &str| json!({ "matching_mode": mode, "url": url });
    let refused = [
        (
            json!([entry("glob", "https://a"), entry("strict", "https://b")]),
            json!([{ "matching_mode": ["\"glob\" is not a valid choice."] }, {}]),
        ),
        (
            json!("https://a"),
            json!({ "non_field_errors": ["Expected a list of items but got type \"str\"."] }),
        ),
        (
            json!(["https://a"]),
            json!([{ "non_field_errors": ["Invalid data. Expected a dictionary, but got str."] }]),
        ),
        (
            json!([entry("strict", "")]),
            json!([{ "url": ["This field may not be blank."] }]),
        ),
        (json!([entry("regex", "(")]), json!(["Invalid Regex Pattern: ("])),
        (Value::Null, json!(["This field may not be null."])),
    ];
    for (sent, error) in refused {
        patch(&sent)
            .await
            .expect_json(400, &json!({ "redirect_uris": error }));
    }
    let odd = json!([
        entry("strict", "no url"),
        entry("regex", "https://.*"),
        entry("strict", "no url")
    ]);
    assert_eq!(patch(&odd).await.expect(200).json()["redirect_uris"], odd);
    let extra = json!([{ "matching_mode": "strict", "url": "https://a", "note": "dropped" }]);
    assert_eq!(
        patch(&extra).await.expect(200).json()["redirect_uris"],
        json!([entry("strict", "https://a")])
    );
    assert_eq!(
        patch(&json!([])).await.expect(200).json()["redirect_uris"],
        json!([])
    );
}

#[tokio::test]
async fn a_patched_entry_without_its_parts_poisons() {
    let (authentik, admin) = start(Options {
        crowd: 2,
        ..with_admin()
    })
    .await;
    let mut body = minimal(&admin, "p1").await;
    body["redirect_uris"] = json!([{ "url": "https://a" }]);
    let errors = json!({ "redirect_uris": [{ "matching_mode": ["This field is required."] }] });
    admin.post(PROVIDERS, &body).await.expect_json(400, &errors);
    let path = at(&dex(&admin).await["pk"]);
    authentik.assert_clean();
    admin
        .patch(&path, &json!({ "redirect_uris": [{ "url": "https://a" }] }))
        .await
        .expect_405_html();
    assert!(authentik.violations()[0].contains("poisons"));
    admin.get(&path).await.expect_html(500);
    admin.get(PROVIDERS).await.expect_html(500);
    admin
        .get(&format!("{PROVIDERS}?client_id=dex-client"))
        .await
        .expect_html(500);
    admin
        .get(&format!("{PROVIDERS}?client_id=app-0001"))
        .await
        .expect(200);
    admin
        .patch(&path, &json!({ "client_secret": "x" }))
        .await
        .expect_405_html();
    admin
        .patch(&path, &json!({ "redirect_uris": [] }))
        .await
        .expect(200);
    admin.get(PROVIDERS).await.expect(200);
}

#[tokio::test]
async fn a_provider_that_was_poisoned_before() {
    let poisoned = ProviderSeed {
        poisoned: true,
        ..ProviderSeed::other("Broken", "broken", "https://b")
    };
    let options = Options {
        providers: vec![ProviderSeed::dex(), poisoned],
        ..with_admin()
    };
    let (authentik, admin) = start(options).await;
    admin.get(PROVIDERS).await.expect_html(500);
    assert_eq!(dex(&admin).await["name"], "Dex OIDC Provider");
    authentik.assert_clean();
}
