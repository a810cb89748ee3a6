//! `oidc inspect`: a token is judged and never shown whole.

use crate::cli::program::Program;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::{Value, json};

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key set, and a token of its key with these claims changed.
fn mk_token(change: &Value) -> (Value, String) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": encoded(key.der_bytes())}]});
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({"iss": "https://dex.home.local", "sub": "1", "aud": "argocd", "exp": now + 3600, "iat": now,
        "email": "alice@example.org", "groups": ["platform-admins"]});
    json_patch::merge(&mut claims, change);
    let header = json!({"alg": "EdDSA", "kid": "a"});
    let signed = [&header, &claims]
        .map(|part| encoded(part.to_string().as_bytes()))
        .join(".");
    let signature = encoded(&key.sign(signed.as_bytes()).unwrap());
    (keys, format!("{signed}.{signature}"))
}

#[tokio::test]
async fn a_token_is_judged_by_every_rule_and_its_signature_is_not_shown() {
    for (change, code, broken) in [
        (json!({}), 0, vec![]),
        (
            json!({"iss": "https://dex.home.local/", "groups": ["system:masters"]}),
            4,
            vec!["issuer", "groups"],
        ),
    ] {
        let (keys, token) = mk_token(&change);
        let program = |line: &str| {
            let program = Program::new(line).arg_file("--jwks", &keys.to_string());
            program.arg_file("--token-file", &token)
        };
        let left = program("oidc inspect -o json").run().await;
        let report = left.ended(code, &[]).json();
        let rules = report["rules"].as_array().unwrap().iter();
        let found: Vec<&Value> = rules
            .filter(|rule| rule["holds"] == false)
            .map(|rule| &rule["rule"])
            .collect();
        assert_eq!(found, broken);
        assert_eq!(report["claims"]["email"], "alice@example.org");
        let table = program("oidc inspect -vv").run().await;
        assert!(table.ended(code, &[]).stdout.contains("alice@example.org"));
        let signature = token.rsplit('.').next().unwrap();
        for left in [&left, &table] {
            assert!(!left.stdout.contains(signature) && !left.stderr.contains(signature));
        }
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let program = Program::new("oidc inspect").arg_file("--token-file", "hunter2");
    let left = program.run().await;
    assert!(!left.ended(4, &["this is no token"]).stderr.contains("hunter2"));
    Program::new("oidc inspect a.b.c")
        .run()
        .await
        .ended(2, &["unexpected argument"]);
}
