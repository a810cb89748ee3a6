//! The certificate "authentik Self-signed Certificate" with its key. Both were generated once for this stand-in and protect
//! nothing: whoever reads this can sign what the stand-in signs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// The key id that the JWKS names.
pub(super) const KEY_ID: &str = "efbf8c77eab94d791981f8fe7be46ad2";

/// The RSA modulus, 2048 bits, base64url.
const MODULUS: &str = concat!(
    "wSQe7QJ3zimXB8q86syzdO6nRRu3exZj6GA3LXPpxDt_Ep0proEU16aMH9Z9QpB4hXZ2M24F_xyWrI-JZzQKmaOeHqdTv8lWb1UM",
    "dyn-ZolxlPVtPrdWsWBHNJ68GhTYVYC24cD_D5N4ZKtc8aQAHqFfC6hf742_NqOuthrx7O-X1hWxNuzWVNPzX7aaNgnC5Ht_k-rb",
    "AOpGMC3imwsH6Y36bV74DzhugTleynuFOm0kqiNUojJBmi-k02ngnhDGxNjATd1urTAMhgbS0tj9Lqw6KxO0AcTlyxzCG8MzYJX2",
    "nSXV9ae_1Z9kBQ7wmn0wp5EHAxKgQw27QBrj5AjL-w",
);

/// The private key, PKCS #8, base64 DER.
const KEY: &str = concat!(
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDBJB7tAnfOKZcHyrzqzLN07qdFG7d7FmPoYDctc+nEO38SnSmu",
    "gRTXpowf1n1CkHiFdnYzbgX/HJasj4lnNAqZo54ep1O/yVZvVQx3Kf5miXGU9W0+t1axYEc0nrwaFNhVgLbhwP8Pk3hkq1zxpAAe",
    "oV8LqF/vjb82o662GvHs75fWFbE27NZU0/Nftpo2CcLke3+T6tsA6kYwLeKbCwfpjfptXvgPOG6BOV7Ke4U6bSSqI1SiMkGaL6TT",
    "aeCeEMbE2MBN3W6tMAyGBtLS2P0urDorE7QBxOXLHMIbwzNglfadJdX1p7/Vn2QFDvCafTCnkQcDEqBDDbtAGuPkCMv7AgMBAAEC",
    "ggEACWIn3nvwNiPvIoHHC+FGFrhBiCoAkApWcEO8aojnIpGBavYXwFKlIJUG2cUh8Mn0EQfgVj9SK0LITznqAwmUOkKou/SFLRwr",
    "Bt2q7V8s7O5ghkwmMpXVsGhtDTFpEhtRJ1ZJjE5EFg2kG7/3lAXTu6k7ZOWZQ5ovYAgzxMUqW8hyiF5WkrCMBqFnylY4gzsw6ltj",
    "07rGLNJjD1FTjTTCiIqfuKcyGngy5SBdfeHg2VBFUqEmx19aj67NmHx0015mGKHM6ExGhhjCMvb0pwgQsPuIMi1A/IZcJszxYCed",
    "z3DMjAdXHhlL2V3e1WX6mgDxgtziO2oDzoez/gnkiX4agQKBgQDncbCAuAbLovmLfEU+nv5ZBK8THJq2LA6mYDOLac8/3RmHubao",
    "Dv72iGrRkoOMu10tw7q9tRL0WiZwgKiJ39aGDEe0fVL8zM1B38sKNEmnZKgno4iwNoiQXhJ3evPKoFS+Ve774BCZGI9BbHvE2Sni",
    "3ohlXyElnVuVtOZUmsBwTwKBgQDVohLxYLz6rjNL7eToVmzZWQUsNxqako+7+hPWqsa8sA9xJuFWTJUEaHbdHkpnhB45j7JyOIdY",
    "584/UKkc3iEMssk0KyOf/1FmpsitxCFeERLFhxrXRNsnV7ngFnBgdwo50dYd0/L5f9G6IdYQvdMFcGYhndAYMP3X5Wz0pGgylQKB",
    "gQCFbkb6vp20Uv4ZS4jERHeQrKGenBQZyKadhsLQsiy4vehVFl1W4GZfjWA/+H786JwcoUYMztLhqwOUQqhn7HNKDtRcGxB4DD6d",
    "pr7w4BpCdkZ3q9FG/fmXeZSd63WXsP2KShKghZosGTul1Tw5zZVXZUIvZzu96s19LrDHv/wIAwKBgQDCGPdNB6+rswo4OnR4A83x",
    "y8e/XHF3byHYkGXl7FOUrAHbtI+XcQ0TbDZSwGqpkohDlCN1U5blV/cz331HFSrB9s6H74n2nGrA8VfzSPdoF+sOPKpOW+kh3bqr",
    "trdzbbSEw/neL+vadB+BFa0AmPdZQb4JXPDsidaYiYJs49Mn4QKBgHZ4NJ2n8pVQGQKTaCy6oN44eYNCNRVRZWM8VRN/sRArMhym",
    "yAHhg6SGs9lJMd7ltu2J+tWv6WRRYxP1ZYmQ108BF0VguaWWkJnZI5eA+lfUEeGCMqz1IBZPcH3ilBpVapVQK5AExGoCES9TEOvD",
    "KU0vQufnEGtedCgNv8vDQrKZ",
);

/// The self-signed certificate, base64 DER.
const CERTIFICATE: &str = concat!(
    "MIIDYTCCAkmgAwIBAgIUENau4LzEcQWvbybIbSX7QMOYxyUwDQYJKoZIhvcNAQELBQAwQDESMBAGA1UECgwJYXV0aGVudGlrMSow",
    "KAYDVQQDDCFhdXRoZW50aWsgU2VsZi1zaWduZWQgQ2VydGlmaWNhdGUwHhcNMjYxMTI2MDgwMTM5WhcNMzYxMTIzMDgwMTM5WjBA",
    "MRIwEAYDVQQKDAlhdXRoZW50aWsxKjAoBgNVBAMMIWF1dGhlbnRpayBTZWxmLXNpZ25lZCBDZXJ0aWZpY2F0ZTCCASIwDQYJKoZI",
    "hvcNAQEBBQADggEPADCCAQoCggEBAMEkHu0Cd84plwfKvOrMs3Tup0Ubt3sWY+hgNy1z6cQ7fxKdKa6BFNemjB/WfUKQeIV2djNu",
    "Bf8clqyPiWc0Cpmjnh6nU7/JVm9VDHcp/maJcZT1bT63VrFgRzSevBoU2FWAtuHA/w+TeGSrXPGkAB6hXwuoX++NvzajrrYa8ezv",
    "l9YVsTbs1lTT81+2mjYJwuR7f5Pq2wDqRjAt4psLB+mN+m1e+A84boE5Xsp7hTptJKojVKIyQZovpNNp4J4QxsTYwE3dbq0wDIYG",
    "0tLY/S6sOisTtAHE5cscwhvDM2CV9p0l1fWnv9WfZAUO8Jp9MKeRBwMSoEMNu0Aa4+QIy/sCAwEAAaNTMFEwHQYDVR0OBBYEFIro",
    "BxrzGbgGNhm/TuY/ER0I6cs5MB8GA1UdIwQYMBaAFIroBxrzGbgGNhm/TuY/ER0I6cs5MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZI",
    "hvcNAQELBQADggEBAK+B0kykeGdShvNp8tQLhYPaz8OcEGv1u1ihT1P/AZ5iTaMz+Tt4JwEtMa+/b0/lKND+6T3pFFkifeVl0Tr4",
    "/mDumuA9NOyR+38HzEb90OAL+fyTYfi861G8io9zo2XJS9wHlWy3iMOCHPs+c0qttFob0h3hZNVnTYdHLKnGcXntiQxCuruQTA/G",
    "ysWTJSJtsgS+Kt/fBr4X9+NydgI7Es7tp9NSjD78G74MDCSB6s+jrovA+SUaO/MAsO0MPfAS3SgUwDGIbQrEEbyA2nGwlMn/Sop3",
    "5Dqmb6XPDn0jE0OPOTV1+bjUSdQ/Ox7/3XOX1UxPo86Z2MvDG9SDAR1OoSw=",
);

/// The key as the JWKS shows it.
pub(super) fn jwk() -> Value {
    json!({
        "alg": "RS256",
        "kid": KEY_ID,
        "kty": "RSA",
        "use": "sig",
        "n": MODULUS,
        "e": "AQAB",
        "x5c": [CERTIFICATE],
        "x5t": "qzynWPJODSSw1LmqDQfI7biPiWU",
        "x5t#S256": "_iPeE0JKOxXmWXKM_B5QbqDGkRmpvkWvfoDPCgSQuxc",
    })
}

/// The signature of a text (RS256), base64url; `None` only if the key above is broken.
pub(super) fn sign(text: &str) -> Option<String> {
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(KEY).ok()?).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .ok()?;
    Some(URL_SAFE_NO_PAD.encode(signature))
}
