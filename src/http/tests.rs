use super::{
    Http, Request,
    testing::{Say, Server, http},
};
use crate::{
    converge::{Stop, stop::Cause},
    model::{
        config::Config,
        exit::Exit,
        failure::{Failure, Reason},
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(200);

fn kind(failure: &Failure) -> (Exit, Reason) {
    (failure.exit, failure.reason)
}

#[tokio::test]
async fn the_last_answer_is_returned_whatever_its_status() {
    let server = Server::saying([Say::status("404 Not Found\r\nx-kind: missing")]).await;
    let answer = http().send(Request::get(server.url("/a?b=c"))).await.unwrap();
    assert_eq!((answer.status, answer.header("X-Kind")), (404, Some("missing")));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_is_sent_again_depends_on_the_harm_it_could_do() {
    type Make = fn(String) -> Request;
    let cases: [(&str, Make, usize); 8] = [
        ("GET", |url| Request::get(url), 2),
        ("PUT", |url| Request::put(url), 2),
        ("DELETE", |url| Request::delete(url), 2),
        ("POST", |url| Request::post(url), 1),
        ("PATCH", |url| Request::patch(url), 1),
        (
            "POST that may be repeated",
            |url| Request::post(url).idempotent(),
            2,
        ),
        (
            "PATCH that may be repeated",
            |url| Request::patch(url).idempotent(),
            2,
        ),
        ("GET of a caller that polls", |url| Request::get(url).once(), 1),
    ];
    let troubles = [
        Say::status("429 Too Many Requests\r\nretry-after: 0"),
        Say::status("502 Bad Gateway"),
        Say::status("503 Service Unavailable"),
        Say::status("504 Gateway Timeout"),
        Say::Hangup,
    ];
    for trouble in troubles {
        for (name, make, requests) in &cases {
            let server = Server::saying([trouble.clone(), Say::json("{}")]).await;
            let result = http().send(make(server.url("/"))).await;
            assert_eq!(server.seen().len(), *requests, "{name}");
            assert_eq!(
                result.is_ok_and(|answer| answer.status == 200),
                *requests == 2,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn other_statuses_are_answers() {
    for head in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "409 Conflict",
        "500 Oh",
    ] {
        let server = Server::saying([Say::status(head)]).await;
        assert!(http().send(Request::get(server.url("/"))).await.is_ok());
        assert_eq!(server.seen().len(), 1, "{head}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_transient() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let failure = http()
        .send(Request::post(format!("http://{free}/")).once())
        .await
        .unwrap_err();
    assert_eq!(kind(&failure), (Exit::Transient, Reason::Unavailable));
    assert!(failure.to_string().contains("cannot connect"), "{failure}");
}

#[tokio::test]
async fn answers_have_limits() {
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n";
    let cases = [
        (Say::json("x".repeat(65)), Some(Reason::InvalidAnswer)),
        (
            Say::Raw(format!(
                "{endless}{}\r\n40\r\n{}\r\n",
                "x".repeat(64),
                "x".repeat(64)
            )),
            Some(Reason::InvalidAnswer),
        ),
        (
            Say::Raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_owned()),
            Some(Reason::InvalidAnswer),
        ),
        (Say::Silence, Some(Reason::Unavailable)),
        (
            Say::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_owned()),
            Some(Reason::Unavailable),
        ),
        (Say::json("x".repeat(64)), None),
    ];
    for (say, reason) in cases {
        let server = Server::saying([say]).await;
        let result = http()
            .send(Request::get(server.url("/")).limits(SHORT, 64).once())
            .await;
        assert_eq!(result.err().map(|failure| failure.reason), reason);
    }
}

#[tokio::test]
async fn redirects_are_followed_only_when_asked_for() {
    let server = Server::saying([Say::status("302 Found\r\nlocation: /b"), Say::json("{}")]).await;
    let answer = http().send(Request::get(server.url("/a"))).await.unwrap();
    assert_eq!(answer.status, 302);
    let server = Server::saying([Say::status("302 Found\r\nlocation: b"), Say::json("{}")]).await;
    let answer = http()
        .send(Request::get(server.url("/x/a")).following())
        .await
        .unwrap();
    assert_eq!(answer.url(), server.url("/x/b"));
}

#[tokio::test]
async fn redirects_to_elsewhere_and_loops_are_refused() {
    let targets = [
        "http://example.org/",
        "https://localhost/",
        "//127.0.0.2/",
        "ftp://127.0.0.1/",
        "http://u:p@127.0.0.1/",
        "http://[/",
        "/again",
    ];
    for target in targets {
        let head: &'static str = format!("302 Found\r\nlocation: {target}").leak();
        let server = Server::saying([Say::status(head)]).await;
        let failure = http()
            .send(Request::get(server.url("/")).following())
            .await
            .unwrap_err();
        assert_eq!(failure.reason, Reason::InvalidAnswer, "{target}");
        assert!(!failure.to_string().contains("u:p@"), "{failure}");
        assert_eq!(
            server.seen().len(),
            if target == "/again" { 4 } else { 1 },
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_post_becomes_a_get_after_302_and_stays_one_after_307() {
    for (head, method) in [
        ("302 Found", "GET"),
        ("303 See Other", "GET"),
        ("307 Temporary Redirect", "POST"),
    ] {
        let head: &'static str = format!("{head}\r\nlocation: /next").leak();
        let server = Server::saying([Say::status(head), Say::json("{}")]).await;
        let request = Request::post(server.url("/")).form(&[("a", "b c&d")]).following();
        http().send(request).await.unwrap();
        let second = &server.seen()[1];
        assert!(second.starts_with(&format!("{method} /next ")), "{second}");
        assert_eq!(second.ends_with("a=b+c%26d"), method == "POST", "{second}");
    }
}

#[tokio::test]
async fn a_credential_stays_with_its_origin() {
    let other = Server::saying([Say::json("{}")]).await;
    let head: &'static str = format!("302 Found\r\nlocation: {}", other.url("/")).leak();
    let server = Server::saying([Say::status(head)]).await;
    let token = SecretString::from("t0k3n");
    http()
        .send(Request::get(server.url("/")).bearer(&token).following())
        .await
        .unwrap();
    assert!(server.seen()[0].contains("authorization: Bearer t0k3n"));
    assert!(!other.seen()[0].contains("t0k3n"));
}

#[tokio::test]
async fn a_forward_keeps_the_name_of_the_host() {
    let server = Server::saying([Say::json("{}")]).await;
    let http = http();
    http.forward("dex.auth-system.svc.cluster.local", 5556, server.address);
    let url = "http://dex.auth-system.svc.cluster.local:5556/keys";
    let answer = http.send(Request::get(url)).await.unwrap();
    assert_eq!(answer.url(), url);
    let seen = server.seen().remove(0);
    assert!(
        seen.contains("host: dex.auth-system.svc.cluster.local:5556\r\n"),
        "{seen}"
    );
    assert!(http.is_routed("dex.auth-system.svc.cluster.local", 5556));
    assert!(!http.is_routed("dex.auth-system.svc.cluster.local", 80));
}

#[tokio::test]
async fn a_configured_address_replaces_dns_also_with_a_port_in_the_url() {
    let server = Server::saying([Say::json("{}")]).await;
    let mut config = Config::default();
    config
        .http
        .resolve
        .insert("sso.example.org".to_owned(), server.address);
    let http = Http::new(&config, &Stop::default()).unwrap();
    for (url, host) in [
        ("http://sso.example.org/a", "host: sso.example.org\r\n"),
        ("http://SSO.example.org:8080/a", "host: sso.example.org:8080\r\n"),
    ] {
        http.send(Request::get(url)).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert!(seen.contains(host), "{seen}");
    }
}

#[tokio::test]
async fn internal_addresses_are_refused_before_anything_is_sent() {
    let server = Server::saying([Say::json("{}")]).await;
    let http = Http::new(&Config::default(), &Stop::default()).unwrap();
    let port = server.address.port();
    // `localhost` is resolved, the others are literal.
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
    ] {
        let failure = http
            .send(Request::get(format!("http://{host}:{port}/")))
            .await
            .unwrap_err();
        assert_eq!(kind(&failure), (Exit::Usage, Reason::InvalidConfig), "{failure}");
        assert!(failure.hint.unwrap().contains("http.resolve"));
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn only_http_without_credentials_in_the_url() {
    for url in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://u:p4ss@127.0.0.1/",
        "no url",
        "http://",
    ] {
        let failure = http().send(Request::get(url)).await.unwrap_err();
        assert_eq!(kind(&failure), (Exit::Usage, Reason::InvalidConfig), "{url}");
        assert!(!failure.to_string().contains("p4ss"), "{failure}");
    }
}

#[tokio::test]
async fn sessions_keep_cookies_of_their_own() {
    let server = Server::saying([Say::Answer(
        "200 OK\r\nset-cookie: id=one; Path=/; HttpOnly",
        String::new(),
    )])
    .await;
    let http = http();
    let (first, second) = (http.session().unwrap(), http.session().unwrap());
    for client in [&first, &first, &second, &http] {
        client.send(Request::get(server.url("/"))).await.unwrap();
    }
    let with_cookie: Vec<bool> = server
        .seen()
        .iter()
        .map(|request| request.contains("cookie: id=one"))
        .collect();
    assert_eq!(with_cookie, [false, true, false, false]);
    let value = first.cookie(&server.url("/"), "id").unwrap();
    assert_eq!(value.expose_secret(), "one");
    assert!(first.cookie(&server.url("/"), "i").is_none() && http.cookie(&server.url("/"), "id").is_none());
}

#[tokio::test]
async fn nothing_is_written_once_the_run_stops() {
    let server = Server::saying([Say::json("{}")]).await;
    let mut config = Config::default();
    config.authentik.url = Some(server.url(""));
    let stop = Stop::default();
    let http = Http::new(&config, &stop).unwrap();
    http.send(Request::post(server.url("/"))).await.unwrap();
    stop.request(Cause::Terminate);
    for request in [
        Request::post(server.url("/")),
        Request::patch(server.url("/")),
        Request::put(server.url("/")),
    ] {
        assert_eq!(http.send(request).await.unwrap_err().reason, Reason::Interrupted);
    }
    http.send(Request::get(server.url("/"))).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    let counted: Vec<(&str, u64)> = http.requests().by_verb().into_iter().collect();
    assert_eq!(counted, [("http-get", 1), ("http-post", 1)]);
}

#[tokio::test]
async fn no_text_holds_a_secret() {
    let server = Server::saying([Say::json(r#"{"client_secret": "s3cret"}"#)]).await;
    let request = Request::post(server.url("/p"))
        .query(&[("code", "s3cret")])
        .header("x-authentik-csrf", "s3cret")
        .bearer(&SecretString::from("s3cret"))
        .json(&serde_json::json!({"client_secret": "s3cret"}));
    let shown = format!("{request:?}");
    let answer = http().send(request).await.unwrap();
    #[derive(Debug, serde::Deserialize)]
    struct Number {
        #[expect(dead_code, reason = "only decoded")]
        client_secret: u8,
    }
    let failure = answer.json::<Number>().unwrap_err();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let lost = Request::get(format!("http://{free}/p?code=s3cret")).once();
    let lost = http().send(lost).await.unwrap_err();
    for text in [
        shown,
        format!("{answer:?}"),
        format!("{failure} {failure:?}"),
        format!("{lost} {lost:?}"),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("/p"), "{text}");
    }
    assert_eq!(server.seen()[0].matches("s3cret").count(), 4);
}

#[tokio::test]
async fn certificates_are_verified_against_the_bundle() {
    let (server, authority) = Server::tls("sso.example.org", |_| Say::json("{}")).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority).unwrap();
    let mut config = Config::default();
    for host in ["sso.example.org", "other.example.org"] {
        config.http.resolve.insert(host.to_owned(), server.address);
    }
    let send = async |config: &Config, host: &str| {
        let http = Http::new(config, &Stop::default()).unwrap();
        http.send(Request::get(format!("https://{host}/"))).await
    };
    let failure = send(&config, "sso.example.org").await.unwrap_err();
    assert_eq!(
        kind(&failure),
        (Exit::CheckFailed, Reason::InvalidAnswer),
        "{failure}"
    );
    assert!(failure.hint.unwrap().contains("http.caBundle"));
    config.http.ca_bundle = Some(file.path().to_str().unwrap().to_owned());
    assert_eq!(send(&config, "sso.example.org").await.unwrap().status, 200);
    let failure = send(&config, "other.example.org").await.unwrap_err();
    assert_eq!(failure.reason, Reason::InvalidAnswer, "{failure}");
}

#[test]
fn a_bad_bundle_or_proxy_is_a_usage_error_that_names_it() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let broken = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        broken.path(),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for path in [
        "/nowhere/ca.pem",
        empty.path().to_str().unwrap(),
        broken.path().to_str().unwrap(),
    ] {
        let mut config = Config::default();
        config.http.ca_bundle = Some(path.to_owned());
        let failure = Http::new(&config, &Stop::default()).unwrap_err();
        assert_eq!(kind(&failure), (Exit::Usage, Reason::InvalidConfig));
        assert!(
            failure.message.contains("http.caBundle") && failure.message.contains(path),
            "{failure}"
        );
    }
    let mut config = Config::default();
    config.http.proxy = Some("http://".to_owned());
    assert!(
        Http::new(&config, &Stop::default())
            .unwrap_err()
            .message
            .contains("http.proxy")
    );
}

#[tokio::test]
async fn a_proxy_is_used_for_what_is_outside_only() {
    let proxy = Server::saying([Say::json("{}")]).await;
    let inside = Server::saying([Say::json("{}")]).await;
    let mut config = Config::default();
    config.http.proxy = Some(proxy.url("/"));
    config
        .http
        .resolve
        .insert("dex.home.local".to_owned(), inside.address);
    let http = Http::new(&config, &Stop::default()).unwrap();
    http.forward("dex.auth-system.svc", 80, inside.address);
    for url in [
        "http://example.org/out",
        "http://dex.home.local/in",
        "http://dex.auth-system.svc/in",
    ] {
        http.send(Request::get(url)).await.unwrap();
    }
    assert!(
        proxy.seen()[0].starts_with("GET http://example.org/out "),
        "{:?}",
        proxy.seen()
    );
    assert_eq!((proxy.seen().len(), inside.seen().len()), (1, 2));
}

#[tokio::test]
async fn a_name_without_an_address_is_told_in_one_short_sentence() {
    let http = Http::new(&Config::default(), &Stop::default()).unwrap();
    // RFC 6761: no resolver knows it.
    let request = Request::get("https://nowhere.invalid/").once();
    let failure = http.send(request).await.unwrap_err();
    assert_eq!(
        kind(&failure),
        (Exit::Transient, Reason::Unavailable),
        "{failure}"
    );
    let text = failure.chain();
    assert!(
        text.starts_with("GET https://nowhere.invalid/: cannot resolve nowhere.invalid ("),
        "{text}"
    );
    assert_eq!(
        text.matches(": ").count(),
        1,
        "no layer adds its own words: {text}"
    );
    assert!(failure.hint.unwrap().contains("http.resolve"));
}
