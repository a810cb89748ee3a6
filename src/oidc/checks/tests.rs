use super::*;
use crate::model::failure::Reason;
use serde_json::{Value, json};

const ISSUER: &str = "https://dex.home.local";

/// What Dex answers, shortened (recorded).
fn mk_discovery(issuer: &str) -> Value {
    let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/auth"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "userinfo_endpoint": at("/userinfo"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
    })
}

fn judge(value: &Value, issuer: &str, plain: Plain) -> Vec<Finding> {
    let document = Document::parse(value.to_string().as_bytes()).unwrap();
    discovery(&document, Expected { issuer, plain })
}

fn with(field: &str, value: Value) -> Value {
    let mut document = mk_discovery(ISSUER);
    document[field] = value;
    document
}

fn without(field: &str) -> Value {
    let mut document = mk_discovery(ISSUER);
    document.as_object_mut().unwrap().remove(field);
    document
}

#[test]
fn good_documents_have_no_findings() {
    for issuer in [
        ISSUER,
        "https://dex.home.local/",
        "https://sso.example.org:8443/dex",
        "http://dex.auth-system.svc.cluster.local:5556",
        "http://authentik.auth-system.svc:9000/application/o/platform-services/",
    ] {
        assert_eq!(
            judge(&mk_discovery(issuer), issuer, Plain::InCluster),
            [],
            "{issuer}"
        );
    }
    let local = "http://127.0.0.1:9000/application/o/platform-services/";
    assert_eq!(judge(&mk_discovery(local), local, Plain::AsIssuer), []);
    assert_eq!(
        judge(
            &with("token_endpoint", json!("https://DEX.home.local/t")),
            ISSUER,
            Plain::InCluster
        ),
        []
    );
    let many = with(
        "id_token_signing_alg_values_supported",
        json!(["none", "HS256", "ES256"]),
    );
    assert_eq!(judge(&many, ISSUER, Plain::InCluster), []);
}

#[test]
fn a_wrong_issuer_is_told_once_and_not_with_each_endpoint() {
    let plain = "http://dex.home.local";
    for (document, issuer) in [
        (mk_discovery(plain), plain),
        (mk_discovery("https://evil.example.org"), ISSUER),
    ] {
        let findings = judge(&document, issuer, Plain::InCluster);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].message.contains("issuer"), "{findings:?}");
    }
}

#[test]
fn each_mistake_is_one_finding_that_says_it() {
    let (wrong, invalid) = (Reason::Mismatch, Reason::InvalidAnswer);
    let cases = [
        (
            with("issuer", json!("https://dex.home.local/")),
            wrong,
            "slash at the end",
        ),
        (
            with("issuer", json!("https://Dex.home.local")),
            wrong,
            "case counts",
        ),
        (
            with("issuer", json!("https://dex.home.local ")),
            wrong,
            "expected",
        ),
        (with("issuer", json!("http://dex.home.local")), wrong, "expected"),
        (
            with("issuer", json!("https://evil.example.org")),
            wrong,
            "evil.example.org",
        ),
        (
            with("issuer", json!("https://dex.home.local:443")),
            wrong,
            "expected",
        ),
        (
            with("issuer", json!("https://dex.home.local?a=b")),
            wrong,
            "expected",
        ),
        (with("issuer", json!("")), wrong, "expected"),
        (with("issuer", json!("x".repeat(5000))), wrong, "…\""),
        (with("issuer", json!("\u{1b}[31mred")), wrong, "\\u{1b}"),
        (with("issuer", json!(null)), invalid, "\"issuer\" is not a string"),
        (
            with("issuer", json!(["https://dex.home.local"])),
            invalid,
            "\"issuer\" is not a string",
        ),
        (without("issuer"), invalid, "\"issuer\" is missing"),
        (
            with("authorization_endpoint", json!("http://dex.home.local/auth")),
            invalid,
            "not https",
        ),
        (
            with("token_endpoint", json!("http://dex.home.local/token")),
            invalid,
            "not https",
        ),
        (
            with("jwks_uri", json!("http://dex.home.local/keys")),
            invalid,
            "not https",
        ),
        (
            with("jwks_uri", json!("http://dex.auth-system.svc:5556/keys")),
            wrong,
            "issuer's host",
        ),
        (
            with("jwks_uri", json!("https://evil.example.org/keys")),
            wrong,
            "issuer's host",
        ),
        (
            with("jwks_uri", json!("https://dex.home.local.evil.org/keys")),
            wrong,
            "issuer's host",
        ),
        (
            with("jwks_uri", json!("https://dex.home.local@evil.org/keys")),
            invalid,
            "a user",
        ),
        (
            with("jwks_uri", json!("https://169.254.169.254/latest")),
            wrong,
            "issuer's host",
        ),
        (
            with("jwks_uri", json!("file:///etc/passwd")),
            invalid,
            "not an http",
        ),
        (with("jwks_uri", json!("/keys")), invalid, "not an http"),
        (with("jwks_uri", json!("")), invalid, "not an http"),
        (
            with("jwks_uri", json!(7)),
            invalid,
            "\"jwks_uri\" is not a string",
        ),
        (without("jwks_uri"), invalid, "\"jwks_uri\" is missing"),
        (
            without("authorization_endpoint"),
            invalid,
            "\"authorization_endpoint\" is missing",
        ),
        (
            without("token_endpoint"),
            invalid,
            "\"token_endpoint\" is missing",
        ),
        (
            with("token_endpoint", json!({})),
            invalid,
            "\"token_endpoint\" is not a string",
        ),
        (
            with("authorization_endpoint", json!("javascript:alert(1)")),
            invalid,
            "not an http",
        ),
        (
            with("authorization_endpoint", json!("https://dex.home.local/auth#x")),
            invalid,
            "a fragment",
        ),
        (
            with("userinfo_endpoint", json!("https://other.home.local/u")),
            wrong,
            "issuer's host",
        ),
        (
            with("revocation_endpoint", json!("http://dex.home.local/r")),
            invalid,
            "not https",
        ),
        (without("response_types_supported"), invalid, "is missing"),
        (
            with("response_types_supported", json!(["token", "id_token"])),
            invalid,
            "needed: code",
        ),
        (
            with("response_types_supported", json!("code")),
            invalid,
            "not a list of strings",
        ),
        (
            with("response_types_supported", json!([1])),
            invalid,
            "not a list of strings",
        ),
        (
            with("response_types_supported", json!([])),
            invalid,
            "needed: code",
        ),
        (
            without("id_token_signing_alg_values_supported"),
            invalid,
            "is missing",
        ),
        (
            with("id_token_signing_alg_values_supported", json!(["HS256"])),
            invalid,
            "needed: RS256",
        ),
        (
            with("id_token_signing_alg_values_supported", json!(["none"])),
            invalid,
            "needed: RS256",
        ),
        (
            with("id_token_signing_alg_values_supported", json!(["rs256"])),
            invalid,
            "needed: RS256",
        ),
        (
            with("id_token_signing_alg_values_supported", json!({"0": "RS256"})),
            invalid,
            "not a list",
        ),
    ];
    for (document, reason, text) in cases {
        let findings = judge(&document, ISSUER, Plain::InCluster);
        assert_eq!(findings.len(), 1, "{document}: {findings:?}");
        assert_eq!(findings[0].reason, reason, "{findings:?}");
        assert!(findings[0].message.contains(text), "{text}: {findings:?}");
        assert!(findings[0].message.len() < 500 && !findings[0].message.contains('\u{1b}'));
    }
}

#[test]
fn an_expected_issuer_must_itself_be_encrypted() {
    for (issuer, text) in [
        ("http://dex.home.local", "not https"),
        ("http://dex.svc.example.org", "not https"),
        ("https://dex.home.local/?a=b", "a query"),
    ] {
        let findings = judge(&mk_discovery(issuer), issuer, Plain::InCluster);
        assert!(
            findings.iter().any(|finding| finding.message.contains(text)),
            "{findings:?}"
        );
    }
}

#[test]
fn an_empty_document_lacks_everything_needed() {
    assert_eq!(judge(&json!({}), ISSUER, Plain::InCluster).len(), 6);
}

#[test]
fn inside_and_outside_must_say_the_same() {
    let parse = |value: Value| Document::parse(value.to_string().as_bytes()).unwrap();
    let outside = parse(mk_discovery(ISSUER));
    assert_eq!(differences(&outside, &outside), []);
    let inside = parse(with("token_endpoint", json!("https://dex.home.local/other")));
    let found = differences(&inside, &outside);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.contains("other") && found[0].message.contains("/token"),
        "{found:?}"
    );
    let found = differences(&parse(without("userinfo_endpoint")), &outside);
    assert!(
        found[0].message.contains("is nothing in the cluster"),
        "{found:?}"
    );
}
