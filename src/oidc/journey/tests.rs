use super::*;
use crate::http::testing::{Say, Server, http};

const REDIRECT: &str = "http://localhost:8000/callback";

fn mk_once() -> Once {
    Once {
        state: "s1".into(),
        nonce: "n1".into(),
        verifier: "v1".into(),
    }
}

/// What a server says to a request.
type Script = fn(&str) -> Say;

/// Goes the way; the servers' addresses stand for PROVIDER and UPSTREAM in what they say.
async fn go(script: Script) -> (Result<SecretString, Failure>, Vec<String>) {
    let server = Server::answering(script).await;
    let provider = server.url("");
    let secret = SecretString::from("hunter2");
    let way = Way {
        issuer: "https://dex.example",
        provider: &provider,
        callback: "https://dex.example/callback",
        upstream: &provider,
    };
    let client = Client {
        id: "kubernetes",
        secret: &secret,
        redirect_uri: REDIRECT,
    };
    let found = id_token(&http(), way, client, &mk_once()).await;
    (found, server.seen())
}

fn to(location: &'static str) -> Say {
    Say::Raw(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ))
}

#[tokio::test]
async fn public_names_are_reached_at_the_addresses_that_are_known_here() {
    let (found, seen) = go(
        |request| match request.split(['?', ' ']).nth(1).unwrap_or_default() {
            "/auth" => to("/auth/authentik?x=1"),
            "/auth/authentik" => to("https://auth.example/application/o/authorize/?y=2"),
            "/application/o/authorize/" => to("https://dex.example/callback?code=c0&state=inner"),
            "/callback" => to("http://localhost:8000/callback?code=c1&state=s1"),
            "/token" => Say::json(r#"{"id_token": "a.b.c", "access_token": "x"}"#),
            _ => Say::status("404 Not Found"),
        },
    )
    .await;
    assert_eq!(found.unwrap().expose_secret(), "a.b.c");
    assert_eq!(seen.len(), 5, "{seen:?}");
    // The challenge is that of RFC 7636 §4.2 for "v1".
    assert!(
        seen[0].contains("code_challenge=O_wmlZTvZJIo6adLqwDwQu_JHVrMb77jGjgugNQjiP4&"),
        "{}",
        seen[0]
    );
    assert!(
        seen[4].contains("code=c1") && seen[4].contains("code_verifier=v1"),
        "{}",
        seen[4]
    );
}

#[tokio::test]
async fn what_is_in_the_way_is_told_without_any_secret() {
    let cases: [(Script, &str); 6] = [
        (
            |_| Say::Answer("200 OK\r\ncontent-type: text/html", "<form>".to_owned()),
            "shows a page",
        ),
        (|_| Say::status("500 Internal Server Error"), "answered 500"),
        (|_| to("/auth/again"), "without an end"),
        (
            |_| to("http://localhost:8000/callback?error=access_denied&error_description=no"),
            "access_denied",
        ),
        (
            |_| to("http://localhost:8000/callback?code=c1&state=another"),
            "another login",
        ),
        (
            |_| to("http://localhost:8000/callback?state=s1"),
            "without a code",
        ),
    ];
    for (script, expected) in cases {
        let failure = go(script).await.0.unwrap_err();
        let text = failure.chain();
        assert!(text.contains(expected), "{text}");
        assert!(
            !["hunter2", "c1", "v1"].iter().any(|secret| text.contains(secret)),
            "{text}"
        );
    }
    let (refused, _) = go(|request| match request.starts_with("POST") {
        true => Say::status("401 Unauthorized"),
        false => to("http://localhost:8000/callback?code=c1&state=s1"),
    })
    .await;
    assert!(refused.unwrap_err().chain().contains("gives no token"));
}
