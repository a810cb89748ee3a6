use super::*;
use crate::{
    converge::{Events, Mode, Stop, converge},
    http::{
        Http,
        testing::{Say, Server},
    },
    kubernetes::{Cluster, Connection},
};
use serde_json::{Value, json};
use std::{io::Write, time::Duration};
use tokio::time::Instant;

const ISSUER: &str = "https://dex.home.local";

fn mk_discovery(issuer: &str) -> Value {
    let at = |path: &str| format!("{}/{path}", issuer.trim_end_matches('/'));
    json!({
        "issuer": issuer, "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "jwks_uri": at("keys"), "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["ES256"],
    })
}

fn mk_keys(id: &str) -> Value {
    let coordinate = "A".repeat(43);
    json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": id, "x": coordinate, "y": coordinate}]})
}

fn script(discovery: Value, keys: Value) -> impl Fn(&str) -> Say + Send + Sync + 'static {
    move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match () {
            () if path.ends_with("/.well-known/openid-configuration") => Say::json(discovery.to_string()),
            () if path.ends_with("/keys") => Say::json(keys.to_string()),
            () => Say::status("404 Not Found"),
        }
    }
}

/// Three providers on this machine: Authentik, Dex inside, Dex outside with TLS.
struct World {
    cx: Context,
    inside: Server,
    outside: Server,
    _authority: tempfile::NamedTempFile,
}

async fn mk_world(inside: (Value, Value), outside: (Value, Value)) -> World {
    let authentik = Server::answering(|request| {
        let host = request
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap();
        let issuer = format!("http://{host}/application/o/platform-services/");
        script(mk_discovery(&issuer), mk_keys("authentik"))(request)
    })
    .await;
    let inside = Server::answering(script(inside.0, inside.1)).await;
    let (outside, authority) = Server::tls("dex.home.local", script(outside.0, outside.1)).await;
    let mut bundle = tempfile::NamedTempFile::new().unwrap();
    bundle.write_all(authority.as_bytes()).unwrap();
    let mut config = Config::default();
    config.authentik.url = Some(authentik.url("/"));
    config.dex.url = Some(inside.url(""));
    config.http.ca_bundle = Some(bundle.path().to_str().unwrap().to_owned());
    config
        .http
        .resolve
        .insert("dex.home.local".to_owned(), outside.address);
    let cx = mk_context(config).await;
    World {
        cx,
        inside,
        outside,
        _authority: bundle,
    }
}

async fn mk_context(config: Config) -> Context {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig = json!({
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "users": [{"name": "a", "user": {}}], "current-context": "a",
    });
    file.write_all(kubeconfig.to_string().as_bytes()).unwrap();
    let connection = Connection {
        kubeconfig: Some(file.path().to_owned()),
        ..Connection::default()
    };
    let stop = Stop::default();
    Context {
        cluster: Cluster::connect(&connection, &stop).await.unwrap(),
        http: Http::new(&config, &stop).unwrap(),
        config,
        events: Events::nowhere(),
        stop,
        deadline: Instant::now() + Duration::from_secs(60),
        run_id: "test".to_owned(),
        command: "oidc verify".to_owned(),
    }
}

fn right() -> (Value, Value) {
    (mk_discovery(ISSUER), mk_keys("dex"))
}

#[tokio::test]
async fn three_good_providers_are_three_unchanged_rows() {
    let world = mk_world(right(), right()).await;
    let report = converge(&OidcVerify::default(), &world.cx, Mode::Apply).await;
    assert_eq!((report.exit_code, report.failures.as_slice()), (0, [].as_slice()));
    assert_eq!((report.rounds, report.actions.len()), (1, 3));
    assert_eq!((world.inside.seen().len(), world.outside.seen().len()), (2, 2));
    let keys = &world.inside.seen()[1];
    assert!(
        keys.starts_with("GET /keys "),
        "fetched inside by the path of jwks_uri: {keys}"
    );
}

#[tokio::test]
async fn the_external_look_can_be_skipped() {
    let world = mk_world(right(), right()).await;
    let step = OidcVerify { skip_external: true };
    let report = converge(&step, &world.cx, Mode::Apply).await;
    assert_eq!(report.exit_code, 0);
    let skipped: Vec<bool> = report
        .actions
        .iter()
        .map(|row| row.outcome == Some(Outcome::Skipped))
        .collect();
    assert_eq!(skipped, [false, false, true]);
    assert!(world.outside.seen().is_empty());
}

#[tokio::test]
async fn inside_and_outside_must_agree() {
    let other_endpoint = {
        let mut document = mk_discovery(ISSUER);
        document["token_endpoint"] = json!("https://dex.home.local/other");
        document
    };
    for (inside, text) in [
        (
            (mk_discovery(ISSUER), mk_keys("another")),
            "its keys in the cluster",
        ),
        ((other_endpoint, mk_keys("dex")), "token_endpoint"),
        (
            (mk_discovery("https://dex.home.local/"), mk_keys("dex")),
            "the slash at the end counts",
        ),
        (
            (mk_discovery("http://dex.home.local"), mk_keys("dex")),
            "expected \"https://dex.home.local\"",
        ),
        (
            (mk_discovery(ISSUER), json!({"keys": []})),
            "no key that can verify",
        ),
        ((json!([]), mk_keys("dex")), "not a JSON object"),
    ] {
        let world = mk_world(inside, right()).await;
        let report = converge(&OidcVerify::default(), &world.cx, Mode::Apply).await;
        assert_eq!(report.exit_code, 4, "{text}: {:?}", report.failures);
        let failure = &report.failures[0];
        assert!(failure.message.contains(text), "{text}: {}", failure.message);
        let object = failure.object.as_ref().unwrap();
        assert_eq!(object.name, world.inside.url(""));
        assert!(failure.hint.as_ref().unwrap().contains("dex.issuer"));
    }
}

#[tokio::test]
async fn what_is_not_reachable_is_waited_for() {
    let world = mk_world(right(), right()).await;
    let mut config = world.cx.config.clone();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    config.dex.url = Some(format!("http://{free}"));
    let cx = mk_context(config).await;
    let step = OidcVerify::default();
    let plan = step.plan(&step.observe(&cx).await.unwrap());
    assert_eq!(plan.wait.len(), 1);
    assert_eq!(
        (plan.wait[0].reason, plan.wait[0].provided_by),
        (Reason::Unavailable, Some("dex scale"))
    );
    assert!(plan.refused.is_empty() && plan.notes.len() == 2);
}

#[tokio::test]
async fn an_untrusted_certificate_is_a_finding_with_its_remedy() {
    let world = mk_world(right(), right()).await;
    let mut config = world.cx.config.clone();
    config.http.ca_bundle = None;
    let report = converge(&OidcVerify::default(), &mk_context(config).await, Mode::Apply).await;
    assert_eq!(report.exit_code, 4);
    assert!(report.failures[0].message.contains("certificate is not trusted"));
    assert!(
        report.failures[0]
            .hint
            .as_ref()
            .unwrap()
            .contains("http.caBundle")
    );
}
