use super::*;
use serde_json::json;

/// A key as Dex writes it, with a modulus of so many bits.
fn mk_rsa(id: &str, bits: usize) -> Value {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    if !bits.is_multiple_of(8) {
        modulus[0] = 0xff >> (8 - bits % 8);
    }
    let n = BASE64_URL_SAFE_NO_PAD.encode(modulus);
    json!({"use": "sig", "kty": "RSA", "kid": id, "alg": "RS256", "n": n, "e": "AQAB"})
}

fn mk_ec(curve: &str, length: usize) -> Value {
    let part = BASE64_URL_SAFE_NO_PAD.encode(vec![1; length]);
    json!({"kty": "EC", "crv": curve, "kid": curve, "x": part, "y": part})
}

fn mk_okp(curve: &str, length: usize) -> Value {
    json!({"kty": "OKP", "crv": curve, "kid": curve, "x": BASE64_URL_SAFE_NO_PAD.encode(vec![1; length])})
}

fn with(field: &str, value: Value) -> Value {
    let mut key = mk_rsa("a", 2048);
    key[field] = value;
    key
}

fn judge(document: Value) -> (KeySet, Vec<Finding>) {
    keys(&Document::parse(document.to_string().as_bytes()).unwrap())
}

#[test]
fn usable_keys_are_counted_and_others_ignored() {
    let cases = [
        (json!([mk_rsa("a", 2048)]), 1),
        (json!([mk_rsa("a", 2048), mk_rsa("b", 4096)]), 2),
        (
            json!([
                mk_ec("P-256", 32),
                mk_ec("P-384", 48),
                mk_ec("P-521", 66),
                mk_okp("Ed25519", 32)
            ]),
            4,
        ),
        (json!([mk_rsa("a", 2048), mk_ec("secp256k1", 32)]), 1),
        (json!([mk_rsa("a", 2048), mk_okp("X25519", 32)]), 1),
        (
            json!([mk_rsa("a", 2048), {"kty": "AKP", "kid": "pq", "pub": "AA"}]),
            1,
        ),
        (
            json!([mk_rsa("a", 2048), {"kty": "RSA", "use": "enc", "kid": "enc", "alg": "RSA-OAEP"}]),
            1,
        ),
        (json!([with("key_ops", json!(["verify"]))]), 1),
        (json!([with("x5c", json!(["MII"]))]), 1),
        (
            json!([{"kty": "RSA", "n": mk_rsa("a", 2048)["n"], "e": "AQAB"}]),
            1,
        ),
    ];
    for (list, usable) in cases {
        let (set, findings) = judge(json!({ "keys": list }));
        assert_eq!(findings, [], "{list}");
        assert_eq!(set.len(), usable, "{list}");
    }
}

#[test]
fn each_mistake_is_found() {
    let odd = |key: Value| json!({"keys": [key]});
    let cases = [
        (json!({}), "no signing key"),
        (json!({"keys": []}), "no key that can verify"),
        (json!({"keys": null}), "not a list"),
        (json!({"keys": {"a": 1}}), "not a list"),
        (odd(json!("text")), "not an object"),
        (odd(json!({})), "\"kty\" is missing"),
        (odd(with("kty", json!(1))), "\"kty\" is not a string"),
        (
            odd(json!({"kty": "oct", "k": "AAAA", "alg": "HS256"})),
            "symmetric",
        ),
        (odd(with("d", json!("AAAA"))), "private parts"),
        (odd(with("p", json!("AAAA"))), "private parts"),
        (odd(with("k", json!("AAAA"))), "private parts"),
        (odd(mk_rsa("a", 1024)), "has 1024 bits"),
        (odd(mk_rsa("a", 2047)), "has 2047 bits"),
        (odd(mk_rsa("a", 16392)), "has 16392 bits"),
        (odd(with("n", json!(""))), "has 0 bits"),
        (odd(with("n", json!("AAAA"))), "has 0 bits"),
        (odd(with("n", json!("not base64!"))), "base64url"),
        (odd(with("n", json!("////"))), "base64url"),
        (odd(with("n", json!(65537))), "\"n\" is not a string"),
        (odd(with("e", json!("AQ"))), "exponent that signs nothing"),
        (odd(with("e", json!(""))), "exponent that signs nothing"),
        (odd(with("e", json!("AAAA"))), "exponent that signs nothing"),
        (odd(with("e", json!("Ag"))), "even exponent"),
        (odd(with("alg", json!("HS256"))), "no public-key signature"),
        (odd(with("alg", json!("none"))), "no public-key signature"),
        (odd(with("alg", json!("ES256"))), "another kind of key"),
        (odd(with("alg", json!(["RS256"]))), "\"alg\" is not a string"),
        (odd(with("use", json!(true))), "\"use\" is not a string"),
        (odd(with("use", json!("enc"))), "no key that can verify"),
        (odd(with("key_ops", json!(["sign"]))), "no key that can verify"),
        (odd(with("key_ops", json!("verify"))), "not a list of strings"),
        (odd(with("kid", json!(1))), "\"kid\" is not a string"),
        (odd(mk_ec("P-256", 31)), "wrong length for the curve"),
        (odd(mk_ec("P-384", 32)), "wrong length for the curve"),
        (
            odd(json!({"kty": "EC", "crv": "P-256", "x": "AAAA"})),
            "\"y\" is missing",
        ),
        (
            odd(json!({"kty": "EC", "x": "AAAA", "y": "AAAA"})),
            "\"crv\" is missing",
        ),
        (odd(mk_okp("Ed25519", 57)), "wrong length for the curve"),
        (odd(mk_okp("X25519", 32)), "no key that can verify"),
        (
            json!({"keys": [mk_rsa("a", 2048), mk_rsa("a", 4096)]}),
            "\"kid\" of another key",
        ),
        (
            json!({"keys": [mk_rsa("a", 2048), mk_rsa("a", 2048)]}),
            "\"kid\" of another key",
        ),
        (
            json!({"keys": [mk_rsa("a", 2048), {"kty": "RSA", "n": mk_rsa("b", 4096)["n"], "e": "AQAB"}]}),
            "no \"kid\"",
        ),
    ];
    for (document, text) in cases {
        let (_, findings) = judge(document.clone());
        assert_eq!(findings.len(), 1, "{document}: {findings:?}");
        assert!(findings[0].message.contains(text), "{text}: {findings:?}");
    }
}

#[test]
fn one_bad_key_does_not_hide_the_others() {
    let (set, findings) = judge(json!({"keys": [mk_rsa("a", 1024), mk_rsa("b", 2048), {"kty": "oct"}]}));
    assert_eq!((set.len(), findings.len()), (1, 2));
    assert!(findings[0].message.starts_with("key 1 ") && findings[1].message.starts_with("key 3 "));
}

#[test]
fn sets_are_equal_by_their_public_parts() {
    let set = |list: Value| judge(json!({ "keys": list })).0;
    let (a, b) = (mk_rsa("a", 2048), mk_rsa("b", 4096));
    assert_eq!(set(json!([a, b])), set(json!([b, a])));
    assert_ne!(set(json!([a])), set(json!([a, b])));
    assert_ne!(set(json!([a])), set(json!([mk_rsa("other", 2048)])));
    assert_ne!(set(json!([a])), set(json!([mk_rsa("a", 4096)])));
}

#[test]
fn keys_serve_the_algorithms_of_their_kind() {
    let set = |key: Value| judge(json!({ "keys": [key] })).0;
    assert!(set(mk_rsa("a", 2048)).serves(&["ES256", "PS512"]));
    assert!(
        set(mk_ec("P-384", 48)).serves(&["ES384"]) && !set(mk_ec("P-384", 48)).serves(&["ES256", "RS256"])
    );
    assert!(set(mk_okp("Ed25519", 32)).serves(&["EdDSA"]));
}
