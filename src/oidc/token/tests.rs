use super::*;
use crate::oidc::keys;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::json;

const NOW: i64 = 1_795_000_000;

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A signing key with its entry in a key set.
fn mk_key(is_ed: bool) -> (KeyPair, KeySet) {
    let kind = if is_ed {
        &PKCS_ED25519
    } else {
        &PKCS_ECDSA_P256_SHA256
    };
    let key = KeyPair::generate_for(kind).unwrap();
    let raw = key.der_bytes().to_vec();
    let entry = match is_ed {
        true => json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": encoded(&raw)}),
        false => {
            json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": encoded(&raw[1..33]), "y": encoded(&raw[33..])})
        }
    };
    let document = Document::parse(json!({"keys": [entry]}).to_string().as_bytes()).unwrap();
    let (set, findings) = keys::keys(&document);
    assert!(findings.is_empty(), "{findings:?}");
    (key, set)
}

/// JOSE's form of a signature, from DER's.
fn unpacked(der: &[u8]) -> Vec<u8> {
    let integer = |at: usize| {
        let length = usize::from(der[at + 1]);
        let value = &der[at + 2..at + 2 + length];
        let value = &value[value.len().saturating_sub(32)..];
        let padded = [vec![0; 32 - value.len()], value.to_vec()].concat();
        (padded, at + 2 + length)
    };
    let (r, next) = integer(2);
    [r, integer(next).0].concat()
}

fn mk_claims() -> Value {
    json!({
        "iss": "https://dex.home.local", "sub": "1", "aud": "argocd", "exp": NOW + 3600, "iat": NOW - 60,
        "email": "alice@example.org", "email_verified": true, "groups": ["platform-admins"],
    })
}

fn mk_token(key: &KeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!(
        "{}.{}",
        encoded(header.to_string().as_bytes()),
        encoded(claims.to_string().as_bytes())
    );
    let signature = key.sign(signed.as_bytes()).unwrap();
    let signature = if header["alg"] == "ES256" {
        unpacked(&signature)
    } else {
        signature
    };
    format!("{signed}.{}", encoded(&signature))
}

/// The rules that do not hold.
fn broken(token: &str, set: &KeySet) -> Vec<&'static str> {
    let wanted = Wanted {
        issuer: "https://dex.home.local",
        audiences: &["argocd".to_owned(), "kubernetes".to_owned()],
        keys: Ok(set),
        now: Timestamp::from_second(NOW).unwrap(),
    };
    let rules = Token::parse(token).unwrap().judge(wanted);
    rules
        .iter()
        .filter(|rule| !rule.holds)
        .map(|rule| rule.rule)
        .collect()
}

#[test]
fn a_good_token_breaks_no_rule() {
    for (is_ed, algorithm) in [(true, "EdDSA"), (false, "ES256")] {
        let (key, set) = mk_key(is_ed);
        for header in [
            json!({"alg": algorithm, "kid": "a", "typ": "JWT"}),
            json!({"alg": algorithm}),
        ] {
            let token = mk_token(&key, &header, &mk_claims());
            assert_eq!(broken(&token, &set), [] as [&str; 0], "{algorithm}");
            assert_eq!(broken(&format!("Bearer {token}\n"), &set), [] as [&str; 0]);
        }
    }
}

#[test]
fn every_rule_finds_what_breaks_it() {
    let (key, set) = mk_key(true);
    let good = json!({"alg": "EdDSA", "kid": "a"});
    let with = |patch: Value| {
        let mut claims = mk_claims();
        json_patch::merge(&mut claims, &patch);
        broken(&mk_token(&key, &good, &claims), &set)
    };
    let cases = [
        (json!({"iss": "https://dex.home.local/"}), "issuer"),
        (json!({"iss": null}), "issuer"),
        (json!({"aud": "other"}), "audience"),
        (json!({"aud": ["other"]}), "audience"),
        (json!({"aud": ["argocd", "other"]}), "authorized party"),
        (json!({"azp": "other"}), "authorized party"),
        (json!({"exp": NOW - 61}), "expiry"),
        (json!({"exp": null}), "expiry"),
        (json!({"exp": "soon"}), "expiry"),
        (json!({"exp": NOW - 61, "iat": NOW - 30}), "expiry"),
        (json!({"nbf": NOW + 61}), "not before"),
        (json!({"iat": NOW + 61}), "issued at"),
        (json!({"iat": null}), "issued at"),
        (json!({"sub": ""}), "subject"),
        (json!({"email": "alice"}), "e-mail"),
        (json!({"email": null}), "e-mail"),
        (json!({"groups": "platform-admins"}), "groups"),
        (json!({"groups": null}), "groups"),
        (json!({"groups": ["system:masters"]}), "groups"),
    ];
    for (patch, rule) in cases {
        assert_eq!(with(patch.clone()), [rule], "{patch}");
    }
    for fine in [
        json!({"exp": NOW - 59}),
        json!({"aud": ["argocd", "x"], "azp": "argocd"}),
        json!({"groups": []}),
    ] {
        assert_eq!(with(fine.clone()), [] as [&str; 0], "{fine}");
    }
}

#[test]
fn a_header_cannot_choose_how_it_is_verified() {
    let (key, set) = mk_key(true);
    let found = |header: Value| broken(&mk_token(&key, &header, &mk_claims()), &set);
    for name in ["none", "None", "HS256", "RS1", ""] {
        assert_eq!(
            found(json!({"alg": name, "kid": "a"})),
            ["algorithm", "signature"],
            "{name}"
        );
    }
    // Another algorithm than the key's, another key, and no key of its own.
    assert_eq!(found(json!({"alg": "RS256", "kid": "a"})), ["signature"]);
    assert_eq!(found(json!({"alg": "EdDSA", "kid": "../../b"})), ["signature"]);
    assert_eq!(found(json!({"alg": "EdDSA", "kid": 7})), ["signature"]);
    assert_eq!(
        found(json!({"alg": "EdDSA", "kid": "a", "jku": "https://evil.example"})),
        ["own key"]
    );
    assert_eq!(
        found(json!({"alg": "EdDSA", "kid": "a", "crit": ["exp"]})),
        ["critical extensions"]
    );
    assert_eq!(
        found(json!({"alg": "EdDSA", "kid": "a", "typ": "at+jwt"})),
        ["type"]
    );
}

#[test]
fn a_changed_token_is_not_signed() {
    let (key, set) = mk_key(false);
    let token = mk_token(&key, &json!({"alg": "ES256", "kid": "a"}), &mk_claims());
    let mut claims = mk_claims();
    claims["sub"] = "2".into();
    let parts: Vec<&str> = token.split('.').collect();
    let forged = format!(
        "{}.{}.{}",
        parts[0],
        encoded(claims.to_string().as_bytes()),
        parts[2]
    );
    assert_eq!(broken(&forged, &set), ["signature"]);
    assert_eq!(
        broken(&format!("{}.{}.", parts[0], parts[1]), &set),
        ["signature"]
    );
    let (other, _) = mk_key(false);
    let foreign = mk_token(&other, &json!({"alg": "ES256", "kid": "a"}), &mk_claims());
    assert_eq!(broken(&foreign, &set), ["signature"]);
}

#[test]
fn what_is_no_token_is_refused_and_not_quoted() {
    let long = "a".repeat(LONGEST + 1);
    let twice = format!("{}.e30.e30", encoded(br#"{"alg": "RS256", "alg": "none"}"#));
    for text in [
        "",
        "hunter2",
        "a.b",
        "a.b.c.d.e",
        "!.e30.e30",
        "e30=.e30.e30",
        "W10.e30.e30",
        &twice,
        &long,
    ] {
        let finding = Token::parse(text).unwrap_err();
        assert!(
            !finding.message.contains("hunter2"),
            "{text}: {}",
            finding.message
        );
    }
}
